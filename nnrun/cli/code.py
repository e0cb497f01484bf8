"""`nnrun code`: a config as a plain Keras script."""

from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import (
    ConfigArgument,
    RunsDirOption,
    SetOption,
    TrustOption,
    check_out,
    gather_overrides,
)


def code_cli(
    config: ConfigArgument,
    changes: SetOption = None,
    runs_dir: RunsDirOption = Path("runs"),
    trust: TrustOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it to a file instead.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file of --out where there is one.")
    ] = False,
) -> None:
    """Print the plain Keras script that does what a config says.

    Run alone, without nnrun, it reads the same rows, divides them alike, and trains the same model
    from the same initial weights. Keras draws the order of the rows otherwise, so the figures agree
    within the noise of another seed. It writes the weights of the best epoch and the learning
    curves into the folder where it runs; scikit-learn is needed for the data sets that it has.

    Of a model that is built on a run, the script loads that run's model.keras. Where layers are taken
    over or learn later, nnrun builds the model to see which: if the config names code of its own, only
    with --trust.

    \b
    Example:
      $ nnrun code configs/digits_mlp.yaml --set training.epochs=20 --out digits.py
    """
    from nnrun.device import import_keras
    from nnrun.preparing import prepare

    if out is not None:
        check_out(out, (".py",), overwrite=overwrite)
    prepared = prepare(config, gather_overrides(changes), runs_dir, trust=trust)
    import_keras()
    from nnrun.scripting.writing import write_script

    script = write_script(prepared, trust=trust)
    if out is None:
        typer.echo(script, nl=False)
        return
    from nnrun.runs.atomic import write_text

    write_text(out, script)
