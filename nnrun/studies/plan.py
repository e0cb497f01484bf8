"""What decides which runs a study makes."""

from dataclasses import dataclass
from typing import Protocol

from nnrun.runs.outcome import Outcome


@dataclass(frozen=True)
class Point:
    """One run that a plan asks for.

    Attributes:
        overrides: Changes to the config, of the form `training.epochs=5`.
        seed: The seed of the experiment; None for the config's own.
    """

    overrides: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """All that it changes in the config, of the form `training.epochs=5`."""
        return self.overrides if self.seed is None else (*self.overrides, f"seed={self.seed}")


class Plan(Protocol):
    """Decides the runs of a study one by one, and may learn from those that are done."""

    def ask(self) -> Point | None:
        """The next run to make; None where the study is done."""

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Take in how a run came out: finished or diverged.

        Args:
            point: What was asked for.
            outcome: How it came out.
        """
