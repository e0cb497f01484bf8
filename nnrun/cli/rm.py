"""`nnrun rm`: remove runs, after asking."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption
from nnrun.cli.printing import complain
from nnrun.errors import RunError, UserError
from nnrun.json_text import json_text
from nnrun.runs.directory import RunDirectory


def rm_cli(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs, or a pattern.", metavar="RUN")
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option("--filter", metavar="FILTER", help="Runs that match, as in `nnrun list`."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Remove runs with all their files, after asking.

    If one of them is being written or isn't a run, none are removed.

    \b
    Example:
      $ nnrun rm --filter 'status=died or epochs<2'
      $ nnrun rm 'first-*'
    """
    from nnrun.runs.directory import format_bytes
    from nnrun.runs.removing import plan_removal, remove_runs

    chosen = _choose(runs or [], condition, runs_dir)
    removals = list(dict.fromkeys(plan_removal(run, runs_dir) for run in chosen))
    size = format_bytes(sum(removal.size for removal in removals))
    if removals and not yes:
        _ask([removal.directory.name for removal in removals], size)
    remove_runs(removals)
    if as_json:
        removed = [str(removal.directory.path) for removal in removals]
        typer.echo(json_text({"format": 1, "removed": removed}), nl=False)
    else:
        typer.echo(f"removed {_count(len(removals))}, {size}" if removals else "nothing to remove")


def _choose(names: list[str], condition: str | None, runs_dir: Path) -> list[RunDirectory]:
    from nnrun.analysis.filtering import parse_filter
    from nnrun.analysis.listing import list_rows
    from nnrun.runs.index import list_runs
    from nnrun.runs.selection import select_runs

    if bool(names) == (condition is not None):
        raise typer.BadParameter("name runs, or choose them with --filter; one of the two")
    if condition is None:
        chosen, no_runs = select_runs(names, runs_dir)
        for name, reason in no_runs.items():
            raise RunError(f"{name} cannot be removed: {reason}; nothing was removed")
        return chosen
    listing = list_rows(list_runs(runs_dir), condition=parse_filter(condition))
    return [row.entry.directory for row in listing.rows]


def _ask(names: list[str], size: str) -> None:
    """Ask whether to go on; without a terminal, require --yes."""
    if not sys.stdin.isatty():
        raise UserError(
            f"{_count(len(names))} would be removed, and there is no terminal to ask in",
            hint="Add --yes to remove without a question.",
        )
    for name in names:
        complain(f"  {name}")
    if not typer.confirm(f"remove {_count(len(names))}, {size}?", err=True):
        typer.echo("nothing was removed", err=True)
        raise typer.Exit(1)


def _count(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
