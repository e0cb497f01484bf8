"""`nnrun validate`: all mistakes of configs, without TensorFlow."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import JsonOption, RunsDirOption, SetOption, gather_overrides
from nnrun.cli.printing import complain, printable


def validate_cli(
    configs: Annotated[list[Path], typer.Argument(help="YAML files.", metavar="CONFIG")],
    changes: SetOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Report every mistake in configs at once.

    Nothing is run. Only whether the layers fit together is left to `show` and `train`, which build
    the model.

    \b
    Example:
      $ nnrun validate configs/digits_mlp.yaml
      configs/digits_mlp.yaml: ok

    Exits with 2 if any file has a mistake; a warning is none.
    """
    from nnrun.config.diagnostics import problems_to_json, render_problems
    from nnrun.errors import ConfigError, Problem
    from nnrun.experiments.prepare import doubts_of, load

    problems: list[Problem] = []
    doubts: list[Problem] = []
    for config in configs:
        try:
            found = doubts_of(load(config, gather_overrides(changes), runs_dir))
        except ConfigError as error:
            problems += error.problems
            continue
        doubts += found
        if not as_json:
            typer.echo(printable(f"{config}: ok"))
            if found:
                complain(render_problems(found))
    if as_json:
        told = problems_to_json([*problems, *doubts])
        typer.echo(json.dumps({"format": 1, "problems": told}, indent=2))
        raise typer.Exit(2 if problems else 0)
    if problems:
        raise ConfigError(problems)
