"""A run on one screen: what it is, how it went, and where things are."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nnrun.analysis.findings import in_words
from nnrun.analysis.tables import (
    expectations_table,
    fact_lines,
    figure_cell,
    headline,
    run_facts,
    wrapped,
)
from nnrun.config.components import looks_like_class
from nnrun.config.diagnostics import escaped
from nnrun.config.figures import on_validation, training_name
from nnrun.errors import RunError
from nnrun.pages.textplots import line_plot, speaks_unicode
from nnrun.runs.checksums import listed_files
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import NOT_METRICS, History
from nnrun.runs.manifest import Metrics, RunRecord, derived_status
from nnrun.runs.progress import read_progress
from nnrun.runs.settings import describe_briefly, read_run_config
from nnrun.runs.verifying import find_damage

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

RUN_FORMAT = 1
_CURVE_WIDTH = 30
_CURVE_HEIGHT = 6
_LOSS_DECADES = 30.0  # beyond that, the fall of the first epochs hides all others
_SECTIONS = ("optimizer", "schedule", "callbacks", "loss", "metrics")


@dataclasses.dataclass(frozen=True)
class RunReport:
    """What is known of a run.

    Attributes:
        directory: Where it lies.
        record: Its record.
        status: How it stands: see `manifest.derived_status`.
        metrics: Its figures; of a run that wrote none, those of its history.
        history: Its epochs; empty where there are none.
        config: Its config with every default; empty where it cannot be read.
        problems: What of it is damaged or cannot be read, by the file.
        whole: Whether all of it is as it was written; None where nobody can tell: it is being
            written, or has no checksums.
    """

    directory: RunDirectory
    record: RunRecord
    status: str
    metrics: Metrics
    history: History
    config: Mapping[str, Any]
    problems: Mapping[str, str]
    whole: bool | None

    def to_json(self) -> dict[str, Any]:
        """The report as data; figures that are not finite are null."""
        record = self.record.to_json()
        figures = {
            part: {name: _finite(value) for name, value in values.items()} if values else None
            for part, values in dataclasses.asdict(self.metrics).items()
        }
        return {
            "format": RUN_FORMAT,
            "run_dir": str(self.directory.path),
            "status": self.status,
            "record": {name: value for name, value in record.items() if name != "format"},
            "metrics": figures,
            "config": self.config,
            "problems": list(self.problems.values()),
            "whole": self.whole,
        }


def read_report(directory: RunDirectory) -> RunReport:
    """Read a run; what is damaged beside its record is told, not raised.

    Raises:
        RunError: Its record cannot be read.
    """
    record = RunRecord.read(directory.record)
    status = derived_status(directory, record)
    is_written = status == "running"
    problems = {} if is_written else find_damage(directory, record, status)
    history, config, metrics = History(), {}, Metrics()
    try:
        config = read_run_config(directory)
    except RunError as error:
        problems[directory.resolved.name] = error.message
    try:
        if directory.history.exists():
            history = History.read(directory.history)
    except RunError as error:
        problems[directory.history.name] = error.message
    try:
        if directory.metrics.exists():
            metrics = Metrics.read(directory.metrics)
        elif len(history):
            progress = read_progress(directory, record.directions)
            metrics = progress.metrics
            record = dataclasses.replace(
                record, epochs=progress.epochs, best_epoch=progress.best_epoch
            )
    except RunError as error:
        problems[directory.metrics.name] = error.message
    can_tell = problems or (not is_written and listed_files(directory.path))
    whole = not problems if can_tell else None
    return RunReport(directory, record, status, metrics, history, config, problems, whole)


def run_view(report: RunReport, *, encoding: str | None = None) -> "Group":
    """The report as something that a rich console prints.

    Args:
        report: What is known of the run.
        encoding: Of the place it is shown; decides between lines of dots and of ASCII.
    """
    from rich.console import Group
    from rich.text import Text

    # What stands in a run directory was perhaps written by others, and must not steer a terminal.
    shown = _without_controls(report)
    record, directory = shown.record, shown.directory
    parts: list[RenderableType] = [headline(record, shown.status, directory), ""]
    parts += [fact_lines(_declared(shown)), ""]
    if shown.metrics.best or shown.metrics.last:
        parts += [_figures(shown), ""]
    if record.expectations:
        parts += [expectations_table(record.expectations, speaks_unicode(encoding)), ""]
    curves = _curves(shown.history, encoding)
    if curves:
        parts += [Text(curves, no_wrap=True), ""]
    if words := in_words(record.diagnosis):
        parts += [*map(Text, words), ""]
    parts.append(run_facts(record, directory, _files(shown)))
    doubts = [*shown.problems.values(), *record.warnings]
    parts += [Text(f"warning: {doubt}", style="yellow") for doubt in doubts]
    return Group(*parts)


def _files(report: RunReport) -> str:
    """Whether the files of the run are as they were written."""
    if report.status == "running":
        return "being written"
    if report.whole is None:
        return "not verified: there are no checksums"
    if not report.whole:
        return f"damaged: {', '.join(report.problems)}"
    return "whole: all are as they were written"


def _declared(report: RunReport) -> dict[str, str]:
    """What the config says, and the data that it met."""
    config, record = report.config, report.record
    rows = record.data.get("rows")
    counts = rows.items() if isinstance(rows, Mapping) else ()
    dataset = config.get("dataset")
    dataset = dataset if isinstance(dataset, Mapping) else {}
    parts = [str(dataset.get("name") or record.data.get("source") or "unknown")]
    parts += [", ".join(f"{count:,} {part}" for part, count in counts if isinstance(count, int))]
    facts = {"experiment": record.name, "data": "; ".join(filter(None, parts))}
    facts["model"] = wrapped(_layers(config.get("architecture")))
    for name in _SECTIONS:
        value = config.get(name)
        listed = value if isinstance(value, list) else [value]
        facts[name] = wrapped(", ".join(describe_briefly(item) for item in listed if item))
    training = config.get("training")
    if isinstance(training, Mapping):
        epochs, batch = training.get("epochs"), training.get("batch_size")
        facts["training"] = f"up to {epochs} epochs in batches of {batch}; seed {record.seed}"
    return {name: value for name, value in facts.items() if value}


def _layers(architecture: Any) -> str:
    if isinstance(architecture, Mapping) and "outputs" in architecture:
        return ", ".join(_graph_layers(architecture))
    if not isinstance(architecture, list):
        return describe_briefly(architecture) if architecture else ""
    return ", ".join(describe_briefly(layer) for layer in architecture)


def _graph_layers(graph: Mapping[str, Any]) -> Iterator[str]:
    """The layers of a graph, each with what it comes from."""
    for section in ("layers", "outputs"):
        nodes = graph.get(section)
        for name, node in nodes.items() if isinstance(nodes, Mapping) else ():
            held = dict(node) if isinstance(node, Mapping) else {}
            source = held.pop("from", "")
            shared = f"{held['shared']} again" if "shared" in held else ""
            layer = next((key for key in held if looks_like_class(str(key))), "")
            what = shared or describe_briefly({layer: held[layer]} if layer else "?")
            yield f"{name}: {what} from {_named(source)}"


def _named(source: Any) -> str:
    names = source.values() if isinstance(source, Mapping) else source
    return source if isinstance(source, str) else " and ".join(map(str, names or ()))


def _figures(report: RunReport) -> "Table":
    """The figures of the best and of the last epoch, and of the test."""
    from rich.table import Table
    from rich.text import Text

    best, last, test = report.metrics.best, report.metrics.last, report.metrics.test or {}
    names = dict.fromkeys(training_name(name) for name in (*best, *last, *test))
    shown = [name for name in names if name not in NOT_METRICS]
    columns: list[tuple[str, Mapping[str, float | None]]] = []
    for title, row in (("best", best), ("last", last)):
        epoch = f"{title} epoch {_whole(row.get('epoch'))}".strip()
        validation = {name: row[val] for name in shown if (val := on_validation(name)) in row}
        training = {name: row[name] for name in shown if name in row}
        columns.append((f"{epoch}\ntraining", training))
        columns.append((f"{'' if training else epoch}\nvalidation", validation))
    columns.append(("best epoch\ntest", test))
    filled = [(title, values) for title, values in columns if values]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for title, _ in filled:
        table.add_column(Text(title), justify="right")
    for name in shown:
        table.add_row(Text(name), *(figure_cell(values, name) for _, values in filled))
    return table


def _curves(history: History, encoding: str | None) -> str:
    """The loss of the training and of the validation beside each other, on one scale."""
    series = {name: history.column(name) for name in ("loss", "val_loss") if _drawn(history, name)}
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    if not finite:
        return ""
    limits = min(finite), max(finite)
    log = limits[0] > 0 and limits[1] / limits[0] > _LOSS_DECADES
    scale = ", log scale" if log else ""
    blocks = []
    for name, values in series.items():
        plot = line_plot(
            values, _CURVE_WIDTH, _CURVE_HEIGHT, limits=limits, log=log, encoding=encoding
        )
        lines = [f"{name}, {len(values):,} epochs{scale}", *plot.splitlines()]
        width = max(map(len, lines))
        blocks.append([line.ljust(width) for line in lines])
    return "\n".join("   ".join(row).rstrip() for row in zip(*blocks, strict=True))


def _drawn(history: History, name: str) -> bool:
    return (
        name in history.columns
        and len(history) > 1
        and any(map(math.isfinite, history.column(name)))
    )


def _without_controls(report: RunReport) -> RunReport:
    record = _clean(dataclasses.asdict(report.record))
    record |= {name: tuple(record[name]) for name in ("expectations", "warnings", "diagnosis")}
    return dataclasses.replace(
        report,
        record=RunRecord(**record),
        config=_clean(report.config),
        problems=_clean(report.problems),
        metrics=Metrics(**_clean(dataclasses.asdict(report.metrics))),
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {escaped(str(key)): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list | tuple) else value


def _whole(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:,.0f}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
