"""What a run's model predicted for the rows of a part: `evaluation/<split>/predictions.csv`."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nnrun.errors import RunError
from nnrun.runs.atomic import describe_cause

_COLUMNS = ["row", "target", "predicted"]
_PROBABILITY = "p_"


@dataclass(frozen=True)
class Predictions:
    """The predictions for some rows, as text; every sequence has an item for each row.

    Attributes:
        rows: Which row of the part it is.
        targets: What was to be predicted: a class or a number.
        predicted: What was predicted.
        probabilities: Of each class, by its name; empty for regression.
    """

    rows: tuple[str, ...]
    targets: tuple[str, ...]
    predicted: tuple[str, ...]
    probabilities: dict[str, tuple[str, ...]]

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
            rows, targets, predicted = (tuple(map(_unescape, columns[name])) for name in _COLUMNS)
        except OSError as error:
            raise RunError(f"cannot read {path}: {describe_cause(error)}") from error
        except (csv.Error, ValueError, KeyError) as error:
            raise RunError(f"{path} is damaged: it holds no predictions") from error
        probabilities = {
            name.removeprefix(_PROBABILITY): column
            for name, column in columns.items()
            if name.startswith(_PROBABILITY)
        }
        return cls(rows, targets, predicted, probabilities)


def _unescape(text: str) -> str:
    # A name of a class that a spreadsheet would take for a formula has a quote before it.
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@", "''")) else text
