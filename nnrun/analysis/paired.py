"""Two models on the same rows: the test of their difference, and its interval.

`python -m benchmarks.coverage` measures how often the intervals hold the truth, and how often equal
models seem unequal.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from nnrun.analysis.bootstrap import TAIL, group_rows, number_of_groups, student_ratios
from nnrun.analysis.significance import LEVEL, Interval, mcnemar, t_cdf, t_quantile

FLIPS = 4_999
MOST_FLIPPED = 1_000
"""Of more rows, the flips' distribution is the normal one."""
_ALL_FLIPS = 12
"""Of so few rows, every way to flip them is tried."""
_UPPER = (1 + LEVEL) / 2


def paired_shares(first: np.ndarray, second: np.ndarray) -> Interval:
    """The difference of two shares of the same rows, tested by McNemar's exact test.

    Its interval is that of Bonett and Price (2012), which is good for few rows and for shares near
    0 and 1; it reaches to zero where the test does not rule zero out.

    Args:
        first: Whether one model is right on each row, `(rows,)`.
        second: Likewise the other.
    """
    rows = len(first)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    shares = [(only + 1) / (rows + 2) for only in (only_first, only_second)]
    middle = shares[1] - shares[0]
    reach = NormalDist().inv_cdf(_UPPER) * math.sqrt((sum(shares) - middle**2) / (rows + 2))
    low, high = max(middle - reach, -1.0), min(middle + reach, 1.0)
    p = mcnemar(only_first, only_second)
    return Interval((only_second - only_first) / rows, low, high, p).reaching()


def paired_means(
    first: np.ndarray, second: np.ndarray, *, root: bool = False, seed: int = 0, reason: str = ""
) -> Interval:
    """The difference of two means over the same rows, tested by flipping signs (Fisher 1935).

    Its interval is the wider of Student's t and the studentised bootstrap, the one for errors with
    outliers, the other for skewed ones; it reaches to zero where the test does not rule zero out.

    Args:
        first: A score of each row, `(rows,)`.
        second: The other side's, of the same rows.
        root: Whether the figure is the square root of the mean, as in the RMSE.
        seed: Of the draws; the same seed gives the same interval.
        reason: Why there can be no interval; empty where there can.
    """
    rows, changes = len(first), second - first
    means = np.array([first.mean(), second.mean()])
    difference = float(np.diff(np.sqrt(means) if root else means)[0])
    generator = np.random.default_rng(seed)
    found = Interval(difference, p=flip_signs(changes, generator), reason=reason)
    if reason:
        return found
    if not changes.any():
        return replace(found, low=difference, high=difference)
    influences = [second - means[1], first - means[0]]
    if root:
        ends = np.sqrt(means[::-1])
        influences = [column / (2 * end or 1) for column, end in zip(influences, ends, strict=True)]
    low, high = _reaches(influences[0] - influences[1], rows, generator)
    return replace(found, low=difference - low, high=difference + high).reaching()


def flip_signs(changes: np.ndarray, generator: np.random.Generator) -> float:
    """The probability of a sum this large if each change were as likely to have the other sign.

    That is what equal models give, whatever their errors are like. Of up to 12 rows every way to
    give signs is tried, of up to 1,000 so many drawn ones that a p value of 0.05 is exact to
    0.006; of more, it is that of Student's t test, which is the same there.

    Args:
        changes: What each row's score changes by, `(rows,)`.
        generator: What the signs are drawn with.
    """
    rows = len(changes)
    if not changes.any():
        return 1.0
    if rows > MOST_FLIPPED:
        error = float(changes.std(ddof=1)) / math.sqrt(rows)
        return 2 * t_cdf(-abs(float(changes.mean())) / error, rows - 1) if error else 0.0
    if rows <= _ALL_FLIPS:
        flipped = ((np.arange(2**rows)[:, None] >> np.arange(rows)) & 1).astype(np.uint8)
    else:
        drawn = np.frombuffer(generator.bytes(-(-FLIPS * rows // 8)), np.uint8)
        flipped = np.unpackbits(drawn, count=FLIPS * rows).reshape(FLIPS, rows)
    reached = np.abs(changes.sum())
    sums = np.abs(changes.sum() - 2 * (flipped @ changes))
    # Sums of the same numbers in another order are equal, but for their last digits.
    as_large = int((sums >= reached - 1e-12 * np.abs(changes).sum()).sum())
    return as_large / len(sums) if rows <= _ALL_FLIPS else (as_large + 1) / (FLIPS + 1)


def _reaches(
    influences: np.ndarray, rows: int, generator: np.random.Generator
) -> tuple[float, float]:
    """How far the interval extends below and above the difference."""
    error = float(influences.std(ddof=1)) / math.sqrt(rows)
    groups = group_rows(rows, number_of_groups(rows), generator)
    (ratios,) = student_ratios([np.bincount(groups, influences)], generator)
    # A resample without any spread tells nothing of how far the ends may lie.
    ratios = ratios[np.isfinite(ratios)]
    straight = t_quantile(_UPPER, rows - 1)
    high, low = np.quantile(ratios, [1 - TAIL, TAIL])
    return error * max(straight, float(high)), error * max(straight, -float(low))
