"""A comparison as tables: the runs, what differs in their configs, what came out, the ranking."""

from collections.abc import Sequence

from nnrun.config.diagnostics import did_you_mean
from nnrun.errors import UserError
from nnrun.reports.comparison import (
    COUNTS,
    UNGROUPED,
    ComparedRun,
    Comparison,
    Group,
    direction,
)
from nnrun.reports.differences import (
    Difference,
    describe_briefly,
    describe_value,
    find_differences,
    flatten,
)
from nnrun.reports.sheets import Cell, Mark, Sheet
from nnrun.reports.tables import format_seconds
from nnrun.reports.textplots import sparkline
from nnrun.reports.verdict import is_small

PRECISION = 4
_ABSENT = "-"
_SPARK = 16
_TOO_LARGE = 1e7


def sheets(
    comparison: Comparison,
    *,
    columns: Sequence[str] = (),
    precision: int = PRECISION,
    encoding: str | None = None,
) -> list[Sheet]:
    """The tables of a comparison.

    Args:
        comparison: The runs.
        columns: Figures and settings to show instead of the usual ones.
        precision: Digits after the point.
        encoding: Of the place they are shown; decides between blocks and ASCII for curves.

    Raises:
        UserError: A column is neither a figure nor a setting.
    """
    _check_columns(comparison, columns)
    if not is_small(comparison):
        return [leaderboard(comparison, columns, precision)]
    first, *others = comparison.groups
    differing = [differences_sheet(first, other, encoding) for other in others]
    return [
        runs_sheet(comparison),
        *(sheet for sheet in differing if sheet.rows),
        figures_sheet(comparison, columns, precision),
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


def differences_sheet(first: Group, second: Group, encoding: str | None = None) -> Sheet:
    """What differs between the configs of two sides, and the curves of the rate where they do."""
    before, after = first.runs[0], second.runs[0]
    found = find_differences(before.config, after.config, without=UNGROUPED)
    rows = difference_rows(found)
    rates = [_rates(run) for run in (before, after)]
    if found and rates[0] != rates[1]:
        rows.append([Cell("(rate by epoch)"), *(Cell(_spark(rate, encoding)) for rate in rates)])
    labels = first.label, second.label
    return Sheet("what differs in the configs", ("setting", *labels), rows, frozenset({0, 1, 2}))


def difference_rows(differences: Sequence[Difference]) -> list[list[Cell]]:
    """A row for each difference: where, before and after."""
    return [
        [
            Cell(difference.path),
            Cell(_ABSENT if difference.kind == "added" else describe_value(difference.before)),
            Cell(_ABSENT if difference.kind == "gone" else describe_value(difference.after)),
        ]
        for difference in differences
    ]


def figures_sheet(comparison: Comparison, columns: Sequence[str], precision: int) -> Sheet:
    """What came out: a row for each figure, with the differences to the first side."""
    first, *others = comparison.groups
    headers = ["what came out", first.label]
    for other in others:
        headers += [other.label, "difference"]
    rows = []
    for name in columns or usual_figures(comparison):
        row = [Cell(name), Cell(value_text(first, name, precision))]
        for other in others:
            row += [
                Cell(value_text(other, name, precision)),
                _change(first, other, name, precision),
            ]
        rows.append(row)
    return Sheet("", headers, rows)


def leaderboard(comparison: Comparison, columns: Sequence[str], precision: int) -> Sheet:
    """A row for each side, the best first, with only those columns in which they differ."""
    settings = [
        name for name in differing_settings(comparison.runs) if name.split(".")[0] not in UNGROUPED
    ]
    chosen = list(columns) or [*_leading_figures(comparison), *settings]
    names = list(dict.fromkeys((comparison.metric, *chosen)))
    several = any(len(group.seeds) > 1 for group in comparison.groups)
    headers = ["", "run", *(["seeds"] if several else []), *names]
    rows = []
    for rank, group in enumerate(comparison.ranked, start=1):
        row = [Cell(str(rank)), Cell(group.label)]
        row += [Cell(str(len(group.seeds)))] if several else []
        rows.append(row + [Cell(value_text(group, name, precision)) for name in names])
    left = {1} | {place for place, name in enumerate(headers) if name in settings}
    return Sheet("", headers, rows, frozenset(left))


def usual_figures(comparison: Comparison) -> list[str]:
    """The figures that are shown where none are chosen: validation, its last epoch, test, counts."""
    known = dict.fromkeys(name for run in comparison.runs for name in run.figures)
    measured = [name for name in known if name not in COUNTS]
    watched = [name for name in measured if name.startswith(("val_", "last.val_", "test_"))]
    best = [name for name in watched or measured if not name.startswith("last.")]
    last = [name for name in watched or measured if name.startswith("last.")]
    usual = [*best, *last, *(name for name in COUNTS if name in known)]
    return list(dict.fromkeys((comparison.metric, *usual)))


def differing_settings(runs: Sequence[ComparedRun]) -> list[str]:
    """The settings in which the configs of runs are not all alike."""
    trees = [flatten(run.config) for run in runs]
    names = dict.fromkeys(name for tree in trees for name in tree)
    return [name for name in names if len({repr(tree.get(name)) for tree in trees}) > 1]


def value_text(group: Group, name: str, precision: int) -> str:
    """A figure (over several seeds, its mean and standard deviation) or a setting of a side."""
    if name not in group.runs[0].figures:
        settings = flatten(group.runs[0].config)
        return describe_briefly(settings[name]) if name in settings else _ABSENT
    value, spread = group.mean(name), group.spread(name)
    if value is None:
        return _ABSENT
    if name == "seconds":
        return format_seconds(value)
    return format_value(value, precision) + (
        f" +-{format_value(spread, precision)}" if spread else ""
    )


def format_value(value: float, precision: int) -> str:
    """A number with so many digits after the point; very small and large ones with as many digits.

    >>> format_value(0.93456, 3), format_value(0.0000123, 3), format_value(266610, 3)
    ('0.935', '1.23e-05', '266,610')
    """
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    if abs(value) >= _TOO_LARGE or abs(value) < 10.0 ** (1 - max(precision, 2)):
        return f"{value:.{max(precision, 1)}g}"
    return f"{value:,.{precision}f}"


def _leading_figures(comparison: Comparison) -> list[str]:
    """The figures of a leaderboard: the metric on all parts, and the counts that differ."""
    plain = comparison.metric.removeprefix("last.").removeprefix("test_").removeprefix("val_")
    wanted = (comparison.metric, f"val_{plain}", f"test_{plain}", "val_loss", *COUNTS)
    return [name for name in wanted if len({group.mean(name) for group in comparison.groups}) > 1]


def _check_columns(comparison: Comparison, columns: Sequence[str]) -> None:
    known = {name: None for run in comparison.runs for name in (*run.figures, *flatten(run.config))}
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
    change = after - before
    if change == 0:
        return Cell("same")
    sign, size = "+" if change > 0 else "-", abs(change)
    text = format_seconds(size) if name == "seconds" else format_value(size, precision)
    return Cell(sign + text, _mark(name, change))


def _mark(name: str, change: float) -> Mark:
    mode = direction(name)
    if mode is None:
        return ""
    return "better" if (change > 0) == (mode == "max") else "worse"


def _rates(run: ComparedRun) -> list[float]:
    known = "learning_rate" in run.history.columns
    return run.history.column("learning_rate") if known else []


def _spark(rates: Sequence[float], encoding: str | None) -> str:
    if not rates:
        return _ABSENT
    if len(set(rates)) == 1:
        return f"{rates[0]:.3g} throughout"
    return f"{sparkline(rates, _SPARK, encoding=encoding)} {rates[0]:.3g} to {rates[-1]:.3g}"
