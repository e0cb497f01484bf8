"""Executors, which decide where trials are trained: in this process, or elsewhere."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, Self

from nnrun.device import resident_bytes
from nnrun.experiments.kept import Kept
from nnrun.studies.advancing import advance
from nnrun.studies.growth import Growth

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome
    from nnrun.studies.advancing import TrialTask


class Executor(Protocol):
    """Trains the trials of a study, much like an executor of `concurrent.futures`."""

    def __enter__(self) -> Self:
        """Get ready."""

    def __exit__(self, *error: object) -> None:
        """Stop what is still training; each run can be resumed."""

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Submit a trial for training; see `advance`."""

    def stop(self) -> None:
        """Ask the running trials to stop soon, as if they had been interrupted."""


class Here:
    """Trains each trial immediately, in this process; elsewhere once this one has grown too large.

    Args:
        elsewhere: Makes what trains the trials from then on.
        watch: Called with every event of the trainings here.
    """

    def __init__(self, elsewhere: Callable[[], Executor], watch: Watcher | None = None) -> None:
        self._elsewhere, self._watch = elsewhere, watch
        self._kept = Kept()
        self._growth = Growth()
        self._is_full = False
        self._next: Executor | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing trains here any more."""
        self._open.close()

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Train a trial; returns a completed future, unless it is trained elsewhere."""
        if self._is_full and self._next is None:
            self._kept = Kept()
            self._next = self._open.enter_context(self._elsewhere())
        if self._next is not None:
            return self._next.submit(task)
        future: Future[Outcome] = Future()
        try:
            future.set_result(advance(task, self._kept, self._watch))
        except Exception as error:  # noqa: BLE001 the future raises it
            future.set_exception(error)
        self._is_full = self._growth.is_too_large(resident_bytes())
        return future

    def stop(self) -> None:
        """Stop trials elsewhere; a training in this process receives signals itself."""
        if self._next is not None:
            self._next.stop()
