"""The outcome of a run, for the caller who started it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from nnrun.json_text import as_plain_json
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import Metrics, RunRecord

RESULT_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        run_dir: The run directory.
        status: `finished`, `interrupted` or `diverged`.
        stop_reason: Why it ended before its last epoch; empty if it did not.
        epochs: The number of epochs trained.
        best_epoch: The epoch whose weights `model.keras` holds; None if no epoch was completed.
        metrics: Loss and metrics: `best`, `last` and `test`.
        expectations: What the config expects, the value reached and whether the expectation held.
        diagnosis: What the curves show: a list of mappings with `kind`, `text` and `advice`.
        warnings: What looks wrong with the data, in words.
        seconds: How long the training took.
        engine: The engine's name and why it was chosen.
        signal: The signal that came while it was trained and written, perhaps too late to interrupt
            anything; None without a signal.
    """

    run_dir: str
    status: str
    stop_reason: str
    epochs: int
    best_epoch: int | None
    metrics: Mapping[str, Any]
    expectations: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    seconds: float
    engine: Mapping[str, Any]
    diagnosis: Sequence[Mapping[str, Any]] = ()
    signal: int | None = None

    @classmethod
    def of(cls, directory: RunDirectory, record: RunRecord, metrics: Metrics) -> Self:
        """The outcome of a run that has just ended.

        Args:
            directory: The run.
            record: Its record.
            metrics: Its metrics.
        """
        return cls(
            run_dir=str(directory.path),
            status=record.status,
            stop_reason=record.stop_reason,
            epochs=record.epochs,
            best_epoch=record.best_epoch,
            metrics=dataclasses.asdict(metrics),
            expectations=record.expectations,
            warnings=record.warnings,
            seconds=record.seconds or 0.0,
            engine=record.engine,
            diagnosis=record.diagnosis,
        )

    @classmethod
    def read(cls, directory: RunDirectory) -> Self:
        """Read the outcome of a run from its files.

        Raises:
            RunError: They are missing or damaged.
        """
        record, metrics = RunRecord.read(directory.record), Metrics.read(directory.metrics)
        return cls.of(directory, record, metrics)

    @property
    def exit_code(self) -> int:
        """0; 1 if the run diverged or missed an expectation; 128 + signal if interrupted."""
        if self.signal is not None and self.status == "interrupted":
            return 128 + self.signal
        missed = any(not expectation["held"] for expectation in self.expectations)
        return 1 if self.status == "diverged" or missed else 0

    def to_json(self) -> dict[str, Any]:
        """The outcome as printed by `nnrun train --json`; values that are not finite are null."""
        fields = dataclasses.asdict(self)
        del fields["signal"]
        return {"format": RESULT_FORMAT, **as_plain_json(fields)}
