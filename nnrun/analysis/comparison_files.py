"""A comparison as a file: CSV, Markdown, PNG or HTML."""

import csv
import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnrun.analysis.compared_run import ComparedRun
from nnrun.analysis.comparison import Comparison
from nnrun.analysis.comparison_tables import Style, differing_settings, sheets
from nnrun.analysis.differences import find_differences
from nnrun.analysis.overlay import draw_runs
from nnrun.analysis.significance import Interval
from nnrun.analysis.verdict_wording import Verdict, verdict_sentences
from nnrun.config.modes import mode_of
from nnrun.pages.sheets import escape_markdown, markdown_table
from nnrun.runs.atomic import write_text, write_with
from nnrun.runs.history import escape_cell
from nnrun.runs.settings import describe_briefly

COMPARISON_FORMAT = 1
SUFFIXES = (".html", ".png", ".csv", ".md")


def write_comparison(
    comparison: Comparison,
    verdicts: Sequence[Verdict],
    path: Path,
    *,
    columns: Sequence[str] = (),
    precision: int = 4,
) -> None:
    """Write a comparison to a file, whose suffix says in which form.

    Raises:
        RunError: The file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        write_with(path, lambda place: _draw(comparison, place))
    elif suffix == ".csv":
        write_text(path, to_csv(comparison))
    else:
        tables = sheets(comparison, Style(precision, "utf-8"), columns=columns)
        told = [*verdict_sentences(verdicts, comparison), *notes(comparison)]
        if suffix == ".md":
            parts = [f"# {title(comparison)}\n", *(f"{escape_markdown(text)}\n" for text in told)]
            write_text(path, "\n".join([*parts, *map(markdown_table, tables)]))
        else:
            from nnrun.pages.html import comparison_page

            page = comparison_page(title(comparison), told, tables, _picture(comparison))
            write_text(path, page)


def to_csv(comparison: Comparison) -> str:
    """A row for each run: its figures to the last digit, and the settings that differ."""
    runs = comparison.runs
    labels = {id(run): group.label for group in comparison.groups for run in group.runs}
    figures = list(dict.fromkeys(name for run in runs for name in run.figures))
    settings = [name for name in differing_settings(runs) if name not in ("name", "seed")]
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    head = ["side", "run", "name", "seed", "status", *figures, *settings]
    writer.writerow(map(_csv_cell, head))
    for run in runs:
        row = [
            labels[id(run)],
            str(run.directory.path),
            run.name,
            run.record.seed,
            run.status,
        ]
        row += [run.figures.get(name) for name in figures]
        row += [_setting(run.settings.get(name)) for name in settings]
        writer.writerow(map(_csv_cell, row))
    return file.getvalue()


def comparison_json(comparison: Comparison, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """A comparison for programs."""
    first = comparison.groups[0]
    return {
        "format": COMPARISON_FORMAT,
        "metric": comparison.metric,
        "mode": mode_of(comparison.metric, comparison.directions),
        "ranking": [group.label for group in comparison.ranked],
        "groups": [
            {
                "label": group.label,
                "seeds": group.seeds,
                "mean": _number(group.mean(comparison.metric)),
                "deviation": _number(group.spread(comparison.metric)),
                "differences": difference_list(first.runs[0], group.runs[0]),
                "runs": [_run_json(run) for run in group.runs],
            }
            for group in comparison.groups
        ],
        "verdicts": [_verdict_json(verdict) for verdict in verdicts],
        "notes": list(comparison.notes),
        "skipped": dict(comparison.skipped),
    }


def difference_list(first: ComparedRun, second: ComparedRun) -> list[dict[str, Any]]:
    """What differs between two configs, for JSON."""
    return [vars(item).copy() for item in find_differences(first.config, second.config)]


def notes(comparison: Comparison) -> list[str]:
    """What must be known about a comparison: about its data, and which runs were left out."""
    left_out = [f"skipped {name}: {reason}" for name, reason in comparison.skipped.items()]
    return [*(f"note: {note}" for note in comparison.notes), *left_out]


def title(comparison: Comparison) -> str:
    """What is compared, in a few words."""
    return f"Comparison of {len(comparison.runs)} runs by {comparison.metric}"


def _draw(comparison: Comparison, path: Path) -> None:
    groups = comparison.groups if comparison.is_small else comparison.ranked
    histories = {group.label: [run.history for run in group.runs] for group in groups}
    draw_runs(histories, path, training=False)


def _picture(comparison: Comparison) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curves.png"
        _draw(comparison, path)
        return path.read_bytes()


def _run_json(run: ComparedRun) -> dict[str, Any]:
    return {
        "run": str(run.directory.path),
        "name": run.name,
        "seed": run.record.seed,
        "status": run.status,
        "fingerprint": run.fingerprint,
        "figures": {name: _number(value) for name, value in run.figures.items()},
    }


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    interval = verdict.interval
    return {
        "method": verdict.method,
        "first": verdict.first,
        "second": verdict.second,
        "output": verdict.output,
        "metric": verdict.metric,
        "difference": _number(interval.difference) if interval else None,
        "interval": _ends(interval) if interval else None,
        "p": _number(interval.p) if interval else None,
        "p_adjusted": _number(interval.adjusted) if interval else None,
        "winner": verdict.winner,
        "text": verdict.text,
    }


def _ends(interval: Interval) -> list[float] | None:
    return None if interval.reason else [interval.low, interval.high]


def _setting(value: Any) -> Any:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return value if plain or value is None else describe_briefly(value)


def _csv_cell(value: Any) -> Any:
    return escape_cell(value) if isinstance(value, str) else value


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
