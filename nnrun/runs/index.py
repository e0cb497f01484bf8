"""The list of runs, and how to find the one that a user means."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.atomic import describe_cause
from nnrun.runs.beginnings import UnbegunError, is_unbegun
from nnrun.runs.directory import STAMPED_NAME, RunDirectory
from nnrun.runs.locking import is_locked
from nnrun.runs.manifest import DIED, NewerFormatError, RunRecord, derived_status

LATEST = "latest"
DAMAGED = "damaged"
NEWER = "newer"
_SHOWN = 5
_LONGEST = 80


@dataclass(frozen=True)
class RunEntry:
    """A run in the list. Its record is read when first needed."""

    directory: RunDirectory

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self.directory.name

    @property
    def record(self) -> RunRecord | None:
        """Its record; None if it cannot be read: see `problem`."""
        return self._read[0]

    @property
    def problem(self) -> str:
        """Why its record cannot be read; empty if it can."""
        error = self._read[1]
        return error.message if error else ""

    @cached_property
    def status(self) -> str:
        """Its status as in `manifest.derived_status`, or `damaged` or `newer` if its record can't be read."""
        if isinstance(self._read[1], UnbegunError):
            return "running" if is_locked(self.directory.path) else DIED
        if self.record is None:
            return NEWER if isinstance(self._read[1], NewerFormatError) else DAMAGED
        try:
            return derived_status(self.directory, self.record)
        except RunError:
            return DAMAGED

    @cached_property
    def _read(self) -> tuple[RunRecord | None, RunError | None]:
        try:
            return RunRecord.read(self.directory.record), None
        except RunError as error:
            return None, error


def list_runs(runs_dir: Path) -> list[RunEntry]:
    """The runs of a directory, the newest first.

    Args:
        runs_dir: Where the runs lie; it may be missing.

    Returns:
        What has a record or a run's name. Links are passed over, since they lead elsewhere.

    Raises:
        RunError: The directory cannot be read.
    """
    return [RunEntry(RunDirectory(runs_dir / name)) for name in _names(runs_dir)]


def find_run(text: str, runs_dir: Path) -> RunDirectory:
    """The run a user means.

    Args:
        text: `latest`, a name, a path, or the beginning of the name of one run only.
        runs_dir: Where the runs lie.

    Returns:
        Its directory.

    Raises:
        RunError: No run is meant, or several are.
    """
    try:
        return _find_run(text, runs_dir)
    except OSError as error:  # no right to look there, or a name longer than file systems take
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise RunError(f"cannot look for the run {shown!r}: {describe_cause(error)}") from error


def _find_run(text: str, runs_dir: Path) -> RunDirectory:
    names = _names(runs_dir)
    if text in names:
        return RunDirectory(runs_dir / text)
    if text == LATEST:
        return _latest(runs_dir)
    path = Path(text).expanduser()
    if text and (RunDirectory(path).record.is_file() or is_unbegun(path)):
        return RunDirectory(path)
    meant = [name for name in names if text and name.startswith(text)]
    if len(meant) == 1:
        return RunDirectory(runs_dir / meant[0])
    if meant:
        shown = ", ".join(meant[:_SHOWN]) + (", …" if len(meant) > _SHOWN else "")
        raise RunError(
            f"{text!r} begins the names of {len(meant)} runs: {shown}",
            hint="Write more of the name, or `latest`.",
        )
    if text and path.is_dir():
        raise RunError(f"{path} is not a run: it has no {RunDirectory(path).record.name}")
    raise RunError(f"there is no run {text!r} in {runs_dir}", hint=_suggestion(text, names))


def _latest(runs_dir: Path) -> RunDirectory:
    entries = [entry for entry in list_runs(runs_dir) if entry.record is not None]
    if not entries:
        raise RunError(f"there are no runs in {runs_dir} yet", hint="Start one with `nnrun train`.")
    return max(entries, key=lambda e: (e.record.created if e.record else "", e.name)).directory


def _names(runs_dir: Path) -> list[str]:
    try:
        with os.scandir(runs_dir) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {runs_dir}: {error.strerror}") from error
    runs = (name for name in found if not name.startswith(".") and _is_run(runs_dir, name))
    return sorted(runs, key=lambda name: (_stamp(name), name), reverse=True)


def _is_run(runs_dir: Path, name: str) -> bool:
    if _stamp(name) or RunDirectory(runs_dir / name).record.exists():
        return True
    return is_unbegun(runs_dir / name)


def _stamp(name: str) -> str:
    match = STAMPED_NAME.fullmatch(name)
    return match[1] if match else ""


def _suggestion(text: str, names: Sequence[str]) -> str:
    if not names:
        return "There are none yet. Start one with `nnrun train`."
    # A name without its date is what people type.
    short = {name: name.rsplit("-", 3)[0] if _stamp(name) else name for name in reversed(names)}
    near = difflib.get_close_matches(text, [*names, *short.values()], n=1)
    if not near:
        return "Name a run directory, a run, or the beginning of its name."
    newest = [name for name, plain in short.items() if near[0] in (name, plain)][-1]
    return f"Did you mean {newest}?"
