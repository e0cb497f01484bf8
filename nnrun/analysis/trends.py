"""Properties of a noisy curve: its noise, its floor, and how it moves."""

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_POINTS = 200
"""Longer curves are looked at in so many means: 5,000 epochs tell no more than that."""

_FEWEST = 3
"""Points of the shortest window."""
_NEIGHBOURS = 5
_NORMAL = 1.4826
"""The standard deviation of a normal distribution in median absolute deviations."""
_MEDIAN = 1.2533
"""The standard error of a median in those of a mean."""


@dataclass(frozen=True)
class LossCurve:
    """A loss over the epochs, the lower the better.

    Attributes:
        first: The number of its first epoch.
        figures: What each epoch had.
        points: The same, or of long trainings the means of several epochs.
        floor: What it cannot fall below, as far as anybody knows: heights are measured from there.
    """

    first: int
    figures: tuple[float, ...]
    points: tuple[float, ...]
    floor: float

    @classmethod
    def of(cls, figures: Sequence[float], first: int = 1, perfect: float = 0.0) -> "LossCurve":
        """The curve of a figure, one value an epoch, all of them finite.

        Args:
            figures: The values.
            first: The number of the first epoch.
            perfect: The loss of answers that are all right. A curve that falls below it and below 0
                is measured from as far below its lowest figure as its highest is above.
        """
        width = math.ceil(len(figures) / MOST_POINTS)
        starts = range(0, len(figures), width)
        points = tuple(statistics.fmean(figures[start : start + width]) for start in starts)
        lowest, highest = min(figures), max(figures)
        floors = [floor for floor in (perfect, 0.0) if floor <= lowest]
        return cls(first, tuple(figures), points, (floors or [2 * lowest - highest])[0])

    @functools.cached_property
    def lowest(self) -> int:
        """The epoch with the lowest figure, the first of equals."""
        return self.first + min(range(len(self.figures)), key=self.figures.__getitem__)

    @property
    def last(self) -> int:
        """The last epoch."""
        return self.first + len(self.figures) - 1

    def at(self, epoch: int) -> float:
        """The figure of an epoch."""
        return self.figures[epoch - self.first]

    def height(self, value: float) -> float:
        """How far a value lies above the floor."""
        return value - self.floor

    @functools.cached_property
    def noise(self) -> float:
        """The standard deviation of the points' noise, from second differences: no trend shows in it."""
        values = self.points
        bends = [
            abs(before - 2 * here + after)
            for before, here, after in zip(values, values[1:], values[2:], strict=False)
        ]
        return _NORMAL * statistics.median(bends) / math.sqrt(6) if bends else 0.0

    @property
    def window(self) -> int:
        """Points in the last part of the curve: a quarter of it, 3 at least."""
        return max(_FEWEST, len(self.points) // 4)

    @property
    def end(self) -> float:
        """The median of the last part."""
        return statistics.median(self.points[-self.window :])

    @property
    def before_end(self) -> float:
        """The median of the part before the last."""
        return statistics.median(self.points[-2 * self.window : -self.window] or self.points[:1])

    def around(self, epoch: int) -> float:
        """The median of the points around an epoch, up to two on each side."""
        place = (epoch - self.first) // math.ceil(len(self.figures) / MOST_POINTS)
        half = min(self.window, _NEIGHBOURS) // 2
        return statistics.median(self.points[max(0, place - half) : place + half + 1])

    def is_clear(self, change: float, deviations: float = 3.0) -> bool:
        """Whether a change is too large for noise alone to move the median of a part."""
        error = self.noise * _MEDIAN * math.sqrt(2 / min(self.window, _NEIGHBOURS))
        return change > deviations * error


@dataclass(frozen=True)
class Movement:
    """How far a curve goes up and down.

    Attributes:
        up: What it climbs in all.
        down: What it falls in all.
        typical: The median size of a step.
    """

    up: float
    down: float
    typical: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Movement":
        """The steps between values, two at least."""
        steps = [after - before for before, after in pairwise(values)]
        return cls(
            up=sum(step for step in steps if step > 0),
            down=-sum(step for step in steps if step < 0),
            typical=statistics.median(map(abs, steps)),
        )
