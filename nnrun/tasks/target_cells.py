"""The cells of a target column: numbers, booleans or text, and the classes they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.wording import quoted
from nnrun.errors import DataError
from nnrun.sources.cells import Column, Distinct, is_numeric
from nnrun.sources.headers import NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


NUMBERS, TRUTH, TEXT = "numbers", "truth values", "text"
"""The kinds of cells in a target."""
TRUTH_VALUES = ("False", "True")
MISSING_WORDS = (
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""What `pandas.read_csv` reads as missing, besides an empty cell."""
_INTEGER = re.compile(r"\s*[+-]?\d{1,99}\s*")
_CODE = re.compile(r"\s*[+-]?0\d+\s*")
_TRUTH_WORDS = {
    word: value for value in TRUTH_VALUES for word in (value, value.lower(), value.upper())
}
MOST_CLASSES = 20
"""The most classes shown in a message, and the most distinct whole numbers taken as classes."""
FIRST_CELLS = 10_000
"""The number of cells searched for codes in a long column of numbers."""
_OTHER_TEXTS = 2
"""With at least this many other texts, a word such as None is a class, not a missing cell."""


def kind_of(cells: Iterable[str]) -> str:
    """The kind of some distinct cells; a number with a leading zero is a code, and so text.

    >>> kind_of(["1", "2.0", "-3e2"]), kind_of(["01", "1"]), kind_of(["true", "FALSE"])
    ('numbers', 'text', 'truth values')
    """
    known = list(cells)
    if all(map(NUMBER.fullmatch, known)) and not holds_code(known):
        return NUMBERS
    return TRUTH if all(cell in _TRUTH_WORDS for cell in known) else TEXT


def kind_of_classes(names: Sequence[str], positive: str) -> str:
    """The kind of the cells that class names came from, judged by the names alone.

    Args:
        names: The classes.
        positive: The class against all others, if any; then only its name counts.
    """
    return kind_of([positive] if positive else names)


def holds_code(cells: Iterable[str]) -> bool:
    """Whether any cell is a code: digits that begin with 0, as in 007."""
    return any(map(_CODE.fullmatch, cells))


def is_read_otherwise(names: Iterable[str]) -> bool:
    """Whether `pandas.read_csv`, by default, would not read these texts unchanged.

    >>> is_read_otherwise(["01", "1"]), is_read_otherwise(["None", "mild"])
    (True, True)
    >>> is_read_otherwise(["01", "E10"])
    False
    """
    known = list(names)
    return all(map(NUMBER.fullmatch, known)) or any(name in MISSING_WORDS for name in known)


def class_name(cell: str, kind: str) -> str:
    """The name of a cell's class; the cell itself if it is not of that kind.

    >>> class_name("1.0", NUMBERS), class_name("TRUE", TRUTH), class_name("1.0", TEXT)
    ('1', 'True', '1.0')
    """
    if kind == NUMBERS and NUMBER.fullmatch(cell):
        if _INTEGER.fullmatch(cell):
            return str(int(cell))
        number = float(cell)
        return str(int(number)) if number.is_integer() else repr(number)
    return _TRUTH_WORDS.get(cell, cell) if kind == TRUTH else cell


@dataclass(frozen=True)
class LabelColumn(Column):
    """A target column."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values.name)

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"the target '{self.name}' of {self.table.name}"

    @property
    def is_numeric(self) -> bool:
        """Whether all cells that are not missing can be read as numbers."""
        return is_numeric(self.values)

    @cached_property
    def written(self) -> np.ndarray:
        """The cells as written, strings `(rows,)`; numbers with a decimal point."""
        import pandas as pd

        if pd.api.types.is_string_dtype(self.values) and not self.values.hasnans:
            return self.values.to_numpy(object)
        written = self.table.as_written(self.name)
        if self.is_numeric and self.table.decimal != ".":
            return np.array([cell.replace(self.table.decimal, ".") for cell in written], object)
        return written

    @cached_property
    def distinct(self) -> Distinct:
        """Its distinct cells."""
        return Distinct.of(self.written)

    @cached_property
    def kind(self) -> str:
        """The kind of its cells, except those that pandas reads as missing."""
        if self.values.dtype.kind == "b":
            return TRUTH
        if self.is_numeric and (self.values % 1 != 0).any():
            return NUMBERS  # beside fractions, and missing cells, there are no codes
        known = self.distinct
        if self.values.hasnans:
            known = Distinct.of(self.written[self.values.notna().to_numpy()])
        kind = kind_of(known.names)
        return TEXT if kind == NUMBERS and not self.is_numeric else kind  # too many digits

    @property
    def begins_with_codes(self) -> bool:
        """Whether there are codes among its first cells; checking all of many numbers is slow."""
        return self.values.dtype.kind in "iu" and holds_code(
            self.table.as_written(self.name, rows=FIRST_CELLS)
        )

    def missing(self, kind: str | None = None, classes: Sequence[str] = ()) -> np.ndarray:
        """Which cells are missing, `(rows,)`; in a column of text, only empty ones.

        Args:
            kind: The kind of the cells; None to infer it.
            classes: Known classes.
        """
        absent: np.ndarray = self.values.isna().to_numpy()
        if self.is_numeric:
            absent = absent | np.isinf(self.values.to_numpy(np.float64))
        if not absent.any() or (kind or self.kind) != TEXT:
            return absent
        written = self.written.astype(np.str_)
        if len(np.unique(written[~absent])) < _OTHER_TEXTS:
            absent = absent & ~np.isin(written, classes)
        else:
            absent = absent & (np.char.strip(written) == "")
        return absent

    def refuse_missing(self, kind: str | None = None, classes: Sequence[str] = ()) -> None:
        """Check that no cell is missing.

        Raises:
            DataError: Some are; it says how many, and names the first with its line.
        """
        absent = self.missing(kind, classes)
        if not absent.any():
            return
        row = int(np.argmax(absent))
        cell, where = str(self.written[row]), self.table.where(row)
        shown = f" {quoted(cell)}" if cell.strip() else ", an empty one,"
        hint = "fill them, or leave out those rows"
        if cell.strip():
            hint += f"; if {quoted(cell)} is a class, give it another name"
        raise DataError(
            f"{self.title} has {absent.sum():,} of {len(absent):,} cells that count as missing, "
            f"the first{shown} in {where}",
            hint=hint,
        )

    def known_labels(self, classes: Sequence[str], kind: str, source: str) -> np.ndarray:
        """The class number of each row among known classes, int32 `(rows,)`.

        Args:
            classes: The classes.
            kind: The kind of cells that the classes came from.
            source: Where the classes come from, for messages.

        Raises:
            DataError: A cell is missing, or not one of the classes.
        """
        self.refuse_missing(kind, classes)
        cells = self.distinct
        known = {name: number for number, name in enumerate(classes)}
        labels = [known.get(class_name(cell, kind), -1) for cell in cells.names]
        if min(labels) < 0:
            unknown = cells.names[labels.index(-1)]
            where = self.table.where(cells.row_of(unknown))
            raise DataError(
                f"{where} of {self.table.name} has the class '{unknown}' in "
                f"'{self.name}', which {source} does not have",
                hint="known classes: " + ", ".join(classes[:MOST_CLASSES]),
            )
        return np.asarray(np.array(labels, np.int32)[cells.numbers])
