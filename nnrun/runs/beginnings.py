"""Directories of runs that were killed before they had a record: recognizing and clearing them."""

import os
import re
import shutil
from pathlib import Path

from nnrun.errors import RunError
from nnrun.reading import walk
from nnrun.runs.atomic import describe_cause
from nnrun.runs.locking import LOCK_NAME, RunLock, is_locked

_FILES = {LOCK_NAME, "checksums.json", "config.yaml", "resolved.yaml", "signature.json"}
_FOLDERS = {"callbacks", "checkpoints", "from_run", "plots"}
_TEMPORARY = re.compile(r"\..+-[0-9a-f]{8}\.tmp(\..+)?")


class UnbegunError(RunError):
    """The directory holds a run that has not begun yet, or was killed before it did."""

    def __init__(self, path: Path) -> None:
        if is_locked(path):
            super().__init__(f"{path}: its training is about to begin", hint="Wait a moment.")
            return
        super().__init__(
            f"{path}: it was killed before its training began, so there is nothing in it",
            hint=f"Train it again (nnrun train CONFIG --run-dir {path}), or remove it (nnrun rm).",
        )


def is_unbegun(path: Path) -> bool:
    """Whether a directory holds nothing but what a run writes before its record.

    This is the case for an instant when a run begins and holds its lock, and for ever if it was
    killed then. The lock file distinguishes such a directory from others.
    """
    try:
        return (path / LOCK_NAME).is_file() and all(map(_is_beginning, walk(path)))
    except OSError:
        return False


def check_begun(path: Path) -> None:
    """Refuse a directory that holds only what is written before the record.

    Raises:
        UnbegunError: It is such a directory.
    """
    if is_unbegun(path):
        raise UnbegunError(path)


def _is_beginning(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return entry.name in _FOLDERS
    known = entry.name in _FILES or bool(_TEMPORARY.fullmatch(entry.name))
    return known and entry.is_file(follow_symlinks=False)


def clear(path: Path) -> None:
    """Remove what a run left that was killed before it began, except its lock.

    Raises:
        RunError: Another process is writing there, or the disk fails.
    """
    with RunLock(path):
        if not is_unbegun(path):
            return
        try:
            for entry in path.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry.name != LOCK_NAME:
                    entry.unlink()
        except OSError as error:
            raise RunError(f"cannot empty {path}: {describe_cause(error)}") from error
