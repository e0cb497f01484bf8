"""The curves of several runs over each other."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.diagnostics import did_you_mean
from nnrun.errors import RunError, UserError
from nnrun.reports.curves import (
    LOSS_DECADES,
    epochs_of,
    finish_axes,
    grid_columns,
    panel_names,
    set_log,
    spans,
    values_of,
)
from nnrun.reports.style import RUN_COLORS, TRAINING_COLOR, VALIDATION_COLOR, drawing, literal
from nnrun.runs.atomic import write_with
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = ("png", "svg", "pdf")
_MARKED_UP_TO = 30  # epochs
_LEGEND_COLUMNS = 2
_TRAINING_DASHES = (0, (4, 2))


@dataclass(frozen=True)
class Curve:
    """A line of a panel: where its points lie, what they are, and how it looks."""

    places: Sequence[float]
    values: Sequence[float]
    color: str
    label: str
    dashed: bool = False


def read_histories(runs: Iterable[RunDirectory]) -> dict[str, History]:
    """The histories of runs by their names.

    Raises:
        RunError: One is missing, damaged or empty.
    """
    found = {}
    for run in runs:
        if not run.history.exists():
            raise RunError(f"{run.name} has no epochs to draw: it has no {run.history.name}")
        found[run.name] = History.read(run.history)
        if not len(found[run.name]):
            raise RunError(f"{run.name} has no epochs to draw: its {run.history.name} is empty")
    return found


def plot_runs(
    histories: Mapping[str, History],
    path: Path,
    *,
    metrics: Sequence[str] = (),
    log: bool = False,
    smoothing: float = 0.0,
) -> None:
    """Draw the figures of runs over the epochs, a panel for each figure.

    The training curve of a figure stands beside that of the validation; of several runs it is
    dashed. As in `curves`, a training value stands half an epoch to the left.

    Args:
        histories: By the names of the runs.
        path: The file; its suffix says what kind: png, svg or pdf.
        metrics: The figures; `val_loss` is the validation's alone. All where there are none.
        log: Make the vertical axes logarithmic; where False, that of a loss is when it must be.
        smoothing: From 0 (as it is) to below 1: see `smooth`.

    Raises:
        UserError: No run has a metric, the file's kind is unknown, or it cannot be written.
    """
    form = path.suffix.lower().lstrip(".")
    if form not in FORMS:
        raise UserError(
            f"cannot draw {path}: its name says no kind of picture",
            hint=f"End it in {', '.join(f'.{known}' for known in FORMS)}.",
        )
    names = list(dict.fromkeys(metrics)) or _all_panels(histories.values())
    _check_known(names, histories.values())
    write_with(
        path, lambda place: _draw(histories, place, form, names, log=log, smoothing=smoothing)
    )


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, corrected for its start as in Adam.

    So a constant stays what it is from its first value on. What is not finite is passed over, and
    leaves a gap.

    Args:
        values: The values.
        weight: Of the past, from 0 to below 1.

    >>> smooth([1.0, 2.0], 0.5)
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
    known |= dict.fromkeys(name.removeprefix("val_") for name in known)
    for name in names:
        if name not in known or name == "epoch":
            recorded = ", ".join(column for column in known if column != "epoch")
            hint = did_you_mean(name, known) or f"recorded: {recorded}"
            raise UserError(f"no run has the metric {name!r}", hint=hint[0].upper() + hint[1:])


def _draw(
    histories: Mapping[str, History],
    path: Path,
    form: str,
    names: Sequence[str],
    *,
    log: bool,
    smoothing: float,
) -> None:
    columns = grid_columns(len(names))
    rows = math.ceil(len(names) / columns)
    title = next(iter(histories)) if len(histories) == 1 else ""
    with drawing(path, columns=columns, rows=rows, title=title, form=form) as figure:
        for position, name in enumerate(names, start=1):
            axes = figure.add_subplot(rows, columns, position)
            curves = list(_curves(histories, name))
            for curve in curves:
                _draw_curve(axes, curve, smoothing)
            _finish(axes, name, curves, histories.values(), log)
        _draw_legend(figure, histories)


def _curves(histories: Mapping[str, History], name: str) -> Iterable[Curve]:
    alone = len(histories) == 1
    for index, (run, history) in enumerate(histories.items()):
        color = RUN_COLORS[index % len(RUN_COLORS)]
        epochs = epochs_of(history)
        validation = values_of(history, name if name.startswith("val_") else f"val_{name}")
        training = [] if name.startswith("val_") else values_of(history, name)
        if training:
            halves = [epoch - 0.5 for epoch in epochs]
            label = "training (mean over the epoch)" if alone else run
            yield Curve(halves, training, TRAINING_COLOR if alone else color, label, not alone)
        if validation:
            label = "validation (at its end)" if alone else run
            yield Curve(epochs, validation, VALIDATION_COLOR if alone else color, label)


def _draw_curve(axes: "Axes", curve: Curve, smoothing: float) -> None:
    look: dict[str, Any] = {"color": curve.color, "linewidth": 1.0 if curve.dashed else 1.6}
    if curve.dashed:
        look["linestyle"] = _TRAINING_DASHES
    elif len(curve.values) <= _MARKED_UP_TO:
        look["marker"] = "o"
    if smoothing:
        axes.plot(curve.places, curve.values, color=curve.color, linewidth=0.8, alpha=0.25)
        look["marker"] = ""
    values = smooth(curve.values, smoothing) if smoothing else curve.values
    axes.plot(curve.places, values, label=literal(curve.label), **look)


def _finish(
    axes: "Axes", name: str, curves: Sequence[Curve], histories: Iterable[History], log: bool
) -> None:
    last = max(max(epochs_of(history)) for history in histories)
    finish_axes(axes, "epoch", 0, last)
    words = literal(name.replace("_", " "))
    axes.set_title(words)
    axes.set_ylabel(words)
    values = [value for curve in curves for value in curve.values]
    if not any(map(math.isfinite, values)):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", color="gray")
        axes.set_yticks([])
    elif log or (name.endswith("loss") and spans(values, LOSS_DECADES)):
        set_log(axes, values)


def _draw_legend(figure: "Figure", histories: Mapping[str, History]) -> None:
    """A line for each run; of several, one more that tells solid from dashed."""
    from matplotlib.lines import Line2D

    found: dict[str, Any] = {}
    for axes in figure.axes:
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found[label] = line
    handles = list(found.values())
    if len(histories) > 1:
        handles = [
            Line2D([], [], color=line.get_color(), label=text) for text, line in found.items()
        ]
        handles.append(Line2D([], [], color="gray", label="solid: validation"))
        handles.append(
            Line2D([], [], color="gray", linestyle=_TRAINING_DASHES, label="dashed: training")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=8.5)
