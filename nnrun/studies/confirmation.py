"""The plan that confirms a search: its best settings and the config's own, with other seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from nnrun.config.writer import overrides_of
from nnrun.studies.listed import Listed
from nnrun.studies.plan import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nnrun.config.space import Setting

CONFIRMATION = "confirmation"


class Confirmation(Listed):
    """Runs of some settings with some seeds, which are also evaluated on the test rows.

    Args:
        runs: The `settings` of each run, and its `seed`.
    """

    def __init__(self, runs: Iterable[Mapping[str, Any]]) -> None:
        self._runs = list(runs)
        super().__init__(
            Point(overrides_of(run["settings"]), seed=run["seed"]) for run in self._runs
        )

    @classmethod
    def of(cls, settings: Sequence[Setting], seeds: Iterable[int]) -> Self:
        """Each of some settings with each of some seeds."""
        return cls({"settings": one, "seed": seed} for seed in seeds for one in settings)

    def to_json(self) -> dict[str, Any]:
        """The runs."""
        return {"kind": CONFIRMATION, "runs": self._runs}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """What was asked for before, and then what is new."""
        if earlier.get("kind") != CONFIRMATION:
            return None
        known = earlier["runs"]
        return type(self)([*known, *(run for run in self._runs if run not in known)])
