"""The plan of runs that differ in nothing but their seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nnrun.runs.outcome import Outcome


class Seeds:
    """One run for each seed, as `Seeds(range(42, 47))`.

    Args:
        seeds: The seeds, in the order of the runs.
    """

    def __init__(self, seeds: Iterable[int]) -> None:
        self._points = iter([Point(seed=seed) for seed in seeds])

    def ask(self) -> Point | None:
        """The run of the next seed."""
        return next(self._points, None)

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Learn nothing: the seeds are known from the start."""
