"""A search as a picture: the value of each trial, and the values against each varied option."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from nnrun.analysis.curves import finish_axes, finish_values
from nnrun.analysis.sweep_view import are_wide
from nnrun.pages.style import MAIN_COLOR, REFERENCE_COLOR, VALIDATION_COLOR, drawable, drawing
from nnrun.runs.settings import flat_settings, is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from nnrun.analysis.study_report import StudyReport

_PANEL = (3.6, 2.7)
_COLUMNS = 3
_MOST_OPTIONS = 8
_LEAST_TRIALS = 3
_DECADES = 100
"""Below this ratio, 2 and 5 have labels as well as 1 and 10."""
_MOST_LABEL = 14


@dataclass(frozen=True)
class _Dot:
    """A trial in the picture.

    Attributes:
        number: The number of its first run.
        value: Its value: the mean over its runs.
        is_whole: Whether it was trained to its end.
        options: The values of the varied options, by a short name.
    """

    number: int
    value: float
    is_whole: bool
    options: Mapping[str, Any]


def draw_search(report: StudyReport, path: Path) -> None:
    """Draw the value of each trial with the best so far, and a panel for each varied option.

    Filled dots were trained to their end, hollow ones were stopped early.

    Args:
        report: The study, which is a search.
        path: The PNG file.
    """
    dots = list(_dots(report))
    options = _varied(dots)
    panels = 1 + len(options)
    columns = min(_COLUMNS, panels)
    rows = math.ceil(panels / columns)
    title = f"{report.record.name}: {report.record.metric}"
    with drawing(path, columns=columns, rows=rows, title=title, panel=_PANEL) as figure:
        _draw_history(figure.add_subplot(rows, columns, 1), dots, report)
        for place, option in enumerate(options, start=2):
            _draw_option(figure.add_subplot(rows, columns, place), dots, option, report)


def _dots(report: StudyReport) -> Iterator[_Dot]:
    for group in report.groups:
        values = [trial.row.value for trial in group.trials]
        known = [value for value in values if value is not None and math.isfinite(value)]
        if known and len(known) == len(values):
            yield _Dot(
                group.trials[0].row.number,
                fmean(known),
                all(trial.row.state == "finished" for trial in group.trials),
                flat_settings(group.settings),
            )


def _varied(dots: Sequence[_Dot]) -> list[str]:
    """The options with at least two values over at least a few trials, in order of appearance."""
    names = dict.fromkeys(name for dot in dots for name in dot.options)
    found = []
    for name in names:
        values = [dot.options[name] for dot in dots if name in dot.options]
        if len(values) >= _LEAST_TRIALS and len(set(map(str, values))) > 1:
            found.append(name)
    return found[:_MOST_OPTIONS]


def _draw_history(axes: Axes, dots: Sequence[_Dot], report: StudyReport) -> None:
    _scatter(axes, [(float(dot.number), dot) for dot in dots])
    better = min if report.mode == "min" else max
    numbers: list[float] = []
    best: list[float] = []
    for dot in dots:
        if dot.is_whole:
            numbers.append(dot.number)
            best.append(better([*best[-1:], dot.value]))
    axes.step(numbers, best, where="post", color=REFERENCE_COLOR, linewidth=1.2)
    axes.set_title("the best so far (hollow: stopped early)")
    finish_axes(axes, "trial", -0.5, max((dot.number for dot in dots), default=0))
    finish_values(axes, report.record.metric, [dot.value for dot in dots])


def _draw_option(axes: Axes, dots: Sequence[_Dot], option: str, report: StudyReport) -> None:
    known = [dot for dot in dots if option in dot.options]
    values = [dot.options[option] for dot in known]
    if all(map(is_number, values)):
        _scatter(axes, [(float(dot.options[option]), dot) for dot in known])
        _scale(axes, values)
    else:
        words = sorted({str(value) for value in values})
        _scatter(axes, [(float(words.index(str(dot.options[option]))), dot) for dot in known])
        axes.set_xticks(range(len(words)), [drawable(_shortened(word)) for word in words])
        axes.set_xlim(-0.5, len(words) - 0.5)
    axes.set_title(drawable(option))
    finish_values(axes, report.record.metric, [dot.value for dot in known])


def _scale(axes: Axes, values: Sequence[float]) -> None:
    """Scale the horizontal axis for numbers, all of which it names plainly."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    if are_wide(values):
        is_short = max(values) < _DECADES * min(values)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if is_short else (1.0,)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif all(isinstance(value, int) for value in values):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _scatter(axes: Axes, places: Sequence[tuple[float, _Dot]]) -> None:
    for is_whole, fill, color in (
        (False, "none", VALIDATION_COLOR),
        (True, MAIN_COLOR, MAIN_COLOR),
    ):
        shown = [(x, dot.value) for x, dot in places if dot.is_whole == is_whole]
        axes.plot(
            [x for x, _ in shown],
            [y for _, y in shown],
            linestyle="none",
            marker="o",
            markerfacecolor=fill,
            markeredgecolor=color,
        )


def _shortened(word: str) -> str:
    return word if len(word) <= _MOST_LABEL else f"{word[:_MOST_LABEL]}…"
