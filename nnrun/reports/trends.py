"""What a noisy curve does: smoothed, its noise, where it is best, and how rough it is."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_POINTS = 200
"""Longer curves are looked at in so many means: 5,000 epochs tell no more than that."""

_WINDOW = 5
_NORMAL = 1.4826
"""The standard deviation of a normal distribution in median absolute deviations."""


@dataclass(frozen=True)
class Curve:
    """A figure over the epochs, as its rules look at it.

    Attributes:
        epochs: The last epoch of each point, from 1.
        values: The points: the figure of an epoch, or of long trainings the mean of several.
        smooth: The same as running medians.
    """

    epochs: tuple[int, ...]
    values: tuple[float, ...]
    smooth: tuple[float, ...]

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Curve":
        """The curve of a figure, one value an epoch, all of them finite."""
        count = len(figures)
        width = math.ceil(count / MOST_POINTS) if count else 1
        starts = range(0, count, width)
        values = tuple(statistics.fmean(figures[start : start + width]) for start in starts)
        epochs = tuple(min(start + width, count) for start in starts)
        return cls(epochs, values, running_median(values))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def best(self) -> int:
        """The point at which the smooth curve is lowest, of equals the one with the least value."""
        return min(range(len(self)), key=lambda point: (self.smooth[point], self.values[point]))

    @property
    def noise(self) -> float:
        """The standard deviation of the noise, told from second differences: no trend shows in it."""
        values = self.values
        bends = [
            abs(before - 2 * here + after)
            for before, here, after in zip(values, values[1:], values[2:], strict=False)
        ]
        return _NORMAL * statistics.median(bends) / math.sqrt(6) if bends else 0.0

    def fall(self, start: int, stop: int) -> float:
        """How far the smooth curve falls from one point to another."""
        return self.smooth[start] - self.smooth[stop]

    def since_best(self, tolerance: float) -> int:
        """The first point that is within a tolerance of the lowest of the smooth curve."""
        lowest = self.smooth[self.best] + tolerance
        return next(point for point, value in enumerate(self.smooth) if value <= lowest)


def running_median(values: Sequence[float]) -> tuple[float, ...]:
    """The median of each value and its neighbours: up to two on each side.

    >>> running_median([5, 4, 9, 2, 1])
    (5, 4.5, 4, 3.0, 2)
    """
    half = _WINDOW // 2
    return tuple(
        statistics.median(values[max(0, place - half) : place + half + 1])
        for place in range(len(values))
    )


@dataclass(frozen=True)
class Steps:
    """How a curve goes from value to value.

    Attributes:
        up: What it climbs in all.
        down: What it falls in all.
        typical: The median size of a step.
    """

    up: float
    down: float
    typical: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Steps":
        """The steps between values, two at least."""
        steps = [after - before for before, after in pairwise(values)]
        return cls(
            up=sum(step for step in steps if step > 0),
            down=-sum(step for step in steps if step < 0),
            typical=statistics.median(map(abs, steps)),
        )
