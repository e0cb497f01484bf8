"""Executors, which decide where trials are trained: in this process, or elsewhere."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol, Self

from nnrun.experiments.kept import Kept
from nnrun.studies.advancing import advance

if TYPE_CHECKING:
    from types import TracebackType

    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.advancing import TrialTask


class Executor(Protocol):
    """Trains the trials of a study, much like an executor of `concurrent.futures`."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop what is still training; each run can be resumed."""

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Submit a trial for training; see `advance`."""

    def stop(self) -> None:
        """Ask the running trials to stop soon, as if they had been interrupted."""


class Here:
    """Trains each trial immediately, in this process.

    Args:
        watch: Called with every event of the trainings.
    """

    def __init__(self, watch: Watcher | None = None) -> None:
        self._watch = watch
        self._kept = Kept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to stop."""

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Train a trial; returns a completed future."""
        future: Future[Outcome] = Future()
        try:
            future.set_result(advance(task, self._kept, self._watch))
        except Exception as error:  # noqa: BLE001 the future raises it
            future.set_exception(error)
        return future

    def stop(self) -> None:
        """Do nothing: a training in this process receives signals itself."""
