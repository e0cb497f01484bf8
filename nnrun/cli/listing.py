"""`nnrun list`: the runs as a table."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption
from nnrun.cli.printing import complain, fold, warn

if TYPE_CHECKING:
    from nnrun.analysis.listing import Listing


def list_cli(
    condition: Annotated[
        str | None,
        typer.Option("--filter", metavar="FILTER", help="Only runs that match."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Columns to show instead of the usual ones.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sort by this, best first.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="Show at most this many runs.")] = None,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """List the runs, newest first.

    --columns, --sort and --filter take fields of the record (seed, device, ...), metrics of the
    best epoch (val_loss, test_accuracy; last.val_loss for the last epoch), and values of the
    config by path or by last word (optimizer, optimizer.learning_rate, batch_size).

    A filter compares with = != < <= > >= and ~ (contains the text), combined with and, or, not and
    parentheses. A value that a run doesn't have equals none.

    \b
    Example:
      $ nnrun list --sort val_accuracy --filter 'optimizer=Adam and val_accuracy>0.88'
    """
    from nnrun.analysis.filtering import parse_filter
    from nnrun.analysis.listing import list_rows
    from nnrun.runs.index import list_runs

    listing = list_rows(
        list_runs(runs_dir),
        columns=[name.strip() for name in (columns or "").split(",") if name.strip()],
        sort=sort,
        reverse=reverse,
        condition=parse_filter(condition) if condition is not None else None,
        limit=limit,
    )
    if as_json:
        typer.echo(json.dumps(listing.to_json(), indent=2))
    elif listing.rows:
        _print(listing, chosen=bool(columns))
    else:
        typer.echo(f"no runs{' for which that holds' if condition else ''} in {runs_dir}")


def _print(listing: "Listing", *, chosen: bool) -> None:
    from shutil import get_terminal_size

    from nnrun.analysis.list_table import list_lines

    terminal = sys.stdout.isatty()
    width = get_terminal_size().columns if terminal else None
    typer.echo("\n".join(list_lines(listing, width=width, chosen=chosen, color=terminal)))
    unfinished = [row for row in listing.rows if row.entry.status != "finished"]
    if unfinished and "status" not in listing.columns:
        told = ", ".join(f"{row.entry.name} ({row.entry.status})" for row in unfinished)
        complain(fold(f"note: not finished: {told}", sys.stderr))
    for row in listing.rows:
        if row.problem:
            warn(f"{row.entry.name}: {row.problem}")
