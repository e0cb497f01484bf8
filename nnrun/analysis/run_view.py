"""A run on one screen: what it is, how it went, and where things are."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nnrun.analysis.run_summary import (
    expected,
    figure_names,
    findings,
    headline,
    measured_sheet,
    run_facts,
    run_pictures,
    validation_figures,
)
from nnrun.config.components import looks_like_class
from nnrun.errors import RunError
from nnrun.pages.document import Block, Cell, Document, Facts, Lines, Plot, Sheet, Text
from nnrun.runs.checksums import listed_files
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord, derived_status
from nnrun.runs.progress import read_progress
from nnrun.runs.settings import describe_briefly, read_run_config
from nnrun.runs.verifying import find_damage

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
        """The report as data."""
        record = self.record.to_json()
        metrics = dataclasses.asdict(self.metrics)
        return {
            "format": RUN_FORMAT,
            "run_dir": str(self.directory.path),
            "status": self.status,
            "record": {name: value for name, value in record.items() if name != "format"},
            "metrics": {part: figures or None for part, figures in metrics.items()},
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


def run_view(report: RunReport) -> Document:
    """The report as a document."""
    record, directory = report.record, report.directory
    blocks: list[Block] = [
        Lines([headline(record, report.status, directory)]),
        Facts(_declared(report)),
        *_figures(report.metrics),
        *expected(record),
        *_curves(report.history),
        *findings(record),
        run_facts(record, directory, _files(report)),
    ]
    doubts = [*report.problems.values(), *record.warnings]
    if doubts:
        blocks.append(Lines([Cell(f"warning: {doubt}", "doubt") for doubt in doubts]))
    return Document(directory.name, [*blocks, *run_pictures(directory)], report.to_json)


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
    facts["model"] = _layers(config.get("architecture"))
    for name in _SECTIONS:
        value = config.get(name)
        listed = value if isinstance(value, list) else [value]
        facts[name] = ", ".join(describe_briefly(item) for item in listed if item)
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


def _figures(metrics: Metrics) -> list[Sheet]:
    """The figures of the best and of the last epoch, and of the test."""
    best, last, test = metrics.best, metrics.last, metrics.test or {}
    names = figure_names(best, last, test)
    columns: list[tuple[Text, Mapping[str, float | None]]] = []
    for title, row in (("best", best), ("last", last)):
        epoch = f"{title} epoch {_whole(row.get('epoch'))}".strip()
        is_measured = any(name in row for name in names)
        columns.append((Cell(f"{epoch}\ntraining", breaks=True), row))
        above = "" if is_measured else epoch
        columns.append((Cell(f"{above}\nvalidation", breaks=True), validation_figures(row)))
    return measured_sheet(names, [*columns, (Cell("best epoch\ntest", breaks=True), test)])


def _curves(history: History) -> list[Plot]:
    """The loss of the training and of the validation beside each other, on one scale."""
    names = [name for name in ("loss", "val_loss") if _drawn(history, name)]
    if not names:
        return []
    curves = {name: history.column(name) for name in names}
    plot = Plot(curves, _CURVE_WIDTH, _CURVE_HEIGHT)
    least, most = plot.limits
    log = least > 0 and most / least > _LOSS_DECADES
    scale = ", log scale" if log else ""
    titled = {f"{name}, {len(curves[name]):,} epochs{scale}": curves[name] for name in names}
    return [dataclasses.replace(plot, curves=titled, log=log)]


def _drawn(history: History, name: str) -> bool:
    return (
        name in history.columns
        and len(history) > 1
        and any(map(math.isfinite, history.column(name)))
    )


def _whole(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:,.0f}"
