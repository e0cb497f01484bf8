"""What a run's model predicted for the rows of a part: `evaluation/<split>/predictions.csv`."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nnrun.errors import RunError
from nnrun.runs.atomic import describe_cause

_TARGET, _PREDICTED, _PROBABILITY = "target", "predicted", "p_"

Said = str | tuple[str, ...]
"""A class or a number; where several columns were predicted, that of each."""


@dataclass(frozen=True)
class Predictions:
    """The predictions for some rows, as text; every sequence has an item for each row.

    Attributes:
        rows: Which row of the part it is.
        targets: What was to be predicted.
        predicted: What was predicted.
        probabilities: Of each class or label, by its name; empty for regression.
        columns: Names of the columns, where several were predicted.
    """

    rows: tuple[str, ...]
    targets: tuple[Said, ...]
    predicted: tuple[Said, ...]
    probabilities: dict[str, tuple[str, ...]]
    columns: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of predictions.

        Raises:
            RunError: It is missing or damaged.
        """
        try:
            with path.open(encoding="utf-8", newline="") as file:
                header, *lines = csv.reader(file, strict=True)
            columns = dict(zip(header, zip(*lines, strict=True), strict=True))
            several = () if _TARGET in columns else _several(columns)
            rows = tuple(map(_unescape, columns["row"]))
            targets, predicted = (
                tuple(zip(*(columns[f"{what}_{name}"] for name in several), strict=True))
                if several
                else tuple(map(_unescape, columns[what]))
                for what in (_TARGET, _PREDICTED)
            )
        except OSError as error:
            raise RunError(f"cannot read {path}: {describe_cause(error)}") from error
        except (csv.Error, ValueError, KeyError) as error:
            raise RunError(f"{path} is damaged: it holds no predictions") from error
        probabilities = {
            name.removeprefix(_PROBABILITY): column
            for name, column in columns.items()
            if name.startswith(_PROBABILITY)
        }
        return cls(rows, targets, predicted, probabilities, several)


def _several(columns: Iterable[str]) -> tuple[str, ...]:
    """The names of the columns that were predicted together, by those of their targets."""
    prefix = f"{_TARGET}_"
    return tuple(name.removeprefix(prefix) for name in columns if name.startswith(prefix))


def _unescape(text: str) -> str:
    # A name of a class that a spreadsheet would take for a formula has a quote before it.
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@", "''")) else text
