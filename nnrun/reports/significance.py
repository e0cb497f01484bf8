"""Whether a difference means anything: tests and intervals, in pure Python and NumPy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEVEL = 0.95
"""The confidence of every interval."""
_RESAMPLES = 2000
_DRAWN_AT_ONCE = 2_000_000  # row numbers; 16 MB
_TINY = 1e-300
_PRECISE = 1e-15
_MOST_TERMS = 10_000
_HALVINGS = 200


@dataclass(frozen=True)
class Interval:
    """A difference with its 95 % confidence interval.

    Attributes:
        difference: The second side minus the first.
        low: Lower end of the interval.
        high: Upper end of the interval.
        p: Probability of so large a difference where there is none; None where no test was made.
    """

    difference: float
    low: float
    high: float
    p: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test of two classifiers on the same rows (McNemar 1947; exact: binomial).

    Args:
        only_first: Rows that the first alone has right.
        only_second: Rows that the second alone has right.

    Returns:
        The two-sided probability of so uneven a share where both are equally good.

    >>> mcnemar(2, 8)
    0.109375
    """
    rows, fewer = only_first + only_second, min(only_first, only_second)
    term = total = 1
    for taken in range(fewer):
        term = term * (rows - taken) // (taken + 1)  # the next binomial coefficient, exactly
        total += term
    return min(1.0, 2 * total / (1 << rows))


def paired_bootstrap(
    first: "np.ndarray", second: "np.ndarray", *, root: bool = False, seed: int = 0
) -> Interval:
    """The difference of two means over the same rows, its interval by resampling the rows.

    Args:
        first: A score of each row, `(rows,)`.
        second: The other side's, of the same rows.
        root: Whether the figure is the square root of the mean, as in the RMSE.
        seed: Of the resampling; the same seed gives the same interval.

    Returns:
        The difference and the percentile interval (Efron and Tibshirani 1993, chapter 13).
    """
    import numpy as np

    def difference(of_first: "np.ndarray", of_second: "np.ndarray") -> "np.ndarray":
        roots = np.sqrt([of_first, of_second]) if root else np.asarray([of_first, of_second])
        return np.asarray(roots[1] - roots[0])

    rows = len(first)
    generator = np.random.default_rng(seed)
    at_once = max(1, min(_RESAMPLES, _DRAWN_AT_ONCE // rows))
    drawn: list[np.ndarray] = []
    for start in range(0, _RESAMPLES, at_once):
        shape = (min(at_once, _RESAMPLES - start), rows)
        chosen = generator.integers(rows, size=shape)
        drawn.append(difference(first[chosen].mean(axis=1), second[chosen].mean(axis=1)))
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(np.concatenate(drawn), ends)
    return Interval(float(difference(first.mean(), second.mean())), float(low), float(high))


def welch(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Welch's t test of two means with unequal variances (Welch 1947), with its interval.

    A side of one value is taken to spread as the other does (Crawford and Howell 1998).

    Args:
        first: One figure for each seed.
        second: The other side's.

    Returns:
        The difference of the means, its interval, and the two-sided probability.

    Raises:
        ValueError: Neither side has two values.
    """
    if max(len(first), len(second)) < 2:  # noqa: PLR2004 - one value has no spread
        raise ValueError("the spread over seeds needs two seeds on one side at least")
    difference = fmean(second) - fmean(first)
    error, freedom = _standard_error(first, second)
    if error == 0:
        return Interval(difference, difference, difference, 1.0 if difference == 0 else 0.0)
    reach = error * t_quantile((1 + LEVEL) / 2, freedom)
    p = 2 * t_cdf(-abs(difference) / error, freedom)
    return Interval(difference, difference - reach, difference + reach, p)


def _standard_error(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """The standard error of the difference of the means, and its degrees of freedom."""
    if 1 in (len(first), len(second)):
        several = max(first, second, key=len)
        return stdev(several) * math.sqrt(1 + 1 / len(several)), len(several) - 1.0
    parts = [stdev(side) ** 2 / len(side) for side in (first, second)]
    total = sum(parts)
    if total == 0:
        return 0.0, 1.0
    # In shares, since the squares of small variances would be no numbers any more.
    freedom = 1 / sum(
        (part / total) ** 2 / (len(side) - 1)
        for part, side in zip(parts, (first, second), strict=True)
    )
    return math.sqrt(total), freedom


def t_cdf(t: float, freedom: float) -> float:
    """The distribution function of Student's t (Abramowitz and Stegun, 26.7.1).

    Args:
        t: Where.
        freedom: The degrees of freedom, above 0.

    >>> round(t_cdf(2.228139, 10), 6)
    0.975
    """
    square = t * t
    if square < freedom:  # near the middle, a tail would lose the digits of a small t
        middle = 0.5 * _beta(square / (freedom + square), 0.5, freedom / 2)
        return 0.5 + math.copysign(middle, t)
    tail = 0.5 * _beta(freedom / (freedom + square), freedom / 2, 0.5)
    return tail if t < 0 else 1 - tail


def t_quantile(probability: float, freedom: float) -> float:
    """Where the distribution function of Student's t reaches a probability of at least a half.

    >>> round(t_quantile(0.975, 10), 6)
    2.228139
    """
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_cdf(middle, freedom) < probability else (low, middle)
    return high


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction is quick on one side of the mean only
        return 1 - _beta(1 - x, b, a)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(scale + a * math.log(x) + b * math.log1p(-x)) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (Lentz; DLMF 8.17.22)."""
    value = above = 1.0
    below = 0.0
    for step in range(1, _MOST_TERMS):
        half, odd = divmod(step, 2)
        if odd:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / ((1 + term * below) or _TINY)
        above = (1 + term / above) or _TINY
        value *= above * below
        if abs(above * below - 1) < _PRECISE:
            break
    return value
