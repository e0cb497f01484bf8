"""`nnrun validate`: report all mistakes in configs, without TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    JsonOption,
    OutOption,
    RunsDirOption,
    SetOption,
    check_out,
    gather_overrides,
)
from nnrun.cli.printing import complain, printable, show_document, write_page


def validate_cli(
    configs: Annotated[list[Path], typer.Argument(help="YAML files.", metavar="CONFIG")],
    changes: SetOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report every mistake in configs at once.

    Nothing is run. Only whether the layers fit together is left to `show` and `train`, which build
    the model.

    \b
    Example:
      $ nnrun validate configs/digits_mlp.yaml
      configs/digits_mlp.yaml: ok

    Exits with 2 if any file has a mistake; warnings don't count.
    """
    from nnrun.analysis.problems_view import problems_view
    from nnrun.config.diagnostics import render_problems
    from nnrun.errors import ConfigError, Problem
    from nnrun.experiments.declare import Bases, doubts_of, load

    check_out(out)
    problems: list[Problem] = []
    doubts: list[Problem] = []
    for config in configs:
        try:
            declared = load(config, gather_overrides(changes), Bases(runs_dir))
            warnings = doubts_of(declared.experiment)
        except ConfigError as error:
            problems += error.problems
            continue
        doubts += warnings
        if not as_json:
            typer.echo(printable(f"{config}: ok"))
            if warnings:
                complain(render_problems(warnings))
    document = problems_view(configs, [*problems, *doubts])
    if as_json:
        show_document(document, out, as_json=True)
        raise typer.Exit(2 if problems else 0)
    if out is not None:
        write_page(document, out)
    if problems:
        raise ConfigError(problems)
