"""A run as it is being written: epochs come in, and the directory always holds a whole state."""

import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nnrun.runs.checkpoints import CheckpointStore, check_finite
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import FORMAT, Metrics, RunRecord

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]

COMMIT_SECONDS = 1.0
"""Epochs shorter than this share a commit, so that writing never costs more than training."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The state of the model at the end of an epoch."""

    epoch: int
    arrays: "Arrays"


class RunWriter:
    """Commits history and checkpoints as epochs end, and the record at start and end.

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
        self._committed: dict[str, Snapshot] = {}
        self._next_commit = 0.0

    def begin(self, config: bytes, resolved_text: str, signature: Mapping[str, Any]) -> None:
        """Write what is known before the first step; the config byte for byte."""
        from nnrun.runs.atomic import write_bytes, write_json, write_text

        self.directory.make_subdirectories()
        write_bytes(self.directory.config, config)
        write_text(self.directory.resolved, resolved_text)
        write_json(self.directory.signature, {"format": FORMAT, **signature})
        self.record.write(self.directory.record)

    def add_epoch(
        self,
        epoch: int,
        figures: Mapping[str, float],
        seconds: float,
        *,
        improved: bool,
        arrays: "Arrays",
    ) -> None:
        """Take in an epoch, and commit if the last commit is long enough ago.

        Raises:
            NonFiniteError: If a weight is NaN or infinite; the epoch is not taken in.
            RunError: If the directory cannot be written.
        """
        check_finite(arrays)
        self.history.add({"epoch": epoch, **figures, "seconds": round(seconds, 6)})
        self.last = Snapshot(epoch, arrays)
        if improved or self.best is None:
            self.best = self.last
        if time.monotonic() >= self._next_commit:
            self.commit()

    def commit(self) -> None:
        """Write the history, and the best and the last state where they are new."""
        for name, snapshot in (("best", self.best), ("last", self.last)):
            if snapshot is not None and self._committed.get(name) is not snapshot:
                self._store.commit(name, snapshot.arrays, {"epoch": snapshot.epoch})
                self._committed[name] = snapshot
        if len(self.history):
            self.history.write(self.directory.history)
        self._next_commit = time.monotonic() + COMMIT_SECONDS

    def metrics(self, test: Mapping[str, float] | None) -> Metrics:
        """The figures of the best and the last epoch, and those of the test."""
        return Metrics(best=self._row(self.best), last=self._row(self.last), test=test)

    def end(self, metrics: Metrics, **changes: Any) -> None:
        """Write the figures and the record as the run ends; `changes` are fields of the record."""
        metrics.write(self.directory.metrics)
        self.record = dataclasses.replace(
            self.record,
            ended=utc_now(),
            epochs=len(self.history),
            best_epoch=self.best.epoch if self.best else None,
            **changes,
        )
        self.record.write(self.directory.record)

    def fail(self, reason: str) -> None:
        """Write into the record that the run broke off, and why.

        Raises:
            RunError: If the record cannot be written.
        """
        self.record = dataclasses.replace(
            self.record,
            status="failed",
            stop_reason=reason,
            ended=utc_now(),
            epochs=len(self.history),
            best_epoch=self.best.epoch if self.best else None,
        )
        self.record.write(self.directory.record)

    def _row(self, snapshot: Snapshot | None) -> Mapping[str, float]:
        return {} if snapshot is None else self.history.rows[snapshot.epoch - 1]


def utc_now() -> str:
    """The time, as records have it: ISO 8601, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
