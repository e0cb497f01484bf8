"""Comparing runs: reading them, grouping them by config, and refusing different data."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from nnrun.analysis.compared_run import COUNTS, ComparedRun
from nnrun.analysis.shared_data import check_data, check_losses, set_apart
from nnrun.config.defaults import without_defaults
from nnrun.config.figures import Figure, is_loss, is_on_validation, plain_name
from nnrun.config.modes import Directions, Mode, mode_of
from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord, derived_status
from nnrun.runs.settings import read_checked_config

UNGROUPED = ("name", "seed")
"""Keys in which runs of one group may differ."""
_UNFINISHED = ("running", "died", "failed")
_LONGEST_LABEL = 20
SIDE_BY_SIDE = 3
"""So many sides stand beside each other; more become a leaderboard."""


@dataclass(frozen=True)
class Group:
    """Runs whose configs differ only in their seeds (and names).

    Attributes:
        label: What it is called in tables and sentences.
        runs: Its runs, one at least.
    """

    label: str
    runs: tuple[ComparedRun, ...]

    @property
    def seeds(self) -> list[int]:
        """The seeds, ascending."""
        return sorted({run.record.seed for run in self.runs})

    @property
    def broken_off(self) -> str:
        """Why one of its runs ended before its last epoch, in words; empty if all finished."""
        return next((run.broken_off for run in self.runs if run.broken_off), "")

    def values(self, name: str) -> list[float]:
        """The values of a figure, one per seed; a repeated seed adds no information."""
        by_seed = {run.record.seed: run.figures.get(name) for run in reversed(self.runs)}
        values = (value for _, value in sorted(by_seed.items()))
        return [value for value in values if value is not None and math.isfinite(value)]

    def mean(self, name: str) -> float | None:
        """The mean of a figure over the seeds; None if no run has it."""
        values = self.values(name)
        if len(set(values)) == 1:
            return values[0]  # whole numbers stay whole
        return fmean(values) if values else None

    def spread(self, name: str) -> float | None:
        """The standard deviation of a figure over the seeds; None for fewer than two."""
        values = self.values(name)
        return stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """Runs that are compared with the first of them.

    Attributes:
        groups: The sides; each run is one of its own where all have the same config.
        metric: The figure that decides.
        skipped: Runs that cannot be compared, with the reason.
        notes: What must be known about the comparison, in words.
        one_config: Whether the runs differ in their seeds alone.
    """

    groups: tuple[Group, ...]
    metric: str
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    one_config: bool = False

    @property
    def runs(self) -> list[ComparedRun]:
        """All runs."""
        return [run for group in self.groups for run in group.runs]

    @property
    def directions(self) -> Directions:
        """Whether low or high figures are better, as recorded by the runs."""
        return directions_of(*self.groups)

    @property
    def is_small(self) -> bool:
        """Whether the sides are shown side by side rather than as a leaderboard."""
        return len(self.groups) <= SIDE_BY_SIDE

    @property
    def ranked(self) -> list[Group]:
        """The groups, best first; unfinished ones and those without the figure come last."""
        sign = -1 if direction(self.metric, self.directions) == "max" else 1

        def place(group: Group) -> tuple[bool, bool, float]:
            value = group.mean(self.metric)
            return value is None, bool(group.broken_off), 0.0 if value is None else sign * value

        return sorted(self.groups, key=place)


def directions_of(*groups: Group) -> Directions:
    """Whether low or high figures are better; if groups disagree, the first one decides."""
    runs = [run for group in groups for run in group.runs]
    return {name: mode for run in reversed(runs) for name, mode in run.record.directions.items()}


def direction(name: str, directions: Directions) -> Mode | None:
    """Whether a figure is best when low or high; None if neither.

    Args:
        name: The figure.
        directions: What runs have recorded; other figures go by their names.
    """
    if name in COUNTS:
        return "min" if name == "seconds" else None
    return mode_of(name, directions)


def read_run(directory: RunDirectory) -> ComparedRun:
    """Read everything that is compared about a run.

    Raises:
        RunError: The run is damaged, of another format, not finished, or without an epoch; the
            message does not name the run.
    """
    record = RunRecord.read(directory.record)
    status = derived_status(directory, record)
    if status in _UNFINISHED:
        raise RunError(f"it has no figures yet: its status is {status}")
    metrics = Metrics.read(directory.metrics)
    if not metrics.best:
        raise RunError(f"it has no figures: its status is {status}, and no epoch ended")
    history = History.read(directory.history)
    return ComparedRun(directory, status, record, metrics, history, read_checked_config(directory))


def read_runs(
    directories: Iterable[RunDirectory],
) -> tuple[list[ComparedRun], dict[str, str]]:
    """The runs that can be read, and why the others cannot, by their directories."""
    found: list[ComparedRun] = []
    unread: dict[str, str] = {}
    for directory in directories:
        try:
            found.append(read_run(directory))
        except RunError as error:
            unread[str(directory.path)] = error.message.replace(f"{directory.path}/", "its ")
    return found, unread


def compare_runs(
    runs: Sequence[ComparedRun],
    *,
    metric: str | None = None,
    split: str | None = None,
    anyway: bool = False,
    skipped: Mapping[str, str] | None = None,
) -> Comparison:
    """Put runs side by side.

    Args:
        runs: The runs, two at least; the others are held against the first. Of three or more, those
            on other data than most are left out.
        metric: The figure that decides; where None, what the first run monitors, else
            `val_accuracy`, else `val_loss`, or the first metric where losses cannot be compared.
        split: `validation` or `test`: whose metric that is.
        anyway: Compare even where the data differ.
        skipped: Runs that were left out, with the reason.

    Raises:
        RunError: There is nothing to compare, no such figure, or the data differ.
    """
    if len(runs) < 2:  # noqa: PLR2004 - it takes two
        raise RunError(
            f"a comparison takes two runs at least; {len(runs) or 'none'} can be compared",
            hint="\n  ".join(
                f"Skipped {name}: {reason}." for name, reason in (skipped or {}).items()
            ),
        )
    if not anyway:
        runs, others = set_apart(runs)
        skipped = {**(skipped or {}), **others}
    groups = _group(runs)
    if len(groups) > 1:
        groups, others = _leave_aside_unfinished(groups)
        skipped = {**(skipped or {}), **others}
    one_config = len(groups) == 1
    sides = [(run,) for run in runs] if one_config else groups
    labels = _labels(sides, one_config=one_config)
    named = tuple(Group(label, side) for label, side in zip(labels, sides, strict=True))
    comparison = Comparison(
        named,
        _choose_metric(runs, metric, split),
        skipped or {},
        (*check_data(runs, anyway=anyway), *check_losses(runs), *_check_ends(named)),
        one_config,
    )
    if all(group.mean(comparison.metric) is None for group in comparison.groups):
        raise _unknown_figure(comparison.metric, runs)
    return comparison


def _group(runs: Iterable[ComparedRun]) -> list[tuple[ComparedRun, ...]]:
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs:
        chosen = without_defaults(run.config)
        settings = {key: value for key, value in chosen.items() if key not in UNGROUPED}
        groups.setdefault(json.dumps(settings, sort_keys=True, default=str), []).append(run)
    return [tuple(group) for group in groups.values()]


def _leave_aside_unfinished(
    groups: Iterable[tuple[ComparedRun, ...]],
) -> tuple[list[tuple[ComparedRun, ...]], dict[str, str]]:
    """The groups without unfinished runs, if they also have finished ones, whose mean these would spoil."""
    kept: list[tuple[ComparedRun, ...]] = []
    others: dict[str, str] = {}
    for group in groups:
        finished = tuple(run for run in group if not run.broken_off)
        kept.append(finished or group)
        if finished:
            reasons = {str(run.directory.path): run.broken_off for run in group if run.broken_off}
            others |= {
                path: f"it {how}; others like it are finished" for path, how in reasons.items()
            }
    return kept, others


def _check_ends(groups: Sequence[Group]) -> list[str]:
    """Notes about sides that are not finished."""
    unfinished = [group for group in groups if group.broken_off]
    ranked = SIDE_BY_SIDE < len(groups) > len(unfinished)
    behind = ", so it comes after the finished ones" if ranked else ""
    return [f"{group.label} {group.broken_off}{behind}" for group in unfinished]


def _labels(sides: Sequence[tuple[ComparedRun, ...]], *, one_config: bool) -> list[str]:
    """Labels that distinguish the sides; short ones if they head columns."""
    names = [side[0].name for side in sides]
    seeds = [f"seed {side[0].record.seed}" for side in sides]
    directories = [side[0].directory.name for side in sides]
    beside = len(sides) <= SIDE_BY_SIDE
    for labels in (seeds if one_config else names, directories):
        if len(set(labels)) == len(sides) and not (
            beside and max(map(len, labels)) > _LONGEST_LABEL
        ):
            return labels
    if beside:
        return list("abc"[: len(sides)])
    return [str(side[0].directory.path) for side in sides]


def _choose_metric(runs: Sequence[ComparedRun], metric: str | None, split: str | None) -> str:
    figures = runs[0].figures
    if metric is not None:
        named = str(Figure(metric, split or "train"))
        return named if named in figures else metric
    monitored = runs[0].config.get("training", {}).get("monitor")
    tried = [monitored, "val_accuracy", "val_loss", "accuracy", "loss"]
    if check_losses(runs):
        measured = sorted(figures, key=lambda name: not is_on_validation(name))
        tried = [name for name in (*tried, *measured) if not is_loss(str(name))]
    if split == "test":
        tried = [str(Figure(plain_name(str(name)), "test")) for name in tried]
    known = _finite_figures(runs)
    return next((name for name in tried if name in figures and name in known), str(tried[-1]))


def _finite_figures(runs: Sequence[ComparedRun]) -> list[str]:
    """The figures that are finite in some run."""
    figures = (item for run in runs for item in run.figures.items())
    return list(
        dict.fromkeys(name for name, value in figures if value is not None and math.isfinite(value))
    )


def _unknown_figure(metric: str, runs: Sequence[ComparedRun]) -> RunError:
    message = f"no run has the figure {metric!r}"
    if any(metric in run.figures for run in runs):
        message = f"{metric!r} is not finite in any run"
    return RunError(message, hint=f"There are: {', '.join(_finite_figures(runs))}.")
