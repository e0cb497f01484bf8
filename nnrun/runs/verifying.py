"""Verifies that the files in a run's directory are intact."""

from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.best_state import find_best
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.checksums import check_file, listed_files
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import MAX_BYTES
from nnrun.runs.manifest import DIED, RunRecord

BEST = "checkpoints/best"
_BROKEN_OFF = (DIED, "failed")
"""The statuses of runs that may lack files that were about to be written."""


def find_damage(directory: RunDirectory, record: RunRecord, status: str) -> dict[str, str]:
    """Verify the files of a run against their checksums, and its best state against its record.

    Args:
        directory: The run; no process is writing it.
        record: Its record.
        status: Its status: see `manifest.derived_status`.

    Returns:
        A sentence on each damaged file.
    """
    damage: dict[str, str] = {}
    for folder in _folders(directory):
        prefix = "" if folder == directory else f"{folder.path.relative_to(directory.path)}/"
        try:
            files = listed_files(folder.path)
        except RunError as error:
            damage[f"{prefix}checksums.json"] = error.message
            continue
        for path in files:
            if problem := _problem_of(path, directory, record, status):
                damage[f"{prefix}{path.name}"] = problem
    if problem := _problem_of_best(directory, record):
        damage[BEST] = problem
    return damage


def _folders(directory: RunDirectory) -> list[RunDirectory]:
    """The folder of the run, and its copies of the runs it was built on."""
    base = directory.base
    if base.path.is_symlink() or not base.path.is_dir():
        return [directory]
    return [directory, *_folders(base)]


def _problem_of(path: Path, directory: RunDirectory, record: RunRecord, status: str) -> str:
    try:
        check_file(path, None if path.name == directory.model.name else MAX_BYTES)
    except RunError as error:
        return error.message
    never_written = status in _BROKEN_OFF or (path == directory.history and not record.epochs)
    return "" if never_written or path.exists() else f"{path} is missing"


def _problem_of_best(directory: RunDirectory, record: RunRecord) -> str:
    try:
        if record.best_epoch is None and not CheckpointStore(directory.checkpoints).has("best"):
            return ""
        return find_best(directory, record).doubt
    except RunError as error:
        return error.message
