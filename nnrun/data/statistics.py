"""Statistics of rows, in float64."""

from dataclasses import dataclass

import numpy as np

BLOCK = 4096
"""Rows processed at a time, to keep float64 copies of images small."""


@dataclass(frozen=True)
class Statistics:
    """Statistics of an input over the training rows: per feature, or one for all pixels."""

    mean: np.ndarray
    variance: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def after(self, multiply: np.ndarray, add: np.ndarray) -> "Statistics":
        """The statistics of the same rows after `x * multiply + add`."""
        return Statistics(
            self.mean * multiply + add,
            self.variance * multiply**2,
            self.least * multiply + add,
            self.most * multiply + add,
        )


def measure(array: np.ndarray) -> Statistics:
    """Statistics per feature for `(rows, features)`, over all values for any other shape."""
    per_feature = array.ndim == 2  # noqa: PLR2004 rows and features
    axes = (0,) if per_feature else tuple(range(array.ndim))
    blocks = [array[start : start + BLOCK] for start in range(0, len(array), BLOCK)]
    values = array.size if not per_feature else len(array)
    mean = np.sum([block.sum(axis=axes, dtype=np.float64) for block in blocks], axis=0) / values
    squares = [((block - mean) ** 2).sum(axis=axes, dtype=np.float64) for block in blocks]
    return Statistics(
        mean,
        np.sum(squares, axis=0) / values,
        array.min(axis=axes).astype(np.float64),
        array.max(axis=axes).astype(np.float64),
    )
