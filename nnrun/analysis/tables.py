"""The final summary of a run, as a table for the terminal or as plain text."""

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nnrun.analysis.findings import in_words
from nnrun.config.figures import on_validation, training_name
from nnrun.pages.textplots import speaks_unicode
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import NOT_METRICS
from nnrun.runs.manifest import Metrics, RunRecord

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

_MINUTE = 60
_WORDS = 64  # columns, of the 80 that the narrowest usual terminal has
_STATUS_STYLES = {"finished": "green", "running": "cyan", "interrupted": "yellow"}


def results_table(
    record: RunRecord,
    metrics: Metrics,
    directory: RunDirectory,
    *,
    status: str | None = None,
    encoding: str | None = None,
) -> "Group":
    """The final summary of a run: how it ended, its figures, what was expected, where things are.

    Args:
        record: The run's record.
        metrics: Its figures.
        directory: Where it lies.
        status: How it stands where that is not what the record says (`died`).
        encoding: Of the place it is shown; decides between ✓ and its ASCII.

    Returns:
        Something that a rich console prints, and `render` makes text of.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [headline(record, status or record.status, directory)]
    figures = _figures(metrics)
    if figures.row_count:
        parts += ["", figures]
    if record.expectations:
        parts += ["", expectations_table(record.expectations, speaks_unicode(encoding))]
    if words := in_words(record.diagnosis):
        parts += ["", *map(Text, words)]
    parts += ["", run_facts(record, directory)]
    return Group(*parts)


def render(renderable: "RenderableType", *, width: int = 100, color: bool = False) -> str:
    """What a console would print, as text.

    Args:
        renderable: A table or anything else of rich's.
        width: The width of the lines, which end where their text does.
        color: Whether to keep the colours, as ANSI codes.

    Returns:
        The text, with an end of line.
    """
    import io

    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def format_seconds(seconds: float) -> str:
    """A duration as people say it.

    >>> [format_seconds(seconds) for seconds in (0.0123, 4.25, 75, 7384)]
    ['12.3 ms', '4.2 s', '1 min 15 s', '2 h 3 min']
    """
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def format_figure(value: float | None) -> str:
    """A figure of a table: whole numbers in groups of three, others to five digits.

    >>> [format_figure(value) for value in (266610, 0.88512345, 1.5e-7, None)]
    ['266,610', '0.88512', '1.5e-07', '-']
    """
    if value is None:
        return "-"
    if isinstance(value, int) or (math.isfinite(value) and value == round(value) != 0):
        return f"{round(value):,}" if abs(value) < 1e15 else f"{value:.5g}"  # noqa: PLR2004
    return f"{value:.5g}"


def headline(record: RunRecord, status: str, directory: RunDirectory) -> "Text":
    """The name of a run and how it stands, in a line."""
    from rich.text import Text

    text = Text.assemble(
        (directory.name, "bold"), " ", (status, _STATUS_STYLES.get(status, "bold red"))
    )
    if record.stop_reason:
        text.append(f": {record.stop_reason}")
    return text


def _grid(*justify: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for side in justify:
        table.add_column(justify="right" if side == "right" else "left", overflow="fold")
    return table


def _figures(metrics: Metrics) -> "Table":
    from rich.table import Table
    from rich.text import Text

    best, test = metrics.best, metrics.test or {}
    names = dict.fromkeys(training_name(name) for name in (*best, *test))
    shown = [name for name in names if name not in NOT_METRICS]
    columns: dict[str, Mapping[str, float | None]] = {
        "training": {name: best[name] for name in shown if name in best},
        "validation": {name: best[val] for name in shown if (val := on_validation(name)) in best},
        "test": {name: test[name] for name in shown if name in test},
    }
    filled = {title: values for title, values in columns.items() if values}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for title in filled:
        table.add_column(title, justify="right")
    for name in shown:
        # As Text, since rich would take brackets in a name for markup.
        table.add_row(Text(name), *(figure_cell(values, name) for values in filled.values()))
    return table


def figure_cell(values: Mapping[str, float | None], name: str) -> str:
    """A figure by its name; empty where it was not measured."""
    # A run's record has null for what was not finite, which is not the same as not measured.
    if name not in values:
        return ""
    return "not finite" if values[name] is None else format_figure(values[name])


def expectations_table(expectations: Iterable[Mapping[str, Any]], unicode: bool) -> "Table":
    """What was expected of a run, with the value reached and whether it held."""
    from rich.text import Text

    yes, no = ("✓", "✗") if unicode else ("ok", "FAILED")
    table = _grid("left", "left", "right", "left")
    for item in expectations:
        mark = Text(yes, "green") if item.get("held") else Text(no, "bold red")
        value = format_figure(item.get("value"))
        table.add_row(mark, Text(str(item.get("figure", ""))), value, _bounds(item))
    return table


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


def run_facts(record: RunRecord, directory: RunDirectory, files: str = "") -> "Text":
    """Epochs, time and size of a run, where its files are, and in which state."""
    epochs = f"{record.epochs:,}"
    if record.best_epoch is not None:
        epochs += f", the best is {record.best_epoch:,}"
    facts = {
        "epochs": epochs,
        "time": "" if record.seconds is None else format_seconds(record.seconds),
        "loss": f"of {record.loss_of}; metrics in the labels' own units" if record.loss_of else "",
        "parameters": "" if record.parameters is None else f"{record.parameters:,}",
        "engine": wrapped(_engine(record)),
        "run": str(directory.path),
        "model": str(directory.model) if directory.model.exists() else "",
        "curves": str(directory.learning_curves) if directory.learning_curves.exists() else "",
        "files": files,
    }
    return fact_lines({name: value for name, value in facts.items() if value})


def fact_lines(facts: Mapping[str, str]) -> "Text":
    """Facts with their names, a line each however long, so that a path can be copied whole.

    The further lines of a fact that is `wrapped` stand below its first.
    """
    from rich.text import Text

    width = max(len(name) for name in facts)
    below = "\n" + " " * (width + 2)
    lines = (
        Text(f"{name:<{width}}  {value}".replace("\n", below)) for name, value in facts.items()
    )
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def wrapped(text: str) -> str:
    """Words in lines so short that a narrow terminal holds them beside the name of a fact."""
    return textwrap.fill(text, _WORDS, break_long_words=False, break_on_hyphens=False)


def _engine(record: RunRecord) -> str:
    name = str(record.engine.get("name", ""))
    reason = str(record.engine.get("reason", ""))
    place = f" on {record.device}" if record.device else ""
    return f"{name}{place}" + (f" ({reason})" if reason else "") if name else ""
