"""The curves of several runs over each other."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from nnrun.analysis.curves import (
    epochs_of,
    finish_axes,
    finish_values,
    grid_columns,
    panel_names,
    values_of,
)
from nnrun.analysis.study_report import read_study
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.figures import on_validation, training_name
from nnrun.errors import RunError, UserError
from nnrun.pages.document import Document, Picture
from nnrun.pages.style import (
    RUN_COLORS,
    TRAINING_COLOR,
    VALIDATION_COLOR,
    drawable,
    drawing,
    png_of,
)
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.study_directory import StudyDirectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = ("png", "svg", "pdf")
_MARKED_UP_TO = 30  # epochs
_LEGEND_COLUMNS = 2
_TRAINING_DASHES = (0, (4, 2))
_OTHER_RUN_COLOR = "#c8c8c8"
_PLAIN = "o"
_MARKERS = (_PLAIN, "s", "^", "D")
_MOST_NAMED = len(RUN_COLORS) * len(_MARKERS)
_MARKS = 12  # on a long curve, where a marker tells it from another of its colour

Histories = Mapping[str, Sequence[History]]
"""Of runs by what they are called; runs under one label differ in their seeds alone."""


@dataclass(frozen=True)
class Line:
    """A line of a panel: where its points lie, what they are, and how it looks.

    A plain marker is drawn on short curves only: it tells no curve from another.

    Attributes:
        band: The least and the greatest value at each place, of several runs whose mean it is.
    """

    places: Sequence[float]
    values: Sequence[float]
    color: str
    label: str
    dashed: bool = False
    marker: str = _PLAIN
    band: tuple[Sequence[float], Sequence[float]] | None = None


def read_histories(
    chosen: Iterable[RunDirectory | StudyDirectory],
) -> tuple[dict[str, list[History]], dict[str, str]]:
    """The histories of runs by their names, and why the others have none, by their directories.

    Args:
        chosen: The runs; of a study, its trials that differ in their seeds alone are one curve.

    Raises:
        RunError: No run has an epoch to draw.
    """
    found: dict[str, list[History]] = {}
    without: dict[str, str] = {}
    for label, run in _labelled(chosen):
        try:
            history = History.read(run.history) if run.history.exists() else History()
        except RunError as error:
            without[str(run.path)] = error.message
            continue
        if len(history):
            found.setdefault(label, []).append(history)
        else:
            without[str(run.path)] = "it has no epochs to draw"
    if not found:
        told = "\n  ".join(f"{name}: {reason}" for name, reason in without.items())
        raise RunError("there is nothing to draw", hint=told)
    return found, without


def _labelled(
    chosen: Iterable[RunDirectory | StudyDirectory],
) -> Iterator[tuple[str, RunDirectory]]:
    """Runs, each with the label of its curve."""
    for item in chosen:
        if isinstance(item, RunDirectory):
            yield item.name, item
            continue
        groups = read_study(item).groups
        for group in groups:
            label = item.name if len(groups) == 1 else group.label
            for trial in group.trials:
                if trial.row.run:
                    yield label, item.trial(trial.row.number)


def overlay_view(
    histories: Histories, draw: Callable[[Path], None], out: Path, skipped: Mapping[str, str]
) -> Document:
    """The curves of runs as a document.

    Args:
        histories: By run.
        draw: Draws them into a file.
        out: The file that is written.
        skipped: Why runs were left out, by their directories.
    """
    names = list(histories)
    caption = f"The curves of {', '.join(names)} over the epochs"
    return Document(
        "Curves",
        [Picture(caption, partial(png_of, draw), name="curves")],
        lambda: {"format": 1, "file": str(out), "runs": names, "skipped": skipped},
        asides=[f"skipped {name}: {reason}" for name, reason in skipped.items()],
    )


def draw_runs(
    histories: Histories,
    path: Path,
    *,
    metrics: Sequence[str] = (),
    training: bool = True,
    log: bool = False,
    smoothing: float = 0.0,
) -> None:
    """Draw the figures of runs over the epochs, a panel for each figure.

    Of several runs under one label, the mean is drawn, with a band from the least value to the
    greatest, as far as half of them go.
    The training curve of a figure stands beside that of the validation; of several labels it is
    dashed. As in `curves`, a training value stands half an epoch to the left. Each of seven labels
    has a colour, the next seven have the same colours with other markers, and so on up to 28;
    those beyond are grey, and the legend says how many they are.

    Args:
        histories: By label.
        path: The file to write; its suffix says what kind: png, svg or pdf.
        metrics: The figures; `val_loss` is the validation's alone. All where there are none.
        training: Whether the training is drawn where there is a validation.
        log: Make the vertical axes logarithmic; where False, that of a loss is when it must be.
        smoothing: From 0 (as it is) to below 1: see `moving_average`.

    Raises:
        UserError: No run has a metric.
    """
    known = [history for group in histories.values() for history in group]
    names = list(dict.fromkeys(metrics)) or _all_panels(known)
    _check_known(names, known)
    columns = grid_columns(len(names))
    rows = max(1, math.ceil(len(names) / columns))
    title = next(iter(histories)) if len(known) == 1 else ""
    form = path.suffix.lower().lstrip(".") or "png"
    with drawing(path, columns=columns, rows=rows, title=title, form=form) as figure:
        for position, name in enumerate(names, start=1):
            axes = figure.add_subplot(rows, columns, position)
            curves = list(_curves(histories, name, training=training))
            for curve in curves:
                _draw_curve(axes, curve, smoothing)
            part = "validation " if _is_validated(histories, name) else "training "
            _finish(axes, name if training else part + name, curves, log=log)
        _draw_legend(figure, alone=len(histories) == 1)


def moving_average(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, corrected for its start as in Adam.

    So a constant stays what it is from its first value on. What is not finite is passed over, and
    leaves a gap.

    Args:
        values: The values.
        weight: Of the past, from 0 to below 1.

    >>> moving_average([1.0, 2.0], 0.5)
    [1.0, 1.6666666666666667]
    """
    mean, total = 0.0, 0.0
    smoothed = []
    for value in values:
        if not math.isfinite(value):
            smoothed.append(math.nan)
            continue
        mean = weight * mean + (1 - weight) * value
        total = weight * total + (1 - weight)
        smoothed.append(mean / total)
    return smoothed


def _all_panels(histories: Iterable[History]) -> list[str]:
    return list(dict.fromkeys(name for history in histories for name in panel_names(history)))


def _check_known(names: Iterable[str], histories: Iterable[History]) -> None:
    known = dict.fromkeys(name for history in histories for name in history.columns)
    known |= dict.fromkeys(map(training_name, known))
    for name in names:
        if name not in known or name == "epoch":
            recorded = ", ".join(column for column in known if column != "epoch")
            hint = did_you_mean(name, known) or f"recorded: {recorded}"
            raise UserError(f"no run has the metric {name!r}", hint=hint)


def _curves(histories: Histories, name: str, *, training: bool) -> Iterator[Line]:
    """The lines of a panel."""
    alone = len(histories) == 1
    watched = on_validation(training_name(name))
    both = training or not _is_validated(histories, name)
    for index, (run, group) in enumerate(histories.items()):
        named = index < _MOST_NAMED
        color = RUN_COLORS[index % len(RUN_COLORS)] if named else _OTHER_RUN_COLOR
        label = run if named else f"{len(histories) - _MOST_NAMED} more"
        marker = _MARKERS[index // len(RUN_COLORS)] if named else _PLAIN
        if name != watched and both:
            told = "training (mean over the epoch)" if alone else label
            look = TRAINING_COLOR if alone else color
            dashed = not alone and training
            yield from _lines(group, name, -0.5, Line([], [], look, told, dashed, marker))
        told = "validation (at its end)" if alone else label
        look = VALIDATION_COLOR if alone else color
        yield from _lines(group, watched, 0, Line([], [], look, told, marker=marker))


def _lines(group: Sequence[History], name: str, shift: float, look: Line) -> Iterator[Line]:
    """The curve of a run; of several that differ in their seeds, their mean with a band around it.

    Args:
        group: The histories.
        name: The figure.
        shift: By how many epochs the curve stands to the right.
        look: What it looks like.
    """
    if len(group) == 1:
        (history,) = group
        places = [epoch + shift for epoch in epochs_of(history)]
        yield replace(look, places=places, values=values_of(history, name))
        return
    curves = [dict(zip(epochs_of(one), values_of(one, name), strict=False)) for one in group]
    by_epoch = _shared_epochs(curves)
    if by_epoch:
        yield replace(
            look,
            places=[epoch + shift for epoch in by_epoch],
            values=[fmean(values) for values in by_epoch.values()],
            band=([min(values) for values in by_epoch.values()], [*map(max, by_epoch.values())]),
        )


def _shared_epochs(curves: Sequence[Mapping[float, float]]) -> dict[float, list[float]]:
    """The finite values by epoch, as far as half of the curves go: those of fewer tell of them alone."""
    epochs = sorted({epoch for curve in curves for epoch in curve})
    values = {
        epoch: [curve[epoch] for curve in curves if math.isfinite(curve.get(epoch, math.nan))]
        for epoch in epochs
    }
    return {epoch: found for epoch, found in values.items() if 2 * len(found) >= len(curves)}


def _is_validated(histories: Histories, name: str) -> bool:
    return any(
        on_validation(name) in item.columns for group in histories.values() for item in group
    )


def _draw_curve(axes: "Axes", curve: Line, smoothing: float) -> None:
    if not curve.values:
        return
    look: dict[str, Any] = {"color": curve.color, "linewidth": 1.0 if curve.dashed else 1.6}
    short = len(curve.values) <= _MARKED_UP_TO
    if curve.dashed:
        look["linestyle"] = _TRAINING_DASHES
    elif curve.marker != _PLAIN or (short and not smoothing):
        look |= {"marker": curve.marker, "markevery": 1 if short else len(curve.values) // _MARKS}
    if smoothing:
        axes.plot(curve.places, curve.values, color=curve.color, linewidth=0.8, alpha=0.25)
    if curve.band is not None:
        axes.fill_between(curve.places, *curve.band, color=curve.color, alpha=0.15, linewidth=0)
    values = moving_average(curve.values, smoothing) if smoothing else curve.values
    look["zorder"] = 2 if curve.color == _OTHER_RUN_COLOR else 2.5
    axes.plot(curve.places, values, label=drawable(curve.label), **look)


def _finish(axes: "Axes", name: str, curves: Sequence[Line], *, log: bool) -> None:
    drawn = [curve for curve in curves if curve.values]
    finish_axes(axes, "epoch", 0, max([1.0, *(max(curve.places) for curve in drawn)]))
    words = drawable(name.replace("_", " "))
    axes.set_title(words)
    axes.set_ylabel(words)
    finish_values(axes, name, [value for curve in drawn for value in curve.values], log=log)


def _draw_legend(figure: "Figure", *, alone: bool) -> None:
    """A line for each label; of several with dashes, two more that tell solid from dashed."""
    from matplotlib.lines import Line2D

    found: dict[str, Any] = {}
    for axes in figure.axes:
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found[label] = line
    handles = list(found.values())
    if not alone:
        handles = [
            Line2D([], [], color=line.get_color(), marker=line.get_marker(), label=text)
            for text, line in found.items()
        ]
        if any(line.is_dashed() for axes in figure.axes for line in axes.get_lines()):
            handles.append(Line2D([], [], color="gray", label="solid: validation"))
            handles.append(
                Line2D([], [], color="gray", linestyle=_TRAINING_DASHES, label="dashed: training")
            )
    figure.legend(handles=handles, loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=8.5)
