"""Tables of text that know no medium, and their forms for the terminal and for Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nnrun.config.diagnostics import escaped
from nnrun.reports.textplots import speaks_unicode

if TYPE_CHECKING:
    from rich.table import Table

Mark = Literal["", "better", "worse"]
GAP = 2
_WIDEST_CELL = 36
_ALWAYS_KEPT = 2
_NARROWEST_CELL = 12
_NARROWEST_FIRST = 28
_STYLES = {"": "", "better": "green", "worse": "red"}


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What stands in it.
        mark: Whether what it says is better or worse than what it is compared with.
    """

    text: str
    mark: Mark = ""


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows.
        columns: The headers.
        rows: The cells, as many in each row as there are columns.
        left: Columns of words, by their positions; the others are set to the right.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left: frozenset[int] = field(default_factory=lambda: frozenset({0}))


def shown(cell: Cell, *, unicode: bool) -> str:
    """The text of a cell, with ▲ for better and ▼ for worse, or these words in plain ASCII.

    What would steer a terminal is shown as its code.
    """
    text = escaped(cell.text)
    if not cell.mark:
        return text
    sign = {"better": "▲", "worse": "▼"}[cell.mark] if unicode else cell.mark
    return f"{text} {sign}"


def fit(sheet: Sheet, width: int) -> tuple[Sheet, list[str]]:
    """A table that is no wider than a terminal, and the columns that had to be left out.

    Long cells are cut first; then go the columns that do not fit beside those before them.
    """
    ends = " …" if speaks_unicode() else ".."
    cut = [[Cell(_cut(cell.text, ends), cell.mark) for cell in row] for row in sheet.rows]
    kept: list[int] = []
    taken = -GAP
    for position, column in enumerate(sheet.columns):
        texts = [shown(row[position], unicode=speaks_unicode()) for row in cut]
        needed = max(map(len, [column, *texts])) + GAP
        if taken + needed <= width or len(kept) < _ALWAYS_KEPT:
            kept.append(position)
            taken += needed
    fitting = Sheet(
        sheet.title,
        [sheet.columns[position] for position in kept],
        [[row[position] for position in kept] for row in cut],
        frozenset(place for place, position in enumerate(kept) if position in sheet.left),
    )
    left_out = [name for place, name in enumerate(sheet.columns) if place not in kept]
    return fitting, left_out


def text_table(sheet: Sheet, encoding: str | None = None) -> "Table":
    """A table as a rich console prints it."""
    from rich.table import Table
    from rich.text import Text

    unicode = speaks_unicode(encoding)
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, GAP, 0, 0),
        header_style="bold",
        title=Text(escaped(sheet.title), "bold") if sheet.title else None,
        title_justify="left",
    )
    for position, column in enumerate(sheet.columns):
        side: Literal["left", "right"] = "left" if position in sheet.left else "right"
        wanted = max([len(column), *(len(row[position].text) for row in sheet.rows)])
        narrowest = min(_NARROWEST_CELL if position else _NARROWEST_FIRST, wanted)
        table.add_column(Text(escaped(column)), justify=side, overflow="fold", min_width=narrowest)
    for row in sheet.rows:
        table.add_row(*(Text(shown(cell, unicode=unicode), _STYLES[cell.mark]) for cell in row))
    return table


def markdown_table(sheet: Sheet) -> str:
    """A table as Markdown."""
    rules = ["---" if position in sheet.left else "---:" for position in range(len(sheet.columns))]
    lines = [list(map(escape_markdown, sheet.columns)), rules]
    lines += [[escape_markdown(shown(cell, unicode=True)) for cell in row] for row in sheet.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def escape_markdown(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> escape_markdown("a|b <i>")
    'a\\|b \\<i\\>'
    """
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#" else char for char in text)


def _cut(text: str, ends: str) -> str:
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - len(ends)] + ends
