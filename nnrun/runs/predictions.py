"""What a run's model predicted for the rows of a part: `evaluation/<split>/predictions.csv`."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nnrun.errors import RunError
from nnrun.reading import read_own
from nnrun.runs.atomic import describe_cause
from nnrun.runs.history import unescape_cell

_COLUMNS = ["row", "target", "predicted"]
_PROBABILITY = "p_"
MAX_BYTES = 256_000_000
MAX_CELLS = 20_000_000
"""What is read of predictions: some two million rows of ten classes."""


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
            text = read_own(path, MAX_BYTES).decode()
            if text.count(",") > MAX_CELLS:
                raise ValueError("it has too many cells")
            header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
            columns = dict(zip(header, zip(*lines, strict=True), strict=True))
            rows, targets, predicted = (
                tuple(map(unescape_cell, columns[name])) for name in _COLUMNS
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
        return cls(rows, targets, predicted, probabilities)
