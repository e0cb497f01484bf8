"""Writes a run epoch by epoch, so that its directory always has a complete state."""

import dataclasses
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from nnrun.runs.appended import AppendedFiles, changed_files
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.checksums import write_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.event_files import EventFiles
from nnrun.runs.history import History, epoch_figures
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.runs.saved import UNCHECKED

if TYPE_CHECKING:
    import numpy as np

    from nnrun.runs.saved import Saved

    Array = np.ndarray[Any, np.dtype[Any]]
    Arrays = Mapping[str, Array]
    _Histograms = list[tuple[int, list[tuple[str, Array]]]]
    _Points = list[tuple[int, Mapping[str, float]]]

COMMIT_SECONDS = 1.0
"""Epochs shorter than this share a commit, so that writing never costs more than training."""

LONG_EPOCH_SECONDS = 120.0
"""Epochs longer than this have commits between steps."""

COMMIT_SHARE = 0.02
"""The largest share of the time for commits: after a slow one, the next waits longer."""


_EVENTS = "tensorboard/"


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A state of the training.

    Attributes:
        epoch: The number of completed epochs.
        arrays: The variables by name, and the callbacks' arrays.
        facts: Everything else needed to continue from there, as JSON values.
    """

    epoch: int
    arrays: "Arrays"
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class RunWriter:
    """Commits history and checkpoints as epochs end, and the record at start and end.

    Commits are written by a separate thread while the training continues, one after the other; the
    next call raises any error.

    Args:
        directory: The run's directory, claimed and locked by the caller.
        record: The record as the run begins.
    """

    def __init__(self, directory: RunDirectory, record: RunRecord) -> None:
        self.directory = directory
        self.record = record
        self.history = History()
        self.best: Snapshot | None = None
        self.last: Snapshot | None = None
        self._store = CheckpointStore(directory.checkpoints)
        self._events = EventFiles(directory.tensorboard)
        self._appended = AppendedFiles(directory)
        self._histograms: _Histograms = []
        self._points: _Points = []
        self._told = 0
        self._committed: dict[str, Snapshot] = {}
        self._warm = False
        self._last_commit = time.monotonic()
        self._next_commit = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.shutdown()
        self._events.close()

    def begin(self, config: bytes, resolved_text: str, signature: Mapping[str, Any]) -> None:
        """Write what is known before the first step, including the config byte for byte."""
        from nnrun.runs.atomic import json_bytes
        from nnrun.runs.checksums import write_files

        files = self.directory
        files.make_subdirectories()
        write_files(
            {
                files.config: config,
                files.resolved: resolved_text.encode(),
                files.signature: json_bytes(signature),
                files.record: json_bytes(self.record.to_json()),
            }
        )

    def resume(self, saved: "Saved", resolved_text: str, signature: Mapping[str, Any]) -> None:
        """Continue a run from its saved state, removing anything newer or damaged."""
        from nnrun.runs.atomic import json_bytes, remove_leftovers
        from nnrun.runs.checksums import write_files

        files = self.directory
        remove_leftovers(files.path)
        files.make_subdirectories()
        self.history = History(saved.history.rows)
        contents = {
            files.resolved: resolved_text.encode(),
            files.signature: json_bytes(signature),
            files.record: json_bytes(self.record.to_json()),
        }
        if len(self.history):
            contents[files.history] = self.history.to_csv().encode()
        else:
            files.history.unlink(missing_ok=True)
        write_files(contents)
        self._told = len(self.history)
        sizes: Mapping[str, Any] = {}
        if saved.best is not None:
            self.best = Snapshot(saved.best.facts["epoch"], saved.best.arrays, saved.best.facts)
            self._store.trust("best", saved.best.generation)
            self._committed["best"] = self.best
        if saved.last is not None:
            self.last = Snapshot(saved.last.facts["epoch"], saved.last.arrays, saved.last.facts)
            self._store.trust("last", saved.last.generation)
            self._committed["last"] = self.last
            sizes = saved.last.facts["tensorboard"]
        grown = saved.facts.get("appended", {})
        is_whole = not any(name.startswith(_EVENTS) for name in changed_files(files, grown))
        self._events.resume(sizes, self.history.rows, is_whole=is_whole)

    def note(self, **changes: Any) -> None:
        """Add fields to the record that become known before the first step."""
        self.record = dataclasses.replace(self.record, **changes)
        self.record.write(self.directory.record)

    def add_epoch(self, epoch: int, figures: Mapping[str, float], seconds: float) -> None:
        """Add the metrics of an epoch."""
        self.history.add({"epoch": epoch, **figures, "seconds": round(seconds, 6)})

    def add_histograms(self, epoch: int, arrays: "Iterable[tuple[str, Array]]") -> None:
        """Add arrays of an epoch, for histograms in TensorBoard."""
        self._histograms.append((epoch, list(arrays)))

    def add_points(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Add further values of an epoch, for TensorBoard."""
        self._points.append((epoch, figures))

    def keep_best(self, snapshot: Snapshot) -> None:
        """Keep the state of the best epoch so far."""
        self.best = snapshot

    def keep_last_for_want_of_best(self) -> bool:
        """Keep the last epoch's state as the best if the monitored metric was never finite.

        Returns:
            Whether it did so.
        """
        position = {} if self.last is None else self.last.facts["position"]
        if self.last is None or not position["epoch"] or position["step"]:
            return False
        if position["best_epoch"] is not None:
            return False
        arrays = self.last.arrays.items()
        kept = {name: array for name, array in arrays if not name.startswith(UNCHECKED)}
        self.best = Snapshot(self.last.epoch, kept)
        return True

    def keep_last(self, snapshot: Snapshot) -> None:
        """Keep a state to resume from, and commit it if the last commit is long enough ago.

        Raises:
            NonFiniteError: If a weight is NaN or infinite.
            RunError: If the directory isn't writable.
        """
        self.last = snapshot
        if time.monotonic() >= self._next_commit and (
            self._pending is None or self._pending.done()
        ):
            self._begin_commit()

    def is_overdue(self) -> bool:
        """Whether the last commit is too long ago to wait for the end of the epoch."""
        return time.monotonic() - self._last_commit >= LONG_EPOCH_SECONDS

    def commit(self) -> None:
        """Write the history, and the best and last state if they are new.

        Raises:
            RunError: If the directory isn't writable.
        """
        self._begin_commit()
        self._finish_commit()

    def metrics(
        self, test: Mapping[str, float] | None, callbacks: Mapping[str, float] | None = None
    ) -> Metrics:
        """The metrics of the best and the last epoch, the test, and the callbacks."""
        best, last = self._row(self.best), self._row(self.last)
        return Metrics(best=best, last=last, test=test, callbacks=callbacks)

    def end(self, metrics: Metrics, **changes: Any) -> None:
        """Write the metrics and the record as the run ends; `changes` are fields of the record."""
        metrics.write(self.directory.metrics)
        self._write_record(**changes)

    def fail(self, reason: str) -> None:
        """Record that the run failed, and why.

        Raises:
            RunError: If the record cannot be written.
        """
        self._write_record(status="failed", stop_reason=reason)

    def _write_record(self, **changes: Any) -> None:
        self.record = dataclasses.replace(
            self.record,
            ended=utc_now(),
            epochs=len(self.history),
            best_epoch=self.best.epoch if self.best else None,
            **changes,
        )
        self.record.write(self.directory.record)

    def _row(self, snapshot: Snapshot | None) -> Mapping[str, float]:
        if snapshot is None or snapshot.epoch == 0:
            return {}
        return self.history.rows[snapshot.epoch - 1]

    def _begin_commit(self) -> None:
        """Write the current state in the background."""
        self._finish_commit()
        histograms, self._histograms = self._histograms, []
        points, self._points = self._points, []
        beside = (points, histograms)
        self._pending = self._thread.submit(self._write, self.best, self.last, beside)

    def _finish_commit(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _write(
        self,
        best: Snapshot | None,
        last: Snapshot | None,
        beside: "tuple[_Points, _Histograms]",
    ) -> None:
        """Write a state; the checkpoint that a resume starts from comes last."""
        started = time.monotonic()
        is_new = self._committed.get("last") is not last or self._committed.get("best") is not best
        if last is not None and is_new:
            history = History(self.history.rows[: last.epoch])
            sizes = self._tell_tensorboard(history, *beside)
            text = history.to_csv() if len(history) else ""
            if text:
                write_file(self.directory.history, text.encode())
            self._commit_snapshot("best", best)
            facts = {
                **last.facts,
                "history": text,
                "tensorboard": sizes,
                "appended": self._appended.digests(
                    {
                        **last.facts.get("appended", {}),
                        **{f"{_EVENTS}{part}/{name}": size for part, (name, size) in sizes.items()},
                    }
                ),
            }
            self._commit_snapshot("last", last, facts)
        self._last_commit = time.monotonic()
        # The first commit tells nothing: modules are imported in it.
        seconds = self._last_commit - started if self._warm else 0.0
        self._warm = True
        self._next_commit = self._last_commit + max(COMMIT_SECONDS, seconds / COMMIT_SHARE)

    def _tell_tensorboard(
        self, history: History, points: "_Points", histograms: "_Histograms"
    ) -> dict[str, Any]:
        for row in history.rows[self._told :]:
            self._events.add_epoch(int(row["epoch"]), epoch_figures(row))
        self._told = len(history)
        for epoch, beside in points:
            self._events.add_points(epoch, beside)
        for epoch, arrays in histograms:
            self._events.add_histograms(epoch, arrays)
        return self._events.flush()

    def _commit_snapshot(
        self, name: str, snapshot: Snapshot | None, facts: Mapping[str, Any] | None = None
    ) -> None:
        if snapshot is None or self._committed.get(name) is snapshot:
            return
        kept = {"epoch": snapshot.epoch, **(snapshot.facts if facts is None else facts)}
        self._store.commit(name, snapshot.arrays, kept, unchecked=UNCHECKED)
        self._committed[name] = snapshot


def utc_now() -> str:
    """The current time as in records: ISO 8601, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
