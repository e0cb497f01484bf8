"""A sweep: what came out for each value of one option, as a table, a sentence and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.analysis.significance import Interval, welch
from nnrun.config.figures import Figure, training_name
from nnrun.pages.document import Block, Lines, Narrowing, Sheet, Text
from nnrun.pages.numbers import format_decimals
from nnrun.pages.style import TRAINING_COLOR, VALIDATION_COLOR, drawable, drawing
from nnrun.runs.settings import describe_briefly, is_number, short_path
from nnrun.runs.study_record import SWEEP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnrun.analysis.study_report import Spread, StudyReport, TrialGroup

_WIDE = 8
"""Numbers of which the greatest is so many times the least are drawn on a logarithmic scale."""


def swept_option(report: StudyReport) -> str | None:
    """The option that a study sweeps; None where it is another study, or nothing has ended yet."""
    record = report.record
    return str(record.plan["path"]) if record.kind == SWEEP and report.groups else None


def sweep_blocks(report: StudyReport) -> list[Block]:
    """The table and the sentence of a sweep; nothing for another study."""
    path = swept_option(report)
    if path is None:
        return []
    figures = judged_figures(report)
    columns = [short_path(path), *figures, "trials"]
    rows: list[list[Text]] = [
        [
            _shown(group, path),
            *(mean_cell(group.spreads.get(figure)) for figure in figures),
            f"{len(group.trials):,}",
        ]
        for group in report.groups
    ]
    last = len(columns) - 1
    narrowing = Narrowing([last, *range(last)])
    table = Sheet("", columns, rows, frozenset(), narrowing)
    return [table, Lines([best_value(report, path)])]


def judged_figures(report: StudyReport) -> list[str]:
    """The figure by which trials are judged, on training rows and held-out rows, and others held out."""
    metric = report.record.metric
    known = dict.fromkeys(name for group in report.groups for name in group.spreads)
    first = [training_name(metric), metric]
    held_out = [
        name
        for name in known
        if not Figure.parse(name).of_last_epoch and Figure.parse(name).part != "train"
    ]
    return [name for name in dict.fromkeys([*first, *held_out]) if name in known]


def best_value(report: StudyReport, path: str) -> str:
    """Which value is best, and whether it can be told from the next best."""
    metric, ranked = report.record.metric, report.ranked
    if not ranked:
        return f"No trial has a {metric} to compare the values by."
    best = ranked[0].spreads[metric]
    sentence = (
        f"{metric} is best with {short_path(path)} = {_shown(ranked[0], path)}: "
        f"{format_decimals(best.mean)}"
    )
    if len(ranked) == 1:
        return f"{sentence}."
    other = ranked[1].spreads[metric]
    against = f"{_shown(ranked[1], path)} ({format_decimals(other.mean)})"
    if max(len(best.values), len(other.values)) == 1:
        return f"{sentence}, before {against}; more seeds would show how much of that is chance."
    if best.overlap:
        return f"{sentence}, before {against}; folds share rows, so no test tells the two apart."
    interval = welch(other.values, best.values)
    if interval.reason:
        return f"{sentence}, before {against}."
    difference = format_decimals(interval.difference)
    return f"{sentence}, a difference of {difference} from {against}, {told_apart(interval)}."


def told_apart(interval: Interval) -> str:
    """The interval of a difference, and that it may be none where it holds zero, in words."""
    span = f"95 % interval {format_decimals(interval.low)} to {format_decimals(interval.high)}"
    is_clear = interval.low > 0 or interval.high < 0
    return span if is_clear else f"{span}, so the two cannot be told apart"


def draw_sweep(report: StudyReport, path: Path) -> None:
    """Draw the judged figure against the swept value, with the deviation over seeds or folds as a band.

    Args:
        report: The study, which is a sweep.
        path: The PNG file.
    """
    option = str(swept_option(report))
    figures = judged_figures(report)[:2]
    with drawing(
        path, title=f"{report.record.name}: {short_path(option)}", panel=(6.0, 3.8)
    ) as figure:
        axes = figure.subplots()
        places, labels = _places(report, option)
        for name in figures:
            held_out = Figure.parse(name).part != "train"
            color = VALIDATION_COLOR if held_out else TRAINING_COLOR
            spreads = [group.spreads.get(name) for group in report.groups]
            known = [(x, spread) for x, spread in zip(places, spreads, strict=True) if spread]
            xs, means = [x for x, _ in known], [spread.mean for _, spread in known]
            reach = [spread.deviation or 0.0 for _, spread in known]
            axes.plot(xs, means, color=color, marker="o", label=drawable(name))
            lows = [mean - half for mean, half in zip(means, reach, strict=True)]
            highs = [mean + half for mean, half in zip(means, reach, strict=True)]
            axes.fill_between(xs, lows, highs, color=color, alpha=0.2, linewidth=0)
        if any(group.spreads[figures[0]].deviation for group in report.groups if group.spreads):
            axes.set_title("bands: one standard deviation either side of the mean")
        if are_wide([group.settings[option] for group in report.groups]):
            axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(places, [drawable(label) for label in labels])
        axes.set_xlabel(drawable(option))
        axes.set_ylabel(drawable(figures[0]) if figures else "")
        axes.legend()


def _places(report: StudyReport, option: str) -> tuple[list[float], list[str]]:
    """Where the values stand on the axis, and what they are called."""
    values = [group.settings[option] for group in report.groups]
    labels = [_shown(group, option) for group in report.groups]
    if all(map(is_number, values)):
        return [float(value) for value in values], labels
    return [float(place) for place in range(len(values))], labels


def are_wide(values: Sequence[Any]) -> bool:
    """Whether values are positive numbers that are better drawn on a logarithmic scale."""
    if not all(map(is_number, values)) or min(values) <= 0:
        return False
    return bool(max(values) >= _WIDE * min(values))


def _shown(group: TrialGroup, path: str) -> str:
    return describe_briefly(group.settings[path])


def mean_cell(spread: Spread | None) -> str:
    """A mean with its standard deviation, for a cell of a table."""
    if spread is None:
        return "-"
    mean = format_decimals(spread.mean)
    return mean if spread.deviation is None else f"{mean} ± {format_decimals(spread.deviation)}"
