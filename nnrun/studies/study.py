"""Many runs of one config: a plan asks for them one by one, and hears their outcomes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import RunError, UserError
from nnrun.experiments.api import resume, train
from nnrun.experiments.base import resolve_base
from nnrun.experiments.prepare import RUNS, load
from nnrun.experiments.trust import with_own_code
from nnrun.runs.index import list_runs
from nnrun.runs.outcome import Outcome
from nnrun.runs.provenance import installed_versions
from nnrun.runs.settings import read_resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.runs.directory import RunDirectory
    from nnrun.studies.plan import Plan, Point


_UNFINISHED = ("interrupted", "died")


class StudyInterruptedError(UserError):
    """A training was told to stop by a signal, and with it the study."""

    def __init__(self, signal: int) -> None:
        super().__init__("interrupted", hint="The same command continues from here.")
        self.exit_code = 128 + signal


@dataclass(frozen=True)
class Trial:
    """One run of a study.

    Attributes:
        point: What the plan asked for.
        outcome: How it came out.
    """

    point: Point
    outcome: Outcome


def study(
    config: str | Path,
    plan: Plan,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    trust: bool = False,
    fresh: bool = False,
) -> Iterator[Trial]:
    """Yield a trial for each run that a plan asks for, training it when needed.

    A finished run of the very same config by this version of nnrun is taken instead of a new one,
    and one that broke off goes on: a study that was interrupted continues where it was.

    Args:
        config: The YAML file.
        plan: What decides the runs.
        overrides: Changes for all runs, of the form `training.epochs=5`; the plan's come after them.
        runs_dir: Where the runs lie.
        trust: Whether code that a run names, which the model is built on, may run.
        fresh: Whether everything is trained again.

    Yields:
        Every run, once the plan has been told how it came out.

    Raises:
        UserError: For mistakes in the config, the data or what the plan asked for.
        StudyInterruptedError: A signal stopped a run; the plan is not told of it.
    """
    path, runs = Path(config), Path(runs_dir)
    # TensorFlow takes the many models of one process for one that is compiled again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    while (point := plan.ask()) is not None:
        changes = (*overrides, *point.changes)
        found = None if fresh else _found(path, changes, runs, trust=trust)
        outcome = found or _trained(path, changes, runs, trust=trust)
        if outcome.signal is not None:
            raise StudyInterruptedError(outcome.signal)
        plan.tell(point, outcome)
        yield Trial(point, outcome)


def _trained(config: Path, changes: Sequence[str], runs_dir: Path, *, trust: bool) -> Outcome:
    """A new run."""
    sets = (word for change in changes for word in ("--set", change))
    return train(
        config,
        overrides=changes,
        runs_dir=runs_dir,
        command=("nnrun", "train", str(config), *sets),
        trust=trust,
        deliver_signals=False,
    )


def _found(config: Path, changes: Sequence[str], runs_dir: Path, *, trust: bool) -> Outcome | None:
    """A run that is at hand, finished or once it has gone on to its end; None where there is none."""
    declared = with_own_code(load(config, changes, runs_dir), config)
    experiment, _ = resolve_base(declared, config, runs_dir, trust=trust)
    for directory, status in _runs_of(experiment, runs_dir):
        if status == "finished":
            return Outcome.read(directory)
        try:
            return resume(directory, trust=True, deliver_signals=False)
        except RunError:
            continue  # it cannot go on, so a new one takes its place
    return None


def _runs_of(experiment: Experiment, runs_dir: Path) -> Iterator[tuple[RunDirectory, str]]:
    """Runs of exactly this config by this version, finished ones first, with how they stand."""
    text, version = experiment_to_yaml(experiment), installed_versions().get("nnrun")
    usable: dict[str, list[RunDirectory]] = {status: [] for status in ("finished", *_UNFINISHED)}
    for entry in list_runs(runs_dir):
        record = entry.record
        if record is None or (record.name, record.seed) != (experiment.name, experiment.seed):
            continue
        if record.versions.get("nnrun") != version or entry.status not in usable:
            continue
        try:
            same = read_resolved(entry.directory) == text
        except RunError:
            continue
        if same:
            usable[entry.status].append(entry.directory)
    for status, found in usable.items():
        yield from ((directory, status) for directory in found)
