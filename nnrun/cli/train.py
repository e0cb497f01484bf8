"""`nnrun train`: from a config to a run directory."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import (
    ConfigArgument,
    JsonOption,
    OutOption,
    SetOption,
    TrustOption,
    check_out,
    gather_overrides,
)
from nnrun.cli.printing import complain, show_document, write_page

if TYPE_CHECKING:
    from nnrun.runs.outcome import Outcome


def train_cli(
    config: ConfigArgument,
    changes: SetOption = None,
    seed: Annotated[int | None, typer.Option(help="Use this seed instead of the config's.")] = None,
    name: Annotated[str | None, typer.Option(help="Use this name instead of the config's.")] = None,
    runs_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the run's directory is created.")
    ] = Path("runs"),
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the run to exactly this directory instead."),
    ] = None,
    trust: TrustOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the experiment that a config declares.

    Writes a run directory with the history, plots, checkpoints, TensorBoard logs and the model of
    the best epoch. One Ctrl-C ends the training after the current steps, with everything saved.

    \b
    Example:
      $ nnrun train configs/digits_mlp.yaml --set training.epochs=20 --seed 7

    Exits with 1 if the training diverged or an expectation was not met, and with 2 if there is a
    mistake in the config or its data.
    """
    from nnrun.cli.progress import TrainingDisplay
    from nnrun.experiments.api import train

    check_out(out)
    # What callbacks print belongs to a person: programs read the one object on standard output.
    aside = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with aside, TrainingDisplay(silent=quiet or as_json) as display:
        outcome = train(
            config,
            overrides=gather_overrides(changes, seed, name),
            runs_dir=runs_dir,
            run_dir=run_dir,
            command=["nnrun", *sys.argv[1:]],
            trust=trust,
            watch=display.show,
            deliver_signals=False,
        )
    tell_outcome(outcome, out, quiet=quiet, as_json=as_json)
    raise typer.Exit(outcome.exit_code)


def tell_outcome(
    outcome: "Outcome", out: Path | None = None, *, quiet: bool, as_json: bool
) -> None:
    """Print how a run came out: in full, as JSON, or only what went wrong; and write it to a file."""
    from nnrun.analysis.run_summary import summary_view
    from nnrun.runs.directory import RunDirectory

    document = summary_view(RunDirectory(Path(outcome.run_dir)), outcome.to_json)
    if quiet and not as_json:
        _complain_of(outcome)
        if out is not None:
            write_page(document, out)
        return
    if not as_json:
        typer.echo()
    show_document(document, out, as_json=as_json)


def _complain_of(outcome: "Outcome") -> None:
    from nnrun.analysis.run_summary import missed_expectation

    if outcome.status != "finished":
        complain(f"{outcome.run_dir} {outcome.status}: {outcome.stop_reason}".removesuffix(": "))
    for item in outcome.expectations:
        if not item["held"]:
            complain(f"{outcome.run_dir}: {missed_expectation(item)}")
