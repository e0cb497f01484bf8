"""The protocol of methods that draw the settings of a search."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nnrun.config.space import Setting


@dataclass(frozen=True)
class Result:
    """The result of a trial, for a method to learn from.

    Attributes:
        value: The trial's value, such that lower is better; None if it is not finite.
        epoch: The epoch that it is of.
        is_whole: Whether the trial came to its end: it neither diverged nor was it stopped.
    """

    value: float | None
    epoch: int
    is_whole: bool


class Method(Protocol):
    """Draws the settings of trials, and may learn from their results.

    What it draws depends on the space, its seed, the numbers of the trials and the results so far,
    in the order in which it has learnt them, and on nothing else.
    """

    def draw(self, number: int, attempt: int) -> Setting | None:
        """A setting for a trial; None if there are no more.

        Args:
            number: The trial's number.
            attempt: How many settings have been drawn for it before, which had all been tried.
        """

    def learn(self, number: int, setting: Setting, result: Result) -> None:
        """Take in the result of a trial, which it need not have drawn itself."""


def random_for(seed: int, number: int, attempt: int) -> Random:
    """The random numbers of one trial."""
    return Random(f"{seed} {number} {attempt}")
