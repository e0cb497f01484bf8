"""`nnrun plot`: the curves of runs, drawn anew."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, check_out
from nnrun.cli.printing import complain


def plot_cli(
    runs: Annotated[list[str], typer.Argument(help="Runs, or a pattern.", metavar="RUN")],
    metric: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Metrics to draw; all if left out."),
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic vertical axes.")] = False,
    smooth: Annotated[
        float,
        typer.Option(min=0, max=0.999, help="Smoothing: the weight of the past, from 0 to 0.999."),
    ] = 0.0,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="File to draw into: .png, .svg or .pdf.")
    ] = Path("curves.png"),
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Draw the curves of several runs on top of each other.

    Each metric gets a panel: for one run, training and validation in two colours; for several, a
    colour for each run, with the training dashed. val_loss draws the validation alone. An
    existing file is replaced. Runs without an epoch are left out.

    \b
    Example:
      $ nnrun plot latest --metric loss,accuracy --smooth 0.6 --out curves.svg
      $ nnrun plot 'digits_*' --metric val_accuracy
    """
    from nnrun.analysis.overlay import FORMS, draw_runs, read_histories
    from nnrun.runs.atomic import write_with
    from nnrun.runs.selection import select_runs

    check_out(out, [f".{form}" for form in FORMS])
    directories, skipped = select_runs(runs, runs_dir)
    histories, without = read_histories(directories)
    skipped |= without
    metrics = [name.strip() for name in (metric or "").split(",") if name.strip()]
    write_with(
        out,
        lambda path: draw_runs(histories, path, metrics=metrics, log=log, smoothing=smooth),
    )
    if as_json:
        drawn = {"format": 1, "file": str(out), "runs": list(histories), "skipped": skipped}
        typer.echo(json.dumps(drawn, indent=2))
    else:
        typer.echo(out)
    for name, reason in skipped.items():
        complain(f"skipped {name}: {reason}")
