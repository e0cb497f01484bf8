"""A study on one screen: its trials, and what they come to together."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from nnrun.analysis.overlay import draw_runs, read_histories
from nnrun.analysis.run_summary import expectations_sheet, status_mark, stored_picture
from nnrun.analysis.search_view import best_settings, search_blocks
from nnrun.analysis.study_report import REPEATING, Spread, StudyReport, TrialGroup, TrialReport
from nnrun.analysis.sweep_view import sweep_blocks, swept_option
from nnrun.config.figures import Figure
from nnrun.config.split import FOLD
from nnrun.pages.document import (
    Block,
    Cell,
    Document,
    Facts,
    Line,
    Lines,
    Narrowing,
    Picture,
    Sheet,
    Text,
)
from nnrun.pages.numbers import format_decimals, format_figure, format_seconds
from nnrun.pages.style import png_of
from nnrun.runs.settings import describe_briefly
from nnrun.runs.study_record import SEARCH

_ABSENT = "-"
_ABOUT_FOLDS = (
    "The intervals allow for the training rows that the folds share (Nadeau and Bengio, 2003)."
)


def study_view(report: StudyReport, *, with_trials: bool = True) -> Document:
    """The report as a document.

    Args:
        report: The study.
        with_trials: Whether its trials stand there one by one.
    """
    blocks: list[Block] = [Lines([study_headline(report)])]
    if with_trials:
        blocks.append(trials_sheet(report))
    if len(report.groups) == 1:
        (group,) = report.groups
        blocks += [spread_sheet(group), *expectations_sheet(group.expectations)]
        if group.overlap:
            blocks.append(Lines([_ABOUT_FOLDS]))
    blocks += [*sweep_blocks(report), *search_blocks(report)]
    if len(report.groups) > len(report.judged) == 1:
        blocks += expectations_sheet(report.judged[0].expectations)
    blocks.append(study_facts(report))
    if picture := _picture(report):
        blocks.append(stored_picture(*picture))
    if report.trials:
        blocks.append(study_curves(report))
    return Document(report.directory.name, blocks, report.to_json)


def study_headline(report: StudyReport) -> Line:
    """The name of a study and how it stands, in a line."""
    reason = f": {report.record.reason}" if report.record.reason else ""
    return [
        Cell(report.directory.name, "strong"),
        " ",
        Cell(report.status, status_mark(report.status)),
        *([reason] if reason else []),
    ]


def trial_columns(figures: Sequence[str], paths: Sequence[str]) -> list[str]:
    """The headers of a table of trials.

    Args:
        figures: The figures.
        paths: What the trials change in the config.
    """
    names = [path.rpartition(".")[2] if path == FOLD else path for path in paths]
    return ["trial", *names, *figures, "epochs", "seconds", "state"]


def trial_cells(trial: TrialReport, figures: Sequence[str], paths: Sequence[str]) -> list[Text]:
    """The cells of a trial below `trial_columns`."""
    row = trial.row
    state = row.state if row.state == "finished" or not row.reason else f"{row.state}: {row.reason}"
    return [
        str(row.number),
        *(_setting(row.settings, path) for path in paths),
        *(_decimals(trial.figures.get(name)) for name in figures),
        f"{row.epochs:,}",
        f"{row.seconds:.1f}",
        Cell(state, "" if row.state == "finished" else status_mark(row.state)),
    ]


def trial_figures(trials: Sequence[TrialReport], metric: str) -> list[str]:
    """The figures that a table of trials shows: the value first, then validation and test.

    Args:
        trials: The trials; where they measure the training rows alone, those stand there.
        metric: The figure whose best value is a trial's.
    """
    names = dict.fromkeys(name for trial in trials for name in trial.figures)
    best = [name for name in names if _of_best(name) and name not in (metric, "params")]
    held_out = [name for name in best if Figure.parse(name).part != "train"]
    return [metric, *(held_out or best)]


def trials_sheet(report: StudyReport) -> Block:
    """A row for each trial."""
    if not report.trials:
        return Lines(["no trial has ended yet"])
    figures = trial_figures(report.trials, report.record.metric)
    paths = sorted_paths(path for trial in report.trials for path in trial.row.settings)
    columns = trial_columns(figures, paths)
    rows = [trial_cells(trial, figures, paths) for trial in report.trials]
    narrowing = Narrowing(trial_order(figures, paths))
    return Sheet("", columns, rows, frozenset({len(columns) - 1}), narrowing)


def trial_order(figures: Sequence[str], paths: Sequence[str]) -> list[int]:
    """The indices of `trial_columns`, the most important first: which trial, its value, its state.

    Args:
        figures: The figures, the value first.
        paths: What the trials change in the config.
    """
    columns = range(len(trial_columns(figures, paths)))
    return list(dict.fromkeys([0, len(paths) + 1, columns[-1], *columns]))


def spread_sheet(group: TrialGroup) -> Sheet:
    """A row for each figure: its mean over the trials with an interval, and how it scatters."""
    rows = [
        _spread_cells(name, spread)
        for name, spread in group.spreads.items()
        if _of_best(name) and name != "params"
    ]
    columns = ("", "mean", "± deviation", "95 % interval", "least", "greatest")
    return Sheet("", columns, rows)


def _spread_cells(name: str, spread: Spread) -> list[Text]:
    interval = spread.interval
    return [
        name,
        format_decimals(spread.mean),
        _ABSENT if spread.deviation is None else format_decimals(spread.deviation),
        _ABSENT if interval is None else " to ".join(map(format_decimals, interval)),
        format_decimals(min(spread.values)),
        format_decimals(max(spread.values)),
    ]


def study_curves(report: StudyReport) -> Picture:
    """The curves of the trials, as a band over the seeds, for a page."""
    caption = "The mean over the seeds, in a band from the least to the greatest"

    def draw(path: Path) -> None:
        histories, _ = read_histories([report.directory])
        draw_runs(histories, path)

    return Picture(caption, partial(png_of, draw), name="curves")


def study_facts(report: StudyReport) -> Facts:
    """How many trials, how long they took, and where everything is."""
    states = [trial.row.state for trial in report.trials]
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    parameters = next((t.record.parameters for t in report.trials if t.record), None)
    picture, best = _picture(report), _best_trial(report)
    return Facts(
        {
            "trials": ", ".join(counts) or "none yet",
            **({"best trial": best} if best else {}),
            "time": format_seconds(report.seconds),
            **({} if parameters is None else {"parameters": format_figure(parameters)}),
            "study": report.directory.path,
            "table": report.directory.table,
            **({"best": report.directory.best} if best_settings(report) is not None else {}),
            **({"picture": picture[1]} if picture else {}),
        }
    )


def _best_trial(report: StudyReport) -> str:
    """The name of the best of several runs of the same config; empty where that is nothing."""
    sign = 1 if report.mode == "min" else -1
    known = [
        (sign * trial.row.value, trial.row.number)
        for trial in report.trials
        if trial.row.value is not None and trial.row.state == "finished"
    ]
    if len(report.groups) != 1 or len(known) < 2:  # noqa: PLR2004 - of one, there is no best
        return ""
    value, number = min(known)
    return (
        f"{report.directory.name}/{number} ({report.record.metric} {format_decimals(sign * value)})"
    )


def _picture(report: StudyReport) -> tuple[str, Path] | None:
    """The picture that a study of its kind leaves, after its caption; None for no picture."""
    if option := swept_option(report):
        return f"The results for each value of {option}", report.directory.sweep
    if report.record.kind == SEARCH and report.trials:
        return "The values of the trials, and against each varied option", report.directory.search
    return None


def sorted_paths(paths: Iterable[str]) -> list[str]:
    """What trials change in the config, each once, the seed and the fold last."""
    return sorted(dict.fromkeys(paths), key=REPEATING.count)


def _of_best(name: str) -> bool:
    return not Figure.parse(name).of_last_epoch


def _setting(settings: Mapping[str, Any], path: str) -> str:
    return describe_briefly(settings[path]) if path in settings else _ABSENT


def _decimals(value: float | None) -> str:
    return _ABSENT if value is None else format_decimals(value)
