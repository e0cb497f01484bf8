"""Diagnoses columns that are meant to be numeric but hold text: the cells to blame, and the fix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.wording import quoted
from nnrun.sources.cells import Distinct
from nnrun.sources.headers import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.sources.cells import Table

SHOWN = 3
"""The most cells a message names."""
FEW = 0.1
"""The share of numbers with a comma above which, without any decimal point, it is a convention."""
_COMMA = re.compile(r"\s*[+-]?\d[\d. ]*,\d+([eE][+-]?\d+)?\s*")
_SWAPPED = str.maketrans(".,", ",.")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d*)?\s*")
_MONEY = re.compile(r"\s*[$€£¥]?\s*[+-]?[$€£¥]?\d[\d.,]*\s*[%$€£¥]?\s*")
_DATE = re.compile(r"\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})([ T].*)?")


@dataclass(frozen=True)
class Misread:
    """A column that holds text where numbers are meant.

    Attributes:
        says: What it holds, to follow its name: "holds text: '?' in line 42; …".
        hint: What to do.
    """

    says: str
    hint: str


def find_misread(cells: np.ndarray, table: Table) -> Misread | None:
    """Why a column of text seems to be meant as numbers; None if it doesn't.

    It does if more than half of its rows are numbers, or would be without decimal commas, thousands
    separators, currency or percent signs; or if all of them are dates.

    Args:
        cells: Its cells, strings `(rows,)`.
        table: Their table.
    """
    distinct = Distinct.of(cells)
    counts = np.bincount(distinct.numbers)
    if _matches(_DATE, distinct.names).all():
        says = f"holds dates, such as '{distinct.names[0]}' in {table.where(0)}"
        return Misread(says, "make numbers of them, such as the days since the first")
    # As they would stand in a file with decimal points.
    pointed = [
        cell.translate(_SWAPPED) if table.decimal == "," else cell for cell in distinct.names
    ]
    is_number = _matches(NUMBER, pointed)
    is_comma = ~is_number & _matches(_COMMA, pointed)
    is_alike = is_number | is_comma | _matches(_MONEY, pointed)
    if is_number.all() or 2 * counts[is_alike].sum() <= len(cells):
        return None
    points = any("." in cell for cell, one in zip(pointed, is_number, strict=True) if one)
    share = counts[is_comma].sum() / counts[is_alike].sum()
    if share > (1 / 2 if points else FEW):
        return _with_commas(distinct, is_comma, table)
    stray = [cell for cell, plain in zip(distinct.names, is_number, strict=True) if not plain]
    if counts[is_number].sum():
        rest = f"the other {counts[is_number].sum():,} cells are numbers"
    else:
        rest = "they seem to be meant as numbers"
    says = f"holds text: {named_cells(stray, distinct, table)}; {rest}"
    return Misread(says, "write plain numbers there, such as 1234.5, or leave out those rows")


def named_cells(stray: Sequence[str], distinct: Distinct, table: Table) -> str:
    """Some distinct cells, each with its first line: `'?' in line 42 and 3 others`."""
    shown = [f"{quoted(cell)} in {table.where(distinct.row_of(cell))}" for cell in stray[:SHOWN]]
    more = len(stray) - len(shown)
    if more:
        return ", ".join(shown) + f" and {more:,} other text{'s' * (more > 1)}"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _with_commas(distinct: Distinct, is_comma: np.ndarray, table: Table) -> Misread:
    commas = [cell for cell, one in zip(distinct.names, is_comma, strict=True) if one]
    if table.decimal == ",":
        example = named_cells(commas[:1], distinct, table)
        says = f"is written with decimal points, such as {example}"
        return Misread(says, "leave `decimal` out")
    clear = [cell for cell in commas if not _THOUSANDS.fullmatch(cell)]
    example = named_cells((clear or commas)[:1], distinct, table)
    written = table.hint_of_commas()
    if not written:
        return Misread(f"is written with commas, such as {example}", "make numbers of them")
    if clear:
        return Misread(f"is written with decimal commas, such as {example}", f"write {written}")
    return Misread(
        f"is written with commas, such as {example}",
        f"if they are decimal commas, write {written}; if they group thousands, leave them out",
    )


def _matches(pattern: re.Pattern[str], cells: Sequence[str]) -> np.ndarray:
    return np.array([pattern.fullmatch(cell) is not None for cell in cells])
