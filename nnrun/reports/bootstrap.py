"""The interval that the number of rows leaves open around a metric.

Every headline metric is a function of *how often each row counts*. Once each gives the metric
itself; the counts of a resample of the rows, drawn with replacement, give its bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]
"""Counts `(resamples, rows)` → the metric of each resample `(resamples,)`."""

LEVEL = 0.95
MOST_RESAMPLES = 1000
FEWEST_RESAMPLES = 200
DRAWS = 20_000_000
"""Rows drawn in all resamples together: larger sets get fewer resamples, so that none takes long."""
CHUNK = 2_000_000
"""Counts held in memory at once."""


@dataclass(frozen=True)
class Interval:
    """A figure with its bootstrap interval.

    Attributes:
        value: Of the rows as they are; NaN where it is not defined for them.
        low: The lower end of the 95 % interval.
        high: Its upper end.
    """

    value: float
    low: float
    high: float


def number_of_resamples(rows: int) -> int:
    """1,000 resamples, but fewer (200 at least) for sets of more than 20,000 rows."""
    return max(FEWEST_RESAMPLES, min(MOST_RESAMPLES, DRAWS // rows))


def bootstrap(
    statistics: Mapping[str, Statistic], rows: int, *, seed: int, resamples: int | None = None
) -> dict[str, Interval]:
    """Each metric with the percentile bootstrap's 95 % interval over the rows.

    Args:
        statistics: The metrics by name.
        rows: How many rows there are.
        seed: Of the draw; the same seed gives the same intervals.
        resamples: How many to draw; None for `number_of_resamples`.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
    """
    generator = np.random.default_rng(seed)
    left = resamples or number_of_resamples(rows)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
    while left:
        chunk = min(left, max(1, CHUNK // rows))
        counts = _draw_counts(generator, chunk, rows)
        for name, statistic in statistics.items():
            drawn[name].append(statistic(counts))
        left -= chunk
    once = np.ones((1, rows))
    return {
        name: Interval(float(statistic(once)[0]), *_percentiles(np.concatenate(drawn[name])))
        for name, statistic in statistics.items()
    }


def _draw_counts(generator: np.random.Generator, resamples: int, rows: int) -> np.ndarray:
    """How often each row stands in each resample."""
    drawn = generator.integers(rows, size=(resamples, rows))
    drawn += np.arange(resamples)[:, None] * rows
    counts = np.bincount(drawn.ravel(), minlength=resamples * rows)
    return counts.reshape(resamples, rows).astype(np.float64)


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    # A resample may leave a metric undefined, as one of a single class leaves the ROC curve.
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
