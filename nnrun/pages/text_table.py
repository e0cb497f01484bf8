"""A table as padded text, at its full width or fitted to a screen."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Protocol

from nnrun.config.diagnostics import text_columns
from nnrun.pages.document import Cell, Sheet, as_cell, header_cells

GAP = 2
_ALWAYS_KEPT = 2
_NARROWEST_CELL = 12
_NARROWEST_FIRST = 28


class Paper(Protocol):
    """The screen or stream that a table is written to."""

    def text(self, cell: Cell) -> str:
        """A cell with its sign, as it can be shown."""

    def painted(self, text: str, mark: str) -> str:
        """A text in the colour of its mark."""


def narrow(sheet: Sheet, paper: Paper, width: int) -> tuple[list[Sheet], list[str]]:
    """Fit a table into tables of a given width; returns also the omitted columns.

    Long cells are cut. Columns that don't fit are left out; needed ones follow in further tables,
    each of which begins with the first columns again.
    """
    assert sheet.narrowing is not None  # noqa: S101 - where None, cells are broken instead
    names = [paper.text(as_cell(column)) for column in sheet.columns]
    places, needed = range(len(sheet.columns)), sheet.narrowing.needed
    cut = [[_cut(as_cell(cell), sheet.narrowing.longest) for cell in row] for row in sheet.rows]
    widths = _widths([names, *([paper.text(cell) for cell in row] for row in cut)])
    first = list(places[:_ALWAYS_KEPT])
    waiting = [place for place in sheet.narrowing.order or places if place not in first]
    tables: list[Sheet] = []
    left_out: list[str] = []
    while waiting:
        kept: list[int] = []
        taken = sum(widths[place] + GAP for place in first) - GAP
        for place in waiting:
            if taken + widths[place] + GAP <= width or not kept:
                kept.append(place)
                taken += widths[place] + GAP
        tables.append(_part(sheet, cut, sorted((*first, *kept))))
        others = [place for place in waiting if place not in kept]
        left_out += [names[place] for place in sorted(others) if place not in needed]
        waiting = [place for place in others if place in needed]
    return tables or [_part(sheet, cut, first)], left_out


def _part(sheet: Sheet, rows: Sequence[Sequence[Cell]], places: Sequence[int]) -> Sheet:
    """Some columns of a table."""
    return replace(
        sheet,
        columns=[sheet.columns[place] for place in places],
        rows=[[row[place] for place in places] for row in rows],
        left=frozenset(at for at, place in enumerate(places) if place in sheet.left),
    )


def sheet_lines(sheet: Sheet, paper: Paper, most: int | None) -> Iterator[str]:
    """The lines of a table at its full width, or with wrapped cells if that is too wide."""
    rows = [[as_cell(cell) for cell in row] for row in sheet.rows]
    if head := header_cells(sheet):
        rows.insert(0, head)
    texts = [[paper.text(cell) for cell in row] for row in rows]
    widths = _widths(texts)
    if most is not None:
        widths = _shrunk(widths, most)
    if sheet.title:
        yield paper.painted(paper.text(Cell(sheet.title)), "strong")
    for row, cells in zip(texts, rows, strict=True):
        broken = [_broken(text, width) for text, width in zip(row, widths, strict=True)]
        for parts in zip_longest(*broken, fillvalue=""):
            columns = (
                padded(part, width, left=place in sheet.left, paint=_painter(paper, cell))
                for place, (part, width, cell) in enumerate(zip(parts, widths, cells, strict=True))
            )
            yield (" " * GAP).join(columns).rstrip()
    if sheet.note:
        yield paper.painted(paper.text(Cell(sheet.note)), "quiet")


def _painter(paper: Paper, cell: Cell) -> Callable[[str], str]:
    return lambda text: paper.painted(text, cell.mark)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The widest line of each column."""
    return [
        max(text_columns(line) for text in column for line in text.split("\n"))
        for column in zip(*rows, strict=True)
    ]


def _shrunk(widths: Sequence[int], most: int) -> list[int]:
    """The widths of columns that fit a screen together; the widest ones are reduced."""
    shrunk = list(widths)
    least = [
        min(width, _NARROWEST_CELL if place else _NARROWEST_FIRST)
        for place, width in enumerate(widths)
    ]
    while sum(shrunk) + GAP * (len(shrunk) - 1) > most:
        wide = [place for place, width in enumerate(shrunk) if width > least[place]]
        if not wide:
            break
        widest = max(wide, key=lambda place: shrunk[place])
        shrunk[widest] -= 1
    return shrunk


def _broken(text: str, width: int) -> list[str]:
    """The lines of a cell, wrapped between words and within overlong ones."""
    if "\n" not in text and text_columns(text) <= width:
        return [text]
    return [
        part
        for line in text.split("\n")
        for part in textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    ]


def padded(text: str, width: int, *, left: bool = True, paint: Callable[[str], str] = str) -> str:
    """Pad a text to the width of a column, on its right or, unless `left`, on its left."""
    padding = " " * (width - text_columns(text))
    return paint(text) + padding if left else padding + paint(text)


def _cut(cell: Cell, longest: int) -> Cell:
    if len(cell.text) <= longest:
        return cell
    return replace(cell, text=f"{cell.text[: longest - 2]} …")
