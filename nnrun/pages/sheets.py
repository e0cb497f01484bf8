"""Tables of text that know no medium, and their forms for the terminal and for Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from nnrun.config.diagnostics import escaped
from nnrun.pages.textplots import speaks_unicode

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
        needed: Columns that no terminal is too narrow for.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    needed: frozenset[int] = frozenset()


def shown(cell: Cell, *, unicode: bool) -> str:
    """The text of a cell, with ▲ for better and ▼ for worse, or these words in plain ASCII.

    What would steer a terminal is shown as its code.
    """
    text = escaped(cell.text)
    if not cell.mark:
        return text
    sign = {"better": "▲", "worse": "▼"}[cell.mark] if unicode else cell.mark
    return f"{text} {sign}"


def fit(sheet: Sheet, width: int) -> tuple[list[Sheet], list[str]]:
    """A table as tables that are no wider than a terminal, and the columns that are left out.

    Long cells are cut. Columns that do not fit beside those before them are left out; those that
    are needed follow in further tables, each of which begins with the first columns again.
    """
    ends = " …" if speaks_unicode() else ".."
    cut = [[Cell(_cut(cell.text, ends), cell.mark) for cell in row] for row in sheet.rows]
    cut_sheet = replace(sheet, rows=cut)
    waiting = list(range(_ALWAYS_KEPT, len(sheet.columns)))
    kept = _fitting(cut_sheet, waiting, width)
    left_out = [place for place in waiting if place not in kept]
    tables, needed = (
        [_part(cut_sheet, kept)],
        [place for place in left_out if place in sheet.needed],
    )
    while needed:
        kept = _fitting(cut_sheet, needed, width)
        tables.append(_part(cut_sheet, kept))
        needed = [place for place in needed if place not in kept]
    return tables, [sheet.columns[place] for place in left_out if place not in sheet.needed]


def _fitting(sheet: Sheet, places: Sequence[int], width: int) -> list[int]:
    """The first columns and those of the places, one at least, that fit beside them."""
    unicode = speaks_unicode()
    kept: list[int] = []
    taken = -GAP
    for place in (*range(min(_ALWAYS_KEPT, len(sheet.columns))), *places):
        cells = (shown(row[place], unicode=unicode) for row in sheet.rows)
        needed = max(map(len, (sheet.columns[place], *cells))) + GAP
        if taken + needed <= width or len(kept) <= _ALWAYS_KEPT:
            kept.append(place)
            taken += needed
    return kept


def _part(sheet: Sheet, places: Sequence[int]) -> Sheet:
    """Some columns of a table."""
    return Sheet(
        sheet.title,
        [sheet.columns[place] for place in places],
        [[row[place] for place in places] for row in sheet.rows],
        frozenset(at for at, place in enumerate(places) if place in sheet.left),
    )


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
