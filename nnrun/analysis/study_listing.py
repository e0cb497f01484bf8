"""The studies as a table: how each stands, and what its trials come to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from nnrun.analysis.listing import local_date
from nnrun.analysis.run_summary import status_mark
from nnrun.analysis.study_report import REPEATING
from nnrun.config.modes import mode_by_name
from nnrun.errors import RunError
from nnrun.pages.document import Cell, Narrowing, Sheet
from nnrun.pages.numbers import format_decimals
from nnrun.runs.index import DAMAGED
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord, study_status
from nnrun.runs.trial_table import TrialRow, TrialTable


@dataclass(frozen=True)
class StudyEntry:
    """A study of the list.

    Attributes:
        directory: Where it lies.
        record: Its record; None if it cannot be read.
        status: How it stands, `damaged` if that cannot be told.
        trials: The trials that have ended.
        problem: Why it cannot be read; empty if it can.
    """

    directory: StudyDirectory
    record: StudyRecord | None
    status: str
    trials: Sequence[TrialRow] = ()
    problem: str = ""

    @property
    def values(self) -> list[float]:
        """The values of the trials that have one."""
        return [row.value for row in self.trials if row.value is not None]

    @property
    def repeats(self) -> bool:
        """Whether its trials differ in seeds and folds alone, so that their mean says something."""
        return all(row.settings.keys() <= {*REPEATING} for row in self.trials)

    def to_json(self) -> dict[str, Any]:
        """The study as data."""
        values, record = self.values, self.record
        return {
            "study_dir": str(self.directory.path),
            "name": self.directory.name,
            "status": self.status,
            "problem": self.problem,
            "created": record.created if record else None,
            "metric": record.metric if record else None,
            "trials": len(self.trials),
            "mean": fmean(values) if values and self.repeats else None,
            "deviation": stdev(values) if len(values) > 1 and self.repeats else None,
            "best": self._best(values) if values else None,
        }

    def _best(self, values: Sequence[float]) -> float:
        metric = self.record.metric if self.record else ""
        return max(values) if mode_by_name(metric) == "max" else min(values)


def read_study_entry(directory: StudyDirectory) -> StudyEntry:
    """Read what a list says of a study; of a damaged one, what is wrong."""
    try:
        record = StudyRecord.read(directory.record)
        rows = TrialTable.read(directory.table).rows
        return StudyEntry(directory, record, study_status(directory, record), rows)
    except RunError as error:
        return StudyEntry(directory, None, DAMAGED, problem=error.message)


def studies_sheet(entries: Sequence[StudyEntry]) -> Sheet:
    """A row for each study."""
    columns = ("study", "status", "date", "trials", "metric", "value")
    narrowing = Narrowing([0, 1, 3, 4, 5, 2], longest=48)
    return Sheet(
        "", columns, [_cells(entry) for entry in entries], frozenset({0, 1, 2, 4}), narrowing
    )


def _cells(entry: StudyEntry) -> list[str | Cell]:
    facts = entry.to_json()
    return [
        entry.directory.name,
        Cell(entry.status, status_mark(entry.status)),
        local_date(facts["created"] or "") or "-",
        str(facts["trials"]),
        facts["metric"] or "-",
        _value(facts),
    ]


def _value(facts: dict[str, Any]) -> str:
    """The mean with its deviation; of trials that differ in more than their seeds, the best."""
    if facts["mean"] is not None:
        deviation = facts["deviation"]
        spread = f" ± {deviation:.2g}" if deviation is not None else ""
        return f"{format_decimals(facts['mean'])}{spread}"
    best = facts["best"]
    return "-" if best is None or not math.isfinite(best) else f"best {format_decimals(best)}"
