"""Columns of a table as an array: numbers, and text where a source is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError, DataFaults
from nnrun.sources.cells import as_float32, as_text, column_of, refuse_cells
from nnrun.sources.headers import NUMBER
from nnrun.sources.misreading import find_misread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nnrun.sources.cells import TableFile


def read_features(
    frame: pd.DataFrame, file: TableFile, features: Sequence[str], *, used: Sequence[str] = ()
) -> np.ndarray:
    """The feature columns as one array `(rows, features)`: float32, or objects where some are text.

    Args:
        frame: The table.
        file: Its file.
        features: Names of the columns.
        used: Columns that are not meant where a feature is misspelt: the targets.

    Raises:
        DataError: A column is missing or not what it is to be, or a cell is missing.
    """
    texts, taken, faults = set(file.texts), [*features, *used], DataFaults()
    any_text = not texts.isdisjoint(features)
    inputs = np.empty((len(frame), len(features)), object if any_text else np.float32)
    for index, name in enumerate(features):
        with faults.noted():
            column = column_of(frame, file, name, taken)
            inputs[:, index] = as_text(column, file) if name in texts else _numbers(column, file)
    faults.refuse()
    return inputs


def _numbers(column: pd.Series, file: TableFile) -> np.ndarray:
    if column.dtype.kind not in "iufb":
        _refuse_text(column, file, str(column.name))
    return as_float32(column, file)


def _refuse_text(column: pd.Series, file: TableFile, name: str) -> None:
    refuse_cells(column.isna().to_numpy(), file, name)
    cells = column.astype(str).to_numpy(object)
    misread = find_misread(cells, file)
    elsewhere = "leave the column out of dataset.features"
    if misread is not None:
        raise DataError(
            f"the column '{name}' of {file.path} {misread.says}",
            hint=f"{misread.hint}; or {elsewhere}",
        )
    example = next(row for row, cell in enumerate(cells) if not NUMBER.fullmatch(cell))
    raise DataError(
        f"the column '{name}' of {file.path} holds text, such as '{cells[example]}' "
        f"in line {file.line_of_row(example)}; inputs must be numbers",
        hint="list the columns to use in dataset.features, without it, or read it with "
        "TextVectorization or StringLookup",
    )
