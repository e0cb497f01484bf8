"""The rows of a source by column, before they become inputs and targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from nnrun.sources.cells import Column


@dataclass(frozen=True)
class KnownTarget:
    """A target whose meaning the source itself knows.

    Attributes:
        values: `(rows,)` int32 numbers of classes, or `(rows, columns)` float32.
        classes: The names of the classes; empty for numbers.
    """

    values: np.ndarray
    classes: tuple[str, ...] = ()


class Frame(ABC):
    """The rows of a source, by column; pictures have no columns.

    Attributes:
        name: What messages call the source: `'iris'`, or a file's path.
        source: Where the rows were read, in words: a file, or "embedded".
        columns: The names of the columns; empty for pictures.
        target: The name of the source's own target; empty if any column can be one.
        test: Published test rows, if any.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    target: str
    test: Frame | None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a picture, without the batch axis; `()` for columns."""
        return ()

    @property
    def dtype(self) -> str:
        """The dtype of the numbers."""
        return "float32"

    @abstractmethod
    def inputs(self, columns: Sequence[str], used: Sequence[str] = ()) -> np.ndarray:
        """Columns as one array `(rows, columns)`: numbers, or objects if some are text.

        Pictures are `(rows, *shape)`.

        Args:
            columns: Their names; none for pictures.
            used: Columns that are not meant where a name is misspelt.

        Raises:
            DataError: A column is missing, or a cell cannot be used.
        """

    @abstractmethod
    def read_target(
        self, names: Sequence[str], used: Sequence[str] = ()
    ) -> KnownTarget | list[Column]:
        """Read target columns: with their meaning if known, otherwise as cells.

        Args:
            names: The columns.
            used: Columns that are not meant where a name is misspelt.

        Raises:
            DataError: A column is missing.
        """

    @abstractmethod
    def weights(self, column: str) -> np.ndarray:
        """A column of sample weights, float32 `(rows,)`; NaN where a cell is not a number.

        Raises:
            DataError: The column does not exist.
        """

    @abstractmethod
    def keys(self, column: str) -> np.ndarray:
        """A column to group or sort by, `(rows,)`: numbers, times as integers, or text as objects.

        Raises:
            DataError: The column does not exist, or a cell is missing.
        """

    @abstractmethod
    def cell(self, column: str, row: int) -> str:
        """A cell and its position, in words: `'x' in line 7`."""

    def is_text(self, column: str) -> bool:
        """Whether a column is read as text, whatever it contains."""
        del column
        return False

    def exact(self, columns: Sequence[str]) -> np.ndarray:
        """Columns of numbers in float64 `(rows, columns)`."""
        return self.inputs(columns).astype("float64")

    def loses_in_float32(self, columns: Sequence[str]) -> bool:
        """Whether numeric columns lose relevant precision in float32."""
        del columns
        return False


@dataclass(frozen=True)
class Arrays(Frame):
    """Rows in arrays, with a target whose classes are known.

    Attributes:
        rows: `(rows, columns)` float32, or pictures `(rows, *shape)`.
        targets: `(rows,)` int32 numbers of classes, or `(rows, width)` float32.
        source: See `Frame`.
        test: Published test rows.
        name: See `Frame`.
        columns: See `Frame`.
        target: The name of what `targets` holds.
        classes: The names of its classes; none for numbers.
    """

    rows: np.ndarray
    targets: np.ndarray
    source: str
    test: Arrays | None = None
    name: str = ""
    columns: tuple[str, ...] = ()
    target: str = ""
    classes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Frame`."""
        return () if self.columns else self.rows.shape[1:]

    @property
    def dtype(self) -> str:
        """See `Frame`."""
        return str(self.rows.dtype)

    def inputs(self, columns: Sequence[str], used: Sequence[str] = ()) -> np.ndarray:
        """See `Frame.inputs`."""
        del used
        if tuple(columns) == self.columns:
            return self.rows
        return self.rows[:, [self._place(name) for name in columns]]

    def weights(self, column: str) -> np.ndarray:
        """See `Frame.weights`."""
        return self.inputs((column,))[:, 0]

    def keys(self, column: str) -> np.ndarray:
        """See `Frame.keys`."""
        return self.weights(column)

    def cell(self, column: str, row: int) -> str:
        """See `Frame.cell`."""
        return f"{self.weights(column)[row]:g}"

    def read_target(self, names: Sequence[str], used: Sequence[str] = ()) -> KnownTarget:
        """Its own target, or columns of numbers."""
        del used
        if tuple(names) == (self.target,):
            return KnownTarget(self.targets, self.classes)
        return KnownTarget(self.inputs(names))

    def _place(self, column: str) -> int:
        if column not in self.columns:
            raise DataError(f"{self.name} has no column '{column}'")
        return self.columns.index(column)
