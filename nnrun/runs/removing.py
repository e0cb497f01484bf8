"""Removing runs and studies: only actual ones, among the runs, that no process is writing."""

import secrets
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nnrun.errors import RunError
from nnrun.reading import walk
from nnrun.runs.atomic import describe_cause
from nnrun.runs.beginnings import is_unbegun
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import LOCK_NAME, RunLock, is_locked
from nnrun.runs.study_directory import StudyDirectory


@dataclass(frozen=True)
class Removal:
    """A run or a study that may be removed.

    Attributes:
        directory: The run or the study, by its real path.
        size: Bytes of its files.
    """

    directory: RunDirectory | StudyDirectory
    size: int


def plan_removal(run: RunDirectory | StudyDirectory, runs_dir: Path) -> Removal:
    """Check that a run or a study may be removed.

    Raises:
        RunError: It is a link, lies outside `runs_dir`, is neither, belongs to a study, or is being
            written.
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
    directory = type(run)(real)
    if isinstance(directory, RunDirectory) and directory.study:
        raise RunError(
            f"{directory.name} belongs to a study; nothing was removed",
            hint=f"Remove the whole study: nnrun rm {directory.study}",
        )
    is_run = directory.record.is_file() and not directory.record.is_symlink()
    if not is_run and not is_unbegun(real):
        raise RunError(
            f"{run.path} is not a run: it has no {directory.record.name}; nothing was removed",
            hint="Remove it by hand, if it may go.",
        )
    try:
        size, inner = _survey(real)
    except OSError as error:
        raise RunError(
            f"{run.path} cannot be read: {describe_cause(error)}; nothing was removed"
        ) from error
    if inner is not None and isinstance(directory, RunDirectory):
        raise RunError(
            f"{run.path} holds another run, {inner.relative_to(real)}; nothing was removed",
            hint="Remove that one first, or move it away.",
        )
    trials = directory.trials.iterdir() if isinstance(directory, StudyDirectory) else ()
    if any(map(is_locked, (real, *trials))):
        raise RunError(
            f"a process is writing {run.path}; nothing was removed",
            hint="Wait for it to end, or stop it.",
        )
    return Removal(directory, size)


def remove_runs(removals: Sequence[Removal]) -> None:
    """Remove all of the runs, or none of them; links are removed, not their targets.

    They are first renamed to hidden names, so that an interrupted removal leaves no partial run in
    the list.

    Raises:
        RunError: A process has started to write one, or the disk fails.
    """
    with ExitStack() as locks:
        for removal in removals:
            locks.enter_context(RunLock(removal.directory.path))
        for hidden in _hide([removal.directory.path for removal in removals]):
            try:
                shutil.rmtree(hidden)
            except OSError as error:
                message = f"cannot remove all of a run: {describe_cause(error)}"
                raise RunError(f"{message}; what is left lies in {hidden}") from error


def _hide(paths: Sequence[Path]) -> list[Path]:
    """Rename directories to hidden names, all or none; returns the new names."""
    hidden: dict[Path, Path] = {}
    for path in paths:
        name = path.with_name(f".removed-{secrets.token_hex(4)}")
        try:
            path.rename(name)
        except OSError as error:
            for other, taken in hidden.items():
                taken.rename(other)
            raise RunError(
                f"cannot remove {path}: {describe_cause(error)}; nothing was removed"
            ) from error
        hidden[path] = name
    return list(hidden.values())


def _survey(path: Path) -> tuple[int, Path | None]:
    """The size of a run's files, and a run that somebody put inside it, if any.

    Raises:
        OSError: It can't be read, or its folders are nested too deeply.
    """
    size, inner = 0, None
    marks = {RunDirectory(path).record.name, LOCK_NAME}
    for entry in walk(path):
        size += (
            0 if entry.is_dir(follow_symlinks=False) else entry.stat(follow_symlinks=False).st_size
        )
        if entry.name in marks and Path(entry.path).parent != path:
            inner = Path(entry.path).parent
    return size, inner
