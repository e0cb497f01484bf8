"""`nnrun train`: from a config to a run directory."""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnrun.cli.options import (
    ConfigArgument,
    FreshOption,
    JobsOption,
    JsonOption,
    NewRunsDirOption,
    OnOption,
    OutOption,
    QuietOption,
    SeedOption,
    SetOption,
    TrustOption,
    check_out,
    gather_overrides,
)
from nnrun.cli.printing import complain, show_document, write_page
from nnrun.config.schema import MOST_FOLDS, MOST_SEEDS

if TYPE_CHECKING:
    from nnrun.experiments.declare import Declared
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.plan import StoredPlan


NameOption = Annotated[str | None, typer.Option(help="Use this name instead of the config's.")]
RunDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the run to exactly this directory instead."),
]
SeedsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, max=MOST_SEEDS, help="Train with N seeds, from the config's own on."
    ),
]
FoldsOption = Annotated[
    int | None,
    typer.Option(
        metavar="K", min=2, max=MOST_FOLDS, help="Cross-validate over K folds of the training rows."
    ),
]
SweepOption = Annotated[
    str | None,
    typer.Option(metavar="PATH=V,V,…", help="Train with each of these values of one option."),
]


def train_cli(
    config: ConfigArgument,
    changes: SetOption = None,
    seed: SeedOption = None,
    name: NameOption = None,
    runs_dir: NewRunsDirOption = Path("runs"),
    run_dir: RunDirOption = None,
    seeds: SeedsOption = None,
    folds: FoldsOption = None,
    sweep: SweepOption = None,
    jobs: JobsOption = None,
    on: OnOption = None,
    fresh: FreshOption = False,
    trust: TrustOption = False,
    quiet: QuietOption = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the experiment that a config declares.

    Writes a run directory with the history, plots, checkpoints, TensorBoard logs and the model of
    the best epoch. One Ctrl-C ends the training after the current steps, with everything saved.

    With --seeds it trains many runs as one study, and says how much the seed matters: the mean of
    each metric, its standard deviation, and an interval. The same command continues a study that
    was interrupted, or adds seeds to it. With --folds it cross-validates: every row validates once,
    in a run that did not learn from it. With --sweep it tries several values of an option, and says
    which is best.

    \b
    Examples:
      $ nnrun train configs/digits_mlp.yaml --set training.epochs=20 --seed 7
      $ nnrun train configs/digits_mlp.yaml --seeds 5
      $ nnrun train configs/iris_multitask.yaml --folds 5
      $ nnrun train configs/digits_mlp.yaml --sweep training.batch_size=16,64,256 --seeds 3

    Exits with 1 if the training diverged or an expectation was not met, and with 2 if there is a
    mistake in the config or its data.
    """
    check_out(out)
    from nnrun.studies.many import declare_planned
    from nnrun.studies.sweep import parse_sweep

    overrides = gather_overrides(changes, seed, name, folds)
    swept = None if sweep is None else parse_sweep(sweep)
    declared, plan = declare_planned(
        config, overrides, runs_dir, seeds=seeds, sweep=swept, run_dir=run_dir
    )
    asked = _Asked(declared, runs_dir, run_dir, jobs, on, fresh, trust, quiet, out, as_json)
    raise typer.Exit(_train_one(asked) if plan is None else _train_many(asked, plan))


@dataclass(frozen=True)
class _Asked:
    """The request of the command, for one run or many."""

    declared: "Declared"
    runs_dir: Path
    run_dir: Path | None
    jobs: int | None
    on: str | None
    fresh: bool
    trust: bool
    quiet: bool
    out: Path | None
    as_json: bool

    @property
    def silent(self) -> bool:
        """Whether to show nothing during the training."""
        return self.quiet or self.as_json


def _train_one(asked: _Asked) -> int:
    """Train one run; the exit code."""
    from nnrun.cli.progress import TrainingDisplay
    from nnrun.cli.trials import told_aside
    from nnrun.experiments.api import train_declared

    if option := "--on" if asked.on else "--jobs" if (asked.jobs or 1) > 1 else "":
        raise typer.BadParameter("it is for many runs, and this is one", param_hint=option)
    with told_aside(as_json=asked.as_json), TrainingDisplay(silent=asked.silent) as display:
        outcome = train_declared(
            asked.declared,
            runs_dir=asked.runs_dir,
            run_dir=asked.run_dir,
            command=["nnrun", *sys.argv[1:]],
            trust=asked.trust,
            watch=display.show,
            deliver_signals=False,
        )
    tell_outcome(outcome, asked.out, quiet=asked.quiet, as_json=asked.as_json)
    return outcome.exit_code


def _train_many(asked: _Asked, plan: "StoredPlan") -> int:
    """Train a study; the exit code."""
    from nnrun.cli.trials import show_study
    from nnrun.studies.many import train_many

    train_them = partial(
        train_many,
        asked.declared,
        plan,
        runs_dir=asked.runs_dir,
        command=["nnrun", *sys.argv[1:]],
        trust=asked.trust,
        fresh=asked.fresh,
        jobs=asked.jobs,
        on=asked.on,
    )
    return show_study(train_them, asked.out, quiet=asked.quiet, as_json=asked.as_json)


def tell_outcome(
    outcome: "Outcome", out: Path | None = None, *, quiet: bool, as_json: bool
) -> None:
    """Print a run's outcome in full, as JSON, or only what went wrong; and write it to a file."""
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
