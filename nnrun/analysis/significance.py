"""Whether a difference is significant: tests and intervals in pure Python."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import Self

ALPHA = 0.05
"""A p value below this rules chance out."""
LEVEL = 1 - ALPHA
"""The confidence of every interval."""
_TINY = 1e-300
_PRECISE = 1e-15
_MOST_TERMS = 10_000
_HALVINGS = 200
_NONE = 1e-9


@dataclass(frozen=True)
class Interval:
    """A difference with its 95 % confidence interval and the test of it.

    Attributes:
        difference: The second side minus the first.
        low: Lower end of the interval; NaN where there is none.
        high: Upper end of the interval; likewise.
        p: Probability of so large a difference where there is none; None where no test was made.
        adjusted: The same, corrected for the number of tests that were made together; None where
            there was one only.
        reason: Why there is no interval; empty where there is one.
    """

    difference: float
    low: float = math.nan
    high: float = math.nan
    p: float | None = None
    adjusted: float | None = None
    reason: str = ""

    @property
    def is_significant(self) -> bool:
        """Whether the test rules chance out."""
        p = self.p if self.adjusted is None else self.adjusted
        return p is not None and p < ALPHA

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero, and the test says the same."""
        return (self.low > 0 or self.high < 0) and self.is_significant

    def reaching(self) -> Self:
        """The interval, extended to zero if the test does not rule chance out."""
        if self.is_significant or self.reason:
            return self
        return replace(self, low=min(self.low, 0.0), high=max(self.high, 0.0))


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


def share_interval(successes: float, trials: float) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson 1934); it is never too narrow.

    Args:
        successes: How many of the trials; need not be whole.
        trials: How many there are, above 0.

    >>> [round(end, 4) for end in share_interval(8, 10)]
    [0.4439, 0.9748]
    """
    failures, tail = trials - successes, ALPHA / 2
    low = 0.0 if successes <= _NONE else beta_quantile(tail, successes, failures + 1)
    high = 1.0 if failures <= _NONE else beta_quantile(1 - tail, successes + 1, failures)
    return low, high


def holm(probabilities: Sequence[float]) -> list[float]:
    """The p values of several tests made together, corrected for their number (Holm 1979).

    >>> holm([0.02, 0.5, 0.01])
    [0.04, 0.5, 0.03]
    """
    order = sorted(range(len(probabilities)), key=lambda place: probabilities[place])
    adjusted, least = [1.0] * len(order), 0.0
    for passed, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - passed) * probabilities[place]))
        adjusted[place] = least
    return adjusted


def welch(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The t test of two means, with its interval: Welch's (1947), or Student's if more cautious.

    Welch's takes two sides of few and unequal numbers of values for different too often; Student's
    does not where both spread alike. Of a side with one value it is that of Crawford and Howell
    (1998), which takes it to spread as the other side does.

    Args:
        first: One figure for each seed.
        second: The other side's.

    Returns:
        The difference of the means, its interval, and the two-sided probability; these are missing
        where no value differs from the others of its side, so that nothing tells of the spread.

    Raises:
        ValueError: Neither side has two values.
    """
    if max(len(first), len(second)) < 2:  # noqa: PLR2004 - one value has no spread
        raise ValueError("the spread over seeds needs two seeds on one side at least")
    difference = fmean(second) - fmean(first)
    errors = [_pooled_error(first, second)]
    if min(len(first), len(second)) > 1:
        errors.append(_separate_error(first, second))
    if any(error == 0 for error, _ in errors):
        return Interval(difference, reason="no figure varies over the seeds")
    reach = max(error * t_quantile((1 + LEVEL) / 2, freedom) for error, freedom in errors)
    p = max(2 * t_cdf(-abs(difference) / error, freedom) for error, freedom in errors)
    return Interval(difference, difference - reach, difference + reach, p)


def paired_t(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Student's t test of two sides' figures for the same seeds, each with the same rows.

    Args:
        first: One figure for each seed; two at least.
        second: The other side's, in the same order.

    Returns:
        The mean difference, its interval, and the two-sided probability; these are missing where
        all differences are the same, so that nothing tells of the spread.

    >>> round(paired_t([0.1, 0.2, 0.3], [0.2, 0.4, 0.6]).p, 6)  # t = 0.2 / (0.1 / sqrt(3))
    0.07418
    """
    changes = [after - before for before, after in zip(first, second, strict=True)]
    error, freedom = math.sqrt(variance(changes) / len(changes)), len(changes) - 1
    difference = fmean(changes)
    if error == 0:
        return Interval(difference, reason="the difference is the same for all seeds")
    reach = error * t_quantile((1 + LEVEL) / 2, freedom)
    p = 2 * t_cdf(-abs(difference) / error, freedom)
    return Interval(difference, difference - reach, difference + reach, p)


def _pooled_error(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Student's standard error of the difference of the means, and its degrees of freedom."""
    freedom = len(first) + len(second) - 2
    squares = sum((len(side) - 1) * variance(side) for side in (first, second) if len(side) > 1)
    return math.sqrt(squares / freedom * (1 / len(first) + 1 / len(second))), float(freedom)


def _separate_error(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Welch's standard error of the difference of the means, and its degrees of freedom."""
    parts = [variance(side) / len(side) for side in (first, second)]
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
    """The quantile of Student's t for a probability of at least a half.

    >>> round(t_quantile(0.975, 10), 6)
    2.228139
    """
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < probability:
        low, high = high, 2 * high
    return _bisect(lambda t: t_cdf(t, freedom), probability, low, high)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The quantile of the beta distribution.

    >>> round(beta_quantile(0.5, 2, 1), 6)
    0.707107
    """
    return _bisect(lambda x: _beta(x, a, b), probability, 0.0, 1.0)


def _bisect(rising: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where an increasing function reaches a value."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
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
