"""`nnrun lr-find CONFIG`: the learning-rate range test, followed by trials."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    ConfigArgument,
    JsonOption,
    OutOption,
    RunsDirOption,
    SetOption,
    TrustOption,
    check_out,
    gather_overrides,
)
from nnrun.cli.printing import show_document
from nnrun.cli.progress import SearchDisplay

LowestOption = Annotated[
    float, typer.Option("--min", metavar="RATE", help="Learning rate of the first step.")
]
HighestOption = Annotated[
    float, typer.Option("--max", metavar="RATE", help="Learning rate of the last step.")
]
StepsOption = Annotated[int, typer.Option(help="Training steps, each of one batch.")]
BudgetOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="EPOCHS",
        help="Epochs for all trials together; 0 for no trials. [default: those of one training; "
        "more for a small one, whose trials run to the end]",
        show_default=False,
    ),
]
OutDirOption = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="The folder for the curve, as NAME.png and NAME.csv; those of an earlier search with "
        "the same name are replaced.",
    ),
]
ApplyOption = Annotated[
    Path | None,
    typer.Option(
        "--apply",
        metavar="FILE",
        help="Write the config with the recommended rate to a new FILE, or to CONFIG itself. What "
        "--set changes is not written.",
    ),
]


def lr_find_cli(
    config: ConfigArgument,
    lowest: LowestOption = 1e-5,
    highest: HighestOption = 10.0,
    steps: StepsOption = 500,
    budget: BudgetOption = None,
    changes: SetOption = None,
    out_dir: OutDirOption = Path("lr-find"),
    apply_to: ApplyOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search for a learning rate, with a range test and trials.

    Trains with a rate that grows by the same factor at every step, until the loss explodes, and
    reads off the curve where it turns and climbs. Rates below that are then tried in short
    trainings, and the best of them is recommended. Schedules are left out, callbacks are not
    called, and the model is discarded.

    \b
    Example:
      $ nnrun lr-find configs/digits_mlp.yaml --apply digits_found.yaml

    Exits with 1 if no rate is recommended.
    """
    from nnrun.experiments.api import find_learning_rate

    check_out(out)
    # What a model of the user's prints belongs to a person: see `train`.
    aside = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with aside, SearchDisplay(steps) as display:
        report = find_learning_rate(
            config,
            overrides=gather_overrides(changes),
            lowest=lowest,
            highest=highest,
            steps=steps,
            budget=budget,
            out_dir=out_dir,
            apply_to=apply_to,
            runs_dir=runs_dir,
            trust=trust,
            watch=display.show,
        )
    from nnrun.analysis.lr_report import report_view

    show_document(report_view(report), out, as_json=as_json)
    raise typer.Exit(report.exit_code)
