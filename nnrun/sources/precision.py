"""Columns that lose precision in float32: large, close numbers such as seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUGH = 1e-3
"""Values rounded by more than this share of their standard deviation count as lost."""
FINE = 1e-4
"""The same if rounding also makes distinct values equal."""
MERGED = 0.01
"""The share of distinct values that must vanish for that."""
LEAST_DEVIATION, LARGEST_VALUE = 1e-30, 1e38
"""Beyond these, float32 arithmetic overflows or underflows."""


@dataclass(frozen=True)
class Loss:
    """The precision that a column loses in float32.

    Attributes:
        values: The number of distinct values.
        kept: The number of distinct values in float32.
        rounding: The largest rounding error.
        deviation: The standard deviation.
    """

    values: int
    kept: int
    rounding: float
    deviation: float

    def __str__(self) -> str:
        """In words that follow the column's name."""
        if self.kept < self.values:
            return f"has {self.values:,} different values, which float32 makes {self.kept:,}"
        return (
            f"scatters by {self.deviation:.3g} only, and float32 rounds its values by up to "
            f"{self.rounding:.3g}"
        )


def columns_in_doubt(numbers: np.ndarray) -> np.ndarray:
    """The columns that `find_loss` should check, of `(rows, columns)` in float64."""
    rounding = np.abs(numbers - numbers.astype(np.float32)).max(axis=0)
    return np.flatnonzero(_is_rounded(rounding, numbers.std(axis=0), np.abs(numbers).max(axis=0)))


def _is_rounded(
    rounding: np.ndarray, deviation: np.ndarray, largest: np.ndarray, most: float = FINE
) -> np.ndarray:
    return (rounding > most * deviation) | (deviation < LEAST_DEVIATION) | (largest > LARGEST_VALUE)


def find_loss(column: np.ndarray) -> Loss | None:
    """The loss of precision of a column in float32; None if it is negligible.

    Args:
        column: Finite numbers `(rows,)` in float64, all within the range of float32.
    """
    if column.min() == column.max():
        return None
    deviation = float(column.std())
    narrow = column.astype(np.float32)
    rounding = float(np.abs(column - narrow).max())
    extent = (np.array(rounding), np.array(deviation), np.abs(column).max())
    if not _is_rounded(*extent):
        return None
    values, kept = len(np.unique(column)), len(np.unique(narrow))
    if _is_rounded(*extent, ROUGH) or kept < (1 - MERGED) * values:
        return Loss(values, kept, rounding, deviation)
    return None
