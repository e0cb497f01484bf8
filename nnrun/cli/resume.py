"""`nnrun resume`: continue a run that was interrupted, or train it for longer."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    JsonOption,
    OnOption,
    OutOption,
    QuietOption,
    RunsDirOption,
    TrustOption,
    check_out,
)

RunOrStudyArgument = Annotated[
    str,
    typer.Argument(
        help="A run or a study: path, name, start of its name, or `latest`.",
        metavar="RUN_OR_STUDY",
    ),
]
StudyJobsOption = Annotated[
    int | None, typer.Option("--jobs", metavar="J", min=1, help="For a study: J runs at a time.")
]
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
    run: RunOrStudyArgument,
    epochs: EpochsOption = None,
    anyway: AnywayOption = False,
    jobs: StudyJobsOption = None,
    on: OnOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    quiet: QuietOption = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a run or a study that was interrupted or killed.

    The result is the same as if the run had never stopped: the same weights, the same history, bit
    for bit. With --epochs a finished run continues too; nnrun first says what its schedule and
    callbacks will do. Refused if the config, data, software or machine have changed.

    \b
    Example:
      $ nnrun resume latest --epochs 50
    """
    from nnrun.cli.progress import TrainingDisplay
    from nnrun.cli.train import tell_outcome
    from nnrun.cli.trials import show_study, told_aside
    from nnrun.experiments.api import resume
    from nnrun.runs.index import find_either
    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.many import resume_study

    check_out(out)
    directory = find_either(run, runs_dir)
    if isinstance(directory, StudyDirectory):
        if option := "--epochs" if epochs else "--anyway" if anyway else "":
            message = f"it is for a run, and {directory.name} is a study"
            raise typer.BadParameter(message, param_hint=option)
        go_on = partial(resume_study, directory, runs_dir=runs_dir, trust=trust, jobs=jobs, on=on)
        raise typer.Exit(show_study(go_on, out, quiet=quiet, as_json=as_json))
    with told_aside(as_json=as_json), TrainingDisplay(silent=quiet or as_json) as display:
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
