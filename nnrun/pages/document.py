"""What a command shows, whatever shows it: a document of blocks that knows no medium."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal

from nnrun.config.diagnostics import escaped

Mark = Literal[
    "", "better", "worse", "held", "missed", "good", "busy", "doubt", "bad", "strong", "quiet"
]
"""What a text means beside its words: a colour, a weight, and for the first four also a sign."""
PAGE_SUFFIXES = (".html", ".md", ".json")
"""What a file ends in that can show a document."""
SIGNS: Mapping[str, str] = {"better": "▲", "worse": "▼", "held": "✓", "missed": "✗"}


@dataclass(frozen=True)
class Cell:
    """A text with a mark: a cell of a table, or a part of a line.

    Attributes:
        text: The words.
        mark: What they mean beside that.
        link: Where it leads on a page; empty where it leads nowhere.
        breaks: Whether the ends of its lines are ends of lines; they are shown as codes where not.
    """

    text: str
    mark: Mark = ""
    link: str = ""
    breaks: bool = False

    @property
    def lines(self) -> list[str]:
        """Its lines, without what would steer a terminal."""
        return [escaped(line) for line in (self.text.split("\n") if self.breaks else [self.text])]


Text = str | Cell
Line = Text | Sequence[Text]
"""A text, or several with marks of their own."""


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
    """Sentences, each on a line of its own."""

    lines: Sequence[Line]


@dataclass(frozen=True)
class Facts:
    """Names with what there is to say of them, a line each; paths are never broken."""

    facts: Mapping[str, str | Path]


@dataclass(frozen=True)
class Narrowing:
    """How a table becomes narrower than a terminal: long cells are cut, columns are left out.

    Attributes:
        order: The columns, by their positions, in the order in which they are kept; as they stand
            where it is empty.
        needed: Columns that are never left out: those that do not fit follow in further tables.
        longest: Characters of the longest cell.
        hint: What follows the names of the columns that were left out; where it is empty, nothing
            is said of them.
        leaves_out: Whether columns are left out at all; lines are longer than the terminal is wide
            where not.
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
        rows: The cells, as many in each row as there are columns.
        left: Columns of words, by their positions; the others are set to the right.
        narrowing: How it fits a narrow terminal; cells are broken into lines where None.
        note: What stands below it.
    """

    title: str
    columns: Sequence[Text]
    rows: Sequence[Sequence[Text]]
    left: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    narrowing: Narrowing | None = None
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """Curves over their index, on one scale.

    Attributes:
        curves: The values by what they are called; what is not finite leaves a gap.
        width: Characters that each takes, without its axis.
        height: Lines that each takes.
        log: Whether the scale is logarithmic; all values must be positive then.
    """

    curves: Mapping[str, Sequence[float]]
    width: int
    height: int
    log: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value; NaN where none is finite."""
        finite = [value for values in self.curves.values() for value in values if isfinite(value)]
        return (min(finite), max(finite)) if finite else (nan, nan)


@dataclass(frozen=True)
class Picture:
    """A picture, which a terminal leaves out.

    Attributes:
        caption: What it shows.
        read: Gives the PNG file; called only where it is shown.
        link: Where the file lies, for a page that cannot hold it; empty where it lies nowhere.
    """

    caption: str
    read: Callable[[], bytes]
    link: str = ""


@dataclass(frozen=True)
class Code:
    """Lines of a file, as they stand."""

    lines: Sequence[Text]


Block = Heading | Lines | Facts | Sheet | Plot | Picture | Code


@dataclass(frozen=True)
class Document:
    """What a command shows.

    Attributes:
        title: The title of a page; a terminal leaves it out.
        blocks: What it shows.
        data: The same for programs.
        summary: What it comes to, in sentences: last on a terminal, first on a page.
        asides: What has to be known beside that, in sentences: on standard error, or last on a page.
    """

    title: str
    blocks: Sequence[Block]
    data: Callable[[], Mapping[str, Any]]
    summary: Sequence[str] = ()
    asides: Sequence[str] = ()


def as_cell(text: Text) -> Cell:
    """A text as a cell."""
    return Cell(text) if isinstance(text, str) else text


def header_cells(sheet: Sheet) -> list[Cell]:
    """The headers of a table; none where all are empty."""
    cells = [replace(as_cell(column), mark="strong") for column in sheet.columns]
    return cells if any(cell.text for cell in cells) else []


def as_cells(line: Line) -> Sequence[Cell]:
    """The parts of a line."""
    return [as_cell(line)] if isinstance(line, str | Cell) else [as_cell(text) for text in line]
