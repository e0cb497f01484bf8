"""Begins or continues the run of a trial: the function that a worker calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import ConfigError, UserError
from nnrun.experiments.api import resume, train_declared
from nnrun.experiments.declare import Bases, load
from nnrun.experiments.run_options import RunOptions
from nnrun.runs.beginnings import is_unbegun
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import PAUSED, RunRecord
from nnrun.runs.outcome import Outcome
from nnrun.runs.progress import read_progress

if TYPE_CHECKING:
    from nnrun.experiments.kept import Kept
    from nnrun.experiments.train import Watcher

_ENDED = ("finished", "diverged")


@dataclass(frozen=True)
class TrialTask:
    """A run, and what it is trained from.

    Attributes:
        config: The config that all trials have in common.
        changes: The trial's changes to it, of the form `training.epochs=5`.
        run: The run's directory, which may already hold part of the run.
        runs_dir: Where a run that the model is built on is looked for.
        until: The epoch after which it pauses; None to train to its end.
        tests: Whether it is evaluated on its test rows when it ends.
    """

    config: str
    changes: tuple[str, ...]
    run: str
    runs_dir: str
    until: int | None = None
    tests: bool = True

    @property
    def command(self) -> tuple[str, ...]:
        """The command that trains this run by itself."""
        changes = (word for change in self.changes for word in ("--set", change))
        return ("nnrun", "train", self.config, *changes)


def advance(task: TrialTask, kept: Kept | None = None, watch: Watcher | None = None) -> Outcome:
    """Train a run as far as asked, from wherever it stopped; it draws no curves of its own.

    Args:
        task: The run; code of the user's own that its config names may run.
        kept: What this process keeps from one trial to the next.
        watch: Called with every event of the training.

    Raises:
        RunError: The run can't be written, or can't be continued.
        UserError: For mistakes in its config or the data.
    """
    run, options = RunDirectory(Path(task.run)), RunOptions(task.until, task.tests, draws=False)
    if not run.path.exists() or is_unbegun(run.path) or not any(run.path.iterdir()):
        runs_dir = Path(task.runs_dir)
        return train_declared(
            load(Path(task.config), task.changes, Bases(runs_dir)),
            runs_dir=runs_dir,
            run_dir=run.path,
            command=task.command,
            trust=True,
            watch=watch,
            deliver_signals=False,
            options=options,
            kept=kept,
        )
    return outcome_at(run, task.until) or resume(
        run, trust=True, watch=watch, deliver_signals=False, options=options, kept=kept
    )


def outcome_at(run: RunDirectory, until: int | None) -> Outcome | None:
    """The outcome of a run as it was after an epoch, whatever came later.

    Args:
        run: The run.
        until: The epoch; None for its end.

    Returns:
        The outcome, `paused` if the run went on or was to go on; None if it has not got that far.

    Raises:
        RunError: The run is damaged.
    """
    record = RunRecord.read(run.record)
    # A run diverges in the epoch after those that it has.
    ended_at = record.epochs + (record.status == "diverged")
    if record.status in _ENDED and (until is None or ended_at <= until):
        return Outcome.read(run)
    if until is None:
        return None
    progress = read_progress(run, record.directions, until)
    if progress.epochs < until:
        return None
    paused = replace(
        record, status=PAUSED, epochs=until, best_epoch=progress.best_epoch, stop_reason=""
    )
    return Outcome.of(run, paused, progress.metrics)


class TrialError(Exception):
    """An error that a trial ended with in another process; its text says what kind it was."""


def reason_of(error: BaseException) -> str:
    """Why a run failed, in a sentence."""
    if isinstance(error, TrialError):
        return str(error)
    if isinstance(error, ConfigError):
        problem = error.problems[0]
        return f"{problem.path}: {problem.message}".removeprefix(": ")
    if isinstance(error, UserError):
        return error.message
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}".removesuffix(": ")
