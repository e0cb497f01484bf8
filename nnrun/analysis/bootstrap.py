"""Confidence intervals of metrics over the rows.

Every headline metric is a function of *how often each row counts*. Once each gives the metric
itself; leaving rows out gives its jackknife, from which come two kinds of intervals:

- Shares, and other figures between 0 and 1, have the exact binomial interval (Clopper and Pearson
  1934). For all but plain shares, it is that of as many rows as would give a share the variance
  that the jackknife found (Korn and Graubard 1998).
- Errors have the studentised bootstrap (Efron and Tibshirani 1993, chapter 12), which follows
  their skewness. Its upper tail is 0.75 % instead of 2.5 %: the largest errors are so rare that
  many sets of rows show none of them.

`python -m benchmarks.coverage` measures how often they hold the truth. Where that was too seldom,
there is no interval but a reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from nnrun.analysis.significance import ALPHA, share_interval, t_quantile

Counting = Callable[[np.ndarray], np.ndarray]
"""Counts `(draws, rows)` → the metric of each draw `(draws,)`."""

RESAMPLES = 2000
MOST_GROUPS = 1000
FEWEST_GROUPS = 200
LEFT_OUT = 20_000_000
"""Counts in all draws of a jackknife together: of larger sets, larger groups are left out."""
CHUNK = 2_000_000
"""Counts held in memory at once."""
TAIL = 0.0075
_HALF = ALPHA / 2
_ROUNDING = 1e-12


class Scale(NamedTuple):
    """The scale on which a figure is resampled, and the size of its tails."""

    link: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]
    below: float = _HALF
    above: float = TAIL


ERROR = Scale(lambda value: value, lambda value: np.maximum(value, 0))
ROOT = Scale(np.square, lambda value: np.sqrt(np.maximum(value, 0)))
EXPLAINED = Scale(lambda value: np.log(1 - value), lambda value: 1 - np.exp(value), TAIL)
"""Of R²: the logarithm of the share that is left unexplained."""


@dataclass(frozen=True)
class Statistic:
    """A metric as a function of how often each row counts.

    Attributes:
        of: That function.
        scale: The scale of its bootstrap; None where it lies between 0 and 1.
        trials: Of a figure between 0 and 1, as how many rows it counts where it is 0 or 1 and its
            variance is not known; 0 for a share of the rows.
        fewest: Rows of the rarest class, if there are classes: its variance is known no better.
        reason: Why it has no interval; empty where it has one.
    """

    of: Counting
    scale: Scale | None = None
    trials: int = 0
    fewest: int = 0
    reason: str = ""

    def __call__(self, counts: np.ndarray) -> np.ndarray:
        """The metric of each draw."""
        return self.of(counts)


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: Of the rows as they are; NaN where it is not defined for them.
        low: The lower end of the 95 % interval; NaN where there is none.
        high: Its upper end; likewise.
        reason: Why there is none; empty where there is one.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    reason: str = ""


def bootstrap(
    statistics: Mapping[str, Statistic], rows: int, *, seed: int, width: int = 1
) -> dict[str, Estimate]:
    """Each metric with its 95 % interval over the rows.

    Args:
        statistics: The metrics by name.
        rows: How many rows there are.
        seed: Of the draws; the same seed gives the same intervals.
        width: How many columns a row has, each of which takes its time.
    """
    once = np.ones((1, rows))
    found = {name: _without(float(of(once)[0]), of.reason) for name, of in statistics.items()}
    wanted = {name: of for name, of in statistics.items() if not found[name].reason}
    generator = np.random.default_rng(seed)
    groups = group_rows(rows, number_of_groups(rows * width), generator)
    spread = {name: of for name, of in wanted.items() if of.scale or of.trials}
    influences = dict(zip(spread, jackknife(spread, found, groups), strict=True))
    resampled = {name: values for name, values in influences.items() if spread[name].scale}
    ratios = dict(zip(resampled, student_ratios(list(resampled.values()), generator), strict=True))
    for name, of in wanted.items():
        value = found[name].value
        if of.scale:
            found[name] = _of_error(value, of.scale, influences[name], ratios[name])
        else:
            found[name] = _of_share(value, rows, of, influences.get(name))
    return found


def _without(value: float, reason: str) -> Estimate:
    return Estimate(value, reason=reason or ("undefined" if math.isnan(value) else ""))


def number_of_groups(rows: int) -> int:
    """Up to 1,000 groups of rows, or one per row; fewer (at least 200) for more than 20,000 rows."""
    return min(rows, max(FEWEST_GROUPS, min(MOST_GROUPS, LEFT_OUT // rows)))


def group_rows(rows: int, groups: int, generator: np.random.Generator) -> np.ndarray:
    """Assign each row to a random group, `(rows,)`; the sizes differ by one at most."""
    if groups == rows:
        return np.arange(rows)
    return generator.permutation(np.arange(rows) % groups)


def jackknife(
    statistics: Mapping[str, Statistic], found: Mapping[str, Estimate], groups: np.ndarray
) -> list[np.ndarray]:
    """The influence of each group of rows on each metric, `(groups,)`, on the metric's scale.

    Source: Efron and Tibshirani 1993, chapter 11; the influences have the mean 0 or nearly so.
    """
    number, rows = int(groups.max()) + 1, len(groups)
    without: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
    at_once = max(1, CHUNK // rows)
    for start in range(0, number if statistics else 0, at_once):
        left_out = np.arange(start, min(start + at_once, number))
        counts = (groups != left_out[:, None]).astype(np.float64)
        for name, of in statistics.items():
            without[name].append(_scaled(of, of(counts)))
    with np.errstate(invalid="ignore"):
        return [
            (number - 1)
            * (_scaled(of, np.array(found[name].value)) - np.concatenate(without[name]))
            for name, of in statistics.items()
        ]


def _scaled(of: Statistic, values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # an R² of 1 leaves nothing unexplained
        return of.scale.link(values) if of.scale else values


def standard_error(influences: np.ndarray) -> float:
    """The standard error of a metric, from the influences of the groups."""
    groups = len(influences)
    return float(np.sqrt(np.square(influences - influences.mean()).sum() / (groups - 1) / groups))


def student_ratios(
    influences: list[np.ndarray], generator: np.random.Generator
) -> list[np.ndarray]:
    """Studentised means of resamples, `(resamples,)`: deviations in their own standard errors.

    Args:
        influences: Columns of the same length `(groups,)`; all are drawn together.
        generator: What the groups are drawn with.
    """
    if not influences:
        return []
    columns = np.nan_to_num(np.stack([column - column.mean() for column in influences], axis=1))
    groups = len(columns)
    counts = _draw_counts(generator, RESAMPLES, groups)
    means = counts @ columns / groups
    variances = np.maximum(counts @ columns**2 / groups - means**2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means / np.sqrt(variances / (groups - 1))
    return list(np.where(np.isnan(ratios), 0, ratios).T)


def _draw_counts(generator: np.random.Generator, resamples: int, rows: int) -> np.ndarray:
    """How often each row occurs in each resample."""
    drawn = generator.integers(rows, size=(resamples, rows))
    drawn += np.arange(resamples)[:, None] * rows
    counts = np.bincount(drawn.ravel(), minlength=resamples * rows)
    return counts.reshape(resamples, rows).astype(np.float64)


def _of_error(value: float, scale: Scale, influences: np.ndarray, ratios: np.ndarray) -> Estimate:
    error = standard_error(influences)
    high = np.quantile(ratios, 1 - scale.below, method="higher")
    low = np.quantile(ratios, scale.above, method="lower")
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = scale.link(np.array(value))
        ends = scale.inverse(middle - error * np.array([high, low]))
    if not error > _ROUNDING * abs(middle) or not np.isfinite(ends).all():
        return Estimate(value, reason="nearly all rows have the same error")
    return Estimate(value, *sorted(ends.tolist()))


def _of_share(value: float, rows: int, of: Statistic, influences: np.ndarray | None) -> Estimate:
    if influences is None:
        return Estimate(value, *share_interval(value * rows, rows))
    if np.isnan(influences).any():
        return Estimate(value, reason="it is not defined without some of the rows")
    error = standard_error(influences)
    worth = value * (1 - value) / error**2 if error > 0 else float(of.trials)
    # What is estimated from few rows is less certain than the normal distribution has it.
    few = min(of.fewest or rows, len(influences)) - 1
    worth *= (NormalDist().inv_cdf(1 - _HALF) / t_quantile(1 - _HALF, few)) ** 2
    worth = min(worth, rows)
    return Estimate(value, *share_interval(value * worth, worth))
