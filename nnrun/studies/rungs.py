"""Which trials of a search end early: decisions after some epochs, that a run goes on to more.

A trial is a run that pauses. After each of its rungs, which are numbers of epochs, its value is held
against those that the trials with lower numbers had at the same rung, and it goes on or it does not.
Values are such that lower is better; one that diverged or failed on the way to a rung counts as
infinite there.
"""

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import ClassVar, Protocol

FACTOR = 3
"""One in so many trials goes on to so many times the epochs."""


class Rungs(Protocol):
    """Where trials pause, and which of them go on."""

    def of(self, number: int) -> Sequence[int]:
        """The epochs after which a trial is looked at; it ends at the last of them."""

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial goes on from a rung.

        Args:
            number: The trial's number.
            epoch: The rung.
            value: Its value there.
            earlier: The values there of trials with lower numbers, as far as they are known.
        """


@dataclass(frozen=True)
class Full:
    """Every trial is trained to its end.

    Attributes:
        epochs: The epochs of a whole training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """The end alone."""
        return (self.epochs,)

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """There is nothing to decide."""
        return True


def thirds(epochs: int) -> tuple[int, ...]:
    """The epochs, a third of them, a ninth of them and so on, the fewest first.

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

    A trial is compared as soon as it comes to a rung. The best so far goes on even where there are
    too few to tell what a third is.

    Attributes:
        epochs: The epochs of a whole training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """Thirds of thirds of the epochs."""
        return thirds(self.epochs)

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is among the best third of those that have come so far."""
        return is_among_best(value, list(earlier.values()))


def is_among_best(value: float, others: Sequence[float]) -> bool:
    """Whether a value belongs to the best third of itself and others; of equals the others do.

    >>> is_among_best(0.4, [0.5, 0.3]), is_among_best(0.4, [0.5, 0.3, 0.6, 0.7, 0.8])
    (False, True)
    """
    most = max(1, (len(others) + 1) // FACTOR)
    return not math.isinf(value) and sum(other <= value for other in others) < most


@dataclass(frozen=True)
class Hyperband:
    """Successive halving with several first rungs, in case the early epochs tell little.

    A trial belongs to a bracket by its number, and is compared within it. Bracket b begins at the
    b-th rung; how many trials it gets is that of Li et al. (JMLR 2018). The very first trial, the
    config's own, is in the last bracket, where all are trained to their end.

    Attributes:
        epochs: The epochs of a whole training.
    """

    epochs: int

    def of(self, number: int) -> Sequence[int]:
        """Those of all rungs that the trial's bracket has."""
        return thirds(self.epochs)[self.bracket(number) :]

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is among the best third of those of its bracket."""
        own = self.bracket(number)
        rivals = [other for trial, other in earlier.items() if self.bracket(trial) == own]
        return is_among_best(value, rivals)

    def bracket(self, number: int) -> int:
        """The bracket of a trial; multiples of the golden ratio spread the trials evenly.

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
    """A trial ends where it is worse than the median of the trials before it at the same epoch.

    It is the rule of Google Vizier (Golovin et al., KDD 2017), with a trial's best value so far.

    Attributes:
        epochs: The epochs of a whole training.
    """

    epochs: int
    looks: ClassVar[int] = 5
    """How often a trial is looked at, the last time at its end."""
    fewest: ClassVar[int] = 5
    """How many trials there must be for a median."""

    def of(self, number: int) -> Sequence[int]:
        """Every fifth of the epochs."""
        shares = (math.ceil(self.epochs * look / self.looks) for look in range(1, self.looks + 1))
        return tuple(dict.fromkeys(shares))

    def goes_on(self, number: int, epoch: int, value: float, earlier: Mapping[int, float]) -> bool:
        """Whether a trial is no worse than the median, or there is none yet."""
        if math.isinf(value):
            return False
        return len(earlier) < self.fewest or value <= median(earlier.values())


def rungs_of(stop_early: str, epochs: int) -> Rungs:
    """The rungs by their name in a config.

    Args:
        stop_early: `none`, `asha`, `hyperband` or `median`.
        epochs: The epochs of a whole training.
    """
    rules: dict[str, Callable[[int], Rungs]]
    rules = {"none": Full, "asha": Asha, "hyperband": Hyperband, "median": Median}
    return rules[stop_early](epochs)
