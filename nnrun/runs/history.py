"""The history of a run: one row per epoch, in a CSV file that reads back to the same floats."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Self, SupportsFloat

from nnrun.config.modes import Mode, mode_by_name
from nnrun.errors import RunError
from nnrun.runs.checksums import read_file, write_file

NOT_METRICS = ("epoch", "learning_rate", "seconds")
"""Columns that are not metrics of the model."""
MAX_BYTES = 64_000_000
MAX_CELLS = 8_000_000
"""The most cells of a history: a million epochs with eight columns."""

# A cell of text that starts so is a formula to a spreadsheet; the quote itself makes it reversible.
_ESCAPED = tuple("=+-@\t\r'")


class History:
    r"""The rows of a run's epochs.

    >>> history = History()
    >>> history.add({"epoch": 1, "loss": 0.9, "val_loss": 0.8, "learning_rate": 0.01})
    >>> history.add({"epoch": 2, "loss": 0.5, "val_loss": 0.6, "learning_rate": 0.01})
    >>> history.add({"epoch": 3, "loss": 0.3, "val_loss": float("nan")})
    >>> len(history)
    3
    >>> history.columns
    ('epoch', 'loss', 'val_loss', 'learning_rate')
    >>> history.column("loss")
    [0.9, 0.5, 0.3]

    A value that is not finite is worse than any other, so the third epoch is not the best:

    >>> history.best("val_loss")["epoch"]
    2
    >>> history.best("val_loss", mode="max")["epoch"]
    1

    As CSV, a missing value is an empty cell:

    >>> print(history.to_csv(), end="")
    epoch,loss,val_loss,learning_rate
    1,0.9,0.8,0.01
    2,0.5,0.6,0.01
    3,0.3,nan,
    >>> History.from_csv(history.to_csv()).column("epoch")
    [1, 2, 3]
    """

    def __init__(self, rows: Iterable[Mapping[str, SupportsFloat]] = ()) -> None:
        self._columns: dict[str, None] = {}
        self._rows: list[dict[str, float]] = []
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Mapping[str, SupportsFloat]) -> None:
        """Append the row of an epoch; whole numbers stay whole, others become float64."""
        self._rows.append({name: _number(value) for name, value in row.items()})
        self._columns.update(dict.fromkeys(row))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order of first appearance."""
        return tuple(self._columns)

    @property
    def rows(self) -> tuple[Mapping[str, float], ...]:
        """The rows, in the order of epochs."""
        return tuple(self._rows)

    def column(self, name: str) -> list[float]:
        """The values of a column, NaN where a row has none.

        Raises:
            KeyError: No row has this column.
        """
        if name not in self._columns:
            raise KeyError(name)
        return [row.get(name, math.nan) for row in self._rows]

    def best(self, metric: str, mode: Mode | None = None) -> Mapping[str, float] | None:
        """The row in which a metric is best; the earliest one if there are ties.

        Args:
            metric: A column.
            mode: Whether the lowest (`min`) or highest (`max`) value is best; None goes by the
                column's name.

        Returns:
            The row, or None if no value is finite.

        Raises:
            KeyError: No row has this column.
        """
        values = self.column(metric)
        finite = [index for index, value in enumerate(values) if math.isfinite(value)]
        if not finite:
            return None
        choose = max if (mode or mode_by_name(metric)) == "max" else min
        return self._rows[choose(finite, key=values.__getitem__)]

    def to_csv(self) -> str:
        """The history as CSV, with the shortest text for each float that reads back to it."""
        file = io.StringIO(newline="")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(escape_cell(name) for name in self._columns)
        writer.writerows([row.get(name, "") for name in self._columns] for row in self._rows)
        return file.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> Self:
        """Read the output of `to_csv`.

        Raises:
            RunError: It is incomplete, or contains something other than numbers.
        """
        history = cls()
        if not text.endswith("\n"):
            raise RunError("it ends in the middle of a row")
        if text.count(",") + text.count("\n") > MAX_CELLS:
            raise RunError(f"it has more than {MAX_CELLS:,} cells")
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as error:
            raise RunError(str(error)) from error
        names = [unescape_cell(name) for name in lines[0]]
        if len(set(names)) != len(names):
            raise RunError("two of its columns have the same name")
        history._columns = dict.fromkeys(names)
        for number, line in enumerate(lines[1:], start=1):
            if len(line) != len(names):
                raise RunError(f"row {number} has {len(line)} cells, not {len(names)}")
            history._rows.append(_parse(names, line, number))
        return history

    def write(self, path: Path) -> None:
        """Write the history to a file atomically.

        Raises:
            RunError: The file cannot be written.
        """
        write_file(path, self.to_csv().encode())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the history from a file.

        Raises:
            RunError: The file is missing or damaged.
        """
        content = read_file(path, MAX_BYTES)
        try:
            return cls.from_csv(content.decode())
        except UnicodeDecodeError as error:
            raise RunError(f"{path} is damaged: it is not text") from error
        except RunError as error:
            raise RunError(f"{path} is damaged: {error.message}") from error


def epoch_figures(row: Mapping[str, float]) -> dict[str, float]:
    """The metrics in an epoch's row: everything except its number and its seconds."""
    return {name: value for name, value in row.items() if name not in ("epoch", "seconds")}


def _number(value: SupportsFloat) -> float:
    if type(value) is float:
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _parse(names: list[str], line: list[str], number: int) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, cell in zip(names, line, strict=True):
        if not cell:
            continue
        try:
            row[name] = _cell(cell)
        except ValueError as error:
            raise RunError(f"row {number}, {name}: {cell[:40]!r} is not a number") from error
    return row


def _cell(cell: str) -> float:
    # What `repr` writes without point, exponent or letter was a whole number.
    return int(cell) if cell.lstrip("-").isdecimal() else float(cell)


def escape_cell(name: str) -> str:
    """Escape text that a spreadsheet would take for a formula."""
    return f"'{name}" if name.startswith(_ESCAPED) else name


def unescape_cell(name: str) -> str:
    """Undo `escape_cell`."""
    return name[1:] if name[:1] == "'" and name[1:].startswith(_ESCAPED) else name
