"""Reads columns of a table; errors name the line of the cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nnrun.errors import DataError
from nnrun.sources.headers import NO_HEADER, is_headerless, nearest_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class Table(Protocol):
    """The table that cells come from, for messages."""

    decimal: str

    @property
    def name(self) -> str:
        """What messages call it."""

    def as_written(self, column: str, rows: int | None = None) -> np.ndarray:
        """The cells of a column as written, all or only the first ones, strings `(rows,)`."""

    def where(self, row: int) -> str:
        """How messages name a row (from 0): "line 7", or "row 6"."""

    def hint_of_commas(self) -> str:
        """How to declare decimal commas in the config; empty if that isn't possible."""


@dataclass(frozen=True)
class Column:
    """A column as read.

    Attributes:
        values: Its cells as a pandas series, with its name.
        table: Where it comes from, for messages.
    """

    values: pd.Series
    table: Table


@dataclass(frozen=True)
class Distinct:
    """The distinct cells of a column, in order of first appearance.

    Attributes:
        names: The cells.
        numbers: The index of each row's cell in `names`, `(rows,)`.
    """

    names: list[str]
    numbers: np.ndarray

    @classmethod
    def of(cls, cells: np.ndarray) -> Distinct:
        """The distinct cells of strings `(rows,)`."""
        import pandas as pd

        numbers, names = pd.factorize(cells)
        return cls(list(names), numbers)

    def row_of(self, cell: str) -> int:
        """The first row with a cell."""
        return int(np.argmax(self.numbers == self.names.index(cell)))


def column_of(frame: pd.DataFrame, table: Table, name: str, used: Sequence[str] = ()) -> pd.Series:
    """A column by name; for a misspelt name, columns already in use are not suggested.

    Raises:
        DataError: It does not exist.
    """
    if name not in frame.columns:
        if is_headerless(list(frame.columns)):
            raise DataError(f"the first line of {table.name} {NO_HEADER}")
        raise DataError(
            f"{table.name} has no column '{name}'",
            hint=nearest_column(name, list(frame.columns), used),
        )
    return frame[name]


def is_numeric(values: pd.Series) -> bool:
    """Whether a column holds numbers, which booleans are not."""
    return values.dtype.kind in "iuf"


def as_float32(values: pd.Series, table: Table) -> np.ndarray:
    """A column of numbers as float32 `(rows,)`.

    Raises:
        DataError: A cell is missing, infinite or too large.
    """
    with np.errstate(over="ignore"):
        numbers = values.to_numpy(np.float32)
    bad = ~np.isfinite(numbers)
    if bad.any():
        refuse_cells(~np.isfinite(values.to_numpy(np.float64)), table, str(values.name))
        refuse_cells(bad, table, str(values.name), are="larger than float32 holds (3.4e38)")
    return numbers


def as_text(values: pd.Series, table: Table) -> np.ndarray:
    """A column of text as strings `(rows,)`.

    Raises:
        DataError: A cell is empty.
    """
    texts: np.ndarray = values.to_numpy(object)
    empty = np.array([not text.strip() for text in texts])
    refuse_cells(empty, table, str(values.name), are="empty", counted="blanks")
    return texts


def refuse_cells(
    bad: np.ndarray,
    table: Table,
    name: str,
    *,
    are: str = "missing, infinite or no number",
    counted: str = "empty, NA, NaN, None and null",
) -> None:
    """Refuse a column with cells that cannot be used.

    Args:
        bad: The mask of these cells.
        table: The column's table.
        name: The column.
        are: What is wrong with them.
        counted: What counts as missing.

    Raises:
        DataError: There are some; it says how many, and the first line.
    """
    if bad.any():
        where = table.where(int(np.argmax(bad)))
        raise DataError(
            f"the column '{name}' of {table.name} has {bad.sum():,} of {len(bad):,} cells that are "
            f"{are}, the first in {where}",
            hint=f"fill them or leave out those rows ({counted} count as missing), or leave the "
            "column out of dataset.features",
        )
