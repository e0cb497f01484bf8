"""The rows of a table, whose columns are numbers or text; any of them can be a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from nnrun.sources.cells import Column, column_of, refuse_cells
from nnrun.sources.features import read_features
from nnrun.sources.frame import Frame
from nnrun.sources.precision import columns_in_doubt, find_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nnrun.sources.cells import Table

BLOCK = 2**21
"""Numbers processed at a time, to keep float64 copies of a table small."""


@dataclass(frozen=True)
class Cells(Frame):
    """The cells of a table.

    Attributes:
        name: See `Frame`.
        source: See `Frame`.
        columns: See `Frame`.
        table: Where they come from, for messages.
        cells: The cells, by row and column.
        texts: The columns to read as text, whatever they contain.
        target: See `Frame`; none.
        test: See `Frame`; none.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    table: Table
    cells: pd.DataFrame
    texts: tuple[str, ...] = ()
    target: str = ""
    test: None = None

    @classmethod
    def of(cls, table: Table, cells: pd.DataFrame, texts: Sequence[str] = ()) -> Self:
        """The cells of a table, with some columns read as text."""
        return cls(table.name, table.name, tuple(cells.columns), table, cells, tuple(texts))

    def is_text(self, column: str) -> bool:
        """See `Frame.is_text`."""
        return column in self.texts

    def read_target(self, names: Sequence[str], used: Sequence[str] = ()) -> list[Column]:
        """See `Frame.read_target`."""
        columns = [column_of(self.cells, self.table, name, used) for name in names]
        return [Column(values, self.table) for values in columns]

    def inputs(self, columns: Sequence[str], used: Sequence[str] = ()) -> np.ndarray:
        """See `Frame.inputs`; float32, or objects if some are text."""
        return read_features(self.cells, self.table, columns, texts=self.texts, used=used)

    def weights(self, column: str) -> np.ndarray:
        """See `Frame.weights`."""
        import pandas as pd

        cells = column_of(self.cells, self.table, column)
        with np.errstate(over="ignore"):
            return pd.to_numeric(cells, errors="coerce").to_numpy(np.float32)

    def keys(self, column: str) -> np.ndarray:
        """See `Frame.keys`."""
        cells = column_of(self.cells, self.table, column)
        refuse_cells(cells.isna().to_numpy(), self.table, column)
        if cells.dtype.kind == "M":
            times: np.ndarray = cells.to_numpy("datetime64[ns]").astype(np.int64)
            return times
        keys: np.ndarray = cells.to_numpy(None if cells.dtype.kind in "iufb" else object)
        return keys

    def cell(self, column: str, row: int) -> str:
        """See `Frame.cell`."""
        return f"'{self.cells[column].iloc[row]}' in {self.table.where(row)}"

    def exact(self, columns: Sequence[str]) -> np.ndarray:
        """See `Frame.exact`."""
        numbers: np.ndarray = self.cells[list(columns)].to_numpy(np.float64)
        return numbers

    def loses_in_float32(self, columns: Sequence[str]) -> bool:
        """See `Frame.loses_in_float32`."""
        width = max(1, BLOCK // len(self.cells))
        for start in range(0, len(columns), width):
            block = self.cells[list(columns[start : start + width])].to_numpy(np.float64)
            if any(find_loss(block[:, index]) for index in columns_in_doubt(block)):
                return True
        return False
