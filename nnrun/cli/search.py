"""`nnrun search`: many settings of one config, as a study."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

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


def search_cli(
    config: ConfigArgument,
    trials: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Train N trials instead of the config's number."),
    ] = None,
    changes: SetOption = None,
    seed: SeedOption = None,
    runs_dir: NewRunsDirOption = Path("runs"),
    jobs: JobsOption = None,
    on: OnOption = None,
    fresh: FreshOption = False,
    trust: TrustOption = False,
    quiet: QuietOption = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the settings that a config's section `search` varies.

    The first trial has the config's own values; the others are drawn as `search.method` says, and
    stopped early as `search.stop_early` says. Prints the best settings and what they gain, and
    writes them as best.yaml. The same command continues a search; more --trials extend it.

    \b
    Example:
      $ nnrun search search.yaml --trials 10

    Exits with 1 if a trial did not finish or an expectation was not met, and with 2 if there is a
    mistake in the config or its data.
    """
    from nnrun.cli.trials import show_study
    from nnrun.studies.searching import search_config

    check_out(out)
    overrides = gather_overrides(changes, seed)
    if trials is not None:
        overrides.append(f"search.trials={trials}")
    train_them = partial(
        search_config,
        config,
        overrides=overrides,
        runs_dir=runs_dir,
        command=["nnrun", *sys.argv[1:]],
        trust=trust,
        fresh=fresh,
        jobs=jobs,
        on=on,
        deliver_signals=False,
    )
    raise typer.Exit(show_study(train_them, out, quiet=quiet, as_json=as_json))
