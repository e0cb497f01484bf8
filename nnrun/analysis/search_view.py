"""A search: the best settings, what they gain on the config's own, and where they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.analysis.sweep_view import short_path
from nnrun.pages.document import Block, Lines, Sheet, Text
from nnrun.pages.numbers import format_decimals
from nnrun.runs.settings import describe_briefly
from nnrun.runs.study_record import SEARCH

if TYPE_CHECKING:
    from nnrun.analysis.study_report import StudyReport, TrialGroup

_SHOWN = 5


def ranked_groups(report: StudyReport) -> list[TrialGroup]:
    """The settings of a search that were trained to their end, the best first; none of another study."""
    if report.record.kind != SEARCH:
        return []
    return [
        group
        for group in report.ranked
        if all(trial.row.state == "finished" for trial in group.trials)
    ]


def best_group(report: StudyReport) -> TrialGroup | None:
    """The best settings; None if no trial has finished."""
    return next(iter(ranked_groups(report)), None)


def search_blocks(report: StudyReport) -> list[Block]:
    """The best settings as a table and a sentence; nothing for another study."""
    ranked = ranked_groups(report)
    if not ranked:
        return []
    metric = report.record.metric
    rows: list[list[Text]] = [
        [
            str(group.trials[0].row.number),
            format_decimals(group.spreads[metric].mean),
            _settings(group),
        ]
        for group in ranked[:_SHOWN]
    ]
    sheet = Sheet("", ["trial", metric, "settings"], rows, frozenset({2}))
    return [sheet, Lines([_gain(report, ranked)])]


def _gain(report: StudyReport, ranked: list[TrialGroup]) -> str:
    """What the best settings gain on the config's own, and what to do with them."""
    metric = report.record.metric
    best = ranked[0]
    own = next((group for group in report.groups if not group.settings), None)
    if best is own:
        return f"None of the settings has a better {metric} than the config's own."
    value = format_decimals(best.spreads[metric].mean)
    against = ""
    if own is not None and metric in own.spreads:
        against = f", the config's own values {format_decimals(own.spreads[metric].mean)}"
    return (
        f"The best settings have a {metric} of {value}{against}. They were chosen by these very "
        "rows, which flatters them: train best.yaml with other seeds, and look at the test rows then."
    )


def _settings(group: TrialGroup) -> str:
    """What is changed in the config, in a line."""
    changes = (f"{short_path(path)} {_value(value)}" for path, value in group.settings.items())
    return ", ".join(changes) or "the config's own"


def _value(value: Any) -> str:
    return f"[{describe_briefly(value)}]" if isinstance(value, list) else describe_briefly(value)
