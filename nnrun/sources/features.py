"""Reads feature columns as an array of numbers, or of text if declared."""

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

    from nnrun.sources.cells import Table


def read_features(
    frame: pd.DataFrame,
    table: Table,
    features: Sequence[str],
    *,
    texts: Sequence[str] = (),
    used: Sequence[str] = (),
) -> np.ndarray:
    """The feature columns as one array `(rows, features)`: float32, or objects if some are text.

    Args:
        frame: The cells.
        table: Where they come from, for messages.
        features: Names of the columns.
        texts: Those that are text.
        used: Columns not to suggest for a misspelt feature: the targets.

    Raises:
        DataError: A column is missing or of the wrong type, or a cell is missing.
    """
    taken, faults = [*features, *used], DataFaults()
    any_text = not set(texts).isdisjoint(features)
    inputs = np.empty((len(frame), len(features)), object if any_text else np.float32)
    for index, name in enumerate(features):
        with faults.noted():
            column = column_of(frame, table, name, taken)
            inputs[:, index] = as_text(column, table) if name in texts else _numbers(column, table)
    faults.refuse()
    return inputs


def _numbers(column: pd.Series, table: Table) -> np.ndarray:
    if column.dtype.kind not in "iufb":
        _refuse_text(column, table, str(column.name))
    return as_float32(column, table)


def _refuse_text(column: pd.Series, table: Table, name: str) -> None:
    refuse_cells(column.isna().to_numpy(), table, name)
    cells = column.astype(str).to_numpy(object)
    misread = find_misread(cells, table)
    elsewhere = "leave the column out of dataset.features"
    if misread is not None:
        raise DataError(
            f"the column '{name}' of {table.name} {misread.says}",
            hint=f"{misread.hint}; or {elsewhere}",
        )
    example = next((row for row, cell in enumerate(cells) if not NUMBER.fullmatch(cell)), 0)
    raise DataError(
        f"the column '{name}' of {table.name} holds text, such as '{cells[example]}' "
        f"in {table.where(example)}; inputs must be numbers",
        hint="list the columns to use in dataset.features, without it, or read it with "
        "TextVectorization or StringLookup",
    )
