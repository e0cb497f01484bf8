"""The state of a run's best epoch, verified and compared with the run's record."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from nnrun.errors import RunError
from nnrun.runs.checkpoints import Checkpoint, CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord


@dataclass(frozen=True)
class BestState:
    """The newest intact state of a best epoch.

    Attributes:
        epoch: The epoch.
        checkpoint: The state, without its arrays.
        doubt: A sentence on why this is not the state of the run's best epoch; empty if it is.
    """

    epoch: int
    checkpoint: Checkpoint
    doubt: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the state's file."""
        return self.checkpoint.digest


def find_best(directory: RunDirectory, record: RunRecord) -> BestState:
    """Find the state of a run's best epoch; if it is damaged, an older one with a `doubt`.

    Args:
        directory: The run; no process is writing it.
        record: Its record.

    Raises:
        RunError: No state is intact, or none is of an epoch of the run.
    """
    expected = _best_epoch(directory, record)
    others: list[str] = []
    for checkpoint in CheckpointStore(directory.checkpoints).scan_all("best"):
        epoch = checkpoint.facts.get("epoch")
        if type(epoch) is not int or epoch < 1:
            others.append(f"best-{checkpoint.generation}.npz is of the epoch {epoch!r:.40}")
        elif record.status != "running" and epoch > (expected or epoch):
            others.append(f"best-{checkpoint.generation}.npz is of epoch {epoch}")
        else:
            doubt = _doubt(epoch, expected, record, [*checkpoint.refused, *others])
            return BestState(epoch, checkpoint, doubt)
    problem = "; ".join(["it has no checkpoint of its best epoch", *others])
    raise RunError(
        f"{directory.path} is damaged: {problem}",
        hint=f"Train it again: nnrun train {directory.resolved}",
    )


def _best_epoch(directory: RunDirectory, record: RunRecord) -> int | None:
    """The best epoch by the record, or by the last state of a killed run."""
    if record.status != "running":
        return record.best_epoch
    epochs = [record.best_epoch or 0]
    with suppress(RunError):
        for last in CheckpointStore(directory.checkpoints).scan_all("last"):
            position = last.facts.get("position")
            epoch = position.get("best_epoch") if isinstance(position, dict) else None
            epochs += [epoch] if type(epoch) is int else []
            break
    return max(epochs) or None


def _doubt(epoch: int, expected: int | None, record: RunRecord, refused: Sequence[str]) -> str:
    weights = f"the weights are those of epoch {epoch}"
    if expected is not None and epoch < expected:
        reason = "; ".join(refused) or "its checkpoint is missing"
        return f"{weights}, not of the best epoch, {expected}: {reason}"
    if record.status != "running":
        return "" if expected else f"{weights}, and the run's record names no best epoch"
    # What was written after the last state of a run that was killed, nobody can tell.
    return f"{weights}, and a later best epoch is lost: {'; '.join(refused)}" if refused else ""
