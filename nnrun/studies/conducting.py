"""The one loop of every study: ask the plan, have the trial trained, write its row, tell the plan."""

from __future__ import annotations

import signal
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nnrun.config.plain_reader import read_plain
from nnrun.device import expect_many_models
from nnrun.errors import RunError, UserError
from nnrun.runs.manifest import PAUSED
from nnrun.runs.outcome import Outcome
from nnrun.runs.trial_table import TrialRow, TrialTable
from nnrun.studies.advancing import TrialTask, outcome_at, reason_of
from nnrun.training.signals import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.runs.study_record import StudyRecord
    from nnrun.studies.executor import Executor
    from nnrun.studies.plan import Point, StoredPlan

MOST_FAILURES = 3
"""The number of trials in a row, failing for the same reason, that ends the study."""
_TRIES = 2
_PAUSE = 0.2  # seconds


class StudyFailedError(UserError):
    """Several trials in a row failed for the same reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{MOST_FAILURES} trials in a row failed: {reason}",
            hint="The trials before them are kept. Mend the cause, and run the same command.",
        )


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended.

    Attributes:
        row: Its result.
        is_new: Whether it has just ended, rather than in an earlier session.
    """

    row: TrialRow
    is_new: bool


class Conductor:
    """Runs the trials of a study.

    The plan is told the outcomes in the order of the trials, whatever order they end in, so it asks
    for the same trials however many workers there are, and when an interrupted study continues.

    Args:
        directory: The study, locked by the caller; its table grows.
        record: Its record.
        plan: The plan that chooses the trials.
        executor: The executor that trains them.
        runs_dir: Where to look for a run that a model is built on.

    Attributes:
        signal: The signal that came while it ran; it may have come too late to interrupt anything.
    """

    def __init__(
        self,
        directory: StudyDirectory,
        record: StudyRecord,
        plan: StoredPlan,
        executor: Executor,
        runs_dir: Path,
    ) -> None:
        self.signal: int | None = None
        self._directory, self._record = directory, record
        self._plan, self._executor, self._runs_dir = plan, executor, runs_dir
        self._table = TrialTable.read(directory.table)
        self._any_order = plan.any_order
        self._pieces: list[tuple[int, Point]] = []  # with the numbers of their trials
        self._trials = 0
        self._exhausted = False
        self._running: dict[Future[Outcome], int] = {}
        self._tries: dict[int, int] = {}
        self._ended: dict[int, Outcome] = {}
        self._told = 0
        self._failures: list[str] = []

    @property
    def is_complete(self) -> bool:
        """Whether all trials of the plan have ended."""
        return self._exhausted and not self._running and self._told == len(self._pieces)

    def run(self) -> Iterator[TrialEnded]:
        """Yield each trial as it ends.

        Raises:
            StudyFailedError: Several trials in a row failed for the same reason.
            RunError: A run cannot be written or resumed.
            UserError: The very first trial can't be trained.
        """
        expect_many_models()
        with StopRequest() as request:
            while True:
                yield from self._ask(request)
                if not self._running:
                    return
                done, _ = wait(self._running, _PAUSE, return_when=FIRST_COMPLETED)
                if request.is_made() and self.signal is None:
                    self.signal = request.signal
                    self._executor.stop()
                for future in sorted(done, key=self._running.__getitem__):
                    yield from self._take(future, self._running.pop(future))

    def _ask(self, request: StopRequest) -> Iterator[TrialEnded]:
        """Ask for as many pieces as the plan can give with the outcomes so far, and submit them."""
        while not self._exhausted and self._in_progress < self._record.jobs:
            point = self._plan.ask()
            if point is None:
                self._exhausted = self._told == len(self._pieces)
                return
            if request.is_made() or self.signal is not None:
                self.signal = self.signal or request.signal
                return
            number = self._trials if point.trial is None else point.trial
            self._trials = max(self._trials, number + 1)
            piece = len(self._pieces)
            self._pieces.append((number, point))
            row = self._table.get(number)
            if row is None or not _reaches(row, point):
                self._submit(piece)
                continue
            self._check_same(row, point)
            yield TrialEnded(row, is_new=False)
            self._settle(piece, self._outcome_of(row, point))

    @property
    def _in_progress(self) -> int:
        """How many pieces the plan waits for, those included that it could not be told of yet."""
        return len(self._running) if self._any_order else len(self._pieces) - self._told

    def _submit(self, piece: int) -> None:
        self._tries[piece] = self._tries.get(piece, 0) + 1
        number, point = self._pieces[piece]
        task = TrialTask(
            config=str(self._directory.resolved),
            changes=point.changes,
            run=str(self._directory.trial(number).path),
            runs_dir=str(self._runs_dir),
            until=point.until,
            tests=point.tests,
        )
        self._running[self._executor.submit(task)] = piece

    def _take(self, future: Future[Outcome], piece: int) -> Iterator[TrialEnded]:
        """Write the row of a trial that a piece has ended for; a failed one is retried once."""
        error = future.exception()
        if isinstance(error, RunError) or (error is not None and not isinstance(error, Exception)):
            raise error
        if error is None:
            outcome = future.result()
        elif isinstance(error, UserError) or self._tries[piece] == _TRIES:
            outcome = failed(error)
        else:
            self._submit(piece)
            return
        self.signal = self.signal or outcome.signal
        if outcome.status == "interrupted":
            self.signal = self.signal or signal.SIGINT
            return
        if isinstance(error, UserError) and not self._table.rows:
            raise error
        row = self._row(piece, outcome)
        self._table.put(row)
        self._table.write(self._directory.table)
        yield TrialEnded(row, is_new=True)
        self._settle(piece, outcome)

    def _settle(self, piece: int, outcome: Outcome) -> None:
        """Tell the plan an outcome, or all that are next in order."""
        self._ended[piece] = outcome
        if self._any_order:
            self._plan.tell(self._pieces[piece][1], outcome)
        while self._told in self._ended:
            ended = self._ended.pop(self._told)
            if not self._any_order:
                self._plan.tell(self._pieces[self._told][1], ended)
            self._told += 1
            reason = ended.stop_reason if ended.status == "failed" else ""
            self._failures = [*self._failures, reason][-MOST_FAILURES:]
            if reason and self._failures == [reason] * MOST_FAILURES:
                raise StudyFailedError(reason)

    def _row(self, piece: int, outcome: Outcome) -> TrialRow:
        number, point = self._pieces[piece]
        run = self._directory.trial(number).path
        return TrialRow(
            number=number,
            state=outcome.status,
            value=outcome.metrics.get("best", {}).get(self._record.metric),
            settings=settings_of(point),
            epochs=outcome.epochs,
            seconds=round(outcome.seconds, 3),
            run=str(run.relative_to(self._directory.path)) if run.exists() else "",
            reason=outcome.stop_reason,
        )

    def _outcome_of(self, row: TrialRow, point: Point) -> Outcome:
        """The outcome of a piece that ended before, from the trial's run or else from its row."""
        run = self._directory.trial(row.number)
        found = outcome_at(run, point.until) if row.run and run.record.exists() else None
        best = {"best": {self._record.metric: row.value}}
        return found or replace(_NO_OUTCOME, status=row.state, stop_reason=row.reason, metrics=best)

    def _check_same(self, row: TrialRow, point: Point) -> None:
        wanted = settings_of(point)
        if row.settings != wanted:
            raise RunError(
                f"trial {row.number} of {self._directory.name} is {dict(row.settings)}, and its plan "
                f"asks for {wanted}",
                hint="Begin a new study with --fresh.",
            )


def settings_of(point: Point) -> dict[str, Any]:
    """The settings that a point changes in the config, by path."""
    pairs = (change.partition("=") for change in point.changes)
    return {path.strip(): read_plain(text) for path, _, text in pairs}


def _reaches(row: TrialRow, point: Point) -> bool:
    """Whether a trial has got as far as a point asks."""
    return row.state != PAUSED or (point.until is not None and row.epochs >= point.until)


def failed(error: BaseException) -> Outcome:
    """The outcome of a trial that an error ended."""
    return replace(_NO_OUTCOME, status="failed", stop_reason=reason_of(error))


_NO_OUTCOME = Outcome("", "failed", "", 0, None, {"best": {}}, (), (), 0.0, {})
