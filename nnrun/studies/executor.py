"""Where trials are trained: in this process, or wherever else an executor sends them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol, Self

from nnrun.studies.advancing import advance

if TYPE_CHECKING:
    from types import TracebackType

    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.advancing import TrialTask


class Executor(Protocol):
    """What trains the trials of a study, much like an executor of `concurrent.futures`."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End whatever still trains; each run is left so that it can be resumed."""

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Have a trial trained; see `advance`."""

    def stop(self) -> None:
        """Have the trials that are under way stop soon, as if they had been interrupted."""


class Here:
    """Trains each trial at once, in this process.

    Args:
        watch: Called with every event of the trainings.
    """

    def __init__(self, watch: Watcher | None = None) -> None:
        self._watch = watch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing trains any more."""

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Train a trial; the future is done."""
        future: Future[Outcome] = Future()
        try:
            future.set_result(advance(task, self._watch))
        except Exception as error:  # noqa: BLE001 the future raises it
            future.set_exception(error)
        return future

    def stop(self) -> None:
        """Nothing is under way: a training hears of signals by itself."""
