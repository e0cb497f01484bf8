"""`nnrun diff`: what differs in the configs of two runs."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, OutOption, RunsDirOption, check_out
from nnrun.cli.printing import show_document


def diff_cli(
    first: Annotated[str, typer.Argument(help="A run or a study.", metavar="RUN_OR_STUDY")],
    second: Annotated[str, typer.Argument(help="Another.", metavar="RUN_OR_STUDY")],
    runs_dir: RunsDirOption = Path("runs"),
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how the configs of two runs or studies differ.

    Defaults count as if they were written out. Layers are aligned, so a layer inserted between
    others is a single difference.

    \b
    Example:
      $ nnrun diff base wide

    A run is a path, a name, the start of a name, or `latest`. The config of a study is what its
    trials have in common.
    """
    from nnrun.analysis.differences_view import differences_view
    from nnrun.runs.index import find_either
    from nnrun.runs.settings import read_checked_config

    check_out(out)
    before, after = (find_either(text, runs_dir) for text in (first, second))
    configs = read_checked_config(before), read_checked_config(after)
    show_document(differences_view(before.name, after.name, *configs), out, as_json=as_json)
