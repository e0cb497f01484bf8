"""Plots made of characters, for the terminal."""

import itertools
import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
BLOCKS_IN_ASCII = "_.-=+*#@"
"""What stands for each block where there is only ASCII."""
_BRAILLE = 0x2800
# The bit of each dot of a braille cell: two columns of four, from the top.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Draw values as one line of blocks.

    Args:
        values: What to draw; what is not finite leaves a gap.
        width: How many characters it takes at most; more values are averaged.

    Returns:
        The line, as long as the values or as `width`.

    >>> sparkline([0, 1, 2, 3, 4, 5, 6, 7])
    '▁▂▃▄▅▆▇█'
    """
    means = averaged(values, width)
    low, high = _range(means)
    return "".join(
        BLOCKS[round(height_of(value, low, high) * (len(BLOCKS) - 1))]
        if math.isfinite(value)
        else " "
        for value in means
    )


def line_plot(
    values: Sequence[float],
    width: int = 60,
    height: int = 10,
    *,
    limits: tuple[float, float] | None = None,
    log: bool = False,
    unicode: bool = True,
) -> str:
    """Draw values as a line over their index, with an axis at the left.

    Args:
        values: What to draw; what is not finite leaves a gap.
        width: How many characters the line takes, without the axis.
        height: How many lines it takes.
        limits: The values at the bottom and at the top; the least and the greatest where None.
        log: Draw their logarithms; values and limits must be positive.
        unicode: Whether to draw with braille, or with plain ASCII.

    Returns:
        The lines, without an end; empty where no value is finite.
    """
    across, down = (2, 4) if unicode else (1, 1)
    means = averaged(values, width * across)
    low, high = limits or _range(values)
    if not math.isfinite(low) or not any(map(math.isfinite, values)):
        return ""
    if log:
        scaled = [math.log(value) if math.isfinite(value) else value for value in means]
        dots = _trace(scaled, math.log(low), math.log(high), height * down)
    else:
        dots = _trace(means, low, high, height * down)
    columns = math.ceil(len(means) / across)
    cells = _braille(dots, columns, height) if unicode else _stars(dots, columns, height)
    labels = _labels(low, high, height)
    edge = "┤" if unicode else "|"
    lines = (f"{label} {edge}{cell}" for label, cell in zip(labels, cells, strict=True))
    return "\n".join(line.rstrip() for line in lines)


def averaged(values: Sequence[float], width: int) -> list[float]:
    """Values as so many at most: means of neighbours, without what is not finite."""
    count = len(values)
    if count <= width:
        return [float(value) for value in values]
    edges = [index * count // width for index in range(width + 1)]
    return [_mean(values[start:end]) for start, end in itertools.pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    # Divided first, since the sum of large values may be beyond every float.
    return math.fsum(value / len(finite) for value in finite) if finite else math.nan


def _range(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def height_of(value: float, low: float, high: float) -> float:
    """Where a value lies between the least (0) and the greatest (1); a constant in the middle."""
    if low == high:
        return 0.5
    if math.isinf(high - low):
        value, low, high = value / 2, low / 2, high / 2
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _trace(values: Sequence[float], low: float, high: float, rows: int) -> list[tuple[int, int]]:
    """The dots (column, row from the top) of the line, steep parts filled in."""
    dots: list[tuple[int, int]] = []
    before: int | None = None
    for column, value in enumerate(values):
        if not math.isfinite(value):
            before = None
            continue
        row = round((1 - height_of(value, low, high)) * (rows - 1))
        start = row if before is None else before + (row > before) - (row < before)
        dots += [(column, between) for between in range(min(start, row), max(start, row) + 1)]
        before = row
    return dots


def _braille(dots: Sequence[tuple[int, int]], columns: int, height: int) -> list[str]:
    cells = [[0] * columns for _ in range(height)]
    for column, row in dots:
        cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
    return ["".join(chr(_BRAILLE + cell) if cell else " " for cell in line) for line in cells]


def _stars(dots: Sequence[tuple[int, int]], columns: int, height: int) -> list[str]:
    cells = [[" "] * columns for _ in range(height)]
    for column, row in dots:
        cells[row][column] = "*"
    return ["".join(line) for line in cells]


def _labels(low: float, high: float, height: int) -> list[str]:
    """A label a line: the greatest value at the top, the least at the bottom."""
    labels = [""] * height
    if high > low:
        labels[-1] = f"{low:.4g}"
        labels[0] = f"{high:.4g}"
    else:
        labels[round(0.5 * (height - 1))] = f"{low:.4g}"
    width = max(len(label) for label in labels)
    return [label.rjust(width) for label in labels]
