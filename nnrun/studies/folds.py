"""The plan of a cross-validation: each fold validates once, with each seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nnrun.studies.listed import Listed, longer_of
from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDS = "folds"


class Folds(Listed):
    """A run for each fold, with one seed after the other, as `Folds(5, [42])`.

    Args:
        folds: How many folds there are.
        seeds: The seeds, in the order of the runs; each draws folds of its own, unless the split has
            a seed.
    """

    def __init__(self, folds: int, seeds: Iterable[int]) -> None:
        self._folds, self._seeds = folds, list(seeds)
        super().__init__(
            Point(seed=seed, fold=fold) for seed in self._seeds for fold in range(folds)
        )

    def to_json(self) -> dict[str, Any]:
        """The folds and the seeds."""
        return {"kind": FOLDS, "folds": self._folds, "seeds": self._seeds}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """As many folds, with the longer of two lists of seeds that begin alike."""
        longer = longer_of(self._seeds, earlier.get("seeds"))
        same = (earlier.get("kind"), earlier.get("folds")) == (FOLDS, self._folds)
        return type(self)(self._folds, longer) if same and longer is not None else None
