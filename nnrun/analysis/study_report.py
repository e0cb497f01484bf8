"""A study and its trials: what each came to, and what they come to together."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from nnrun.analysis.significance import LEVEL, t_quantile
from nnrun.config.modes import Directions, Mode, mode_of
from nnrun.config.split import FOLD
from nnrun.errors import RunError
from nnrun.json_text import as_plain_json
from nnrun.runs.directory import RunDirectory
from nnrun.runs.expectations import figures_reached, holds
from nnrun.runs.history import NOT_METRICS
from nnrun.runs.manifest import PAUSED, Metrics, RunRecord
from nnrun.runs.settings import describe_briefly
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import SEARCH, StudyRecord, study_status
from nnrun.runs.trial_table import TrialRow, TrialTable

REPORT_FORMAT = 1
SEED = "seed"
REPEATING = (SEED, FOLD)
"""The settings in which trials of the same config differ."""
_UPPER = (1 + LEVEL) / 2


@dataclass(frozen=True)
class TrialReport:
    """A trial that has ended.

    Attributes:
        row: Its row in the table.
        record: The record of its run; None where it left none.
        figures: Its figures, by the names that `expect` uses.
        run: Its run's directory; None where it left none.
    """

    row: TrialRow
    record: RunRecord | None
    figures: Mapping[str, float | None]
    run: RunDirectory | None = None


@dataclass(frozen=True)
class Spread:
    """A figure over several trials that differ in their seeds or folds alone.

    Attributes:
        values: The figure of each trial that has it.
        overlap: How many rows validate for each that is learnt from, where the trials learn from
            overlapping rows; 0 where they learn from the same, or from rows of their own.
    """

    values: tuple[float, ...]
    overlap: float = 0.0

    @property
    def mean(self) -> float:
        """The mean; a figure that is the same in all trials is its own."""
        return self.values[0] if len(set(self.values)) == 1 else fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation; None for a single trial."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean by Student's t; None for a single trial.

        Trials that learn from overlapping rows scatter less than they would on rows of their own, so
        the variance of their mean is corrected: C. Nadeau and Y. Bengio, Inference for the
        Generalization Error, Machine Learning 52 (2003).
        """
        if self.deviation is None:
            return None
        count = len(self.values)
        scale = math.sqrt(1 / count + self.overlap)
        reach = t_quantile(_UPPER, count - 1) * self.deviation * scale
        return self.mean - reach, self.mean + reach

    def to_json(self) -> dict[str, Any]:
        """All of it as data."""
        low, high = self.interval or (None, None)
        return {
            "trials": len(self.values),
            "mean": self.mean,
            "deviation": self.deviation,
            "low": low,
            "high": high,
            "least": min(self.values),
            "greatest": max(self.values),
        }


@dataclass(frozen=True)
class TrialGroup:
    """Trials that differ in their seeds or folds alone.

    Attributes:
        settings: What they change in the config, by path, but for the seed and the fold.
        trials: The trials, in the order of their numbers.
    """

    settings: Mapping[str, Any]
    trials: tuple[TrialReport, ...]

    @property
    def label(self) -> str:
        """What they have in common, in words; empty where that is nothing."""
        words = (f"{path} {describe_briefly(value)}" for path, value in self.settings.items())
        return ", ".join(words)

    @cached_property
    def spreads(self) -> dict[str, Spread]:
        """Each figure over the trials that finished."""
        finished = [trial for trial in self.trials if trial.row.state == "finished"]
        names = dict.fromkeys(name for trial in finished for name in trial.figures)
        found = {name: _finite(trial.figures.get(name) for trial in finished) for name in names}
        return {name: Spread(values, self.overlap) for name, values in found.items() if values}

    @property
    def overlap(self) -> float:
        """How many rows validate for each that is learnt from, over folds; 0 where there are none."""
        parts = [
            trial.record.data["rows"]
            for trial in self.trials
            if trial.record is not None and FOLD in trial.row.settings
        ]
        return fmean(rows["validation"] / rows["train"] for rows in parts) if parts else 0.0

    @property
    def expectations(self) -> list[dict[str, Any]]:
        """What the config expects, with the mean, and whether that is within its bounds."""
        expected = next((t.record.expectations for t in self.trials if t.record), ())
        return [self._judged(item) for item in expected]

    def _judged(self, item: Mapping[str, Any]) -> dict[str, Any]:
        spread = self.spreads.get(str(item["figure"]))
        value = None if spread is None else spread.mean
        bounds = {key: bound for key, bound in item.items() if bound is not None}
        varies = spread is not None and item["figure"] != "params"
        deviation = spread.deviation if spread is not None and varies else None
        return {**item, "value": value, "deviation": deviation, "held": holds(value, bounds)}


@dataclass(frozen=True)
class StudyReport:
    """What is known of a study.

    Attributes:
        directory: Where it lies.
        record: Its record.
        status: How it stands: see `study_record.study_status`.
        trials: The trials that have ended.
        signal: The signal that interrupted it just now; None where none did.
        confirmation: The study within it that confirms the best settings of a search; None if it
            has not begun.
    """

    directory: StudyDirectory
    record: StudyRecord
    status: str
    trials: tuple[TrialReport, ...]
    signal: int | None = None
    confirmation: "StudyReport | None" = None

    @cached_property
    def groups(self) -> list[TrialGroup]:
        """The trials by what they change besides the seed."""
        groups: dict[str, list[TrialReport]] = {}
        for trial in self.trials:
            key = json.dumps(_without_seed(trial.row.settings), sort_keys=True)
            groups.setdefault(key, []).append(trial)
        return [
            TrialGroup(_without_seed(trials[0].row.settings), tuple(trials))
            for trials in groups.values()
        ]

    @property
    def directions(self) -> Directions:
        """Whether low or high figures are better, as recorded by the runs."""
        return next((t.record.directions for t in self.trials if t.record), {})

    @property
    def mode(self) -> Mode:
        """Whether a low or a high value of a trial is best."""
        return mode_of(self.record.metric, self.directions)

    @property
    def ranked(self) -> list[TrialGroup]:
        """The groups that have a value, the best mean first."""
        metric, sign = self.record.metric, 1 if self.mode == "min" else -1
        known = [group for group in self.groups if metric in group.spreads]
        return sorted(known, key=lambda group: sign * group.spreads[metric].mean)

    @property
    def trained(self) -> list[TrialGroup]:
        """The ranked groups whose trials have all been trained to their end."""
        return [
            group
            for group in self.ranked
            if all(trial.row.state == "finished" for trial in group.trials)
        ]

    @property
    def judged(self) -> list[TrialGroup]:
        """The groups that are compared with what the config expects: in a search, the best one."""
        if self.record.kind != SEARCH:
            return self.groups
        return (self.confirmation or self).trained[:1]

    @property
    def seconds(self) -> float:
        """How long all trials took together."""
        return sum(trial.row.seconds for trial in self.trials)

    @property
    def exit_code(self) -> int:
        """0; 1 where a trial did not finish or a mean is not as expected; 128 + signal if interrupted."""
        if self.status == "interrupted" and self.signal is not None:
            return 128 + self.signal
        missed = any(not item["held"] for group in self.judged for item in group.expectations)
        within = self.confirmation
        return int(missed or bool(self.unsound) or bool(within and within.unsound))

    @property
    def unsound(self) -> list[TrialReport]:
        """The trials that failed or diverged; in a search they may diverge, and pause."""
        searches = self.record.kind == SEARCH
        sound = ("finished", PAUSED, "diverged") if searches else ("finished",)
        return [trial for trial in self.trials if trial.row.state not in sound]

    def to_json(self) -> dict[str, Any]:
        """The report as data; null for what is not finite."""
        record = dataclasses.asdict(self.record)
        return {
            "format": REPORT_FORMAT,
            "study_dir": str(self.directory.path),
            "status": self.status,
            "record": as_plain_json(record),
            "trials": [as_plain_json(self._trial_json(trial)) for trial in self.trials],
            "groups": [as_plain_json(_group_json(group)) for group in self.groups],
            "confirmation": self.confirmation.to_json() if self.confirmation else None,
        }

    def _trial_json(self, trial: TrialReport) -> dict[str, Any]:
        fields = dataclasses.asdict(trial.row)
        run = str(self.directory.path / trial.row.run) if trial.row.run else None
        del fields["run"]
        return {**fields, "run_dir": run, "figures": trial.figures}


def read_study(directory: StudyDirectory, signal: int | None = None) -> StudyReport:
    """Read a study with the figures of its trials.

    Args:
        directory: The study.
        signal: The signal that interrupted it just now.

    Raises:
        RunError: Its record or its table cannot be read.
    """
    record = StudyRecord.read(directory.record)
    rows = TrialTable.read(directory.table).rows
    trials = tuple(read_trial(directory, row) for row in rows)
    within, status = directory.confirmation, study_status(directory, record)
    confirmation = read_study(within) if within.record.exists() else None
    return StudyReport(directory, record, status, trials, signal, confirmation)


def read_trial(directory: StudyDirectory, row: TrialRow) -> TrialReport:
    """A trial; one whose run is gone or damaged has no figures but its value."""
    run = directory.trial(row.number)
    try:
        record, metrics = RunRecord.read(run.record), Metrics.read(run.metrics)
    except RunError:
        return TrialReport(row, None, {})
    reached = figures_reached(metrics, record.parameters or 0)
    figures = {name: value for name, value in reached.items() if name not in NOT_METRICS}
    return TrialReport(row, record, figures, run)


def _group_json(group: TrialGroup) -> dict[str, Any]:
    return {
        "settings": group.settings,
        "trials": [trial.row.number for trial in group.trials],
        "figures": {name: spread.to_json() for name, spread in group.spreads.items()},
        "expectations": group.expectations,
    }


def _without_seed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in settings.items() if path not in REPEATING}


def _finite(values: Any) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None and math.isfinite(value))
