"""Which of a few learning rates trains best: short trainings, the promising ones made longer.

Every half decade below the turning point of a range test is tried for a few epochs, the lowest
first: a rate at which the loss climbs rules out all above it. The best and its neighbours are
trained on (successive halving: Jamieson and Talwalkar 2016), as far as the budget goes; what is left
of it is for the quarters and eighths of a decade beside the best ones. Neighbours are kept rather
than the next best, and more of them below than above: what is best after a few epochs is too high in
the long run.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from nnrun.analysis.lr_measures import Criterion, RateTrial, looks_too_high

MOST_RATES = 7
"""Rates that are tried at first: three decades."""
FULL_BUDGET = 20
"""Trainings after which more epochs would tell nothing new."""

_STEPS = 8  # rates in a decade
_HALF, _QUARTER, _EIGHTH = 4, 2, 1  # of a decade, in steps
_SHARES = (1 / 20, 1 / 8)  # of the budget: epochs of a trial at first, and of those kept

Train = Callable[[float, int], RateTrial]
"""Train at a rate up to so many epochs in all, going on from where it stands."""


@dataclass(frozen=True)
class Budget:
    """How long trials may train.

    Attributes:
        epochs: Epochs of one training.
        total: Epochs of all trials together.
    """

    epochs: int
    total: int


@dataclass(frozen=True)
class TrialResults:
    """The results of all trials.

    Attributes:
        criterion: What they were measured by.
        trials: All of them, by their rates.
        best: The best of those that were trained longest and went well; None where none did.
        as_well: The rates that do as well as the best one, which is among them, by size.
        spent: Epochs that were made.
    """

    criterion: Criterion
    trials: tuple[RateTrial, ...]
    best: RateTrial | None
    as_well: tuple[float, ...]
    spent: int


def grid_rate(place: int) -> float:
    """The rate at a place of the grid, which has eight places per decade.

    >>> [grid_rate(place) for place in (-16, -12, -10, -9, 0)]
    [0.01, 0.032, 0.056, 0.075, 1.0]
    """
    return float(f"{10 ** (place / _STEPS):.2g}")


def places_between(lowest: float, highest: float) -> list[int]:
    """The places of the grid with rates in a range.

    >>> [grid_rate(place) for place in places_between(0.01, 0.03)]
    [0.01, 0.013, 0.018, 0.024]
    """
    first, last = (round(_STEPS * math.log10(rate)) for rate in (lowest, highest))
    return [place for place in range(first - 1, last + 2) if lowest <= grid_rate(place) <= highest]


class RateSearch:
    """A search for the best rate on a grid.

    Args:
        train: Trains at a rate.
        criterion: What trainings are measured by.
        lowest: No rate below is tried.
        highest: No rate above is tried.
        budget: How long it may train.
    """

    def __init__(
        self, train: Train, criterion: Criterion, lowest: float, highest: float, budget: Budget
    ) -> None:
        self._train, self._criterion, self._budget = train, criterion, budget
        self._grid = places_between(lowest, highest)
        self._trials: dict[int, RateTrial] = {}
        self._spent = 0

    def run(self) -> TrialResults:
        """Try the rates."""
        epochs, total = self._budget.epochs, self._budget.total
        short, longer = (min(epochs, max(1, round(share * total))) for share in _SHARES)
        well = self._climb(self._first_places(short), short)
        well = self._descend(well, short)
        if well:
            kept = self._around_best(well, below=2, above=1)
            kept = self._climb(kept, longer) or kept[:1]
            kept = self._around_best(kept, below=1, above=0)
            left = max(0, total - self._spent) // len(kept)
            self._climb(kept, min(epochs, longer + left))
            self._refine(_QUARTER)
            self._refine(_EIGHTH)
        return self._outcome()

    def _first_places(self, short: int) -> list[int]:
        """The half decades to start with, in order, as many as the budget allows."""
        places = [place for place in self._grid if place % _HALF == 0] or self._grid
        most = min(MOST_RATES, self._budget.total // short)
        # A budget for few rates is for those around a tenth of the highest.
        left_out = min(max(0, 2 - (most - 1) // 2), len(places) - 1)
        top = len(places) - left_out
        return places[max(0, top - most) : top]

    def _climb(self, places: Iterable[int], epochs: int) -> list[int]:
        """Continue training at some rates, lowest first, until one is too high; returns those that aren't."""
        well = []
        for place in sorted(places):
            self._advance(place, epochs)
            if self._fault(place):
                break
            well.append(place)
        return well

    def _descend(self, well: list[int], epochs: int) -> list[int]:
        """Try lower rates as long as the lowest is the best, or none went well."""
        while self._trials:
            lower = min(self._trials) - _HALF
            at_edge = not well or self._best_of(well) == min(well)
            if lower not in self._grid or not at_edge or self._spent + epochs > self._budget.total:
                break
            well = self._climb([lower], epochs) + well
        return well

    def _refine(self, step: int) -> None:
        """Try the grid neighbours of the rates that do as well as the best, nearest first."""
        epochs = max(len(trial.epochs) for trial in self._trials.values())
        finalists = self._finalists()
        if not finalists:
            return
        best = self._best_of(finalists)
        near = [place for place in finalists if self._does_as_well(place, best)]
        beside = {place + away for place in near for away in (-step, step)} - self._trials.keys()
        for place in sorted(beside, key=lambda place: (abs(place - best), place)):
            affordable = self._spent + epochs <= self._budget.total
            if place in self._grid and affordable:
                self._advance(place, epochs)

    def _advance(self, place: int, epochs: int) -> None:
        before = self._trials.get(place, RateTrial(grid_rate(place)))
        trial = self._train(before.rate, epochs)
        # An epoch that diverged was made as well, as far as it went.
        self._spent += len(trial.epochs) + trial.diverged - len(before.epochs)
        self._trials[place] = trial
        lowest = min([self._criterion.start - self._criterion.fall, *trial.losses])
        self._criterion = replace(self._criterion, fall=self._criterion.start - lowest)

    def _fault(self, place: int) -> str:
        return self._criterion.fault(self._trials[place])

    def _does_as_well(self, place: int, best: int) -> bool:
        return self._criterion.does_as_well(self._trials[place], self._trials[best])

    def _best_of(self, places: Sequence[int]) -> int:
        best = self._criterion.best(self._trials[place] for place in places)
        return next(place for place in places if self._trials[place] is best)

    def _around_best(self, places: list[int], *, below: int, above: int) -> list[int]:
        at = places.index(self._best_of(places))
        return places[max(0, at - below) : at + above + 1]

    def _finalists(self) -> list[int]:
        """The places trained longest, below the lowest rate that is too high."""
        too_high = [place for place in self._trials if self._fault(place)]
        below = [place for place in self._trials if place < min(too_high, default=math.inf)]
        longest = max((len(self._trials[place].epochs) for place in below), default=0)
        return sorted(place for place in below if len(self._trials[place].epochs) == longest)

    def _outcome(self) -> TrialResults:
        trials = tuple(self._trials[place] for place in sorted(self._trials))
        finalists = self._finalists()
        if not finalists:
            return TrialResults(self._criterion, trials, None, (), self._spent)
        best = self._safest(finalists)
        near = tuple(grid_rate(place) for place in finalists if self._does_as_well(place, best))
        return TrialResults(self._criterion, trials, self._trials[best], near, self._spent)

    def _safest(self, finalists: list[int]) -> int:
        """The best place, or another as good if the best may be too high.

        So it may be where the diagnosis of its run would say so, where trials end long before the
        training does, and beside rates that are.
        """
        best = self._best_of(finalists)
        near = [place for place in finalists if self._does_as_well(place, best)]
        near = [place for place in near if not looks_too_high(self._trials[place])] or near
        if 2 * len(self._trials[best].epochs) < self._budget.epochs:
            return near[0]
        best = self._best_of(near)
        others = near[: near.index(best)]
        at_edge = any(best < place <= best + _HALF and self._fault(place) for place in self._trials)
        if not at_edge or not others:
            return best
        second = self._best_of(others)
        equal = self._criterion.equals(self._trials[second], self._trials[best])
        return second if equal else best
