"""`nnrun tensorboard`: TensorBoard over the runs."""

import contextlib
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from nnrun.cli.options import RunsDirOption


def tensorboard_cli(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs or studies; all if left out.", metavar="RUN_OR_STUDY"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port to listen on; by default 6006, or the next free one."
        ),
    ] = None,
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Start TensorBoard on the runs, until you press Ctrl-C.

    It listens on 127.0.0.1, so only this machine can reach it. Without RUN it also shows runs that
    start later.

    \b
    Example:
      $ nnrun tensorboard --port 6007
    """
    from nnrun.analysis.tensorboard import link_logs, serve
    from nnrun.errors import UserError
    from nnrun.runs.selection import select_runs

    if not runs and not runs_dir.is_dir():
        raise UserError(
            f"there are no runs in {runs_dir} yet", hint="Start one with `nnrun train`."
        )
    chosen, _ = select_runs(runs or [], runs_dir)
    # A closed terminal and SIGTERM end it like Ctrl-C: TensorBoard is not to outlive this process.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="nnrun-") as folder:
        link_logs(chosen, Path(folder))
        with contextlib.suppress(KeyboardInterrupt):
            serve(Path(folder) if chosen else runs_dir, port, _tell)
    typer.echo("TensorBoard ended")


def _tell(address: str) -> None:
    typer.echo(f"TensorBoard: {address} (Ctrl-C to stop)")
