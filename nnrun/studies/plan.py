"""What decides which runs a study makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from nnrun.config.split import FOLD
from nnrun.runs.outcome import Outcome

PAUSED = "paused"
"""The status of a run that has come to the epoch up to which it was to be trained."""


@dataclass(frozen=True)
class Point:
    """One piece of training that a plan asks for: a new trial, or more epochs of a paused one.

    Attributes:
        overrides: Changes to the config, of the form `training.epochs=5`.
        seed: The seed of the experiment; None for the config's own.
        fold: Which fold validates, from 0; None where the rows are not folded.
        trial: The trial that goes on; None for a new one, which gets the next number.
        until: The epoch after which it pauses; None where it is trained to its end.
    """

    overrides: tuple[str, ...] = ()
    seed: int | None = None
    fold: int | None = None
    trial: int | None = None
    until: int | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """All that it changes in the config, of the form `training.epochs=5`."""
        fold = () if self.fold is None else (f"{FOLD}={self.fold}",)
        seed = () if self.seed is None else (f"seed={self.seed}",)
        return (*self.overrides, *fold, *seed)


class Plan(Protocol):
    """Decides the runs of a study one by one, and may learn from those that are done.

    With J jobs, a study asks for point k once it has told the outcomes of points 0 to k - J, always
    in this order. A plan that decides by what it was told, and by nothing else, therefore asks for
    the same points however many workers there are, and again when an interrupted study goes on.
    """

    def ask(self) -> Point | None:
        """The next run to make; None where there is none before another outcome is told.

        A study is done where that is so, and all outcomes are told.
        """

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Take in how a run came out: finished, diverged, failed or paused.

        Args:
            point: What was asked for.
            outcome: How it came out.
        """


class StoredPlan(Plan, Protocol):
    """A plan that a study's directory keeps, so that the study can go on without the command."""

    @property
    def size(self) -> int | None:
        """How many runs it asks for; None where that is not known."""

    def to_json(self) -> dict[str, Any]:
        """What it takes to make it again: its `kind`, and that kind's arguments."""

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """The plan with which a study goes on when it is asked for again.

        Args:
            earlier: The plan that the study has, as `to_json` gave it.

        Returns:
            A plan that begins with the same runs; None where that would be another study.
        """
