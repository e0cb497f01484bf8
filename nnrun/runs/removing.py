"""Removing runs: only what is a run, inside the runs' directory, and written by nobody."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.atomic import describe_cause
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock, is_locked


@dataclass(frozen=True)
class Removal:
    """A run that may be removed.

    Attributes:
        directory: The run, by its real path.
        size: Bytes of its files.
    """

    directory: RunDirectory
    size: int


def plan_removal(run: RunDirectory, runs_dir: Path) -> Removal:
    """Check that a run may be removed.

    Raises:
        RunError: It is a link, lies outside `runs_dir`, is no run, or is being written.
    """
    if run.path.is_symlink():
        raise RunError(
            f"{run.path} is a link; nothing was removed", hint="Remove the link by hand."
        )
    real, home = run.path.resolve(), runs_dir.resolve()
    if home not in real.parents:
        raise RunError(
            f"{run.path} does not lie in {runs_dir}; nothing was removed",
            hint="Name the directory it lies in with `--runs-dir`.",
        )
    found = RunDirectory(real)
    if found.record.is_symlink() or not found.record.is_file():
        raise RunError(
            f"{run.path} holds no run: it has no {found.record.name}; nothing was removed",
            hint="Remove it by hand, if it may go.",
        )
    if is_locked(real):
        raise RunError(
            f"a process is writing {run.path}; nothing was removed",
            hint="Wait for it to end, or stop it.",
        )
    return Removal(found, _size(real))


def remove_run(removal: Removal) -> None:
    """Remove a run with all it holds; links in it are removed, not what they lead to.

    It first loses its name, so that an interrupted removal leaves no half of a run in the list.

    Raises:
        RunError: A process began to write it, or the disk refuses.
    """
    path = removal.directory.path
    hidden = path.with_name(f".removed-{secrets.token_hex(4)}")
    with RunLock(path):
        try:
            path.rename(hidden)
            shutil.rmtree(hidden)
        except OSError as error:
            left = f" (what is left lies in {hidden})" if hidden.exists() else ""
            raise RunError(f"cannot remove {path}: {describe_cause(error)}{left}") from error


def _size(path: Path) -> int:
    total = 0
    for folder, _, files in os.walk(path):
        total += sum((Path(folder) / name).lstat().st_size for name in files)
    return total
