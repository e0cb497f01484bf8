"""How trials are judged: by their best epochs, and whether the rate was too high."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnrun.analysis.diagnosis import diagnose
from nnrun.analysis.evidence import Evidence
from nnrun.runs.history import History

AS_WELL_POINTS = 0.01
"""An accuracy that is no more than a point below the best is as good as it."""
AS_WELL_SHARE = 0.15
"""So is a loss that is no more than this share above the best …"""
AS_WELL_OF_START = 0.02
"""… or, beside an accuracy, no more than this share of the loss at the start."""

_EQUAL_POINTS = 0.005  # accuracies so close are told apart by the loss
_EQUAL_SHARE = 0.05
_THROWN_BACK = 0.1  # the loss may stand above its start by so much of what it can fall …
_CLIMBED = 0.1  # … and at the end above its lowest
_WILD = 1 / 3  # of the epochs may be higher, between others: rows far out make such spikes
_LAST = 3  # epochs, the lowest of which is the end: one that jumps is no climb
_FEWEST = 5  # epochs that can show a climb


@dataclass(frozen=True)
class RateTrial:
    """A trial training at one rate, so far.

    Attributes:
        rate: The learning rate.
        epochs: The figures of every epoch: loss, metrics, and `val_*` where there are such rows.
        diverged: Whether a loss or a weight was not finite in the epoch after them.
    """

    rate: float
    epochs: Sequence[Mapping[str, float]] = ()
    diverged: bool = False

    @property
    def losses(self) -> list[float]:
        """The training loss of every epoch."""
        return [figures["loss"] for figures in self.epochs]


def looks_too_high(trial: RateTrial) -> bool:
    """Whether the diagnosis of a run like this would call its rate too high."""
    history = History()
    for number, figures in enumerate(trial.epochs, start=1):
        history.add({"epoch": number, **figures})
    findings = diagnose(Evidence(history, "finished", epochs=len(trial.epochs)))
    return any(finding.kind == "rate_too_high" for finding in findings)


@dataclass(frozen=True)
class Criterion:
    """How trials are compared: by the epoch whose model a run would save.

    Where accuracy is recorded, it counts first, and of equals the loss; so it is unless another
    figure is monitored, which then counts alone.

    Attributes:
        monitor: The figure that tells the best epoch.
        mode: `min` or `max`: which direction of it is better.
        start: The training loss before the first step.
        fall: How far a training loss is known to fall from there.
    """

    monitor: str
    mode: str
    start: float
    fall: float

    def best_epoch(self, trial: RateTrial) -> int | None:
        """The epoch with the best monitored figure, from 1; None where there is none."""
        values = [self._cost(figures) for figures in trial.epochs]
        return values.index(min(values)) + 1 if values else None

    def reached(self, trial: RateTrial) -> Mapping[str, float]:
        """The figures of the best epoch."""
        best = self.best_epoch(trial)
        return {} if best is None else trial.epochs[best - 1]

    def best(self, trials: Iterable[RateTrial]) -> RateTrial:
        """The best of some trials; the one with the lowest rate if several are equal."""
        rivals = sorted(trials, key=lambda trial: trial.rate)
        if name := self._accuracy(rivals[0]):
            least = max(self.reached(trial)[name] for trial in rivals) - _EQUAL_POINTS
            rivals = [trial for trial in rivals if self.reached(trial)[name] >= least]
            loss = self._loss(name)
            return min(rivals, key=lambda trial: self.reached(trial)[loss])
        return min(rivals, key=lambda trial: self._cost(self.reached(trial)))

    def does_as_well(self, trial: RateTrial, best: RateTrial) -> bool:
        """Whether a trial is so close to the best that another seed could change their order."""
        return self._within(trial, best, AS_WELL_POINTS, AS_WELL_SHARE)

    def equals(self, trial: RateTrial, best: RateTrial) -> bool:
        """Whether a trial is practically equal to the best."""
        return self._within(trial, best, _EQUAL_POINTS, _EQUAL_SHARE)

    def _within(self, trial: RateTrial, best: RateTrial, points: float, share: float) -> bool:
        """Whether the deciding figures are worse by no more than these points, and this share."""
        mine, its = self.reached(trial), self.reached(best)
        if name := self._accuracy(best):
            loss = self._loss(name)
            room = max(share * abs(its[loss]), AS_WELL_OF_START * abs(self.start))
            return mine[name] >= its[name] - points and mine[loss] <= its[loss] + room
        if self.mode == "max":
            return mine[self.monitor] >= its[self.monitor] - points
        return mine[self.monitor] <= its[self.monitor] + share * abs(its[self.monitor])

    def fault(self, trial: RateTrial) -> str:
        """Why a rate is too high, in words; empty if the training went well."""
        if trial.diverged:
            return "diverged"
        losses, ceiling = trial.losses, self.start + _THROWN_BACK * self.fall
        high = [loss > ceiling for loss in losses]
        if high[0] or high[-1] or sum(high) > _WILD * len(high):
            return "loss rose above start"
        lowest, end = min(losses), min(losses[-_LAST:])
        if len(losses) >= _FEWEST and end > lowest + _CLIMBED * self.fall:
            return "loss climbed"
        return ""

    def _cost(self, figures: Mapping[str, float]) -> float:
        value = figures[self.monitor]
        if not math.isfinite(value):
            return math.inf
        return value if self.mode == "min" else -value

    def _accuracy(self, trial: RateTrial) -> str:
        """The name of the accuracy that decides; empty if none does."""
        for name in ("val_accuracy", "accuracy"):
            if self.monitor in (name, self._loss(name)) and name in self.reached(trial):
                return name
        return ""

    @staticmethod
    def _loss(accuracy: str) -> str:
        return accuracy.replace("accuracy", "loss")
