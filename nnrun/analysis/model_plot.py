"""The picture of a model: a box for each layer, a line for each tensor."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.analysis.model_layout import Layout, lay_out
from nnrun.pages.style import REFERENCE_COLOR, TRAINING_COLOR, drawable, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 0.17
"""Height of a line of text, in inches."""
_LETTER = 0.075
_ROOM = 0.3
_GAP = 0.34
_FILLS = {"input": "#ffffff", "learns": "#dceaf5", "plain": "#f2f2f2", "frozen": "#e3e3e3"}


@dataclass(frozen=True)
class LayerBox:
    """A layer as it is drawn.

    Attributes:
        key: What lines name it by.
        name: Its name.
        lines: What else is said of it, a line each.
        state: `input`, `learns`, `frozen`, or `plain` where there is nothing to learn.
        group: The name of the nested model it belongs to; empty for none.
    """

    key: str
    name: str
    lines: tuple[str, ...]
    state: str
    group: str = ""


@dataclass
class ModelGraph:
    """The layers of a model and how they are connected.

    Attributes:
        boxes: The layers, each after those that lead to it.
        lines: From which box to which, by their keys.
    """

    boxes: list[LayerBox] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)


def draw_model(graph: ModelGraph, path: Path, *, title: str = "", form: str = "png") -> None:
    """Draw a model from its inputs down; frozen layers are grey, nested models framed.

    Args:
        graph: The model.
        path: The file to write; the same model gives the same bytes.
        title: What stands above it.
        form: `png`, `svg` or `pdf`.
    """
    layout = lay_out([box.key for box in graph.boxes], graph.lines)
    sizes = _Sizes(graph, layout)
    panel = (max(sizes.right - sizes.left, 3.0), sizes.height + (0.45 if title else 0.1))
    with drawing(path, panel=panel, title=title, form=form) as figure:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(sizes.left, sizes.right)
        axes.set_ylim(-sizes.height, 0)
        for group, boxes in _groups(graph):
            _draw_frame(axes, sizes, group, boxes)
        for line in dict.fromkeys(graph.lines):
            _draw_line(axes, sizes, layout, line)
        for box in graph.boxes:
            _draw_box(axes, sizes, box)


class _Sizes:
    """Where the boxes stand, in inches."""

    def __init__(self, graph: ModelGraph, layout: Layout) -> None:
        longest = max(len(text) for box in graph.boxes for text in (box.name, *box.lines))
        self.width = longest * _LETTER + _ROOM
        tall = [0.0] * layout.rows
        for box in graph.boxes:
            row = layout.places[box.key][1]
            tall[row] = max(tall[row], (1 + len(box.lines)) * _LINE + 0.12)
        self.middles: list[float] = []
        at = -_GAP / 2
        for height in tall:
            self.middles.append(at - height / 2)
            at -= height + _GAP
        self.height = -at
        self.boxes = {
            box.key: (
                self.x(layout.places[box.key][0]),
                self.middles[layout.places[box.key][1]],
                (1 + len(box.lines)) * _LINE + 0.12,
            )
            for box in graph.boxes
        }
        points = [x for x, _, _ in self.boxes.values()]
        points += [self.x(x) for way in layout.ways.values() for x, _ in way]
        self.left = min(points) - self.width / 2 - 0.25
        self.right = max(points) + self.width / 2 + 0.25

    def x(self, place: float) -> float:
        """A place in inches."""
        return place * (self.width + 0.35)


def _groups(graph: ModelGraph) -> Iterator[tuple[str, Sequence[str]]]:
    by_group: dict[str, list[str]] = {}
    for box in graph.boxes:
        if box.group:
            by_group.setdefault(box.group, []).append(box.key)
    yield from by_group.items()


def _draw_frame(axes: "Axes", sizes: _Sizes, group: str, keys: Sequence[str]) -> None:
    from matplotlib.patches import FancyBboxPatch

    placed = [sizes.boxes[key] for key in keys]
    left = min(x for x, _, _ in placed) - sizes.width / 2 - 0.12
    right = max(x for x, _, _ in placed) + sizes.width / 2 + 0.12
    top = max(y + height / 2 for _, y, height in placed) + 0.13
    bottom = min(y - height / 2 for _, y, height in placed) - 0.1
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            right - left,
            top - bottom,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="#fafafa",
            edgecolor=REFERENCE_COLOR,
            linestyle=(0, (4, 3)),
            linewidth=0.8,
            zorder=0,
        )
    )
    axes.text(left + 0.06, top, drawable(group), fontsize=7.5, color="#555555", va="bottom")


def _draw_box(axes: "Axes", sizes: _Sizes, box: LayerBox) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y, height = sizes.boxes[box.key]
    axes.add_patch(
        FancyBboxPatch(
            (x - sizes.width / 2, y - height / 2),
            sizes.width,
            height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=_FILLS[box.state],
            edgecolor=TRAINING_COLOR if box.state == "learns" else REFERENCE_COLOR,
            linewidth=0.9,
            zorder=2,
        )
    )
    at = y + (len(box.lines)) * _LINE / 2
    axes.text(x, at, drawable(box.name), ha="center", va="center", fontsize=9, weight="bold")
    for number, line in enumerate(box.lines, start=1):
        where = at - number * _LINE
        axes.text(
            x,
            where,
            drawable(line),
            ha="center",
            va="center",
            fontsize=8,
            color="#444444",
            zorder=3,
        )


def _draw_line(axes: "Axes", sizes: _Sizes, layout: Layout, line: tuple[str, str]) -> None:
    """A curve that leaves a box below, passes its points, and reaches another from above."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    (x, y, height), (end_x, end_y, end_height) = (sizes.boxes[key] for key in line)
    points = [(x, y - height / 2)]
    points += [(sizes.x(place), sizes.middles[row]) for place, row in layout.ways[line]]
    points.append((end_x, end_y + end_height / 2 + 0.015))
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (from_x, from_y), (to_x, to_y) in itertools.pairwise(points):
        middle = (from_y + to_y) / 2
        vertices += [(from_x, middle), (to_x, middle), (to_x, to_y)]
        codes += [Curve.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=8,
            color="#666666",
            linewidth=0.9,
            zorder=1,
        )
    )
