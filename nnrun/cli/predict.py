"""`nnrun predict`: a run's model on new rows."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    DrawsOption,
    JsonOption,
    RunArgument,
    RunsDirOption,
    TrustOption,
    check_out,
)
from nnrun.cli.printing import say_asides, show_document
from nnrun.pages.document import PAGE_SUFFIXES

_OutOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the predictions for all rows to this CSV file; or what is shown to FILE "
        "(.html, .md or .json).",
    ),
]


def predict_cli(
    run: RunArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A CSV file; or a PNG or JPEG file, or a folder."),
    ],
    out: _OutOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let --out replace an existing CSV file.")
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
        _check_target(out, file, overwrite=overwrite or _is_page(out))
    doubts: list[str] = []
    directory = find_run(run, runs_dir)
    outputs = predict(directory, file, mc_samples=mc_samples, trust=trust, tell=doubts.append)
    from nnrun.analysis.predictions import all_view, write_all

    is_page = out is not None and _is_page(out)
    if out is not None and not is_page:
        write_all(outputs, out)
    more = "all are in the file" if out and not is_page else "--out FILE.csv writes all"
    document = all_view(outputs, directory.name, doubts, more)
    show_document(document, out if is_page else None, as_json=as_json)
    if as_json:
        say_asides(document)


def _is_page(out: Path) -> bool:
    return out.suffix.lower() in PAGE_SUFFIXES


def _check_target(out: Path, file: Path, *, overwrite: bool) -> None:
    if out.resolve() == file.resolve():
        raise typer.BadParameter(
            "it is FILE itself, which would be overwritten", param_hint="--out"
        )
    check_out(out, (), overwrite=overwrite)
