"""`nnrun gallery`: many configs, and a page of what came out."""

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, check_out
from nnrun.cli.printing import printable

if TYPE_CHECKING:
    from nnrun.reports.gallery import GalleryRow

PAGE = Path("docs/gallery.md")

ConfigsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[CONFIG]...", help="YAML files; all of the folder without."),
]
FolderOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the configs lie.")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The page to write, its curves into a folder of its name. Where the whole folder is "
        f"run as it is, {PAGE}; else none.",
    ),
]
SeedsOption = Annotated[
    int | None, typer.Option(min=1, max=100, help="So many seeds for every config.")
]
EpochsOption = Annotated[
    int | None, typer.Option(min=1, help="So many epochs for every config: a quick try.")
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Train again what was trained already.")]


def gallery_cli(
    configs: ConfigsArgument = None,
    folder: FolderOption = Path("configs"),
    out: OutOption = None,
    seeds: SeedsOption = None,
    epochs: EpochsOption = None,
    fresh: FreshOption = False,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Run the configs of a folder, judge what they expect, and write a page of it.

    The folder's gallery.yaml says in which order, with how many seeds (the means are judged), and
    which figures others report. A run that is finished already, of the same config by the same
    version, is taken as it is; one that broke off goes on. So the gallery can be broken off and
    continued. A config that fails is a row that says so.

    \b
    Example:
      $ nnrun gallery configs/digits_mlp.yaml --epochs 1 --out digits.md

    Exits with 1 where an expectation was not met or a config failed.
    """
    from nnrun.gallery import find_exhibits, run_exhibit, write_gallery
    from nnrun.reports.gallery import AS_EXPECTED, to_json

    whole = not configs and seeds is None and epochs is None
    page = PAGE if out is None and whole else out
    if page is not None:
        check_out(page, (".md",))
    exhibits, rows = find_exhibits(configs or [], folder), []
    for number, exhibit in enumerate(exhibits, start=1):
        # What callbacks print belongs to a person: programs read the one object on standard output.
        with contextlib.redirect_stdout(sys.stderr):
            row = run_exhibit(exhibit, runs_dir=runs_dir, seeds=seeds, epochs=epochs, fresh=fresh)
        rows.append(row)
        if not as_json:
            typer.echo(printable(f"{number}/{len(exhibits)}  {_line(row)}"))
    if page is not None:
        write_gallery(rows, page)
    if as_json:
        typer.echo(json.dumps(to_json(rows, page), indent=2))
    elif page is not None:
        typer.echo(printable(f"page  {page}"))
    raise typer.Exit(0 if all(row.status in AS_EXPECTED for row in rows) else 1)


def _line(row: "GalleryRow") -> str:
    from nnrun.reports.gallery import figure_text
    from nnrun.reports.tables import format_seconds

    told = ", ".join(map(figure_text, row.expectations)) or row.problem
    time = "" if row.seconds is None else f"  ({format_seconds(row.seconds)})"
    return "  ".join(filter(None, (row.name, row.status, told))) + time
