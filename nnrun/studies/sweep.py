"""The plan of a sweep: one value of a config after the other, each with the same seeds or folds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from nnrun.analysis.sweep_view import draw_sweep, swept_option
from nnrun.config.plain_reader import read_plain
from nnrun.config.writer import write_flow
from nnrun.errors import UserError
from nnrun.runs.study_record import SWEEP
from nnrun.studies.listed import Listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.analysis.study_report import StudyReport
    from nnrun.studies.folds import Folds
    from nnrun.studies.seeds import Seeds

MOST_VALUES = 100
_FORM = "write it as architecture.MLP.hidden.0=8,16,32"


class Sweep(Listed):
    """A run, or several, for each of some values.

    Args:
        path: The option that is swept, such as `architecture.MLP.hidden.0`.
        values: Its values, in the order of the runs.
        each: What is run with every value.
    """

    def __init__(self, path: str, values: Sequence[Any], each: Seeds | Folds) -> None:
        self._path, self._values, self._each = path, list(values), each.to_json()
        super().__init__(
            dataclasses.replace(point, overrides=(change,))
            for change in self.changes
            for point in each.points
        )

    @property
    def changes(self) -> list[str]:
        """What each value changes in the config, of the form `training.epochs=5`."""
        return [f"{self._path}={write_flow(value)}" for value in self._values]

    def to_json(self) -> dict[str, Any]:
        """The option, its values, and what is run with each."""
        return {"kind": SWEEP, "path": self._path, "values": self._values, "each": self._each}

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """This sweep, where the earlier one has the first of its values and runs as many with each."""
        own = self.to_json()
        same = all(earlier.get(key) == own[key] for key in ("kind", "path", "each"))
        values = earlier.get("values")
        begins = isinstance(values, list) and self._values[: len(values)] == values
        return self if same and begins else None

    def leave(self, report: StudyReport) -> None:
        """Draw the results for each value."""
        if swept_option(report) is not None:
            draw_sweep(report, report.directory.sweep)


def parse_sweep(text: str) -> tuple[str, list[Any]]:
    """The option and the values of `path=value,value,…`; values are YAML, as in `--set`.

    Raises:
        UserError: It has another form, names a value twice, or too many.

    >>> parse_sweep("training.batch_size=16,32")
    ('training.batch_size', [16, 32])
    """
    path, equals, values = text.partition("=")
    try:
        read = read_plain(f"[{values}]")
    except ValueError as error:
        raise UserError(f"--sweep {text}: {error}", hint=_FORM) from error
    if not path.strip() or not equals or not read:
        raise UserError(f"--sweep {text} names no option and its values", hint=_FORM)
    if len(read) > MOST_VALUES:
        raise UserError(f"--sweep names {len(read):,} values, at most {MOST_VALUES} may be swept")
    twice = next((value for place, value in enumerate(read) if value in read[:place]), None)
    if twice is not None:
        raise UserError(f"--sweep names the value {write_flow(twice)} twice", hint="leave one out")
    return path.strip(), read
