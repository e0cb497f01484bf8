"""`nnrun train`: from a config to a run directory."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import ConfigArgument, JsonOption, SetOption, TrustOption, gather_overrides
from nnrun.cli.printing import make_console


def train_cli(
    config: ConfigArgument,
    changes: SetOption = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the config's.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name than the config's.")] = None,
    runs_dir: Annotated[
        Path, typer.Option(metavar="DIR", help="Where a directory for the run is made.")
    ] = Path("runs"),
    run_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Exactly where the run is written instead.")
    ] = None,
    trust: TrustOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the experiment that a config declares.

    Writes a run directory with the history, plots, checkpoints, TensorBoard logs and the model of
    the best epoch. Ctrl-C once ends the training after the steps under way, with everything
    written.

    \b
    Example:
      $ nnrun train configs/digits_mlp.yaml --set training.epochs=20 --seed 7

    Exits with 1 if the training diverged or an expectation was not met, and with 2 for mistakes in
    the config or its data.
    """
    from nnrun.cli.progress import TrainingDisplay
    from nnrun.experiment import train

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
        )
    if as_json:
        typer.echo(json.dumps(outcome.to_json(), indent=2))
    elif not quiet:
        print_summary(Path(outcome.run_dir))
    raise typer.Exit(outcome.exit_code)


def print_summary(run_dir: Path) -> None:
    """Print how a run came out."""
    from nnrun.reports.tables import results_table
    from nnrun.runs.directory import RunDirectory
    from nnrun.runs.manifest import Metrics, RunRecord

    directory = RunDirectory(run_dir)
    record, metrics = RunRecord.read(directory.record), Metrics.read(directory.metrics)
    console = make_console()
    console.print()
    console.print(results_table(record, metrics, directory), soft_wrap=True)
