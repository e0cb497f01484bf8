"""The plots of a run: loss and metrics over the epochs, and the learning rate."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.runs.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAINING_COLOR = "#1f77b4"
VALIDATION_COLOR = "#d95f02"
_BEST_COLOR = "#555555"
# Told apart by the colour-blind too (Okabe and Ito), without the yellow that white swallows.
_RUN_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_OTHER_RUN_COLOR = "#c8c8c8"
_NOT_METRICS = ("epoch", "learning_rate", "seconds")
_MARKED_UP_TO = 30  # epochs; beyond that the markers run into each other
_LOSS_DECADES = 100.0  # a loss that spans more than two decades is unreadable on a linear axis
_RATE_DECADES = 10.0
_FEW_DECADES = 1000.0  # within so many, the ticks between the powers of ten are labelled too
_THICK_UP_TO = 500
_PANEL = (4.6, 3.4)  # inches
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.dpi": 150,
}


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
    names = _panels(history)
    columns = _grid_columns(len(names))
    rows = max(1, math.ceil(len(names) / columns))
    with _figure(columns, rows, path, title) as (figure, shape):
        for position, name in enumerate(names, start=1):
            axes = figure.add_subplot(*shape, position)
            _draw_panel(axes, history, name, (units or {}).get(name, ""))
            if best_epoch is not None:
                _mark_best(axes, history, name, best_epoch)
        _draw_legend(figure)


def draw_overlaid_curves(
    histories: Mapping[str, Sequence[History]], path: Path, *, title: str = ""
) -> None:
    """Draw the curves of several runs over each other, a panel for each metric.

    The validation's curve is drawn where there is one, else the training's. Runs under one label
    (of several seeds) share its colour. Beyond seven labels the others are grey, without names.

    Args:
        histories: The histories by label.
        path: The PNG to write; the same histories give the same bytes.
        title: What stands above the panels.
    """
    known = [history for group in histories.values() for history in group]
    names = list(dict.fromkeys(name for history in known for name in _panels(history)))
    columns = _grid_columns(len(names))
    rows = max(1, math.ceil(len(names) / columns))
    with _figure(columns, rows, path, title) as (figure, shape):
        for position, name in enumerate(names, start=1):
            _draw_overlaid(figure.add_subplot(*shape, position), histories, name)
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
        values, places, label = rates.column("learning_rate"), _epochs(rates), "epoch"
    else:
        values, label = [float(rate) for rate in rates], "step"
        places = [float(step) for step in range(len(values))]
    with _figure(1, 1, path, "") as (figure, shape):
        axes = figure.add_subplot(*shape, 1)
        _plot(axes, places, _finite(values), TRAINING_COLOR, "")
        margin = 0.02 * len(values)
        _finish_axes(axes, label, min(places, default=0) - margin, max(places, default=1))
        axes.set_title(_literal(title))
        axes.set_ylabel("learning rate")
        if _spans(values, _RATE_DECADES):
            _set_log(axes, values)
        else:
            axes.set_ylim(bottom=min(0.0, *axes.get_ylim()))


@contextmanager
def _figure(
    columns: int, rows: int, path: Path, title: str
) -> Iterator[tuple["Figure", tuple[int, int]]]:
    # Not pyplot: it takes half a second to import and keeps every figure in a global list.
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The defaults first: a user's matplotlibrc is not to change what a run looks like.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            figure.suptitle(_literal(title), fontsize=11)
        yield figure, (rows, columns)
        # Without the version of matplotlib in it, the same history gives the same bytes.
        figure.savefig(path, format="png", metadata={"Software": None})


def _panels(history: History) -> list[str]:
    names = dict.fromkeys(
        name.removeprefix("val_") for name in history.columns if name not in _NOT_METRICS
    )
    return sorted(names, key=lambda name: name != "loss")


def _grid_columns(panels: int) -> int:
    return 2 if panels == 4 else min(max(panels, 1), 3)  # noqa: PLR2004 - four make a square


def _draw_panel(axes: "Axes", history: History, name: str, unit: str) -> None:
    epochs = _epochs(history)
    training, validation = (_values(history, column) for column in (name, f"val_{name}"))
    if training:
        halves = [epoch - 0.5 for epoch in epochs]
        _plot(axes, halves, training, TRAINING_COLOR, "training (mean over the epoch)")
    if validation:
        _plot(axes, epochs, validation, VALIDATION_COLOR, "validation (at its end)")
    _finish_axes(axes, "epoch", min(epochs, default=1) - 1, max(epochs, default=1))
    words = _literal(name.replace("_", " "))
    axes.set_title(words)
    axes.set_ylabel(f"{words} ({_literal(unit)})" if unit else words)
    values = [*training, *validation]
    if name.endswith("loss") and _spans(values, _LOSS_DECADES):
        _set_log(axes, values)
    if all(math.isnan(value) for value in values):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", color="gray")
        axes.set_yticks([])


def _draw_overlaid(axes: "Axes", histories: Mapping[str, Sequence[History]], name: str) -> None:
    drawn: list[float] = []
    last = 1.0
    watched = any(f"val_{name}" in item.columns for group in histories.values() for item in group)
    column = f"val_{name}" if watched else name
    for index, (label, group) in enumerate(histories.items()):
        named = index < len(_RUN_COLORS)
        color = _RUN_COLORS[index] if named else _OTHER_RUN_COLOR
        for number, history in enumerate(group):
            values = _values(history, column)
            if not values:
                continue
            places = [epoch - (0 if watched else 0.5) for epoch in _epochs(history)]
            shown = _literal(label) if named and number == 0 else ""
            _plot(axes, places, values, color, shown, zorder=2.5 if named else 2)
            drawn += values
            last = max(last, *places)
    _finish_axes(axes, "epoch", 0, last)
    axes.set_title(_literal(f"{'validation ' if watched else 'training '}{name.replace('_', ' ')}"))
    if name.endswith("loss") and _spans(drawn, _LOSS_DECADES):
        _set_log(axes, drawn)


def _draw_legend(figure: "Figure") -> None:
    # One for all panels, below them: inside a panel it would lie over a curve sooner or later.
    found: dict[str, Any] = {}
    for axes in figure.axes:
        lines, labels = axes.get_legend_handles_labels()
        found.update(zip(labels, lines, strict=True))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=2, fontsize=8.5)


def _mark_best(axes: "Axes", history: History, name: str, best_epoch: int) -> None:
    column = f"val_{name}" if f"val_{name}" in history.columns else name
    epochs, values = _epochs(history), _values(history, column)
    if best_epoch not in epochs or math.isnan(value := values[epochs.index(best_epoch)]):
        return
    place = best_epoch if column.startswith("val_") else best_epoch - 0.5
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
    *,
    zorder: float = 2,
) -> None:
    marker = "o" if len(values) <= _MARKED_UP_TO else ""
    width = 1.6 if len(values) <= _THICK_UP_TO else 0.8
    axes.plot(
        places,
        values,
        color=color,
        marker=marker,
        linewidth=width,
        zorder=zorder,
        label=label,
    )


def _finish_axes(axes: "Axes", label: str, first: float, last: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlim(first, last + max(0.02 * (last - first), 0.25))


def _set_log(axes: "Axes", values: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    plain = StrMethodFormatter("{x:g}")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_minor_formatter(NullFormatter() if _spans(values, _FEW_DECADES) else plain)
    axes.grid(visible=True, which="minor", axis="y", linewidth=0.4)


def _literal(text: str) -> str:
    """Text that matplotlib does not take for mathematics."""
    return text.replace("$", r"\$")


def _epochs(history: History) -> list[float]:
    if "epoch" in history.columns:
        return history.column("epoch")
    return [float(number) for number in range(1, len(history) + 1)]


def _values(history: History, column: str) -> list[float]:
    return _finite(history.column(column)) if column in history.columns else []


def _finite(values: Sequence[float]) -> list[float]:
    # A gap in the line says what an infinity would only hide by stretching the axis.
    return [value if math.isfinite(value) else math.nan for value in values]


def _spans(values: Sequence[float], ratio: float) -> bool:
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) > ratio
