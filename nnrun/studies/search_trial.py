"""A trial of a search: one setting, run on several folds or with several seeds, in stages."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING

from nnrun.runs.manifest import PAUSED
from nnrun.studies.method import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.modes import Mode
    from nnrun.config.space import Setting
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.plan import Point


@dataclass
class TrialRun:
    """One run of a trial.

    Attributes:
        point: Its first point.
        number: Its number in the study, once begun.
        outcome: Its latest outcome.
    """

    point: Point
    number: int | None = None
    outcome: Outcome | None = None

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to train."""
        return self.outcome is not None and self.outcome.status != PAUSED

    def piece(self, until: int | None) -> Point:
        """The point that trains it up to an epoch, or to its end."""
        return replace(self.point, trial=self.number, until=until)


@dataclass
class SearchTrial:
    """A trial of a search.

    Attributes:
        number: Its number among the trials.
        setting: The values that replace the config's own.
        rungs: The epochs after which it is judged; the last is its end.
        runs: Its runs.
        figure: The metric that is its value, and whether low or high is best.
        stage: The index of the next rung of its runs.
        values: Its values at the rungs reached, such that lower is better.
        pending: The number of runs that have not reached that rung.
        has_ended: Whether it has ended.
    """

    number: int
    setting: Setting
    rungs: Sequence[int]
    runs: Sequence[TrialRun]
    figure: tuple[str, Mode]
    stage: int = 0
    values: dict[int, float] = field(default_factory=dict)
    pending: int = 0
    has_ended: bool = False

    @property
    def rung(self) -> int:
        """The next rung of its runs."""
        return self.rungs[self.stage]

    @property
    def until(self) -> int | None:
        """The same as in a point: None for the end."""
        return None if self.stage == len(self.rungs) - 1 else self.rung

    @property
    def stage_epochs(self) -> int:
        """The number of epochs since the previous rung."""
        return self.rung - (self.rungs[self.stage - 1] if self.stage else 0)

    @property
    def is_at_end(self) -> bool:
        """Whether none of its runs can continue."""
        return self.until is None or all(run.has_ended for run in self.runs)

    def arrive(self) -> float:
        """Record the value at the rung that all runs have reached; infinite if one failed."""
        mean = self._mean()
        sound = all(run.outcome and run.outcome.status in (PAUSED, "finished") for run in self.runs)
        self.values[self.rung] = mean if sound and mean is not None else math.inf
        return self.values[self.rung]

    def value_at(self, rung: int) -> float | None:
        """The value at a rung; None if it has not got there.

        If its training ended by itself before that, its last value counts.
        """
        if rung in self.values or not self.has_ended:
            return self.values.get(rung)
        last = max(self.values)
        stopped = any(run.outcome and run.outcome.status == PAUSED for run in self.runs)
        return None if stopped or rung < last else self.values[last]

    def result(self) -> Result:
        """Its result, for a method to learn from."""
        epochs = [run.outcome.epochs for run in self.runs if run.outcome]
        whole = all(run.outcome and run.outcome.status == "finished" for run in self.runs)
        return Result(self._mean(), min(epochs, default=0), whole)

    def _mean(self) -> float | None:
        """The mean over the runs of the metric in their best epochs; None if a run has none."""
        name, mode = self.figure
        values = [run.outcome.metrics.get("best", {}).get(name) for run in self.runs if run.outcome]
        finite = [value for value in values if value is not None and math.isfinite(value)]
        if len(finite) < len(self.runs):
            return None
        return fmean(finite) if mode == "min" else -fmean(finite)
