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
        bool, typer.Option("--overwrite", help="Let --out replace an existing file.")
    ] = False,
) -> None:
    """Print the plain Keras script that does what a config says.

    The script runs without nnrun: it reads the same rows, splits them the same way, and trains the
    same model from the same initial weights. Keras draws the order of the rows differently, so the
    results agree only to within the noise of another seed. The script saves the weights of the
    best epoch and the learning curves in the folder where you run it. For some of the data sets
    it needs scikit-learn.

    For a model that is built on a run, the script loads that run's model.keras. If its layers are
    frozen or unfrozen later, nnrun has to build the model to find out which ones; if the config
    names code of its own, that needs --trust. So does a task or a transform of your own.

    \b
    Example:
      $ nnrun code configs/digits_mlp.yaml --set training.epochs=20 --out digits.py
    """
    from nnrun.device import import_keras
    from nnrun.experiments.prepare import prepare

    if out is not None:
        check_out(out, (".py",), overwrite=overwrite)
    overrides = gather_overrides(changes)
    prepared = prepare(config, overrides, runs_dir, trust=trust, trusts_config=False)
    import_keras()
    from nnrun.export.script.writing import write_script

    script = write_script(prepared, trust=trust)
    if out is None:
        typer.echo(script, nl=False)
        return
    from nnrun.runs.atomic import write_text

    write_text(out, script)
