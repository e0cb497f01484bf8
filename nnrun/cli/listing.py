"""`nnrun list`: the runs and studies as tables."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, OutOption, RunsDirOption, check_out
from nnrun.cli.printing import show_document


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
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs, newest first, and then the studies.

    --columns, --sort and --filter take fields of the record (seed, device, ...), metrics of the
    best epoch (val_loss, test_accuracy; last.val_loss for the last epoch), and values of the
    config by path or by last word (optimizer, optimizer.learning_rate, batch_size).

    A filter compares with = != < <= > >= and ~ (contains the text), combined with and, or, not and
    parentheses. A value that a run doesn't have equals none. These options leave out the studies.

    \b
    Example:
      $ nnrun list --sort val_accuracy --filter 'optimizer=Adam and val_accuracy>0.88'
    """
    from nnrun.analysis.filtering import parse_filter
    from nnrun.analysis.list_view import list_view
    from nnrun.analysis.listing import list_rows
    from nnrun.analysis.study_listing import read_study_entry
    from nnrun.runs.index import list_runs, list_studies

    check_out(out)
    listing = list_rows(
        list_runs(runs_dir),
        columns=[name.strip() for name in (columns or "").split(",") if name.strip()],
        sort=sort,
        reverse=reverse,
        condition=parse_filter(condition) if condition is not None else None,
        limit=limit,
    )
    place = f"for which that holds in {runs_dir}" if condition else f"in {runs_dir}"
    shown_studies = [] if columns or sort or condition else list_studies(runs_dir)[:limit]
    studies = [read_study_entry(directory) for directory in shown_studies]
    document = list_view(listing, place, chosen=bool(columns), studies=studies)
    show_document(document, out, as_json=as_json)
