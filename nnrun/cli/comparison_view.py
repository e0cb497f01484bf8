"""A comparison as a terminal shows it."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnrun.reports.comparison import Comparison
    from nnrun.reports.verdict import Verdict


def print_comparison(
    comparison: "Comparison", verdicts: "Sequence[Verdict]", columns: Sequence[str], precision: int
) -> None:
    """Print the tables and sentences of a comparison; on standard error, what was skipped."""
    from rich.console import Console

    from nnrun.reports.comparison_tables import sheets
    from nnrun.reports.sheets import fit, text_table
    from nnrun.reports.verdict import is_small, sentences

    console = Console(highlight=False)
    small = is_small(comparison)
    for sheet in sheets(comparison, columns=columns, precision=precision):
        fitting, left_out = (sheet, []) if small else fit(sheet, console.width)
        console.print(text_table(fitting))
        if left_out:
            names = ", ".join(left_out)
            console.print(f"not shown: {names}; choose with --columns", markup=False, style="dim")
        console.print()
    for text in [*sentences(verdicts), *(f"note: {note}" for note in comparison.notes)]:
        console.print(text, markup=False)
    for name, reason in comparison.skipped.items():
        print(f"skipped {name}: {reason}", file=sys.stderr)  # noqa: T201
