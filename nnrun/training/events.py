"""The events of the training loop."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Position:
    """How far a training has come: with the state of model and callbacks, all it takes to resume.

    Attributes:
        epoch: Epochs that are done.
        step: Training steps of the next epoch that are done.
        best: The best monitored value so far; None before the first.
        best_epoch: The epoch it is of.
        logs: Loss and metrics as they were told last.
        stopping: Whether a callback has asked to stop.
    """

    epoch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int | None = None
    logs: Mapping[str, float] = field(default_factory=dict)
    stopping: bool = False


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
        done: Epochs that were done before, where a run is resumed.
    """

    where: str
    epochs: int
    steps: int
    rows: Mapping[str, int]
    parameters: int
    engine: str
    device: str
    warnings: tuple[str, ...] = ()
    done: int = 0


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
    """An epoch is done, validation included.

    Many tiny epochs are made at once and told of afterwards: the model may be further on.

    Attributes:
        epoch: The epoch, from 1.
        figures: loss, metrics, `val_*` and `learning_rate`, the rate of its last step. A metric
            that is not defined for the rows is NaN.
        seconds: What the epoch took.
        improved: Whether it is the best so far by the monitored metric.
    """

    epoch: int
    figures: Mapping[str, float]
    seconds: float
    improved: bool


@dataclass(frozen=True)
class BestReached:
    """Right now the model holds the weights of the best epoch so far.

    Attributes:
        epoch: The epoch, from 1.
    """

    epoch: int


@dataclass(frozen=True)
class Resumable:
    """Right now the model and the callbacks are in a state that the training can resume from.

    Attributes:
        position: Where it stands.
    """

    position: Position


@dataclass(frozen=True)
class FineTuningBegan:
    """From now on frozen layers learn too, with a fresh optimizer.

    Attributes:
        epoch: The first epoch of this part, from 1.
        layers: Their names.
        learning_rate: The rate of this part.
    """

    epoch: int
    layers: tuple[str, ...]
    learning_rate: float


@dataclass(frozen=True)
class Doubted:
    """A warning that only the training could give.

    Attributes:
        warning: What, in words.
    """

    warning: str


@dataclass(frozen=True)
class TrainingEnded:
    """The loop is over.

    Attributes:
        reason: `finished`, `stopped` (by a callback), `interrupted`, `paused` (where it was to
            pause) or `diverged`.
        epoch: The last epoch that was completed.
        detail: For `diverged` and `stopped`, what happened, in words.
        hint: What to do about it, in a sentence; empty where there is nothing to do.
        cause: For `diverged`, why, where that could be found out: a sentence without its full stop.
    """

    reason: str
    epoch: int
    detail: str = ""
    hint: str = ""
    cause: str = ""


Event = (
    TrainingStarted
    | ChunkEnded
    | EpochEnded
    | BestReached
    | Resumable
    | FineTuningBegan
    | Doubted
    | TrainingEnded
)
