"""Progress of a study: a row for each trial as it ends, and live bars in a terminal."""

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer

from nnrun.cli.printing import (
    complain,
    fold,
    printable,
    show_document,
    tell_written,
    warn,
    write_page,
)
from nnrun.pages.bars import print_above, progress_bars
from nnrun.pages.numbers import format_seconds
from nnrun.pages.terminal import Screen
from nnrun.pages.text_table import GAP

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from nnrun.analysis.study_report import StudyReport, TrialReport
    from nnrun.studies.conducting import TrialEnded
    from nnrun.studies.opening import OpenStudy
    from nnrun.training.events import Event

_FIGURE, _SETTING = 9, 16  # a setting may be a class and its arguments
_STAR = " *"
_WIDTHS = {"trial": 5, "seed": 6, "epochs": 6, "seconds": 7, "state": 8}


class TrialsDisplay:
    """Shows the trials of a study on standard output: bars in a terminal, plain rows elsewhere.

    Args:
        silent: Show nothing at all.
    """

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self._bars: _Bars | None = None
        self._columns: list[str] = []
        self._paths: dict[str, None] = {}
        self._seen: set[int] = set()
        self._best: float | None = None
        self._warned: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def watch(self, event: "Event") -> None:
        """Show an event of the current training."""
        if self._bars is not None:
            self._bars.watch(event)

    def follow(self, study: "OpenStudy", ended: "TrialEnded | None") -> None:
        """Show that a study begins or continues, or that a trial has ended."""
        if self.silent:
            return
        if ended is None:
            self._begin(study)
            return
        from nnrun.analysis.study_report import read_trial

        number = ended.row.number
        if number in self._seen and not ended.is_new:
            return  # it paused and went on, and its row tells where that led
        self._seen.add(number)
        trial = read_trial(study.directory, ended.row)
        for warning in trial.record.warnings if trial.record else ():
            if warning not in self._warned:
                self._warned.add(warning)
                warn(warning)
        self._print_row(trial, study.record.metric)
        if self._bars is not None:
            self._bars.trial(len(self._seen), is_new=ended.is_new)

    def _begin(self, study: "OpenStudy") -> None:
        if self._bars is not None:  # of the study that this one lies in
            self._bars.stop()
        if self._columns:
            self._print("")
        self._columns, self._paths, self._seen, self._best = [], {}, set(), None
        self._print(str(study.directory.path))
        count = "" if study.plan.size is None else f"{study.plan.size:,} trials; "
        self._print(fold(f"{count}the value of each is its best {study.record.metric}", sys.stdout))
        if sys.stdout.isatty():
            self._bars = _Bars(study.plan.size)

    def _print_row(self, trial: "TrialReport", metric: str) -> None:
        from nnrun.analysis.study_view import (
            sorted_paths,
            trial_cells,
            trial_columns,
            trial_figures,
            trial_order,
        )
        from nnrun.pages.document import as_cell

        self._paths.update(dict.fromkeys(trial.row.settings))
        paths, figures = sorted_paths(self._paths), trial_figures([trial], metric)
        names = trial_columns(figures, paths)
        widths = [_width(name, is_setting=name in paths) for name in names]
        places = _fitting(widths, trial_order(figures, paths))
        columns = [names[place] for place in places]
        if columns != self._columns and (not self._columns or trial.figures):
            self._columns = columns
            self._print((" " * GAP).join(f"{names[place]:>{widths[place]}}" for place in places))
        texts = [as_cell(cell).text for cell in trial_cells(trial, figures, paths)]
        row = (" " * GAP).join(f"{texts[place]:>{widths[place]}}" for place in places)
        self._print(f"{row}{_STAR}" if self._is_best(trial, metric) else row)

    def _is_best(self, trial: "TrialReport", metric: str) -> bool:
        """Whether a trial with settings of its own is the best so far."""
        from nnrun.analysis.study_report import REPEATING
        from nnrun.config.modes import mode_of

        row, record = trial.row, trial.record
        is_one_of_several = any(path in row.settings for path in REPEATING)
        if row.value is None or row.state != "finished" or record is None or is_one_of_several:
            return False
        sign = 1 if mode_of(metric, record.directions) == "min" else -1
        if self._best is not None and sign * row.value >= sign * self._best:
            return False
        self._best = row.value
        return True

    def _print(self, line: str) -> None:
        if self._bars is not None:
            self._bars.print(line)
        else:
            print(printable(line), flush=True)  # noqa: T201


class _Bars:
    """A bar over the trials, and one over the epochs of the current trial."""

    def __init__(self, trials: int | None) -> None:
        self._progress: Progress = progress_bars(sys.stdout)
        text = "reading the data and starting TensorFlow"
        self._trials: TaskID = self._progress.add_task("trial", total=trials, told=text)
        self._epochs: TaskID = self._progress.add_task("epoch", total=None, told="", visible=False)
        self._total = trials
        self._done = self._timed = 0
        self._since: float | None = None
        self._progress.start()

    def watch(self, event: "Event") -> None:
        """Move the bar of the epochs."""
        from nnrun.training.events import EpochEnded, TrainingStarted

        match event:
            case TrainingStarted():
                self._progress.update(
                    self._epochs, total=event.epochs, completed=event.done, visible=True
                )
                self._progress.update(self._trials, told=self._left())
            case EpochEnded():
                self._progress.update(self._epochs, completed=event.epoch)

    def trial(self, done: int, *, is_new: bool) -> None:
        """Move the bar of the trials; the first one, which compiles, gives no estimate."""
        self._done = done
        if is_new and self._since is None:
            self._since = time.monotonic()
        elif is_new:
            self._timed += 1
        self._progress.update(self._trials, completed=self._done, told=self._left())

    def _left(self) -> str:
        if self._total is None or self._since is None or not self._timed:
            return ""
        seconds = (time.monotonic() - self._since) / self._timed * (self._total - self._done)
        return f"{format_seconds(seconds)} left"

    def print(self, line: str) -> None:
        """Print a line above the bars."""
        print_above(self._progress, line)

    def stop(self) -> None:
        """Take the bars away."""
        self._progress.stop()


def _width(name: str, *, is_setting: bool) -> int:
    """The width of a column, whatever its rows are going to say."""
    usual = _SETTING if is_setting else _FIGURE
    return max(len(name), _WIDTHS.get(name, usual))


def _fitting(widths: Sequence[int], order: Sequence[int]) -> list[int]:
    """The indices of the columns that fit the terminal, the important ones first; elsewhere all."""
    screen = Screen.of(sys.stdout)
    kept: list[int] = []
    free = screen.width + GAP - len(_STAR)
    for place in order:
        if not screen.is_terminal or widths[place] + GAP <= free:
            kept.append(place)
            free -= widths[place] + GAP
    return sorted(kept)


def show_study(
    train: "Callable[..., StudyReport]", out: Path | None, *, quiet: bool, as_json: bool
) -> int:
    """Train a study and show its trials as they end, and then what they came to.

    Args:
        train: Trains it; takes `watch` and `follow` as `train_many` does.
        out: The file that the report is also written to; None for none.
        quiet: Print nothing but what went wrong.
        as_json: Print JSON for programs, and nothing else.

    Returns:
        The exit code.
    """
    with told_aside(as_json=as_json), TrialsDisplay(silent=quiet or as_json) as display:
        report = train(watch=display.watch, follow=display.follow)
    _tell_report(report, out, quiet=quiet, as_json=as_json)
    return report.exit_code


def told_aside(*, as_json: bool) -> contextlib.AbstractContextManager[object]:
    """Within the block, what callbacks print does not mix with the JSON of a command."""
    # It belongs to a person: programs read the one object on standard output.
    return contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()


def _tell_report(report: "StudyReport", out: Path | None, *, quiet: bool, as_json: bool) -> None:
    """Print what a study came to: in full, as JSON, or only what went wrong; and write it to a file."""
    from nnrun.analysis.study_view import study_view

    if out is not None:
        write_page(study_view(report), out)
    if quiet and not as_json:
        _complain_of_study(report)
        return
    if not as_json:
        typer.echo()
    # Its trials stand there already, each printed as it ended.
    show_document(study_view(report, with_trials=False), as_json=as_json)
    if out is not None:
        tell_written(out, as_json=as_json)


def _complain_of_study(report: "StudyReport") -> None:
    from nnrun.analysis.run_summary import missed_expectation

    path = report.directory.path
    if report.status != "finished":
        complain(f"{path} {report.status}: {report.record.reason}".removesuffix(": "))
    for trial in report.unsound:
        complain(f"{path}: trial {trial.row.number} {trial.row.state}: {trial.row.reason}")
    for group in report.judged:
        for item in group.expectations:
            if not item["held"]:
                complain(f"{path}: the mean of {missed_expectation(item)}")
