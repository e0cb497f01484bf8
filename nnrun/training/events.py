"""What the training loop tells those who follow it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingStarted:
    """Everything is ready for the first step.

    Attributes:
        where: Where the run is written.
        epochs: The last epoch.
        steps: Training steps in an epoch.
        rows: Rows of each part.
        parameters: Parameters of the model.
        engine: The engine's name, and why it was chosen.
        device: What it trains on.
        warnings: What is doubtful about the data, in words.
    """

    where: str
    epochs: int
    steps: int
    rows: Mapping[str, int]
    parameters: int
    engine: str
    device: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChunkEnded:
    """Some steps of an epoch are done.

    Attributes:
        epoch: The epoch under way, from 1.
        step: Steps of it that are done.
        metrics: Training loss and metrics over the epoch so far.
    """

    epoch: int
    step: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is done, validation included; the model holds this epoch's weights.

    Attributes:
        epoch: The epoch, from 1.
        figures: loss, metrics, `val_*` and `learning_rate`, the rate reached when its
            last step is done.
        seconds: What the epoch took.
        improved: Whether it is the best so far by the monitored metric.
    """

    epoch: int
    figures: Mapping[str, float]
    seconds: float
    improved: bool


@dataclass(frozen=True)
class TrainingEnded:
    """The loop is over.

    Attributes:
        reason: `finished`, `stopped` (by a callback), `interrupted` or `diverged`.
        epoch: The last epoch that was completed.
        detail: For `diverged` and `stopped`, what happened, in words.
    """

    reason: str
    epoch: int
    detail: str = ""


Event = TrainingStarted | ChunkEnded | EpochEnded | TrainingEnded
