"""Early stopping of a search's trials.

A trial pauses at rungs, which are numbers of epochs. At each of them, its value is compared with
those of the trials with lower numbers at the same rung, and the trial continues or ends. Lower
values are better; a trial that diverged or failed on the way to a rung counts as infinite there.
"""

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import ClassVar, Protocol

FACTOR = 3
"""One in this many trials continues, to this many times the epochs."""


class Rungs(Protocol):
    """Where trials pause, and which of them continue."""

    def of(self, number: int) -> Sequence[int]:
        """The epochs after which a trial is judged; it ends at the last of them."""

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial continues beyond a rung.

        Args:
            number: The trial's number.
            epoch: The rung.
            value: Its value there.
            earlier: The values there of trials with lower numbers, as far as known.
        """


@dataclass(frozen=True)
class Full:
    """Trains every trial to its end.

    Attributes:
        epochs: The epochs of a full training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """Only the end."""
        return (self.epochs,)

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Always continue."""
        return True


def thirds(epochs: int) -> tuple[int, ...]:
    """The epochs, a third of them, a ninth and so on, in ascending order.

    >>> thirds(100), thirds(10), thirds(2)
    ((2, 4, 12, 34, 100), (2, 4, 10), (2,))
    """
    rungs = [epochs]
    while epochs / FACTOR ** len(rungs) > 1:
        rungs.append(math.ceil(epochs / FACTOR ** len(rungs)))
    return tuple(reversed(rungs))


@dataclass(frozen=True)
class Asha:
    """Asynchronous successive halving: the best third at each rung goes on (Li et al., MLSys 2020).

    A trial is compared as soon as it reaches a rung. The best so far always continues, even if
    there are fewer than three.

    Attributes:
        epochs: The epochs of a full training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """Repeated thirds of the epochs."""
        return thirds(self.epochs)

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is among the best third of those that have reached the rung."""
        return is_among_best(value, list(earlier.values()))


def is_among_best(value: float, others: Sequence[float]) -> bool:
    """Whether a value is in the best third of itself and others; others win ties.

    >>> is_among_best(0.4, [0.5, 0.3]), is_among_best(0.4, [0.5, 0.3, 0.6, 0.7, 0.8])
    (False, True)
    """
    most = max(1, (len(others) + 1) // FACTOR)
    return not math.isinf(value) and sum(other <= value for other in others) < most


@dataclass(frozen=True)
class Hyperband:
    """Successive halving with different first rungs, in case early epochs tell little.

    A trial's number determines its bracket, and it is compared within that. Bracket b begins at the
    b-th rung; the brackets' sizes are those of Li et al. (JMLR 2018). The first trial, with the
    config's own values, is in the last bracket, where all are trained to their end.

    Attributes:
        epochs: The epochs of a full training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """The rungs of the trial's bracket."""
        return thirds(self.epochs)[self.bracket(number) :]

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is among the best third of its bracket."""
        own = self.bracket(number)
        rivals = [other for trial, other in earlier.items() if self.bracket(trial) == own]
        return is_among_best(value, rivals)

    def bracket(self, number: int) -> int:
        """The bracket of a trial; multiples of the golden ratio distribute trials evenly.

        >>> [Hyperband(81).bracket(number) for number in range(12)]
        [3, 1, 0, 2, 0, 0, 1, 0, 3, 1, 0, 2]
        """
        last = len(thirds(self.epochs)) - 1
        sizes = [
            math.ceil((last + 1) / (last - b + 1) * FACTOR ** (last - b)) for b in range(last + 1)
        ]
        share = number * _GOLDEN % 1 if number else 1
        return min(bisect(list(accumulate(sizes)), share * sum(sizes)), last)


_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Median:
    """Ends a trial that is worse than the median of earlier ones at the same epoch.

    This is the median rule of Google Vizier (Golovin et al., KDD 2017), with a trial's best value
    so far.

    Attributes:
        epochs: The epochs of a full training.
    """

    epochs: int
    looks: ClassVar[int] = 5
    """How often a trial is judged, including at its end."""
    fewest: ClassVar[int] = 5
    """The fewest trials for a median."""

    def of(self, number: int) -> Sequence[int]:
        """Every fifth of the epochs."""
        shares = (math.ceil(self.epochs * look / self.looks) for look in range(1, self.looks + 1))
        return tuple(dict.fromkeys(shares))

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is no worse than the median, or there is no median yet."""
        if math.isinf(value):
            return False
        return len(earlier) < self.fewest or value <= median(earlier.values())


def rungs_of(stop_early: str, epochs: int) -> Rungs:
    """The rungs with a name in a config.

    Args:
        stop_early: `none`, `asha`, `hyperband` or `median`.
        epochs: The epochs of a full training.
    """
    rules: dict[str, Callable[[int], Rungs]]
    rules = {"none": Full, "asha": Asha, "hyperband": Hyperband, "median": Median}
    return rules[stop_early](epochs)
