"""A comparison as a terminal shows it."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from nnrun.cli.printing import complain, fold, make_console, printable

if TYPE_CHECKING:
    from rich.console import Console

    from nnrun.analysis.comparison import Comparison
    from nnrun.analysis.verdict_wording import Verdict
    from nnrun.pages.sheets import Sheet


def print_comparison(
    comparison: "Comparison", verdicts: "Sequence[Verdict]", columns: Sequence[str], precision: int
) -> None:
    """Print the tables and sentences of a comparison; on standard error, what was skipped."""
    from nnrun.analysis.comparison_tables import Style, sheets
    from nnrun.analysis.verdict_wording import verdict_sentences
    from nnrun.pages.sheets import fit

    console = make_console()
    for sheet in sheets(comparison, Style(precision), columns=columns):
        tables, left_out = ([sheet], []) if comparison.is_small else fit(sheet, console.width)
        for number, table in enumerate(tables):
            if number:
                typer.echo()
            print_table(console, table)
        if left_out:
            _say(f"not shown: {', '.join(left_out)}; choose with --columns")
        typer.echo()
    for text in [
        *verdict_sentences(verdicts, comparison),
        *(f"note: {note}" for note in comparison.notes),
    ]:
        _say(text)
    for name, reason in comparison.skipped.items():
        complain(f"skipped {name}: {reason}")


def _say(text: str) -> None:
    typer.echo(printable(fold(text, sys.stdout)))


def print_table(console: "Console", sheet: "Sheet") -> None:
    """Print a table as wide as the terminal, its lines ending where their text does."""
    from nnrun.analysis.tables import render
    from nnrun.pages.sheets import text_table

    color = console.color_system is not None
    typer.echo(render(text_table(sheet), width=console.width, color=color), nl=False)
