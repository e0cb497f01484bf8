"""Worker processes that stay warm: each trains one trial after another, and is replaced if it dies."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from nnrun.errors import RunError, UserError
from nnrun.runs.outcome import Outcome
from nnrun.studies.advancing import TrialError
from nnrun.studies.growth import Growth
from nnrun.studies.worker import OTHER, RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.studies.advancing import TrialTask

MOST_DEATHS = 3
"""So many workers that are killed on one trial make it a failed one."""

_Work = tuple["TrialTask", "Future[Outcome]"]


class Pool:
    """Trains trials in worker processes of their own.

    Args:
        workers: How many there are.
        threads: How many threads each uses for an operation.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._workers = [_Worker(threads, Growth(workers)) for _ in range(workers)]
        self._servers = [
            threading.Thread(target=self._serve, args=(worker,), daemon=True)
            for worker in self._workers
        ]

    def __enter__(self) -> Self:
        for server in self._servers:
            server.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End the workers, also those that still train: their runs can be resumed."""
        for worker in self._workers:
            worker.close()
        for _ in self._servers:
            self._waiting.put(None)
        for server in self._servers:
            server.join()

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Have a trial trained by the next worker that is free."""
        future: Future[Outcome] = Future()
        self._waiting.put((task, future))
        return future

    def stop(self) -> None:
        """Ask the trainings that are under way to stop soon."""
        for worker in self._workers:
            worker.interrupt()

    def _serve(self, worker: _Worker) -> None:
        """Have a worker train one waiting trial after another."""
        while (work := self._waiting.get()) is not None:
            task, future = work
            try:
                future.set_result(worker.train(task))
            except Exception as error:  # noqa: BLE001 the future raises it
                future.set_exception(error)


class _Worker:
    """A worker process, started anew whenever the one before has died or grown too large."""

    def __init__(self, threads: int, growth: Growth) -> None:
        self._threads, self._growth = threads, growth
        self._process: subprocess.Popen[str] | None = None
        self._is_closed = False
        self._start()

    def train(self, task: TrialTask) -> Outcome:
        """The outcome of a trial.

        Raises:
            RunError: The run can't be written, or can't be continued.
            UserError: For mistakes in its config or the data, and where workers die of it.
            TrialError: Anything else went wrong in it.
        """
        for _ in range(MOST_DEATHS):
            if self._is_closed:
                raise RunError("the study ended before this trial did")
            if self._process is None:
                self._start()
            answer = self._ask(task)
            if answer is not None:
                if self._growth.is_too_large(answer["bytes"]):
                    self._end()
                return outcome_of(answer)
            self._end()
        raise UserError(
            f"{MOST_DEATHS} workers were killed on it; perhaps there is too little memory"
        )

    def interrupt(self) -> None:
        """Ask the training under way to stop soon."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End the process for good."""
        self._is_closed = True
        self._end()

    def _ask(self, task: TrialTask) -> dict[str, Any] | None:
        """What the process answers; None where it has died."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        with suppress(OSError, ValueError):
            process.stdin.write(json.dumps(asdict(task)) + "\n")
            process.stdin.flush()
            if line := process.stdout.readline():
                answer: dict[str, Any] = json.loads(line)
                return answer
        return None

    def _start(self) -> None:
        self._growth.begin_again()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _begin(), str(self._threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            # Several processes on one GPU must not each take all of its memory.
            env={**os.environ, "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
            start_new_session=True,  # Ctrl-C is for the study, which then stops its workers
        )

    def _end(self) -> None:
        """End the process: it does so with its input, and at once if it trains."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _begin() -> str:
    """The program of a worker, which finds modules where this process does."""
    path = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - "" is this folder
    return f"import sys; sys.path[:] = {path!r}; from nnrun.studies.worker import work; work()"


def outcome_of(answer: Mapping[str, Any]) -> Outcome:
    """What a worker's answer says; see `worker.answer_of`.

    Raises:
        RunError: The run can't be written, or can't be continued.
        UserError: For mistakes in its config or the data.
        TrialError: Anything else went wrong in it.
    """
    if "outcome" in answer:
        return Outcome(**answer["outcome"])
    if answer["error"] == OTHER:
        raise TrialError(answer["message"])
    kind = RunError if answer["error"] == RUN else UserError
    raise kind(answer["message"], hint=answer["hint"])
