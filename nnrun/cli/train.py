"""`nnrun train`: from a config to a run directory."""

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import ConfigArgument, JsonOption, SetOption, TrustOption, gather_overrides
from nnrun.cli.printing import complain, make_console

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
    tell_outcome(outcome, quiet=quiet, as_json=as_json)
    raise typer.Exit(outcome.exit_code)


def tell_outcome(outcome: "Outcome", *, quiet: bool, as_json: bool) -> None:
    """Print how a run came out: in full, as JSON, or only what went wrong."""
    if as_json:
        typer.echo(json.dumps(outcome.to_json(), indent=2))
    elif quiet:
        _complain_of(outcome)
    else:
        print_summary(Path(outcome.run_dir))


def _complain_of(outcome: "Outcome") -> None:
    from nnrun.analysis.tables import missed_expectation

    if outcome.status != "finished":
        complain(f"{outcome.run_dir} {outcome.status}: {outcome.stop_reason}".removesuffix(": "))
    for item in outcome.expectations:
        if not item["held"]:
            complain(f"{outcome.run_dir}: {missed_expectation(item)}")


def print_summary(run_dir: Path) -> None:
    """Print how a run came out."""
    from nnrun.analysis.tables import results_table
    from nnrun.runs.directory import RunDirectory
    from nnrun.runs.manifest import Metrics, RunRecord

    directory = RunDirectory(run_dir)
    record, metrics = RunRecord.read(directory.record), Metrics.read(directory.metrics)
    console = make_console()
    console.print()
    console.print(results_table(record, metrics, directory), soft_wrap=True)
