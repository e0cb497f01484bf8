"""The plan of a cross-validation: each fold validates once, with each seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nnrun.runs.outcome import Outcome

FOLDS = "folds"


class Folds:
    """A run for each fold, with one seed after the other, as `Folds(5, [42])`.

    Args:
        folds: How many folds there are.
        seeds: The seeds, in the order of the runs; each draws folds of its own, unless the split has
            a seed.
    """

    def __init__(self, folds: int, seeds: Iterable[int]) -> None:
        self._folds, self._seeds = folds, list(seeds)
        points = [Point(seed=seed, fold=fold) for seed in self._seeds for fold in range(folds)]
        self._points = iter(points)

    @property
    def size(self) -> int:
        """The number of runs."""
        return self._folds * len(self._seeds)

    def ask(self) -> Point | None:
        """The run of the next fold."""
        return next(self._points, None)

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Learn nothing: the folds are known from the start."""

    def to_json(self) -> dict[str, Any]:
        """The folds and the seeds."""
        return {"kind": FOLDS, "folds": self._folds, "seeds": self._seeds}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """As many folds, with the longer of two lists of seeds that begin alike."""
        other = earlier.get("seeds")
        if (earlier.get("kind"), earlier.get("folds")) != (FOLDS, self._folds):
            return None
        if not isinstance(other, list):
            return None
        longer, shorter = sorted((self._seeds, other), key=len, reverse=True)
        same = longer[: len(shorter)] == shorter
        return type(self)(self._folds, longer) if same else None
