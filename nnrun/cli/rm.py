"""`nnrun rm`: remove runs and studies, after a question."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption
from nnrun.cli.printing import complain
from nnrun.errors import RunError, UserError
from nnrun.json_text import json_text
from nnrun.runs.directory import RunDirectory
from nnrun.runs.study_directory import StudyDirectory


def rm_cli(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs, studies, or a pattern.", metavar="RUN_OR_STUDY"),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option("--filter", metavar="FILTER", help="Runs that match, as in `nnrun list`."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Remove runs and studies with all their files, after asking.

    Either all of them are removed or none: none if one is being written or isn't a run. A study is
    removed as a whole.

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
        _ask([removal.directory for removal in removals], size)
    remove_runs(removals)
    if as_json:
        removed = [str(removal.directory.path) for removal in removals]
        typer.echo(json_text({"format": 1, "removed": removed}), nl=False)
    else:
        directories = [removal.directory for removal in removals]
        typer.echo(f"removed {_count(directories)}, {size}" if removals else "nothing to remove")


def _choose(
    names: list[str], condition: str | None, runs_dir: Path
) -> Sequence[RunDirectory | StudyDirectory]:
    from nnrun.analysis.filtering import parse_filter
    from nnrun.analysis.listing import list_rows
    from nnrun.runs.index import list_runs
    from nnrun.runs.selection import select_any

    if bool(names) == (condition is not None):
        raise typer.BadParameter("name runs, or choose them with --filter; one of the two")
    if condition is None:
        chosen, no_runs = select_any(names, runs_dir)
        for name, reason in no_runs.items():
            raise RunError(f"{name} cannot be removed: {reason}; nothing was removed")
        return chosen
    listing = list_rows(list_runs(runs_dir), condition=parse_filter(condition))
    return [row.entry.directory for row in listing.rows]


def _ask(directories: Sequence[RunDirectory | StudyDirectory], size: str) -> None:
    """Ask whether to go on; without a person to answer, say that --yes is wanted."""
    if not sys.stdin.isatty():
        raise UserError(
            f"{_count(directories)} would be removed, and there is no terminal to ask in",
            hint="Add --yes to remove without a question.",
        )
    for directory in directories:
        complain(f"  {directory.name}")
    if not typer.confirm(f"remove {_count(directories)}, {size}?", err=True):
        typer.echo("nothing was removed", err=True)
        raise typer.Exit(1)


def _count(directories: Sequence[RunDirectory | StudyDirectory]) -> str:
    """How many runs and how many studies, in words."""
    studies = sum(isinstance(directory, StudyDirectory) for directory in directories)
    counts = {("run", "runs"): len(directories) - studies, ("study", "studies"): studies}
    return " and ".join(
        f"{count:,} {one if count == 1 else many}" for (one, many), count in counts.items() if count
    )
