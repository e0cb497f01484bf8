"""`nnrun predict`: a run's model on new rows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import (
    DrawsOption,
    JsonOption,
    RunArgument,
    RunsDirOption,
    TrustOption,
    check_out,
)
from nnrun.cli.printing import make_console, warn

if TYPE_CHECKING:
    from nnrun.analysis.predictions import Predictions


def predict_cli(
    run: RunArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV file; or a PNG or JPEG file, or a folder."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the predictions for all rows to this CSV file."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let --out replace an existing file.")
    ] = False,
    mc_samples: DrawsOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Predict new rows with the model of a run's best epoch.

    FILE holds raw rows: a CSV file with the feature columns (others are ignored), or pictures,
    which are resized to the model's input and converted to grey if it is grey. They are not
    inverted. You get classes with their probabilities, or values; with --mc-samples also their
    mean and standard deviation over that many draws of dropout. The data that the run was trained
    on are not needed.

    \b
    Example:
      $ nnrun predict latest new_rows.csv --out predicted.csv
    """
    from nnrun.experiments.api import predict
    from nnrun.runs.index import find_run

    if out is not None:
        _check_target(out, file, overwrite=overwrite)
    doubts: list[str] = []
    outputs = predict(
        find_run(run, runs_dir), file, mc_samples=mc_samples, trust=trust, tell=doubts.append
    )
    for doubt in doubts:
        warn(doubt)
    from nnrun.analysis.predictions import all_to_json, write_all

    if out is not None:
        write_all(outputs, out)
    if as_json:
        told = {"format": 1, "warnings": doubts, **all_to_json(outputs)}
        typer.echo(json.dumps(told, indent=2))
    else:
        _print(outputs, "all are in the file" if out else "--out FILE writes all")


def _check_target(out: Path, file: Path, *, overwrite: bool) -> None:
    if out.resolve() == file.resolve():
        raise typer.BadParameter(
            "it is FILE itself, which would be overwritten", param_hint="--out"
        )
    check_out(out, overwrite=overwrite)


def _print(outputs: "Mapping[str, Predictions]", where_all_are: str) -> None:
    from nnrun.analysis.predictions import SHOWN_ROWS, all_view

    console = make_console()
    console.print(all_view(outputs), soft_wrap=True)
    rows = next(iter(outputs.values())).rows
    if rows > SHOWN_ROWS:
        console.print(f"and {rows - SHOWN_ROWS:,} more rows; {where_all_are}")
