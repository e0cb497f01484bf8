"""The plan for runs that differ only in their seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nnrun.runs.outcome import Outcome

SEEDS = "seeds"


class Seeds:
    """One run for each seed, as `Seeds(range(42, 47))`.

    Args:
        seeds: The seeds, in the order of the runs.
    """

    def __init__(self, seeds: Iterable[int]) -> None:
        self._seeds = list(seeds)
        self._points = iter([Point(seed=seed) for seed in self._seeds])

    @property
    def size(self) -> int:
        """The number of seeds."""
        return len(self._seeds)

    def ask(self) -> Point | None:
        """The run of the next seed."""
        return next(self._points, None)

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Do nothing: the seeds are fixed."""

    def to_json(self) -> dict[str, Any]:
        """The seeds."""
        return {"kind": SEEDS, "seeds": self._seeds}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """The longer of two lists of seeds, if one is the beginning of the other."""
        other = earlier.get("seeds")
        if earlier.get("kind") != SEEDS or not isinstance(other, list):
            return None
        longer, shorter = sorted((self._seeds, other), key=len, reverse=True)
        return type(self)(longer) if longer[: len(shorter)] == shorter else None
