"""A comparison as a document, as data and as CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnrun.analysis.compared_run import ComparedRun
from nnrun.analysis.comparison import Comparison
from nnrun.analysis.comparison_tables import differing_settings, sheets
from nnrun.analysis.differences import find_differences
from nnrun.analysis.overlay import draw_runs
from nnrun.analysis.significance import Interval
from nnrun.analysis.verdict_wording import Verdict, verdict_sentences
from nnrun.config.modes import mode_of
from nnrun.pages.document import Document, Picture
from nnrun.pages.style import png_of
from nnrun.runs.history import escape_cell
from nnrun.runs.settings import describe_briefly

COMPARISON_FORMAT = 1


def comparison_view(
    comparison: Comparison,
    verdicts: Sequence[Verdict],
    *,
    columns: Sequence[str] = (),
    precision: int = 4,
) -> Document:
    """A comparison as a document.

    Args:
        comparison: The runs.
        verdicts: What can be said about them.
        columns: Figures and settings to show instead of the usual ones.
        precision: Digits after the point.

    Raises:
        UserError: A column is neither a figure nor a setting.
    """
    curves = Picture(
        "The curves of all runs over the epochs",
        lambda: png_of(lambda path: draw_comparison(comparison, path)),
        name="curves",
    )
    notes = (f"note: {note}" for note in comparison.notes)
    return Document(
        f"Comparison of {len(comparison.runs)} runs by {comparison.metric}",
        [*sheets(comparison, precision, columns=columns), curves],
        lambda: comparison_json(comparison, verdicts),
        summary=[*verdict_sentences(verdicts, comparison), *notes],
        asides=[f"skipped {name}: {reason}" for name, reason in comparison.skipped.items()],
    )


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Draw the curves of all runs over the epochs."""
    groups = comparison.groups if comparison.is_small else comparison.ranked
    histories = {group.label: [run.history for run in group.runs] for group in groups}
    draw_runs(histories, path, training=False)


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
                "mean": group.mean(comparison.metric),
                "deviation": group.spread(comparison.metric),
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


def _run_json(run: ComparedRun) -> dict[str, Any]:
    return {
        "run": str(run.directory.path),
        "name": run.name,
        "seed": run.record.seed,
        "status": run.status,
        "fingerprint": run.fingerprint,
        "figures": dict(run.figures),
    }


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    interval = verdict.interval
    return {
        "method": verdict.method,
        "first": verdict.first,
        "second": verdict.second,
        "output": verdict.output,
        "metric": verdict.metric,
        "difference": interval.difference if interval else None,
        "interval": _ends(interval) if interval else None,
        "p": interval.p if interval else None,
        "p_adjusted": interval.adjusted if interval else None,
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
