"""The completed trials of a study: `trials.csv`, one row each."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from nnrun.errors import RunError
from nnrun.runs.checksums import read_file, write_file
from nnrun.runs.history import escape_cell, unescape_cell
from nnrun.runs.manifest import PAUSED

TRIAL_STATES = ("finished", "diverged", "failed", PAUSED)
MAX_BYTES = 64_000_000
_BEFORE = ("number", "state", "value")
_AFTER = ("epochs", "seconds", "run", "reason")


@dataclass(frozen=True)
class TrialRow:
    """A trial that has ended.

    Attributes:
        number: From 0, in the order in which the plan asked for it.
        state: One of `TRIAL_STATES`.
        value: The study's metric in its best epoch; None if it is never finite.
        settings: Its changes to the config, by path.
        epochs: The number of epochs trained.
        seconds: How long that took.
        run: Its run's directory, relative to the study's.
        reason: Why it ended before its last epoch; empty if it did not.
    """

    number: int
    state: str
    value: float | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    seconds: float = 0.0
    run: str = ""
    reason: str = ""


class TrialTable:
    r"""The rows of a study's trials, by number.

    >>> table = TrialTable([TrialRow(1, "failed", None, {"seed": 43}, reason="no memory")])
    >>> table.put(TrialRow(0, "finished", 0.25, {"seed": 42}, 2, 1.5, "trials/0000"))
    >>> print(table.to_csv(), end="")
    number,state,value,seed,epochs,seconds,run,reason
    0,finished,0.25,42,2,1.5,trials/0000,
    1,failed,,43,0,0.0,,no memory
    >>> TrialTable.from_csv(table.to_csv()).rows == table.rows
    True
    """

    def __init__(self, rows: Iterable[TrialRow] = ()) -> None:
        self._rows = {row.number: row for row in rows}

    @property
    def rows(self) -> tuple[TrialRow, ...]:
        """The rows, in the order of the trials' numbers."""
        return tuple(self._rows[number] for number in sorted(self._rows))

    @property
    def paths(self) -> tuple[str, ...]:
        """The settings that have a column, in order of first appearance."""
        return tuple(dict.fromkeys(path for row in self.rows for path in row.settings))

    def get(self, number: int) -> TrialRow | None:
        """The row of a trial; None if it has not ended."""
        return self._rows.get(number)

    def put(self, row: TrialRow) -> None:
        """Add a row, replacing an earlier one of the same trial."""
        self._rows[row.number] = row

    def to_csv(self) -> str:
        """The table as CSV, with numbers as the shortest text that reads back to the same value."""
        file, paths = io.StringIO(newline=""), self.paths
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*_BEFORE, *map(escape_cell, paths), *_AFTER])
        for row in self.rows:
            values = [_setting_cell(row.settings, path) for path in paths]
            value = "" if row.value is None else row.value
            before = (row.number, row.state, value)
            reason = escape_cell(" ".join(row.reason.split()))
            writer.writerow([*before, *values, row.epochs, row.seconds, row.run, reason])
        return file.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> Self:
        """Read the output of `to_csv`.

        Raises:
            ValueError: It is something else.
        """
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        first, last = len(_BEFORE), -len(_AFTER)
        header = lines[0] if lines and text.endswith("\n") else []
        if (*header[:first], *header[last:]) != (*_BEFORE, *_AFTER):
            raise ValueError("it is not whole")
        paths = list(map(unescape_cell, header[first:last]))
        return cls(_parse_row(line, paths) for line in lines[1:])

    def write(self, path: Path) -> None:
        """Write the table to a file atomically.

        Raises:
            RunError: The file cannot be written.
        """
        write_file(path, self.to_csv().encode())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the table from a file; an empty one if there is no file yet.

        Raises:
            RunError: The file is damaged.
        """
        if not path.exists():
            return cls()
        content = read_file(path, MAX_BYTES)
        try:
            return cls.from_csv(content.decode())
        except (ValueError, csv.Error) as error:
            raise RunError(f"{path} is damaged: {error}") from error


def _setting_cell(settings: Mapping[str, Any], path: str) -> str:
    """A setting as a cell: text unquoted, unless it would read back as something else."""
    if path not in settings:
        return ""
    value = settings[path]
    if isinstance(value, str) and value.isprintable() and value and _setting(value) == value:
        return escape_cell(value)
    return json.dumps(value, ensure_ascii=False)


def _setting(cell: str) -> Any:
    with suppress(ValueError):
        return json.loads(cell)
    return unescape_cell(cell)


def _parse_row(line: list[str], paths: list[str]) -> TrialRow:
    first, last = len(_BEFORE), -len(_AFTER)
    if len(line) != len(paths) + len(_BEFORE) + len(_AFTER):
        raise ValueError(f"a row has {len(line)} cells")
    number, state, value = line[:first]
    epochs, seconds, run, reason = line[last:]
    cells = zip(paths, line[first:last], strict=True)
    if state not in TRIAL_STATES or int(number) < 0:
        raise ValueError(f"trial {number} is {state!r}")
    if value and not math.isfinite(float(value)):
        raise ValueError(f"the value of trial {number} is {value}")
    return TrialRow(
        number=int(number),
        state=state,
        value=float(value) if value else None,
        settings={path: _setting(cell) for path, cell in cells if cell},
        epochs=int(epochs),
        seconds=float(seconds),
        run=run,
        reason=unescape_cell(reason),
    )
