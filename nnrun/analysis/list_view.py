"""The list of runs as a table."""

import math
from collections.abc import Sequence
from typing import Any

from nnrun.analysis.listing import Listing, Row
from nnrun.analysis.run_summary import status_mark
from nnrun.analysis.study_listing import StudyEntry, studies_sheet
from nnrun.pages.document import Block, Cell, Document, Lines, Narrowing, Sheet, Text
from nnrun.pages.numbers import format_figure
from nnrun.runs.settings import Value

_RANKS = {
    "name": 0,
    "status": 1,
    "best_epoch": 3,
    "epochs": 4,
    "seconds": 6,
    "parameters": 7,
    "date": 8,
}
"""In which order columns are kept on a narrow terminal; figures stand between them."""
_FIRST_FIGURES, _OTHER_FIGURES = 2, 5
_LONGEST_CELL = 48


def list_view(
    listing: Listing, place: str, *, chosen: bool = False, studies: Sequence[StudyEntry] = ()
) -> Document:
    """The list as a document.

    Args:
        listing: The runs.
        place: Where they were looked for, for a list without any.
        chosen: Whether the user chose the columns, so that none may be left out.
        studies: The studies, which follow the runs.
    """
    columns, asides = listing.columns, []
    unfinished = [row for row in listing.rows if row.entry.status != "finished"]
    if unfinished and "status" not in columns:
        told = ", ".join(f"{row.entry.name} ({row.entry.status})" for row in unfinished)
        asides.append(f"note: not finished: {told}")
    asides += [f"warning: {row.entry.name}: {row.problem}" for row in listing.rows if row.problem]
    asides += [f"warning: {one.directory.name}: {one.problem}" for one in studies if one.problem]
    block: Block = Lines([f"no runs {place}"])
    if listing.rows:
        rows = [[_cell(name, row) for name in columns] for row in listing.rows]
        words = frozenset(
            place for place, name in enumerate(columns) if not _is_figure(name, listing.rows)
        )
        narrowing = Narrowing(_order(columns), longest=_LONGEST_CELL, leaves_out=not chosen)
        block = Sheet("", columns, rows, words, narrowing)
    blocks = [block] if listing.rows or not studies else []
    if studies:
        blocks.append(studies_sheet(studies))

    def data() -> dict[str, Any]:
        return {**listing.to_json(), "studies": [one.to_json() for one in studies]}

    return Document("Runs", blocks, data, asides=asides)


def _cell(name: str, row: Row) -> Text:
    text = _text(row.values.get(name))
    return Cell(text, status_mark(text)) if name == "status" else text


def _text(value: Value) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return "nan" if math.isnan(value) else format_figure(value)


def _is_figure(name: str, rows: Sequence[Row]) -> bool:
    values = [row.values.get(name) for row in rows]
    return not any(isinstance(value, str | bool) for value in values) and any(
        value is not None for value in values
    )


def _order(names: Sequence[str]) -> list[int]:
    """The columns as they are kept: last those that tell what other columns tell."""
    figures = [place for place, name in enumerate(names) if name not in _RANKS]

    def rank(place: int) -> int:
        is_first = place in figures[:_FIRST_FIGURES]
        return _RANKS.get(names[place], _FIRST_FIGURES if is_first else _OTHER_FIGURES)

    return sorted(range(len(names)), key=rank)
