"""`nnrun resume`: continue a run that was interrupted, or train it for longer."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    JsonOption,
    OutOption,
    RunArgument,
    RunsDirOption,
    TrustOption,
    check_out,
)

EpochsOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Train up to this epoch instead of the config's last."),
]
AnywayOption = Annotated[
    bool,
    typer.Option(
        "--anyway", help="Continue even though something has changed; the run is marked as inexact."
    ),
]


def resume_cli(
    run: RunArgument,
    epochs: EpochsOption = None,
    anyway: AnywayOption = False,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a run that was interrupted or killed.

    The result is the same as if the run had never stopped: the same weights, the same history, bit
    for bit. With --epochs a finished run continues too; nnrun first says what its schedule and
    callbacks will do. Refused if the config, data, software or machine have changed.

    \b
    Example:
      $ nnrun resume latest --epochs 50
    """
    from nnrun.cli.progress import TrainingDisplay
    from nnrun.cli.train import tell_outcome
    from nnrun.experiments.api import resume
    from nnrun.runs.index import find_run

    check_out(out)
    directory = find_run(run, runs_dir)
    aside = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with aside, TrainingDisplay(silent=quiet or as_json) as display:
        outcome = resume(
            directory,
            epochs=epochs,
            anyway=anyway,
            trust=trust,
            watch=display.show,
            tell=display.tell,
            deliver_signals=False,
        )
    tell_outcome(outcome, out, quiet=quiet, as_json=as_json)
    raise typer.Exit(outcome.exit_code)
