"""A run's record (`run.json`) and its metrics (`metrics.json`)."""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from nnrun.config.figures import Figure
from nnrun.config.modes import Directions, Mode
from nnrun.errors import RunError
from nnrun.reading import MAX_JSON, parse_json
from nnrun.runs.atomic import json_bytes
from nnrun.runs.beginnings import check_begun
from nnrun.runs.checksums import read_file, write_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import is_locked

FORMAT = 1
PAUSED = "paused"
"""The status of a run that has reached the epoch it was to be trained to for now."""
STATUSES = ("running", "finished", PAUSED, "interrupted", "diverged", "failed")
DIED = "died"


class NewerFormatError(RunError):
    """The file was written by a newer nnrun than this one."""


@dataclass(frozen=True)
class RunRecord:
    """The record of a run.

    Attributes:
        name: The experiment's name.
        status: One of `STATUSES`; a run that stopped early is `finished` and has a `stop_reason`.
        command: The command line that started it.
        seed: The seed.
        created: When it started, as ISO 8601 in UTC.
        ended: When it ended, in the same form; None while it runs.
        seconds: How long it has trained, all resumes included.
        versions: The versions of python, nnrun, tensorflow, keras and numpy.
        host: The machine's name.
        device: What it trained on.
        processor: The model of the machine's processor; empty if it is unknown.
        threads: The number of threads its operations could use.
        engine: `name` and `reason`, and whatever else the engine reports.
        git: `commit` and `dirty` (None if unknown); None outside a repository.
        data: `fingerprint`, `source` and `rows`.
        from_run: `run`, `weights` (a SHA-256) and `epoch` of the run it was built on; None if it
            was built on none.
        parameters: The number of parameters in the model.
        loss_of: What the loss is computed on, in words; empty if that is the labels as they are.
        directions: For each metric, by its name without `val_`, whether low (`min`) or high
            (`max`) is best; empty in runs of older versions, which went by the names.
        best_epoch: The best epoch, from 1.
        epochs: The number of epochs trained.
        stop_reason: Why it ended before its last epoch; empty if it did not.
        warnings: What looks wrong with the data, in words.
        diagnosis: What the curves show: a list of mappings with `kind`, `text` and `advice`.
        expectations: A list of mappings with `figure`, `value`, `held`, and `equals` or `min` and
            `max`.
        resumes: A mapping for each resume: `at` (the time), `after_epoch`, `exact`, `differences`
            (what had changed), and `doubts` (why it continued from an older state than its last).
    """

    name: str
    status: str
    command: str
    seed: int
    created: str
    ended: str | None = None
    seconds: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    device: str = ""
    processor: str = ""
    threads: int | None = None
    engine: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    from_run: Mapping[str, Any] | None = None
    parameters: int | None = None
    loss_of: str = ""
    directions: Directions = field(default_factory=dict)
    best_epoch: int | None = None
    epochs: int = 0
    stop_reason: str = ""
    expectations: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    resumes: tuple[Mapping[str, Any], ...] = ()
    diagnosis: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The record as written to `run.json`."""
        return {"format": FORMAT, **asdict(self)}

    def write(self, path: Path) -> None:
        """Write the record atomically.

        Raises:
            RunError: The file cannot be written.
        """
        write_file(path, json_bytes(self.to_json()))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record.

        Raises:
            RunError: The file is missing, damaged, or written by a newer nnrun.
        """
        with suppress(OSError):  # no right to look there: the reading says so
            if not path.exists():
                check_begun(path.parent)
        values = read_format(path)
        record = cls(**checked_fields(cls, values, path))
        if record.status not in STATUSES:
            raise RunError(f"{path} is damaged: its status is {record.status!r}")
        if not all(isinstance(item, Mapping) for item in record.expectations):
            raise RunError(f"{path} is damaged: an expectation is not a mapping")
        if not all(isinstance(item, Mapping) for item in record.diagnosis):
            raise RunError(f"{path} is damaged: a finding of its diagnosis is not a mapping")
        if record.epochs < 0 or not 0 < (record.best_epoch or 1) <= max(1, record.epochs):
            raise RunError(
                f"{path} is damaged: best_epoch is {record.best_epoch} of {record.epochs}"
            )
        if not all(mode in get_args(Mode) for mode in record.directions.values()):
            raise RunError(f"{path} is damaged: a direction is neither min nor max")
        figures = ("value", "equals", "min", "max")
        _check_numbers((item.get(name) for item in record.expectations for name in figures), path)
        return record


@dataclass(frozen=True)
class Metrics:
    """The metrics of a run, by the names of the history's columns.

    Attributes:
        best: Loss and metrics of the best epoch.
        last: Loss and metrics of the last epoch.
        test: Loss and metrics on the test rows; None if they were not evaluated.
        callbacks: What callbacks report about the saved model; None if none of them does.
    """

    best: Mapping[str, float | None] = field(default_factory=dict)
    last: Mapping[str, float | None] = field(default_factory=dict)
    test: Mapping[str, float | None] | None = None
    callbacks: Mapping[str, float | None] | None = None

    def by_name(self) -> dict[str, float | None]:
        """The metrics of the best epoch, the last (`last.loss`) and the test (`test_loss`)."""
        last = {str(Figure(name, of_last_epoch=True)): value for name, value in self.last.items()}
        test = {str(Figure(name, "test")): value for name, value in (self.test or {}).items()}
        return {**self.best, **last, **test}

    def write(self, path: Path) -> None:
        """Write the metrics atomically; values that are not finite become null.

        Raises:
            RunError: The file cannot be written.
        """
        write_file(path, json_bytes({"format": FORMAT, **asdict(self)}))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the metrics.

        Raises:
            RunError: The file is missing, damaged, or written by a newer nnrun.
        """
        metrics = cls(**checked_fields(cls, read_format(path), path))
        for figures in (metrics.best, metrics.last, metrics.test or {}, metrics.callbacks or {}):
            _check_numbers(figures.values(), path)
        return metrics


def derived_status(directory: RunDirectory, record: RunRecord | None = None) -> str:
    """The status of a run: the record's, or `died` if it says "running" and no process is.

    Args:
        directory: The run.
        record: Its record, if it has been read already.

    Returns:
        One of `STATUSES`, or `died`.

    Raises:
        RunError: The record cannot be read.
    """
    status = (record or RunRecord.read(directory.record)).status
    if status != "running" or is_locked(directory.path):
        return status
    if record is not None:
        # The run may have ended between the reading of its record and the look at its lock.
        return derived_status(directory)
    status = RunRecord.read(directory.record).status
    return DIED if status == "running" else status


def read_format(path: Path, newest: int = FORMAT) -> dict[str, Any]:
    """Read a JSON file, and check and remove its `format`.

    Args:
        path: The file.
        newest: The newest known format of such a file.

    Raises:
        RunError: The file is missing, damaged, or written by a newer nnrun.
    """
    content = read_file(path, MAX_JSON)
    try:
        values = parse_json(content, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise RunError(f"{path} is damaged: it is not JSON") from error
    version = values.get("format") if isinstance(values, dict) else None
    if not isinstance(version, int) or version < 1:
        raise RunError(f"{path} is damaged: it does not say its format")
    if version > newest:
        raise NewerFormatError(
            f"{path} has format {version}; this nnrun reads up to {newest}", hint="Upgrade nnrun."
        )
    return {name: value for name, value in values.items() if name != "format"}


def _finite(text: str) -> float:
    # JSON has no NaN and no infinity, and nnrun writes null for them; `1e999` would become one.
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    _finite(text)  # what no float can hold breaks the arithmetic of reports
    return int(text)


def checked_fields(kind: Any, values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The values of a file for the fields of a dataclass, after checking types; others are ignored.

    Args:
        kind: The dataclass.
        values: The content of the file.
        path: The file.

    Raises:
        RunError: A value is missing, or has the wrong type.
    """
    found: dict[str, Any] = {}
    for name, classes in _field_classes(kind).items():
        if name not in values:
            continue
        value = tuple(values[name]) if isinstance(values[name], list) else values[name]
        if not isinstance(value, classes) or (isinstance(value, bool) and bool not in classes):
            raise RunError(f"{path} is damaged: {name} is {str(value)[:40]!r}")
        found[name] = value
    try:
        kind(**found)
    except TypeError as error:
        raise RunError(f"{path} is damaged: a field is missing") from error
    return found


def _check_numbers(values: Iterable[Any], path: Path) -> None:
    for value in values:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise RunError(f"{path} is damaged: {str(value)[:40]!r} is not a number")


@cache
def _field_classes(kind: Any) -> Mapping[str, tuple[type[Any], ...]]:
    # Kept, since a list of a thousand runs would spend most of its time here.
    hints = get_type_hints(kind)
    return {name: _classes(hint) for name, hint in hints.items()}


def _classes(hint: Any) -> tuple[type[Any], ...]:
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    classes = tuple(get_origin(part) or part for part in parts)
    return (*classes, int) if float in classes else classes
