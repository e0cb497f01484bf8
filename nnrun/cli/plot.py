"""`nnrun plot`: draw the curves of runs."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, check_out
from nnrun.cli.printing import say_asides, show_document, tell_written, write_page
from nnrun.pages.document import PAGE_SUFFIXES

_OutOption = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="File to draw into: .png, .svg or .pdf; or a page with the picture: .html, .md or .json.",
    ),
]


def plot_cli(
    runs: Annotated[
        list[str], typer.Argument(help="Runs, studies, or a pattern.", metavar="RUN_OR_STUDY")
    ],
    metric: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Metrics to draw; all if left out."),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic vertical axes.")] = False,
    smooth: Annotated[
        float,
        typer.Option(min=0, max=0.999, help="Smoothing: the weight of the past, from 0 to 0.999."),
    ] = 0.0,
    out: _OutOption = Path("curves.png"),
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Draw the curves of runs and studies on top of each other.

    Each metric gets a panel: for one run, training and validation in two colours; for several, a
    colour for each run, with the training dashed. val_loss draws the validation alone. An
    existing file is replaced. Runs without an epoch are left out. A study is drawn as the mean of
    its seeds, in a band from the least to the greatest.

    \b
    Example:
      $ nnrun plot latest --metric loss,accuracy --smooth 0.6 --out curves.svg
      $ nnrun plot 'digits_*' --metric val_accuracy
    """
    from nnrun.analysis.overlay import FORMS, draw_runs, overlay_view, read_histories
    from nnrun.runs.atomic import write_with
    from nnrun.runs.selection import select_any

    check_out(out, [*(f".{form}" for form in FORMS), *PAGE_SUFFIXES])
    directories, skipped = select_any(runs, runs_dir)
    histories, without = read_histories(directories)
    metrics = [name.strip() for name in (metric or "").split(",") if name.strip()]

    def draw(path: Path) -> None:
        draw_runs(histories, path, metrics=metrics, log=log, smoothing=smooth)

    document = overlay_view(histories, draw, out, skipped | without)
    if out.suffix.lower() in PAGE_SUFFIXES:
        write_page(document, out)
    else:
        write_with(out, draw)
    show_document(document, as_json=as_json)
    tell_written(out, as_json=as_json)
    if as_json:
        say_asides(document)
