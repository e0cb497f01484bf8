"""What came out of a run: how it ended, its figures, what was expected, where things are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from nnrun.analysis.findings import in_words
from nnrun.pages.document import (
    Block,
    Cell,
    Document,
    Facts,
    Line,
    Lines,
    Mark,
    Picture,
    Sheet,
    Text,
)
from nnrun.pages.numbers import format_figure, format_seconds
from nnrun.reading import read_own
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import NOT_METRICS
from nnrun.runs.manifest import Metrics, RunRecord

_STATUS_MARKS: Mapping[str, Mark] = {
    "finished": "good",
    "running": "busy",
    "interrupted": "doubt",
    "paused": "doubt",
}
_PNG = b"\x89PNG\r\n"
_LARGEST_PICTURE = 20_000_000


def summary_view(directory: RunDirectory, data: Callable[[], Mapping[str, Any]]) -> Document:
    """The summary that a training ends with.

    Args:
        directory: The run.
        data: The same for programs.

    Raises:
        RunError: It cannot be read.
    """
    record, metrics = RunRecord.read(directory.record), Metrics.read(directory.metrics)
    best, test = metrics.best, metrics.test or {}
    names = figure_names(best, test)
    columns = [("training", best), ("validation", validation_figures(best)), ("test", test)]
    blocks: list[Block] = [
        Lines([headline(record, record.status, directory)]),
        *measured_sheet(names, columns),
        *expected(record),
        *findings(record),
        run_facts(record, directory),
        *run_pictures(directory),
    ]
    return Document(directory.name, blocks, data)


def headline(record: RunRecord, status: str, directory: RunDirectory) -> Line:
    """The name of a run and how it stands, in a line."""
    reason = f": {record.stop_reason}" if record.stop_reason else ""
    return [
        Cell(directory.name, "strong"),
        " ",
        Cell(status, status_mark(status)),
        *([reason] if reason else []),
    ]


def status_mark(status: str) -> Mark:
    """What a status means: bad, unless it is a good one."""
    return _STATUS_MARKS.get(status, "bad")


def figure_names(*rows: Mapping[str, float | None]) -> list[str]:
    """The loss and the metrics that are in any of the rows, without the part they are of."""
    names = dict.fromkeys(name.removeprefix("val_") for row in rows for name in row)
    return [name for name in names if name not in NOT_METRICS]


def validation_figures(row: Mapping[str, float | None]) -> dict[str, float | None]:
    """Of a row, the figures of the validation, without what says so."""
    return {
        name.removeprefix("val_"): value for name, value in row.items() if name.startswith("val_")
    }


def measured_sheet(
    names: Sequence[str], columns: Iterable[tuple[Text, Mapping[str, float | None]]]
) -> list[Sheet]:
    """A row for each figure, a column for each part that has any; no table where none has."""
    filled = [column for column in columns if any(name in column[1] for name in names)]
    rows = [[name, *(_figure(values, name) for _, values in filled)] for name in names]
    return [Sheet("", ["", *(title for title, _ in filled)], rows)] if rows else []


def _figure(values: Mapping[str, float | None], name: str) -> str:
    """A figure by its name; empty where it was not measured."""
    # A run's record has null for what was not finite, which is not the same as not measured.
    if name not in values:
        return ""
    return "not finite" if values[name] is None else format_figure(values[name])


def expected(record: RunRecord) -> list[Sheet]:
    """What was expected of a run, with the value reached and whether it held."""
    return expectations_sheet(record.expectations)


def expectations_sheet(expectations: Iterable[Mapping[str, Any]]) -> list[Sheet]:
    """What was expected, with the value reached and whether it held; no table of nothing."""
    rows: list[list[Text]] = [
        [
            Cell("", "held" if item.get("held") else "missed"),
            str(item.get("figure", "")),
            format_figure(item.get("value")),
            _bounds(item),
        ]
        for item in expectations
    ]
    return [Sheet("", [""] * 4, rows, frozenset({0, 1, 3}))] if rows else []


def findings(record: RunRecord) -> list[Lines]:
    """What the curves of a run show."""
    words = in_words(record.diagnosis)
    return [Lines(words)] if words else []


def missed_expectation(item: Mapping[str, Any]) -> str:
    """An expectation that was not met, in a line.

    >>> missed_expectation({"figure": "val_accuracy", "value": 0.91, "min": 0.95})
    'val_accuracy is 0.91, expected at least 0.95'
    """
    value = "not finite" if item["value"] is None else format_figure(item["value"])
    return f"{item['figure']} is {value}, {_bounds(item)}"


def _bounds(item: Mapping[str, Any]) -> str:
    if item.get("equals") is not None:
        return f"expected {_exact(item['equals'])}"
    least, most = item.get("min"), item.get("max")
    parts = []
    if least is not None:
        parts.append(f"at least {_exact(least)}")
    if most is not None:
        parts.append(f"at most {_exact(most)}")
    return "expected " + " and ".join(parts) if parts else ""


def _exact(value: float) -> str:
    """A bound as the user wrote it: rounding one would make a lie of the mark beside it."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.15g}"


def run_facts(record: RunRecord, directory: RunDirectory, files: str = "") -> Facts:
    """Epochs, time and size of a run, where its files are, and in which state."""
    epochs = f"{record.epochs:,}"
    if record.best_epoch is not None:
        epochs += f", the best is {record.best_epoch:,}"
    facts: dict[str, str | Path] = {
        "epochs": epochs,
        "time": "" if record.seconds is None else format_seconds(record.seconds),
        "loss": f"of {record.loss_of}; metrics in the labels' own units" if record.loss_of else "",
        "parameters": "" if record.parameters is None else f"{record.parameters:,}",
        "engine": _engine(record),
        "run": directory.path,
        "model": directory.model if directory.model.exists() else "",
        "curves": directory.learning_curves if directory.learning_curves.exists() else "",
        "files": files,
    }
    return Facts({name: value for name, value in facts.items() if value != ""})


def _engine(record: RunRecord) -> str:
    name = str(record.engine.get("name", ""))
    reason = str(record.engine.get("reason", ""))
    place = f" on {record.device}" if record.device else ""
    return f"{name}{place}" + (f" ({reason})" if reason else "") if name else ""


def run_pictures(directory: RunDirectory) -> list[Picture]:
    """The plots that a run ended with."""
    files = {
        "Learning curves": directory.learning_curves,
        "Learning rate": directory.learning_rate,
        "Inside the training": directory.traces_plot,
    }
    return [stored_picture(caption, file) for caption, file in files.items() if file.exists()]


def stored_picture(caption: str, file: Path) -> Picture:
    """A picture that lies in a file, which others may have written."""
    return Picture(caption, partial(_read_png, file), str(file))


def _read_png(file: Path) -> bytes:
    """The picture in a file; empty where there is none."""
    with suppress(OSError):
        content = read_own(file, _LARGEST_PICTURE)
        return content if content.startswith(_PNG) else b""
    return b""
