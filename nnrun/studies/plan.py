"""The protocol of plans, which choose the runs of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from nnrun.config.split import FOLD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.analysis.study_report import StudyReport
    from nnrun.runs.outcome import Outcome


@dataclass(frozen=True)
class Point:
    """A unit of training that a plan asks for: a new trial, or more epochs of a paused one.

    Attributes:
        overrides: Changes to the config, of the form `training.epochs=5`.
        seed: The seed of the experiment; None for the config's own.
        fold: The validation fold, from 0; None without folds.
        trial: The trial to continue; None for a new one, which gets the next number.
        until: The epoch after which to pause; None to train to the end.
        tests: Whether to evaluate on the test rows at the end.
    """

    overrides: tuple[str, ...] = ()
    seed: int | None = None
    fold: int | None = None
    trial: int | None = None
    until: int | None = None
    tests: bool = True

    @property
    def changes(self) -> tuple[str, ...]:
        """All changes to the config, of the form `training.epochs=5`."""
        fold = () if self.fold is None else (f"{FOLD}={self.fold}",)
        seed = () if self.seed is None else (f"seed={self.seed}",)
        return (*self.overrides, *fold, *seed)


class Plan(Protocol):
    """Chooses the runs of a study one by one, and may learn from completed ones.

    With J jobs, a study asks for point k once it has told the outcomes of points 0 to k - J, always
    in this order. A plan that depends only on these outcomes therefore asks for the same points
    however many workers there are, and when an interrupted study continues.
    """

    def ask(self) -> Point | None:
        """The next run; None if there is none until another outcome is told.

        A study is done if that is so and all outcomes have been told.
        """

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Receive the outcome of a run: finished, diverged, failed or paused.

        Args:
            point: What was asked for.
            outcome: The outcome.
        """


class StoredPlan(Plan, Protocol):
    """A plan stored in a study's directory, so that the study can continue without the command.

    Attributes:
        any_order: Whether outcomes may be told in whatever order runs end, and not in the order of
            the points.
    """

    any_order: bool

    @property
    def size(self) -> int | None:
        """The number of runs it asks for; None if unknown."""

    def to_json(self) -> dict[str, Any]:
        """What is needed to recreate it: its `kind`, and that kind's arguments."""

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """The plan with which an earlier study continues when this one is requested.

        Args:
            earlier: The study's plan, as returned by `to_json`.

        Returns:
            A plan that begins with the same runs; None if it is a different study.
        """

    def confirming(self, report: StudyReport) -> StoredPlan | None:
        """What to run once all runs have ended, as a study within the study; None for nothing.

        Args:
            report: The study.
        """

    def leave(self, report: StudyReport) -> None:
        """Write what a study of this kind leaves besides its runs.

        Args:
            report: The study, as it ended or was interrupted.
        """
