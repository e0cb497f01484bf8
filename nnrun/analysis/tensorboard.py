"""TensorBoard over runs, on this machine alone."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from nnrun.errors import RunError, UserError
from nnrun.runs.directory import RunDirectory, refuse_link
from nnrun.runs.event_files import EventFiles
from nnrun.runs.settings import flat_settings
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.trial_table import TrialTable

HOST = "127.0.0.1"
_ADDRESS = re.compile(rf"http://{re.escape(HOST)}:\d+/?")
_SECONDS_TO_END = 5
_KEPT_LINES = 5
# TensorBoard imports TensorFlow where it is there, which then talks about the processor.
_QUIET: Mapping[str, str] = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "PYTHONWARNINGS": "ignore",
}


def link_logs(runs: Iterable[RunDirectory], folder: Path) -> None:
    """Make a folder that shows TensorBoard these runs, each by its name, and what trials change.

    Args:
        runs: The runs.
        folder: An empty folder, for links.

    Raises:
        RunError: A run has no event files.
    """
    for run in dict.fromkeys(runs):
        refuse_link(run.tensorboard)
        if not run.tensorboard.is_dir():
            raise RunError(f"{run.name} has no event files: {run.tensorboard} is missing")
        plain, number = run.name.replace("/", "-"), 2
        name = plain
        while os.path.lexists(folder / name):
            name, number = f"{plain}-{number}", number + 1
        place, logs = folder / name, run.tensorboard.resolve()
        if not run.study:
            place.symlink_to(logs, target_is_directory=True)
            continue
        place.mkdir()
        for part in sorted(logs.iterdir()):
            (place / part.name).symlink_to(part, target_is_directory=part.is_dir())
        _add_settings(run, place)


def _add_settings(run: RunDirectory, place: Path) -> None:
    """Write what a trial changes in the config, for TensorBoard's page of hyperparameters."""
    table = TrialTable.read(StudyDirectory(run.path.parent.parent).table)
    row = table.get(int(run.path.name))
    if row is not None and row.settings:
        events = EventFiles(place)
        events.add_settings(run.name, flat_settings(row.settings))
        events.close()


def serve(logs: Path, port: int | None, tell: Callable[[str], None]) -> None:
    """Run TensorBoard until an exception, such as KeyboardInterrupt, ends it.

    Args:
        logs: The folder to show.
        port: Where it listens, at 127.0.0.1 only; None: 6006, or the next that is free.
        tell: Called with its address as soon as it answers.

    Raises:
        UserError: It did not start, or ended by itself.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "tensorboard.main",
        "--logdir",
        str(logs),
        "--host",
        HOST,
    ]
    command += [] if port is None else ["--port", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, **_QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is for this process, which then ends TensorBoard
    )
    try:
        lines = _follow(process, tell)
        reasons = [line for line in lines if line.startswith("ERROR: ")] or lines
        cause = reasons[-1].removeprefix("ERROR: ") if reasons else f"exit code {process.wait()}"
        raise UserError(f"TensorBoard ended: {cause}", hint="Give another --port, perhaps.")
    finally:
        _end(process)


def _follow(process: subprocess.Popen[str], tell: Callable[[str], None]) -> list[str]:
    """Read what it says, so that it never waits for a reader; the last lines of it."""
    lines: list[str] = []
    is_announced = False
    for line in process.stderr or ():
        lines = [*lines, line.strip()][-_KEPT_LINES:]
        address = _ADDRESS.search(line)
        if address and not is_announced:
            is_announced = True
            tell(address[0])
    return [line for line in lines if line]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()
