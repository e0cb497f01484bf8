"""Whether there are enough rows for an interval: the reason why not, or an empty text.

The limits are where `python -m benchmarks.coverage` finds that intervals hold the truth often enough.
"""

from __future__ import annotations

import numpy as np

FEWEST_ERRORS = 100
"""Rows for a mean of errors or of their squares, of which the largest few decide."""
FEWEST_SIZES_APART = 20
FEWEST_SQUARES_APART = 50
"""Rows for the difference of two such means, which have many of the large ones in common."""
FEWEST_LOSSES = 50
FEWEST_WRONG = 10
"""Wrong rows for a log loss, of which they are the largest part."""
FEWEST_OF_CLASS = 10
FEWEST_FOR_AREA = 20
"""Rows of each class, and of the rest, for an area under a curve."""
SKEWED = 0.66
SKEWED_SQUARES_APART = 0.6
"""L-skewness of errors beyond which their mean depends on the largest few."""
_ROWS_FOR_SKEWNESS = 20
_ROUNDING = 1e-12


def of_rows(rows: int, fewest: int) -> str:
    """Why this many rows are too few for an interval."""
    return f"too few rows ({rows}) to say" if rows < fewest else ""


def of_errors(errors: np.ndarray, fewest: int = FEWEST_ERRORS, skewed: float = SKEWED) -> str:
    """Why these errors, `(rows,)`, give no interval of their mean; none is below 0."""
    return of_rows(len(errors), fewest) or (
        "a few large errors decide it" if _is_too_skewed(errors, skewed) else ""
    )


def of_losses(wrong: np.ndarray) -> str:
    """Why there is no interval of a mean log loss, given which rows are predicted wrongly."""
    number = int(wrong.sum())
    return of_rows(len(wrong), FEWEST_LOSSES) or (
        f"too few wrong rows ({number}) to say" if number < FEWEST_WRONG else ""
    )


def of_classes(rows: int, fewest: int = FEWEST_OF_CLASS, what: str = "class") -> str:
    """Why there is no interval of a figure of classes (or labels): too few rows of the rarest."""
    return f"too few rows ({rows}) of a {what} to say" if rows < fewest else ""


def _is_too_skewed(errors: np.ndarray, most: float) -> bool:
    """Whether the mean depends on errors so large and rare that most samples would miss them.

    That shows in the L-skewness (Hosking 1990), which is 0 of uniform and 1/3 of exponential
    errors; and in a few rows that make up the third moment (Cochran, Sampling Techniques, 2.15),
    without which there are enough of the large errors.
    """
    rows, ordered = len(errors), np.sort(errors)
    ranks = np.arange(rows)
    first, second = (
        (ordered * weight).mean()
        for weight in (ranks / (rows - 1), ranks * (ranks - 1) / ((rows - 1) * (rows - 2)))
    )
    mean, spread = ordered.mean(), ordered.std()
    if not spread > _ROUNDING * mean:
        return False
    l_skewness = (6 * second - 6 * first + mean) / (2 * first - mean)
    skewness = (((ordered - mean) / spread) ** 3).mean()
    return bool(l_skewness > most and rows < _ROWS_FOR_SKEWNESS * skewness**2)
