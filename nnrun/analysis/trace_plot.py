"""The plot of what a small net holds over the epochs: errors, hidden values and weights."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.analysis.curves import epochs_of, finish_axes
from nnrun.pages.style import drawable, drawing
from nnrun.runs.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 8
MOST_UNITS = 6
"""Most rows and most units that have a panel each."""

_COLUMNS = 4
_NAMED = 8
"""Panels of more lines than this are without a legend."""


def draw_traces(traces: History, path: Path, *, title: str = "") -> None:
    """Draw the squared error of each output unit, the hidden values of each row, and the weights.

    Args:
        traces: The table that `Traces` wrote.
        path: The PNG to write.
        title: What stands above the panels.
    """
    panels = list_panels(traces)
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    epochs = epochs_of(traces)
    with drawing(path, columns=columns, rows=rows, title=title, panel=(3.4, 2.6)) as figure:
        for position, (name, lines) in enumerate(panels.items(), start=1):
            axes = figure.add_subplot(rows, columns, position)
            axes.set_title(drawable(name))
            _draw_lines(axes, traces, epochs, lines)


def list_panels(traces: History) -> Mapping[str, Sequence[str]]:
    """The columns that each panel shows, by the panel's title.

    >>> row = {"epoch": 0, "hidden/dense/1/1": 0.5, "hidden/dense/1/2": 0.5, "squared_error/1": 2.0}
    >>> list_panels(History([row]))
    {'squared error of each output unit': ['squared_error/1'],
     'dense: values for row 1': ['hidden/dense/1/1', 'hidden/dense/1/2']}
    """
    panels: dict[str, list[str]] = {}
    errors = [name for name in traces.columns if name.startswith("squared_error/")]
    if errors:
        panels["squared error of each output unit"] = errors
    for name in traces.columns:
        kind, _, rest = name.partition("/")
        parts = rest.split("/")
        if kind == "hidden" and int(parts[1]) <= MOST_ROWS:
            panels.setdefault(f"{parts[0]}: values for row {parts[1]}", []).append(name)
    for name in traces.columns:
        kind, _, rest = name.partition("/")
        parts = rest.split("/")
        if kind == "weight" and len(parts) == 4 and int(parts[3]) <= MOST_UNITS:  # noqa: PLR2004
            panels.setdefault(f"{parts[0]}: weights to unit {parts[3]}", []).append(name)
    return panels


def _draw_lines(
    axes: "Axes", traces: History, epochs: Sequence[float], names: Sequence[str]
) -> None:
    for name in names:
        last = name.split("/")[-2 if name.startswith("weight/") else -1]
        axes.plot(epochs, traces.column(name), linewidth=1.0, label=drawable(last))
    finish_axes(axes, "epoch", min(epochs), max(epochs))
    if names[0].startswith("hidden/"):
        axes.set_ylim(min(-0.03, axes.get_ylim()[0]), max(1.03, axes.get_ylim()[1]))
    if 1 < len(names) <= _NAMED:
        axes.legend(fontsize=6, ncols=2, title="unit", title_fontsize=6)
