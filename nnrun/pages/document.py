"""The output of a command as a document of blocks, independent of where it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal

from nnrun.config.diagnostics import escaped

Mark = Literal[
    "", "better", "worse", "held", "missed", "good", "busy", "doubt", "bad", "strong", "quiet"
]
"""The meaning of a text, shown by colour, weight and, for the first four, a sign."""
PAGE_SUFFIXES = (".html", ".md", ".json")
"""The suffixes of files that can show a document."""
SIGNS: Mapping[str, str] = {"better": "▲", "worse": "▼", "held": "✓", "missed": "✗"}


@dataclass(frozen=True)
class Cell:
    """A text with a mark: a cell of a table, or part of a line.

    Attributes:
        text: The words.
        mark: Their meaning, shown by colour or sign.
        link: Its link on a page; empty for none.
        breaks: Whether line ends in it break the line; otherwise they are shown as codes.
    """

    text: str
    mark: Mark = ""
    link: str = ""
    breaks: bool = False

    @property
    def lines(self) -> list[str]:
        """Its lines, without control characters."""
        return [escaped(line) for line in (self.text.split("\n") if self.breaks else [self.text])]


Text = str | Cell
Line = Text | Sequence[Text]
"""A text, or several with separate marks."""


@dataclass(frozen=True)
class Heading:
    """A heading, which belongs to the block that follows.

    Attributes:
        text: The words.
        level: 2 below the title, 3 below that.
    """

    text: str
    level: int = 2


@dataclass(frozen=True)
class Lines:
    """Sentences, one per line."""

    lines: Sequence[Line]


@dataclass(frozen=True)
class Facts:
    """Names with values, one per line; paths are never broken."""

    facts: Mapping[str, str | Path]


@dataclass(frozen=True)
class Narrowing:
    """How to fit a table into a terminal: long cells are cut, and columns are left out.

    Attributes:
        order: The indices of the columns, in the order of their importance; empty to keep their
            order.
        needed: Columns that are never left out; those that don't fit follow in further tables.
        longest: The largest number of characters in a cell.
        hint: The text after the names of omitted columns; if empty, they are not mentioned.
        leaves_out: Whether columns are left out at all; otherwise lines may be wider than the
            terminal.
    """

    order: Sequence[int] = ()
    needed: frozenset[int] = frozenset()
    longest: int = 36
    hint: str = ""
    leaves_out: bool = True


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows.
        columns: The headers.
        rows: The cells, one per column in each row.
        left: The indices of left-aligned columns; the others are right-aligned.
        narrowing: How it fits a narrow terminal; None to wrap cells.
        note: The text below it.
    """

    title: str
    columns: Sequence[Text]
    rows: Sequence[Sequence[Text]]
    left: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    narrowing: Narrowing | None = None
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """Curves over their index, on a common scale.

    Attributes:
        curves: The values by name; values that are not finite leave a gap.
        width: The width of each in characters, without its axis.
        height: The height of each in lines.
        log: Whether the scale is logarithmic; all values must be positive then.
    """

    curves: Mapping[str, Sequence[float]]
    width: int
    height: int
    log: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value; NaN if none is finite."""
        finite = [value for values in self.curves.values() for value in values if isfinite(value)]
        return (min(finite), max(finite)) if finite else (nan, nan)


@dataclass(frozen=True)
class Picture:
    """A picture; not shown in terminals.

    Attributes:
        caption: What it shows.
        read: Returns the PNG file; only called to show it.
        link: The path of the file, for pages that can't embed it; empty if there is no file.
        name: What to call the file beside such a page if there is none yet.
    """

    caption: str
    read: Callable[[], bytes]
    link: str = ""
    name: str = "picture"


@dataclass(frozen=True)
class Code:
    """Lines of a file, unchanged."""

    lines: Sequence[Text]


Block = Heading | Lines | Facts | Sheet | Plot | Picture | Code


@dataclass(frozen=True)
class Document:
    """What a command shows.

    Attributes:
        title: The title of a page; not shown in terminals.
        blocks: The content.
        data: The same for programs.
        summary: The conclusion, in sentences: last in a terminal, first on a page.
        asides: Remarks, in sentences: on standard error, or last on a page.
    """

    title: str
    blocks: Sequence[Block]
    data: Callable[[], Mapping[str, Any]]
    summary: Sequence[str] = ()
    asides: Sequence[str] = ()


def named(sheet: Sheet) -> Sheet:
    """A table for a page: if its first column is empty, the header of that column is its title."""
    name = sheet.columns[0] if sheet.columns else ""
    if sheet.title or not isinstance(name, str) or not name or any(row[0] for row in sheet.rows):
        return sheet
    return replace(
        sheet,
        title=name,
        columns=sheet.columns[1:],
        rows=[row[1:] for row in sheet.rows],
        left=frozenset(place - 1 for place in sheet.left),
    )


def as_cell(text: Text) -> Cell:
    """A text as a cell."""
    return Cell(text) if isinstance(text, str) else text


def header_cells(sheet: Sheet) -> list[Cell]:
    """The headers of a table; none if all are empty."""
    cells = [replace(as_cell(column), mark="strong") for column in sheet.columns]
    return cells if any(cell.text for cell in cells) else []


def as_cells(line: Line) -> Sequence[Cell]:
    """The parts of a line."""
    return [as_cell(line)] if isinstance(line, str | Cell) else [as_cell(text) for text in line]
