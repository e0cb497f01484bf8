"""Plans whose runs are all known from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nnrun.analysis.study_report import StudyReport
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.plan import Point


class Listed:
    """A plan that asks for the points of a list, in their order.

    Args:
        points: The points.

    Attributes:
        points: The points.
    """

    any_order = False

    def __init__(self, points: Iterable[Point]) -> None:
        self.points = tuple(points)
        self._left = iter(self.points)

    @property
    def size(self) -> int:
        """The number of runs."""
        return len(self.points)

    def ask(self) -> Point | None:
        """The next point."""
        return next(self._left, None)

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Learn nothing: the points are known from the start."""

    def confirming(self, report: StudyReport) -> None:
        """Nothing: the study is done."""

    def leave(self, report: StudyReport) -> None:
        """Nothing: the runs are all there is."""


def longer_of(one: list[int], other: object) -> list[int] | None:
    """The longer of two lists if one begins the other; None if it doesn't, or is no list.

    >>> longer_of([1, 2], [1, 2, 3]), longer_of([1, 2], [2]), longer_of([1], None)
    ([1, 2, 3], None, None)
    """
    if not isinstance(other, list):
        return None
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return longer if longer[: len(shorter)] == shorter else None
