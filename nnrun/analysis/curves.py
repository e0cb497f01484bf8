"""The plots of a run: loss and metrics over the epochs, and the learning rate."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.figures import is_loss, on_validation, training_name
from nnrun.pages.style import TRAINING_COLOR, VALIDATION_COLOR, drawable, drawing
from nnrun.runs.history import NOT_METRICS, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BEST_COLOR = "#555555"
_MARKED_UP_TO = 30  # epochs; beyond that the markers run into each other
_LOSS_DECADES = 100.0  # a loss that spans more than two decades is unreadable on a linear axis
_RATE_DECADES = 10.0
_FEW_DECADES = 1000.0  # within so many, the ticks between the powers of ten are labelled too
_THICK_UP_TO = 500


def draw_learning_curves(
    history: History,
    path: Path,
    *,
    best_epoch: int | None = None,
    title: str = "",
    units: Mapping[str, str] | None = None,
) -> None:
    """Draw a panel for the loss and one for each metric.

    A training value is the mean over an epoch, while the validation value is taken at its end. So
    the training curve is drawn half an epoch to the left, where it belongs.

    Args:
        history: The history, of one row at least.
        path: The PNG to write; the same history gives the same bytes.
        best_epoch: The epoch to mark as the best.
        title: What stands above the panels.
        units: What a metric is counted in, by its name.
    """
    names = panel_names(history)
    columns = grid_columns(len(names))
    rows = max(1, math.ceil(len(names) / columns))
    with drawing(path, columns=columns, rows=rows, title=title) as figure:
        for position, name in enumerate(names, start=1):
            axes = figure.add_subplot(rows, columns, position)
            _draw_panel(axes, history, name, (units or {}).get(name, ""))
            if best_epoch is not None:
                _mark_best(axes, history, name, best_epoch)
        _draw_legend(figure)


def draw_learning_rate(
    rates: History | Sequence[float], path: Path, *, title: str = "Learning rate"
) -> None:
    """Draw the learning rate over the epochs, or over the steps.

    Args:
        rates: A history with a column `learning_rate`, or the rate of every step.
        path: The PNG to write.
        title: What stands above the curve.
    """
    if isinstance(rates, History):
        values, places, label = rates.column("learning_rate"), epochs_of(rates), "epoch"
    else:
        values, label = [float(rate) for rate in rates], "step"
        places = [float(step) for step in range(len(values))]
    with drawing(path) as figure:
        axes = figure.add_subplot()
        _plot(axes, places, _finite(values), TRAINING_COLOR, "")
        margin = 0.02 * len(values)
        finish_axes(axes, label, min(places, default=0) - margin, max(places, default=1))
        axes.set_title(drawable(title))
        axes.set_ylabel("learning rate")
        if _spans(values, _RATE_DECADES):
            _set_log(axes, values)
        else:
            axes.set_ylim(bottom=min(0.0, *axes.get_ylim()))


def panel_names(history: History) -> list[str]:
    """The figures of a history without `val_`, the loss first."""
    names = dict.fromkeys(
        training_name(name) for name in history.columns if name not in NOT_METRICS
    )
    return sorted(names, key=lambda name: name != "loss")


def grid_columns(panels: int) -> int:
    """The number of columns for a number of panels."""
    return 2 if panels == 4 else min(max(panels, 1), 3)  # noqa: PLR2004 - four make a square


def _draw_panel(axes: "Axes", history: History, name: str, unit: str) -> None:
    epochs = epochs_of(history)
    training, validation = (values_of(history, column) for column in (name, on_validation(name)))
    if training:
        halves = [epoch - 0.5 for epoch in epochs]
        _plot(axes, halves, training, TRAINING_COLOR, "training (mean over the epoch)")
    if validation:
        _plot(axes, epochs, validation, VALIDATION_COLOR, "validation (at its end)")
    finish_axes(axes, "epoch", min(epochs, default=1) - 1, max(epochs, default=1))
    words = drawable(name.replace("_", " "))
    axes.set_title(words)
    axes.set_ylabel(f"{words} ({drawable(unit)})" if unit else words)
    values = [*training, *validation]
    finish_values(axes, name, values)


def _draw_legend(figure: "Figure") -> None:
    # One for all panels, below them: inside a panel it would lie over a curve sooner or later.
    found: dict[str, Any] = {}
    for axes in figure.axes:
        lines, labels = axes.get_legend_handles_labels()
        found.update(zip(labels, lines, strict=True))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=2, fontsize=8.5)


def _mark_best(axes: "Axes", history: History, name: str, best_epoch: int) -> None:
    validated = on_validation(name)
    is_validated = validated in history.columns
    epochs, values = epochs_of(history), values_of(history, validated if is_validated else name)
    if best_epoch not in epochs or math.isnan(value := values[epochs.index(best_epoch)]):
        return
    place = best_epoch if is_validated else best_epoch - 0.5
    axes.axvline(place, color=_BEST_COLOR, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.plot([place], [value], "o", color=_BEST_COLOR, markersize=5, zorder=4)
    # Beside the panel's title, since no place among the curves is sure to be free.
    axes.set_title(
        f"best epoch {best_epoch}: {value:.4g}",
        loc="right",
        color=_BEST_COLOR,
        fontsize=8.5,
        fontweight="normal",
    )


def _plot(
    axes: "Axes",
    places: Sequence[float],
    values: Sequence[float],
    color: str,
    label: str,
) -> None:
    marker = "o" if len(values) <= _MARKED_UP_TO else ""
    width = 1.6 if len(values) <= _THICK_UP_TO else 0.8
    axes.plot(places, values, color=color, marker=marker, linewidth=width, label=label)


def finish_axes(axes: "Axes", label: str, first: float, last: float) -> None:
    """Name and limit the horizontal axis, with whole numbers on it."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlim(first, last + max(0.02 * (last - first), 0.25))


def finish_values(axes: "Axes", name: str, values: Sequence[float], *, log: bool = False) -> None:
    """Scale the vertical axis for its values, and say so if none of them is finite.

    Args:
        axes: The axes.
        name: The figure that they are of; a loss over several decades gets a logarithmic axis.
        values: All that is drawn.
        log: Make the axis logarithmic whatever it is.
    """
    if not any(map(math.isfinite, values)):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", color="gray")
        axes.set_yticks([])
    elif log or (is_loss(name) and _spans(values, _LOSS_DECADES)):
        _set_log(axes, values)


def _set_log(axes: "Axes", values: Sequence[float]) -> None:
    """Make the vertical axis logarithmic, its ticks plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    plain = StrMethodFormatter("{x:g}")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_minor_formatter(NullFormatter() if _spans(values, _FEW_DECADES) else plain)
    axes.grid(visible=True, which="minor", axis="y", linewidth=0.4)


def epochs_of(history: History) -> list[float]:
    """The epochs of a history, from 1."""
    if "epoch" in history.columns:
        return history.column("epoch")
    return [float(number) for number in range(1, len(history) + 1)]


def values_of(history: History, column: str) -> list[float]:
    """A column with NaN for values that are not finite; empty if it doesn't exist."""
    return _finite(history.column(column)) if column in history.columns else []


def _finite(values: Sequence[float]) -> list[float]:
    # A gap in the line says what an infinity would only hide by stretching the axis.
    return [value if math.isfinite(value) else math.nan for value in values]


def _spans(values: Sequence[float], ratio: float) -> bool:
    """Whether positive values span more than a given ratio."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) > ratio
