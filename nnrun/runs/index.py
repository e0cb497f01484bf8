"""Lists runs and studies, and finds the one that a user means."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.atomic import describe_cause
from nnrun.runs.beginnings import UnbegunError, is_unbegun
from nnrun.runs.directory import CONFIRMATION, STAMPED_NAME, RunDirectory
from nnrun.runs.locking import is_locked
from nnrun.runs.manifest import DIED, NewerFormatError, RunRecord, derived_status
from nnrun.runs.study_directory import StudyDirectory, studies_of
from nnrun.runs.study_record import StudyRecord

LATEST = "latest"
DAMAGED = "damaged"
NEWER = "newer"
_SHOWN = 5
_LONGEST = 80
_TRIAL = re.compile(rf"(.+?)(/{CONFIRMATION})?/([0-9]{{1,6}})")


@dataclass(frozen=True)
class RunEntry:
    """A run in the list; its record is read when first needed."""

    directory: RunDirectory

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self.directory.name

    @property
    def record(self) -> RunRecord | None:
        """Its record; None if it can't be read: see `problem`."""
        return self._read[0]

    @property
    def problem(self) -> str:
        """Why its record can't be read; empty if it can."""
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
        runs_dir: The folder of the runs; it may be missing.

    Returns:
        Folders with a record or a run's name. Links are skipped, since they lead elsewhere.

    Raises:
        RunError: The directory cannot be read.
    """
    return [RunEntry(RunDirectory(runs_dir / name)) for name in _names(runs_dir)]


def list_studies(runs_dir: Path) -> list[StudyDirectory]:
    """The studies among the runs of a directory, the newest first.

    Args:
        runs_dir: The folder of the runs; it may be missing.

    Raises:
        RunError: The directory cannot be read.
    """
    folder = studies_of(runs_dir)
    studies = [StudyDirectory(folder / name) for name in _folders(folder)]
    found = (study for study in studies if study.record.exists())
    return sorted(found, key=lambda study: (_stamp(study.name), study.name), reverse=True)


def find_run(text: str, runs_dir: Path) -> RunDirectory:
    """Find the run a user means.

    Args:
        text: `latest`, a name, a path, or the beginning of a single run's name; or a study and one
            of its trials, as in `STUDY/3`.
        runs_dir: The folder of the runs.

    Returns:
        Its directory.

    Raises:
        RunError: No run matches, or several do.
    """
    directory = find_either(text, runs_dir, studies=False)
    if isinstance(directory, StudyDirectory):
        raise RunError(
            f"{directory.name} is a study, not a run",
            hint=f"Name one of its runs, as in {directory.name}/0.",
        )
    return directory


def find_either(
    text: str, runs_dir: Path, *, studies: bool = True
) -> RunDirectory | StudyDirectory:
    """Find the run or the study a user means.

    Args:
        text: As for `find_run`, or the same for a study.
        runs_dir: Where the runs lie.
        studies: Whether `latest` or the beginning of a name may refer to a study.

    Raises:
        RunError: Nothing matches, or several do.
    """
    try:
        return _find(text, runs_dir, studies=studies)
    except OSError as error:  # no right to look there, or a name longer than file systems take
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise RunError(f"cannot look for the run {shown!r}: {describe_cause(error)}") from error


def _find(text: str, runs_dir: Path, *, studies: bool) -> RunDirectory | StudyDirectory:
    names = _names(runs_dir)
    if text in names:
        return RunDirectory(runs_dir / text)
    path = Path(text).expanduser()
    if text and (RunDirectory(path).record.is_file() or is_unbegun(path)):
        return RunDirectory(path)
    found = {study.name: study for study in list_studies(runs_dir)}
    if text in found or (text and StudyDirectory(path).record.is_file()):
        return found.get(text) or StudyDirectory(path)
    if trial := _TRIAL.fullmatch(text):
        study = _find_study(trial[1], found)
        return _trial_of(study.confirmation if trial[2] else study, int(trial[3]))
    if text == LATEST:
        return _latest(runs_dir, found.values() if studies else ())
    meant: list[RunDirectory | StudyDirectory] = [
        RunDirectory(runs_dir / name) for name in names if text and name.startswith(text)
    ]
    if studies or not meant:
        meant += [study for name, study in found.items() if text and name.startswith(text)]
    if len(meant) == 1:
        return meant[0]
    raise _not_found(text, runs_dir, meant, [*names, *found])


def _find_study(text: str, studies: Mapping[str, StudyDirectory]) -> StudyDirectory:
    """The study whose trial is meant."""
    meant = [study for name, study in studies.items() if name.startswith(text)]
    exact = [study for study in meant if study.name == text]
    path = StudyDirectory(Path(text).expanduser())
    if text == LATEST:
        exact = list(studies.values())[:1]
    elif path.record.is_file():
        exact = [path]
    found = exact or meant
    if len(found) != 1:
        raise RunError(
            f"there is no study {text!r}" if not found else _ambiguous(text, found),
            hint=_suggestion(text, list(studies)) if not found else "Write more of the name.",
        )
    return found[0]


def _trial_of(study: StudyDirectory, number: int) -> RunDirectory:
    run = study.trial(number)
    if not run.path.is_dir():
        raise RunError(f"{study.name} has no trial {number} with a run")
    return run


def _not_found(
    text: str,
    runs_dir: Path,
    meant: Sequence[RunDirectory | StudyDirectory],
    names: Sequence[str],
) -> RunError:
    if meant:
        return RunError(_ambiguous(text, meant), hint="Write more of the name, or `latest`.")
    path = Path(text).expanduser()
    if text and path.is_dir():
        return RunError(f"{path} is not a run: it has no {RunDirectory(path).record.name}")
    return RunError(f"there is no run {text!r} in {runs_dir}", hint=_suggestion(text, names))


def _ambiguous(text: str, meant: Sequence[RunDirectory | StudyDirectory]) -> str:
    shown = ", ".join(item.name for item in meant[:_SHOWN]) + (", …" if len(meant) > _SHOWN else "")
    kind = "runs" if all(isinstance(item, RunDirectory) for item in meant) else "runs and studies"
    return f"{text!r} begins the names of {len(meant)} {kind}: {shown}"


def _latest(runs_dir: Path, studies: Iterable[StudyDirectory]) -> RunDirectory | StudyDirectory:
    """The one that was started last."""
    begun: list[tuple[str, str, RunDirectory | StudyDirectory]] = [
        (entry.record.created, entry.name, entry.directory)
        for entry in list_runs(runs_dir)
        if entry.record is not None
    ]
    for study in studies:
        with suppress(RunError):
            begun.append((StudyRecord.read(study.record).created, study.name, study))
    if not begun:
        raise RunError(f"there are no runs in {runs_dir} yet", hint="Start one with `nnrun train`.")
    return max(begun, key=lambda item: item[:2])[2]


def _names(runs_dir: Path) -> list[str]:
    runs = (name for name in _folders(runs_dir) if _is_run(runs_dir, name))
    return sorted(runs, key=lambda name: (_stamp(name), name), reverse=True)


def _folders(place: Path) -> list[str]:
    """The names of the folders in a directory, without links and hidden ones."""
    try:
        with os.scandir(place) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {place}: {error.strerror}") from error
    return [name for name in names if not name.startswith(".")]


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
