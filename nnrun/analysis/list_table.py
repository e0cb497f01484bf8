"""The list of runs as lines of text, cut to the width of the terminal."""

import math
from collections.abc import Mapping, Sequence

from nnrun.analysis.listing import Listing, Row
from nnrun.analysis.tables import format_figure
from nnrun.config.diagnostics import escaped, text_columns
from nnrun.runs.settings import Value

GAP = 2
LONGEST_CELL = 48
"""Characters of a text in a cell."""
_DROPPED_FIRST = ("date", "parameters", "seconds", "epochs", "best_epoch")
_STYLES: Mapping[str, str] = {
    "finished": "32",
    "running": "36",
    "interrupted": "33",
    "died": "1;31",
    "failed": "1;31",
    "diverged": "1;31",
    "damaged": "1;31",
    "newer": "1;31",
}


def list_lines(
    listing: Listing, *, width: int | None = None, chosen: bool = False, color: bool = False
) -> list[str]:
    """The table, its head first.

    Rich would take longer to draw a thousand rows than nnrun takes to read them.

    Args:
        listing: The runs.
        width: Of the terminal; None where nothing need be left out.
        chosen: Whether the user chose the columns, so that none may be left out.
        color: Whether to colour the status.
    """
    cells = {name: _column(name, listing.rows) for name in listing.columns}
    widths = {name: max(map(text_columns, column)) for name, column in cells.items()}
    shown = list(listing.columns)
    if width is not None and not chosen:
        shown = _fitting(shown, widths, width)
    right = {name for name in shown if _is_figure(name, listing.rows)}
    lines = []
    for index in range(len(listing.rows) + 1):
        parts = []
        for name in shown:
            text = cells[name][index]
            padding = " " * (widths[name] - text_columns(text))
            if color and (index == 0 or name == "status"):
                text = f"\x1b[{_STYLES.get(text, '1')}m{text}\x1b[0m"
            parts.append(padding + text if name in right else text + padding)
        lines.append((" " * GAP).join(parts).rstrip())
    return lines


def _column(name: str, rows: Sequence[Row]) -> list[str]:
    return [escaped(name), *(_cell(row.values.get(name)) for row in rows)]


def _cell(value: Value) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = escaped(value)
        return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."
    return "nan" if math.isnan(value) else format_figure(value)


def _is_figure(name: str, rows: Sequence[Row]) -> bool:
    values = [row.values.get(name) for row in rows]
    return not any(isinstance(value, str | bool) for value in values) and any(
        value is not None for value in values
    )


def _fitting(names: list[str], widths: Mapping[str, int], width: int) -> list[str]:
    """The columns that fit: first goes what other columns tell, then figures from the right."""
    figures = [name for name in names[1:] if name not in (*_DROPPED_FIRST, "status")]
    for dropped in (*_DROPPED_FIRST[:3], *reversed(figures[2:]), *_DROPPED_FIRST[3:]):
        if sum(widths[name] + GAP for name in names) - GAP <= width:
            break
        if dropped in names:
            names.remove(dropped)
    return names
