"""A comparison as tables: the runs, what differs in their configs, what came out, the ranking."""

from collections.abc import Sequence
from typing import Any

from nnrun.analysis.compared_run import COUNTS, ComparedRun
from nnrun.analysis.comparison import (
    UNGROUPED,
    Comparison,
    Group,
    direction,
    directions_of,
)
from nnrun.analysis.differences import find_differences
from nnrun.analysis.differences_view import difference_rows
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.figures import Figure, is_loss, on_validation, plain_name
from nnrun.config.modes import Mode
from nnrun.errors import UserError
from nnrun.pages.document import Cell, Mark, Narrowing, Sheet
from nnrun.pages.numbers import format_decimals, format_seconds
from nnrun.pages.textplots import sparkline
from nnrun.runs.settings import describe_briefly

_ABSENT = "-"
_SPARK = 16


def sheets(
    comparison: Comparison, precision: int = 4, *, columns: Sequence[str] = ()
) -> list[Sheet]:
    """The tables of a comparison.

    Args:
        comparison: The runs.
        precision: Digits after the point.
        columns: Figures and settings to show instead of the usual ones.

    Raises:
        UserError: A column is neither a figure nor a setting.
    """
    _check_columns(comparison, columns)
    if not comparison.is_small:
        return [leaderboard(comparison, precision, columns)]
    first, *others = comparison.groups
    differing = [differences_sheet(first, other) for other in others]
    return [
        runs_sheet(comparison),
        *(sheet for sheet in differing if sheet.rows),
        figures_sheet(comparison, precision, columns),
    ]


def runs_sheet(comparison: Comparison) -> Sheet:
    """Which runs stand behind each label."""
    rows = [
        [
            Cell(group.label if number == 0 else ""),
            Cell(str(run.directory.path)),
            Cell(str(run.record.seed)),
            Cell(run.status),
        ]
        for group in comparison.groups
        for number, run in enumerate(group.runs)
    ]
    return Sheet("", ("runs", "directory", "seed", "status"), rows, frozenset({0, 1, 3}))


def differences_sheet(first: Group, second: Group) -> Sheet:
    """What differs between the configs of two sides, and the curves of the rate where they do."""
    before, after = first.runs[0], second.runs[0]
    found = find_differences(before.config, after.config, without=UNGROUPED)
    rows = difference_rows(found)
    rates = [_rates(run) for run in (before, after)]
    if found and rates[0] != rates[1]:
        rows.append(["(learning rate)", *map(_spark, rates)])
    labels = first.label, second.label
    return Sheet("what differs in the configs", ("setting", *labels), rows, frozenset({0, 1, 2}))


def figures_sheet(comparison: Comparison, precision: int, columns: Sequence[str] = ()) -> Sheet:
    """What came out: a row for each figure, better and worse than the first side's.

    Two sides leave room for the difference itself.
    """
    first, *others = comparison.groups
    headers = ["what came out", *(group.label for group in comparison.groups)]
    rows = []
    for name in columns or usual_figures(comparison):
        row = [
            Cell(name),
            *(Cell(value_text(group, name, precision)) for group in comparison.groups),
        ]
        changes = [_change(first, other, name, precision) for other in others]
        if len(changes) == 1:
            row += changes
        else:
            marked = zip(row[2:], changes, strict=True)
            row[2:] = [Cell(cell.text, change.mark) for cell, change in marked]
        rows.append(row)
    if len(others) == 1:
        headers.append("difference")
    return Sheet("", headers, rows)


def leaderboard(comparison: Comparison, precision: int, columns: Sequence[str] = ()) -> Sheet:
    """A row for each side, the best first, with only those columns in which they differ."""
    trees = {group.label: group.runs[0].settings for group in comparison.groups}
    settings = [name for name in differing_settings(comparison.runs) if name not in UNGROUPED]
    leading, others = _leading_figures(comparison)
    names = list(dict.fromkeys(columns or (*leading, *settings, *others)))
    several = any(len(group.seeds) > 1 for group in comparison.groups)
    headers = ["", "run", *(["seeds"] if several else []), *_short_names(names)]
    alike = {name: _alike([tree.get(name) for tree in trees.values()]) for name in names}
    rows = []
    for rank, group in enumerate(comparison.ranked, start=1):
        row = [Cell("" if group.broken_off else str(rank)), Cell(_marked(group))]
        row += [Cell(str(len(group.seeds)))] if several else []
        for name in names:
            value = trees[group.label].get(name)
            text = _unlike(value, *alike[name]) if isinstance(value, list) else ""
            row.append(Cell(text or value_text(group, name, precision)))
        rows.append(row)
    before = len(headers) - len(names)
    of_settings = frozenset(before + place for place, name in enumerate(names) if name in settings)
    narrowing = Narrowing(needed=of_settings, hint="choose with --columns")
    return Sheet("", headers, rows, of_settings | {1}, narrowing)


def _marked(group: Group) -> str:
    """What a side is called, with a mark where it broke off."""
    return f"{group.label} ({group.runs[0].status})" if group.broken_off else group.label


def _short_names(names: Sequence[str]) -> list[str]:
    """The last parts of paths where these tell them apart."""
    ends = [name if Figure.parse(name).of_last_epoch else name.rpartition(".")[2] for name in names]
    return [end if ends.count(end) == 1 else name for name, end in zip(names, ends, strict=True)]


def _alike(values: Sequence[Any]) -> tuple[int, int]:
    """How many items all lists have in common at their beginning and at their end."""
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) != len(values):
        return 0, 0
    shortest = min(map(len, lists))
    first, *others = lists
    start = 0
    while start < shortest and all(other[start] == first[start] for other in others):
        start += 1
    end = 0
    while end < shortest - start and all(other[-1 - end] == first[-1 - end] for other in others):
        end += 1
    return start, end


def _unlike(items: Sequence[Any], start: int, end: int) -> str:
    """A list without what it shares with all others."""
    return describe_briefly(list(items[start : len(items) - end])) or _ABSENT


def usual_figures(comparison: Comparison) -> list[str]:
    """The figures that are shown where none are chosen: validation, its last epoch, test, counts."""
    known = dict.fromkeys(name for run in comparison.runs for name in run.figures)
    measured = [name for name in known if name not in COUNTS]
    watched = [name for name in measured if Figure.parse(name).part != "train"]
    by_epoch = sorted(watched or measured, key=lambda name: Figure.parse(name).of_last_epoch)
    usual = [*by_epoch, *(name for name in COUNTS if name in known)]
    return list(dict.fromkeys((comparison.metric, *usual)))


def differing_settings(runs: Sequence[ComparedRun]) -> list[str]:
    """The settings in which the configs of runs are not all alike."""
    names = dict.fromkeys(name for run in runs for name in run.chosen)
    return [name for name in names if len({repr(run.settings.get(name)) for run in runs}) > 1]


def value_text(group: Group, name: str, precision: int) -> str:
    """A figure (over several seeds, its mean and standard deviation) or a setting of a side."""
    if not any(name in run.figures for run in group.runs):
        settings = group.runs[0].settings
        return describe_briefly(settings[name]) if name in settings else _ABSENT
    value, spread = group.mean(name), group.spread(name)
    if value is None:
        return _ABSENT
    if name == "seconds":
        return format_seconds(value)
    text = format_decimals(value, precision)
    if not spread:
        return text
    rounded = f"{spread:,.{precision}f}"
    return f"{text} ±{rounded if rounded.strip('0.') else f'{spread:.1g}'}"


def _leading_figures(comparison: Comparison) -> tuple[list[str], list[str]]:
    """The figures of a leaderboard, the metric on all parts and others; only where they differ."""
    plain = plain_name(comparison.metric)
    leading = [comparison.metric, on_validation(plain), str(Figure(plain, "test"))]
    others = ["val_loss", *COUNTS]

    def differs(name: str) -> bool:
        return len({group.mean(name) for group in comparison.groups}) > 1

    return [name for name in leading if name == comparison.metric or differs(name)], [
        *filter(differs, others)
    ]


def _check_columns(comparison: Comparison, columns: Sequence[str]) -> None:
    known = {name: None for run in comparison.runs for name in (*run.figures, *run.settings)}
    for name in columns:
        if name not in known:
            hint = did_you_mean(name, known) or "Figures are: " + ", ".join(
                comparison.runs[0].figures
            )
            raise UserError(f"--columns: no run has a figure or setting {name!r}", hint=hint)


def _change(first: Group, other: Group, name: str, precision: int) -> Cell:
    before, after = first.mean(name), other.mean(name)
    if before is None or after is None or name == "best_epoch":
        return Cell("")
    if is_loss(name) and first.runs[0].record.loss_of != other.runs[0].record.loss_of:
        return Cell("")  # these are no numbers of one kind
    change = after - before
    if change == 0:
        return Cell("same")
    sign, size = "+" if change > 0 else "-", abs(change)
    text = format_seconds(size) if name == "seconds" else format_decimals(size, precision)
    return Cell(sign + text, _mark(direction(name, directions_of(first, other)), change))


def _mark(mode: Mode | None, change: float) -> Mark:
    if mode is None:
        return ""
    return "better" if (change > 0) == (mode == "max") else "worse"


def _rates(run: ComparedRun) -> list[float]:
    known = "learning_rate" in run.history.columns
    return run.history.column("learning_rate") if known else []


def _spark(rates: Sequence[float]) -> str:
    if not rates:
        return _ABSENT
    if len(set(rates)) == 1:
        return f"{rates[0]:.3g} throughout"
    return f"{sparkline(rates, _SPARK)} {rates[0]:.3g} to {rates[-1]:.3g}"
