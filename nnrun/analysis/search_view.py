"""A search: the best settings, what they gain on the config's own, and how they do with other seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnrun.analysis.significance import Interval, holm, paired_t
from nnrun.analysis.sweep_view import judged_figures, mean_cell, told_apart
from nnrun.pages.document import Block, Lines, Narrowing, Sheet, Text
from nnrun.pages.numbers import format_decimals
from nnrun.runs.settings import describe_briefly, short_path
from nnrun.runs.study_record import SEARCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.analysis.study_report import StudyReport, TrialGroup
    from nnrun.config.space import Setting

_SHOWN = 5
_SEED = "seed"


def ranked_groups(report: StudyReport) -> list[TrialGroup]:
    """The settings of a search that were trained to their end, the best first; none of another study."""
    return report.trained if report.record.kind == SEARCH else []


def best_settings(report: StudyReport) -> Setting | None:
    """The best settings of a search, by its confirmation if that is complete; None if there are none."""
    within = report.confirmation
    if within is None or within.status != "finished":
        ranked = ranked_groups(report)
    else:
        ranked = within.trained
    return ranked[0].settings if ranked else None


def search_blocks(report: StudyReport) -> list[Block]:
    """The best settings as a table and a sentence, then the same with other seeds; nothing otherwise."""
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
    return [sheet, Lines([_gain(report, ranked)]), *_confirmation_blocks(report)]


def _gain(report: StudyReport, ranked: list[TrialGroup]) -> str:
    """What the best settings gain on the config's own, and what to do with them."""
    metric = report.record.metric
    best = ranked[0]
    own = _own(report)
    if best is own:
        return f"None of the settings has a better {metric} than the config's own."
    value = format_decimals(best.spreads[metric].mean)
    against = ""
    if own is not None and metric in own.spreads:
        against = f", the config's own values {format_decimals(own.spreads[metric].mean)}"
    advice = "" if report.confirmation else ": train best.yaml with other seeds"
    return (
        f"The best settings have a {metric} of {value}{against}. They were chosen by these very "
        f"rows, which flatters them{advice}."
    )


def _confirmation_blocks(report: StudyReport) -> list[Block]:
    """The settings that were trained again with other seeds, and whether they really gain."""
    within = report.confirmation
    if within is None or not within.groups:
        return []
    figures = judged_figures(within)
    rows: list[list[Text]] = [
        [
            _number(report, group),
            *(mean_cell(group.spreads.get(figure)) for figure in figures),
            f"{len(group.trials):,}",
        ]
        for group in within.groups
    ]
    columns = ["trial", *figures, "other seeds"]
    sheet = Sheet("", columns, rows, frozenset({0}), Narrowing([*range(len(columns))]))
    verdict = [Lines([_verdict(report, within)])] if len(within.groups) > 1 else []
    return [sheet, *verdict]


def _verdict(report: StudyReport, within: StudyReport) -> str:
    """What the best of the confirmed settings gains on the config's own."""
    metric, ranked, own = report.record.metric, within.trained, _own(within)
    if own is None or own not in ranked:
        return "The config's own values did not train to their end with all of these seeds."
    best = ranked[0]
    mean = format_decimals(own.spreads[metric].mean)
    if best is own:
        return f"With other seeds, none of them is better than the config's own values ({mean})."
    others = [group for group in ranked if group is not own]
    interval = _gains(own, others, metric)[0]
    sentence = (
        f"With other seeds, the settings of trial {_number(report, best)} have a {metric} of "
        f"{format_decimals(best.spreads[metric].mean)}, the config's own values {mean}: "
        f"a difference of {format_decimals(interval.difference)}"
    )
    if interval.reason:
        return f"{sentence}; {interval.reason}."
    return f"{sentence}, {told_apart(interval)}."


def _gains(own: TrialGroup, others: Sequence[TrialGroup], metric: str) -> list[Interval]:
    """The differences from the config's own values, seed by seed; the tests allow for their number."""
    before = _by_seed(own, metric)
    intervals = []
    for group in others:
        after = _by_seed(group, metric)
        seeds = [seed for seed in before if seed in after]
        first, second = ([side[seed] for seed in seeds] for side in (before, after))
        if len(seeds) > 1:
            intervals.append(paired_t(first, second))
        else:
            difference = group.spreads[metric].mean - own.spreads[metric].mean
            intervals.append(Interval(difference, reason="too few seeds for an interval"))
    tested = [one for one in intervals if one.p is not None]
    adjusted = iter(holm([one.p for one in tested if one.p is not None]))
    return [
        one if one.p is None else replace(one, adjusted=next(adjusted)).reaching()
        for one in intervals
    ]


def _by_seed(group: TrialGroup, metric: str) -> dict[int, float]:
    known = ((trial.row.settings[_SEED], trial.figures.get(metric)) for trial in group.trials)
    return {seed: value for seed, value in known if value is not None}


def _own(report: StudyReport) -> TrialGroup | None:
    """The trials with the config's own values."""
    return next((group for group in report.groups if not group.settings), None)


def _number(report: StudyReport, confirmed: TrialGroup) -> str:
    """The number of the trial whose settings were confirmed."""
    same = (group for group in report.groups if group.settings == confirmed.settings)
    group = next(same, None)
    return "-" if group is None else str(group.trials[0].row.number)


def _settings(group: TrialGroup) -> str:
    """What is changed in the config, in a line."""
    changes = (f"{short_path(path)} {_value(value)}" for path, value in group.settings.items())
    return ", ".join(changes) or "the config's own"


def _value(value: Any) -> str:
    return f"[{describe_briefly(value)}]" if isinstance(value, list) else describe_briefly(value)
