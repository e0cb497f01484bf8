"""Many runs as the rows of a table: which columns, in which order, and which of the runs."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nnrun.analysis.filtering import Filter
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.figures import Figure, is_on_validation
from nnrun.config.modes import mode_of
from nnrun.errors import RunError, UserError
from nnrun.runs.history import NOT_METRICS
from nnrun.runs.index import DAMAGED, RunEntry
from nnrun.runs.manifest import Metrics, NewerFormatError, RunRecord
from nnrun.runs.progress import read_progress
from nnrun.runs.settings import NO_SETTINGS, Settings, Value, flatten, read_run_config

LIST_FORMAT = 1
_BEFORE_METRICS = ("name", "status", "date", "epochs", "best_epoch")
_AFTER_METRICS = ("seconds", "parameters")
_MOST_METRICS = 4
_NEWEST_FIRST = ("date", "created", "ended")
_RECORD_MAPPINGS = ("versions", "engine", "git", "data")
_SHOWN = 5


@dataclass
class Row:
    """A run of the list.

    Attributes:
        entry: The run.
        problem: What of it is damaged; empty where nothing is.
        values: What it has, by name: fields of its record, and figures. A figure that is not
            finite is NaN; what it does not have is missing.
        metrics: The names among `values` that are figures of its best epoch or of the test.
    """

    entry: RunEntry
    problem: str
    values: dict[str, Value]
    metrics: tuple[str, ...]

    def to_json(self, columns: Sequence[str]) -> dict[str, Any]:
        """Its values in these columns, null where it has none; where it lies, and how it stands."""
        found = {name: self.values.get(name) for name in columns}
        told = {"run_dir": str(self.entry.directory.path), "problem": self.problem}
        return {**told, "status": self.values["status"], **found}


@dataclass(frozen=True)
class Listing:
    """Rows, and the columns in which to show them."""

    rows: Sequence[Row]
    columns: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The list as data."""
        return {"format": LIST_FORMAT, "runs": [row.to_json(self.columns) for row in self.rows]}


def list_rows(
    entries: Iterable[RunEntry],
    *,
    columns: Sequence[str] = (),
    sort: str | None = None,
    reverse: bool = False,
    condition: Filter | None = None,
    limit: int | None = None,
) -> Listing:
    """Read runs, and choose and order them.

    Args:
        entries: The runs.
        columns: What to show; the usual where there are none.
        sort: What to order by, the best first: the least of a loss, the greatest of an accuracy,
            the newest date; other numbers rise. None: the newest run first.
        reverse: The other way round; runs without a value stay at the end.
        condition: Which runs.
        limit: How many runs at most.

    Raises:
        UserError: A name that no run knows.
    """
    rows = [read_row(entry) for entry in entries]
    wanted = [*columns, *([sort] if sort else []), *(condition.names if condition else ())]
    _add_settings(rows, dict.fromkeys(wanted), condition)
    if condition is not None:
        condition.check_values(lambda name: [row.values.get(name) for row in rows])
        rows = [row for row in rows if condition.holds(row.values.get)]
    rows = _in_order(rows, sort or "created", reverse=reverse)[:limit]
    return Listing(rows, tuple(columns) or _usual_columns(rows))


def read_row(entry: RunEntry) -> Row:
    """Read what a run's record and figures say; of one without figures, what its history says."""
    values: dict[str, Value] = {"name": entry.name, "status": entry.status}
    record = entry.record
    if record is None:
        return Row(entry, entry.problem, values, ())
    values |= _record_values(record)
    try:
        if entry.directory.metrics.exists():
            figures = _figures(Metrics.read(entry.directory.metrics))
        else:
            progress = read_progress(entry.directory, record.directions)
            values |= {"epochs": progress.epochs, "best_epoch": progress.best_epoch}
            figures = _figures(progress.metrics)
    except RunError as error:
        values["status"] = "newer" if isinstance(error, NewerFormatError) else DAMAGED
        return Row(entry, error.message, values, ())
    best = tuple(name for name in figures if not Figure.parse(name).of_last_epoch)
    values |= {name: value for name, value in figures.items() if name not in values}
    return Row(entry, "", values, best)


def _record_values(record: RunRecord) -> dict[str, Value]:
    values: dict[str, Value] = {
        "experiment": record.name,
        "date": local_date(record.created),
        "engine": str(record.engine.get("name", "")) or None,
    }
    for name in ("created", "ended", "seconds", "epochs", "best_epoch", "parameters", "seed"):
        values[name] = getattr(record, name)
    for name in ("device", "host", "command", "stop_reason"):
        values[name] = getattr(record, name)
    for name in _RECORD_MAPPINGS:
        held = getattr(record, name)
        if isinstance(held, Mapping):
            values |= {f"{name}.{key}": value for key, value in _leaves(held)}
    return values


def _leaves(mapping: Mapping[str, Any]) -> Iterable[tuple[str, Value]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{below}", leaf) for below, leaf in _leaves(value))
        elif value is None or isinstance(value, str | int | float):
            yield str(key), value


def _figures(metrics: Metrics) -> dict[str, Value]:
    return {
        name: math.nan if value is None else value
        for name, value in metrics.by_name().items()
        if name not in NOT_METRICS
    }


def _read_settings(row: Row) -> Settings:
    directory = row.entry.directory
    try:
        return flatten(read_run_config(directory))
    except RunError as error:
        if directory.resolved.exists():
            row.problem = row.problem or error.message
        return NO_SETTINGS


def _add_settings(rows: Sequence[Row], names: Iterable[str], condition: Filter | None) -> None:
    """Give the rows the values of their configs for the names that records and figures lack."""
    known = {name for row in rows for name in row.values}
    unknown = [name for name in names if name not in known]
    if not unknown or not any(row.entry.record for row in rows):
        return
    read = [(row, _read_settings(row)) for row in rows if row.entry.record]
    paths = dict.fromkeys(path for _, settings in read for path in settings.paths)
    exact = {path for _, settings in read for path in settings.exact}
    for name in unknown:
        path = name.removeprefix("config.")
        if path not in paths and path not in exact:
            path = _whole_path(name, path, [*paths], [*known], condition)
        for row, settings in read:
            if path in settings:
                row.values[name] = settings.get(path)


def _whole_path(
    name: str, end: str, paths: Sequence[str], known: Sequence[str], condition: Filter | None
) -> str:
    """The one path that ends so; of several, the one that is not as deep as the others."""
    found = [path for path in paths if path.endswith(f".{end}")]
    least = min((path.count(".") for path in found), default=0)
    found = [path for path in found if path.count(".") == least]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        message, hint = f"{name!r} could be any of {len(found)} values", f"write one of {shown}"
    else:
        message = f"no run has {name!r}"
        ends = (path.rpartition(".")[2] for path in paths)
        hint = did_you_mean(name, [*known, *paths, *ends])
        hint = hint or "a field of run.json, a metric, or a path in resolved.yaml"
    if condition is not None and name in condition.names:
        condition.refuse_name(name, message, hint)
    raise UserError(message, hint=hint)


def _in_order(rows: Sequence[Row], name: str, *, reverse: bool) -> list[Row]:
    """The rows by a value, the best first; those without one at the end, in their old order."""
    having = [row for row in rows if _sortable(row.values.get(name))]
    lacking = [row for row in rows if not _sortable(row.values.get(name))]
    figure = any(name in row.metrics or Figure.parse(name).of_last_epoch for row in having)
    records = (row.entry.record for row in reversed(rows))
    directions = {key: mode for one in records if one for key, mode in one.directions.items()}
    falling = name in _NEWEST_FIRST or (figure and mode_of(name, directions) == "max")
    having.sort(key=lambda row: _sort_key(row.values[name]), reverse=falling != reverse)
    return [*having, *lacking]


def _sortable(value: Value) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _sort_key(value: Value) -> tuple[bool, float, str]:
    """Numbers before texts, since a config may hold either in the same place."""
    if isinstance(value, int | float):
        return False, value, ""
    return True, 0.0, str(value).casefold()


def _usual_columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns that are shown when none are asked for, with the commonest figures."""
    counts: Counter[str] = Counter()
    for row in rows:
        validation = [name for name in row.metrics if is_on_validation(name)]
        measured = [name for name in row.metrics if Figure.parse(name).part != "test"]
        counts.update(validation or measured)
    metrics = [name for name, _ in counts.most_common(_MOST_METRICS)]
    return (*_BEFORE_METRICS, *metrics, *_AFTER_METRICS)


def local_date(created: str) -> str | None:
    """A time of a record as people read it; None where it is none."""
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return None
