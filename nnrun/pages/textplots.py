"""Plots made of characters, for terminals."""

import itertools
import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
BLOCKS_IN_ASCII = "_.-=+*#@"
"""The ASCII replacement of each block."""
_BRAILLE = 0x2800
# The bit of each dot of a braille cell: two columns of four, from the top.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Draw values as one line of blocks.

    Args:
        values: The values; those that are not finite leave a gap.
        width: The largest number of characters; more values are averaged.

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
        values: The values; those that are not finite leave a gap.
        width: The width of the line in characters, without the axis.
        height: The height in lines.
        limits: The values at the bottom and the top; None for the smallest and the largest.
        log: Whether to draw logarithms; values and limits must be positive.
        unicode: Whether to draw with braille, or with plain ASCII.

    Returns:
        The lines, without line ends; empty if no value is finite.
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
    """Reduce the number of values: means of neighbours, ignoring those that are not finite."""
    count = len(values)
    if count <= width:
        return [float(value) for value in values]
    edges = [index * count // width for index in range(width + 1)]
    return [_mean(values[start:end]) for start, end in itertools.pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return math.nan
    # Divided first, since the sum of large values may be beyond every float.
    half = math.fsum(value / len(finite) / 2 for value in finite)
    return min(max(2 * half, min(finite)), max(finite))


def _range(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def height_of(value: float, low: float, high: float) -> float:
    """The position of a value between the smallest (0) and the largest (1); 0.5 for a constant."""
    if low == high:
        return 0.5
    if math.isinf(high - low):
        value, low, high = value / 2, low / 2, high / 2
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _trace(values: Sequence[float], low: float, high: float, rows: int) -> list[tuple[int, int]]:
    """The dots (column, row from the top) of the line, with steep parts filled in."""
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
    """One label per line: the largest value at the top, the smallest at the bottom."""
    labels = [""] * height
    if high > low:
        labels[-1] = f"{low:.4g}"
        labels[0] = f"{high:.4g}"
    else:
        labels[round(0.5 * (height - 1))] = f"{low:.4g}"
    width = max(len(label) for label in labels)
    return [label.rjust(width) for label in labels]
