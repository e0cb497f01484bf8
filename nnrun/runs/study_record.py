"""What a study is and how it ended (`study.json`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from nnrun.errors import RunError
from nnrun.runs.atomic import json_bytes
from nnrun.runs.checksums import write_file
from nnrun.runs.locking import is_locked
from nnrun.runs.manifest import DIED, checked_fields, read_format
from nnrun.runs.study_directory import StudyDirectory

STUDY_FORMAT = 1
SEARCH, SWEEP = "search", "sweep"
"""Kinds of plans whose studies are shown in a way of their own."""
STUDY_STATUSES = ("running", "finished", "interrupted", "failed")


@dataclass(frozen=True)
class StudyRecord:
    """The record of a study.

    Attributes:
        name: The experiment's name.
        plan: Its plan: `kind`, and what that kind of plan needs.
        metric: The metric whose best value is a trial's value.
        status: `running`, `finished`, `interrupted` or `failed`.
        command: The command line that started it.
        created: When it started, as ISO 8601 in UTC.
        ended: When it ended, in the same form; None while it runs.
        reason: Why it ended before its last trial; empty if it did not.
        jobs: How many trials may be asked for before the first of them has ended.
        threads: How many threads each trial's operations use; with another number, sums may round
            differently.
        versions: The versions of python, nnrun, tensorflow, keras and numpy.
    """

    name: str
    plan: Mapping[str, Any]
    metric: str
    status: str
    command: str
    created: str
    ended: str | None = None
    reason: str = ""
    jobs: int = 1
    threads: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of its plan."""
        return str(self.plan["kind"])

    def write(self, path: Path) -> None:
        """Write the record atomically.

        Raises:
            RunError: The file cannot be written.
        """
        write_file(path, json_bytes({"format": STUDY_FORMAT, **asdict(self)}))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record.

        Raises:
            RunError: The file is missing, damaged, or written by a newer nnrun.
        """
        record = cls(**checked_fields(cls, read_format(path, STUDY_FORMAT), path))
        if record.status not in STUDY_STATUSES:
            raise RunError(f"{path} is damaged: its status is {record.status!r}")
        if not isinstance(record.plan.get("kind"), str):
            raise RunError(f"{path} is damaged: its plan is of no kind")
        if record.jobs < 1 or (record.threads or 1) < 1:
            raise RunError(f"{path} is damaged: it has {record.jobs} jobs")
        return record


def study_status(directory: StudyDirectory, record: StudyRecord) -> str:
    """The status of a study: the record's, or `died` if it says "running" and no process is.

    Raises:
        RunError: The record cannot be read.
    """
    if is_locked(directory.path):
        return "running"
    if record.status != "running":
        return record.status
    # The study may have ended between the reading of its record and the look at its lock.
    status = StudyRecord.read(directory.record).status
    return DIED if status == "running" else status
