"""`nnrun diff`: what differs in the configs of two runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption
from nnrun.cli.printing import make_console


def diff_cli(
    first: Annotated[str, typer.Argument(help="A run.", metavar="RUN")],
    second: Annotated[str, typer.Argument(help="Another run.", metavar="RUN")],
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Show how the configs of two runs differ, and nothing else.

    Defaults count as if they were written out. Layers are aligned, so a layer inserted between
    others is a single difference.

    \b
    Example:
      $ nnrun diff base wide

    A run is a path, a name, the start of a name, or `latest`.
    """
    from nnrun.analysis.differences import find_differences
    from nnrun.runs.index import find_run
    from nnrun.runs.settings import read_checked_config

    directories = [find_run(text, runs_dir) for text in (first, second)]
    before, after = (read_checked_config(directory) for directory in directories)
    differences = find_differences(before, after)
    if as_json:
        told = {"format": 1, "differences": [vars(item) for item in differences]}
        typer.echo(json.dumps(told, indent=2))
        return
    if not differences:
        typer.echo("the configs are the same")
        return

    from nnrun.analysis.comparison_tables import difference_rows
    from nnrun.cli.comparison_view import print_table
    from nnrun.pages.sheets import Sheet

    headers = ("setting", *(directory.name for directory in directories))
    sheet = Sheet("", headers, difference_rows(differences), frozenset({0, 1, 2}))
    print_table(make_console(), sheet)
