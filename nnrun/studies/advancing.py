"""Begins or continues the run of a trial: the function that a worker calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import ConfigError, UserError
from nnrun.experiments.api import resume, train_declared
from nnrun.experiments.declare import Bases, load
from nnrun.runs.beginnings import is_unbegun
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord
from nnrun.runs.outcome import Outcome

if TYPE_CHECKING:
    from nnrun.experiments.train import Watcher
    from nnrun.experiments.warm import Kept

_ENDED = ("finished", "diverged")


@dataclass(frozen=True)
class TrialTask:
    """A run, and what it is trained from.

    Attributes:
        config: The config that all trials have in common.
        changes: The trial's changes to it, of the form `training.epochs=5`.
        run: The run's directory, which may already hold part of the run.
        runs_dir: Where a run that the model is built on is looked for.
    """

    config: str
    changes: tuple[str, ...]
    run: str
    runs_dir: str

    @property
    def command(self) -> tuple[str, ...]:
        """The command that trains this run by itself."""
        changes = (word for change in self.changes for word in ("--set", change))
        return ("nnrun", "train", self.config, *changes)


def advance(task: TrialTask, kept: Kept | None = None, watch: Watcher | None = None) -> Outcome:
    """Train a run to its end, from wherever it stopped; it draws no curves of its own.

    Args:
        task: The run; code of the user's own that its config names may run.
        kept: Models that were trained before in this process.
        watch: Called with every event of the training.

    Raises:
        RunError: The run can't be written, or can't be continued.
        UserError: For mistakes in its config or the data.
    """
    run = RunDirectory(Path(task.run))
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
            kept=kept,
            draws=False,
        )
    if RunRecord.read(run.record).status in _ENDED:
        return Outcome.read(run)
    return resume(run, trust=True, watch=watch, deliver_signals=False)


def reason_of(error: BaseException) -> str:
    """Why a run failed, in a sentence."""
    if isinstance(error, ConfigError):
        problem = error.problems[0]
        return f"{problem.path}: {problem.message}".removeprefix(": ")
    if isinstance(error, UserError):
        return error.message
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}".removesuffix(": ")
