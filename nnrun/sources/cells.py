"""Columns of a table as numbers; what is wrong with a cell is said with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from nnrun.errors import DataError
from nnrun.sources.headers import NO_HEADER, is_headerless, nearest_column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd


class TableFile(Protocol):
    """The file that a table comes from, for messages."""

    path: Path
    separator: str
    decimal: Literal[".", ","]
    texts: tuple[str, ...]

    def as_written(self, column: str, rows: int | None = None) -> np.ndarray:
        """The cells of a column as they stand in the file, all or the first, strings `(rows,)`."""

    def line_of_row(self, row: int) -> int:
        """The line on which a row (from 0) stands."""


@dataclass(frozen=True)
class Distinct:
    """The different cells of a column, in the order in which they first stand there.

    Attributes:
        names: The cells.
        numbers: The number of each row's cell among them, `(rows,)`.
    """

    names: list[str]
    numbers: np.ndarray

    @classmethod
    def of(cls, cells: np.ndarray) -> Distinct:
        """Those of strings `(rows,)`."""
        import pandas as pd

        numbers, names = pd.factorize(cells)
        return cls(list(names), numbers)

    def row_of(self, cell: str) -> int:
        """The first row in which a cell stands."""
        return int(np.argmax(self.numbers == self.names.index(cell)))


def column_of(
    frame: pd.DataFrame, file: TableFile, name: str, used: Sequence[str] = ()
) -> pd.Series:
    """A column by its name; where it is misspelt, those in use already are not what was meant.

    Raises:
        DataError: There is none.
    """
    if name not in frame.columns:
        if is_headerless(list(frame.columns)):
            raise DataError(f"the first line of {file.path} {NO_HEADER}")
        raise DataError(
            f"{file.path} has no column '{name}'",
            hint=nearest_column(name, list(frame.columns), used),
        )
    return frame[name]


def is_numeric(values: pd.Series) -> bool:
    """Whether a column holds numbers; truth values are none."""
    return values.dtype.kind in "iuf"


def as_float32(values: pd.Series, file: TableFile) -> np.ndarray:
    """A column of numbers as float32 `(rows,)`.

    Raises:
        DataError: A cell is missing, infinite or too large.
    """
    with np.errstate(over="ignore"):
        numbers = values.to_numpy(np.float32)
    bad = ~np.isfinite(numbers)
    if bad.any():
        refuse_cells(~np.isfinite(values.to_numpy(np.float64)), file, str(values.name))
        refuse_cells(bad, file, str(values.name), are="larger than float32 holds (3.4e38)")
    return numbers


def as_text(values: pd.Series, file: TableFile) -> np.ndarray:
    """A column of text as strings `(rows,)`.

    Raises:
        DataError: A cell is empty.
    """
    texts: np.ndarray = values.to_numpy(object)
    empty = np.array([not text.strip() for text in texts])
    refuse_cells(empty, file, str(values.name), are="empty", counted="blanks")
    return texts


def refuse_cells(
    bad: np.ndarray,
    file: TableFile,
    name: str,
    *,
    are: str = "missing, infinite or no number",
    counted: str = "empty, NA, NaN, None and null",
) -> None:
    """Refuse a column with cells that cannot be used.

    Args:
        bad: Which cells these are.
        file: The column's file.
        name: The column.
        are: What is wrong with them.
        counted: What counts as missing.

    Raises:
        DataError: There are such; it tells how many, and the first line.
    """
    if bad.any():
        line = file.line_of_row(int(np.argmax(bad)))
        raise DataError(
            f"the column '{name}' of {file.path} has {bad.sum():,} of {len(bad):,} cells that are "
            f"{are}, the first in line {line}",
            hint=f"fill them or leave out those rows ({counted} count as missing), or leave the "
            "column out of dataset.features",
        )
