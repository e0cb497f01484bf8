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
from nnrun.cli.printing import complain, printable, show_document, tell_written, write_page


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
    found: dict[Path, list[Problem]] = {}
    problems: list[Problem] = []
    for config in configs:
        try:
            declared = load(config, gather_overrides(changes), Bases(runs_dir))
        except ConfigError as error:
            found[config] = list(error.problems)
            problems += error.problems
            continue
        found[config] = doubts_of(declared.experiment)
        if not as_json:
            typer.echo(printable(f"{config}: ok"))
            if found[config]:
                complain(render_problems(found[config]))
    document = problems_view(found)
    if as_json:
        show_document(document, out, as_json=True)
        raise typer.Exit(2 if problems else 0)
    if out is not None:
        write_page(document, out)
        tell_written(out, as_json=False)
    if problems:
        raise ConfigError(problems)
