"""The plan for runs that differ only in their seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nnrun.studies.listed import Listed, longer_of
from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SEEDS = "seeds"


class Seeds(Listed):
    """One run for each seed, as `Seeds(range(42, 47))`.

    Args:
        seeds: The seeds, in the order of the runs.
    """

    def __init__(self, seeds: Iterable[int]) -> None:
        self._seeds = list(seeds)
        super().__init__(Point(seed=seed) for seed in self._seeds)

    def to_json(self) -> dict[str, Any]:
        """The seeds."""
        return {"kind": SEEDS, "seeds": self._seeds}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """The longer of two lists of seeds, if one is the beginning of the other."""
        longer = longer_of(self._seeds, earlier.get("seeds"))
        same = earlier.get("kind") == SEEDS
        return type(self)(longer) if same and longer is not None else None
