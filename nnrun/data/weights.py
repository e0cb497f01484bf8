"""The weights of the rows in the training loss, from a column of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError
from nnrun.sources.cells import column_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnrun.data.splits import Part
    from nnrun.sources.csv import Csv

_HINT = "a row weighs 0, which leaves it out, or more; 1 is what every row weighs without weights"


def read_weights(file: Csv, column: str) -> np.ndarray:
    """The weights in a column of a file, float32 `(rows,)`.

    Raises:
        DataError: There is no such column, or a cell is no weight.
    """
    import pandas as pd

    cells = column_of(file.frame(), file, column)
    with np.errstate(over="ignore"):
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float32)
    where = f"'{column}' of {file.path}"
    return as_weights(
        numbers, where, lambda row: f"'{cells.iloc[row]}' in line {file.line_of_row(row)}"
    )


def as_weights(numbers: np.ndarray, where: str, shown: Callable[[int], str]) -> np.ndarray:
    """Numbers as weights: the same, if all are finite and at least 0.

    Args:
        numbers: `(rows,)`.
        where: The column, in words.
        shown: What stands in a row, in words.

    Raises:
        DataError: A number is no weight.
    """
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        raise DataError(
            f"{bad.sum():,} of the {len(bad):,} cells in the column {where} cannot weigh a row, the "
            f"first {shown(int(np.argmax(bad)))}",
            hint=_HINT,
        )
    return numbers


def refuse_no_weight(train: Part) -> None:
    """See that something is left to learn from.

    Raises:
        DataError: Every training row weighs nothing.
    """
    if train.weights is not None and not train.weights.any():
        raise DataError("dataset.sample_weight gives every training row the weight 0", hint=_HINT)
