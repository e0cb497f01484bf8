"""The layout of a graph's boxes: in rows from the inputs down, with few crossings and short lines.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, Methods for visual understanding of
hierarchical system structures, 1981: rows by the longest way from an input, stand-ins where a line
passes a row, an order of each row by the middle of its neighbours, and then the places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 12
"""How often the rows are put in order, down and up again."""

ROUNDS = 80
"""How often the places are brought nearer to those of their neighbours."""

Key = str | tuple[str, str, int]
"""A box by its name, or the stand-in for a line in a row by the line's ends and the row."""


@dataclass(frozen=True)
class Layout:
    """The places of all boxes and lines.

    Attributes:
        places: The middle of each box, `(x, row)`: `x` in widths of a box, rows from 0 down.
        ways: The points that each line passes between its ends, likewise.
        rows: How many rows there are.
    """

    places: Mapping[str, tuple[float, int]]
    ways: Mapping[tuple[str, str], Sequence[tuple[float, int]]]
    rows: int


def lay_out(boxes: Sequence[str], lines: Sequence[tuple[str, str]]) -> Layout:
    """Places for the boxes of a graph without circles.

    Args:
        boxes: Their names, each after those that lead to it.
        lines: From which box to which.

    >>> lay_out(["in", "deep", "out"], [("in", "deep"), ("deep", "out")]).places
    {'in': (0.0, 0), 'deep': (0.0, 1), 'out': (0.0, 2)}
    """
    row_of: dict[str, int] = {}
    for box in boxes:
        row_of[box] = max((row_of[source] + 1 for source, end in lines if end == box), default=0)
    rows: list[list[Key]] = [[] for _ in range(max(row_of.values(), default=0) + 1)]
    for box in boxes:
        rows[row_of[box]].append(box)
    steps: list[tuple[Key, Key]] = []
    for source, end in dict.fromkeys(lines):
        passed: list[Key] = [(source, end, row) for row in range(row_of[source] + 1, row_of[end])]
        for stand_in, row in zip(passed, range(row_of[source] + 1, row_of[end]), strict=True):
            rows[row].append(stand_in)
        steps += zip([source, *passed], [*passed, end], strict=True)
    above, below = _neighbours(steps)
    _order(rows, above, below)
    x = _spread(rows, above, below)
    return Layout(
        {box: (x[box], row_of[box]) for box in boxes},
        {
            (source, end): [
                (x[source, end, row], row) for row in range(row_of[source] + 1, row_of[end])
            ]
            for source, end in lines
        },
        len(rows),
    )


def _neighbours(
    steps: Sequence[tuple[Key, Key]],
) -> tuple[dict[Key, list[Key]], dict[Key, list[Key]]]:
    above: dict[Key, list[Key]] = {}
    below: dict[Key, list[Key]] = {}
    for source, end in steps:
        above.setdefault(end, []).append(source)
        below.setdefault(source, []).append(end)
    return above, below


def _order(
    rows: list[list[Key]], above: Mapping[Key, list[Key]], below: Mapping[Key, list[Key]]
) -> None:
    """Sort each row by the mean place of its neighbours, downwards and upwards."""
    for _ in range(SWEEPS):
        for numbers, neighbours in (
            (range(1, len(rows)), above),
            (range(len(rows) - 2, -1, -1), below),
        ):
            for number in numbers:
                place = {key: float(at) for row in rows for at, key in enumerate(row)}
                middle = {key: _mean(neighbours.get(key, []), place, key) for key in rows[number]}
                rows[number].sort(key=middle.__getitem__)


def _spread(
    rows: Sequence[Sequence[Key]],
    above: Mapping[Key, list[Key]],
    below: Mapping[Key, list[Key]],
) -> dict[Key, float]:
    """Move each box towards the mean of its neighbours, keeping boxes apart."""
    x = {key: at - (len(row) - 1) / 2 for row in rows for at, key in enumerate(row)}
    for _ in range(ROUNDS):
        for ordered in (rows, rows[::-1]):
            for row in ordered:
                wanted = [_mean([*above.get(key, []), *below.get(key, [])], x, key) for key in row]
                x.update(zip(row, _apart(wanted), strict=True))
    middle = (min(x.values()) + max(x.values())) / 2
    return {key: round(value - middle, 3) + 0.0 for key, value in x.items()}


def _apart(wanted: Sequence[float]) -> list[float]:
    """The nearest places at distance one, in the same order: the mean of pushing left and right."""
    right, left = list(wanted), list(wanted)
    for at in range(1, len(wanted)):
        right[at] = max(right[at], right[at - 1] + 1)
    for at in range(len(wanted) - 2, -1, -1):
        left[at] = min(left[at], left[at + 1] - 1)
    return [(one + other) / 2 for one, other in zip(left, right, strict=True)]


def _mean(neighbours: Sequence[Key], place: Mapping[Key, float], key: Key) -> float:
    if not neighbours:
        return place[key]
    return sum(place[neighbour] for neighbour in neighbours) / len(neighbours)
