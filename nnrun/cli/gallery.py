"""`nnrun gallery`: run many configs, and write a page with the results."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, check_out
from nnrun.cli.printing import printable, tell_written
from nnrun.json_text import json_text

if TYPE_CHECKING:
    from nnrun.analysis.gallery_view import GalleryRow

PAGE = Path("docs/gallery.md")

ConfigsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[CONFIG]...", help="YAML files; by default all in the folder."),
]
FolderOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the configs are.")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The page to write (.html, .md or .json); a .md has its curves in a folder of the same "
        f"name. Default: {PAGE} if the whole folder is run unchanged, otherwise no page.",
    ),
]
SeedsOption = Annotated[
    int | None, typer.Option(min=1, max=100, help="Number of seeds for every config.")
]
EpochsOption = Annotated[
    int | None, typer.Option(min=1, help="Number of epochs for every config, for a quick try.")
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Train everything again.")]


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
    """Run a folder of configs, and write a page about them.

    Checks what each config expects. The folder's gallery.yaml sets their order, how many seeds each
    gets (the means are checked), and the published figures to show beside them. A finished run of
    the same config by the same version of nnrun is reused, and an unfinished one is resumed, so you
    can interrupt a gallery and start it again. If a config fails, its row says so and the others
    carry on.

    \b
    Example:
      $ nnrun gallery configs/digits_mlp.yaml --epochs 1 --out digits.md

    Exits with 1 if an expectation was not met or a config failed.
    """
    from nnrun.analysis.gallery_view import AS_EXPECTED, gallery_json
    from nnrun.studies.gallery import find_exhibits, run_exhibit, write_gallery

    whole = not configs and seeds is None and epochs is None
    page = PAGE if out is None and whole else out
    check_out(page)
    exhibits, rows = find_exhibits(configs or [], folder), []
    for number, exhibit in enumerate(exhibits, start=1):
        # What callbacks print belongs to a person: programs read the one object on standard output.
        with contextlib.redirect_stdout(sys.stderr):
            row = run_exhibit(exhibit, runs_dir=runs_dir, seeds=seeds, epochs=epochs, fresh=fresh)
        rows.append(row)
        if not as_json:
            typer.echo(printable(f"{number}/{len(exhibits)}  {_line(row)}"))
    if as_json:
        typer.echo(json_text(gallery_json(rows, page)), nl=False)
    if page is not None:
        write_gallery(rows, page)
        tell_written(page, as_json=as_json)
    raise typer.Exit(0 if all(row.status in AS_EXPECTED for row in rows) else 1)


def _line(row: "GalleryRow") -> str:
    from nnrun.analysis.gallery_view import figure_text
    from nnrun.pages.numbers import format_seconds

    text = ", ".join(map(figure_text, row.expectations)) or row.problem
    time = "" if row.seconds is None else f"  ({format_seconds(row.seconds)})"
    return "  ".join(filter(None, (row.name, row.status, text))) + time
