"""The training loop: a generator of events, whatever the engine."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from nnrun.training.engines import as_floats
from nnrun.training.events import ChunkEnded, EpochEnded, Event, TrainingEnded
from nnrun.training.order import epoch_order
from nnrun.training.placing import AnyEvaluation, AnyTraining
from nnrun.training.state import averaged_weights

CHUNK_SECONDS = 0.3
"""What a chunk is to take: a stop, the display and the callbacks wait for no more than that."""

FIRST_CHUNK = 8


@dataclass(frozen=True)
class Plan:
    """What the loop is to do.

    Attributes:
        epochs: The last epoch.
        seed: What the order of the rows follows from.
        shuffle: Whether every epoch has an order of its own.
        monitor: The figure that tells which epoch is best.
        mode: `min` or `max`: which direction of it is better.
    """

    epochs: int
    seed: int
    shuffle: bool
    monitor: str
    mode: str

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a monitored value beats the best so far; a value that is not finite never does."""
        if not math.isfinite(value):
            return False
        if best is None:
            return True
        return value < best if self.mode == "min" else value > best


class ChunkSize:
    """How many steps make a chunk: grows and shrinks until a chunk takes about CHUNK_SECONDS."""

    def __init__(self) -> None:
        self.steps = FIRST_CHUNK
        self._warm = False

    def measure(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; the first one tells nothing, since it was compiled as well."""
        if self._warm and steps >= self.steps:
            fitting = steps * CHUNK_SECONDS / max(seconds, 1e-6)
            self.steps = max(1, round(min(fitting, 16 * self.steps)))
        self._warm = True


def train_epochs(  # noqa: PLR0917 the parts of a training, told apart by their types
    model: Any,
    training: AnyTraining,
    validation: AnyEvaluation | None,
    callbacks: Any,
    plan: Plan,
    should_stop: Callable[[], bool],
) -> Iterator[Event]:
    """Train, and tell what happens; the model holds the weights that each event speaks of.

    Keras's callbacks are called as `fit` calls them with `steps_per_execution`: batch hooks once a
    chunk, epoch hooks after validation. Where the optimizer averages the weights (`use_ema`), the
    validation figures are those of the average; the model itself goes on with its own weights, and
    `use_averaged_weights` turns it into the model to save.

    Args:
        model: The compiled model.
        training: Its compiled training steps.
        validation: Its compiled evaluation of the validation rows, if there are any.
        callbacks: A `keras.callbacks.CallbackList`.
        plan: What to do.
        should_stop: Asked after every chunk; True ends the training there.
    """
    loop = _Loop(model, training, validation, callbacks, plan, should_stop)
    model.stop_training = False
    callbacks.on_train_begin()
    ended: TrainingEnded | None = None
    try:
        for epoch in range(1, plan.epochs + 1):
            ended = yield from loop.run_epoch(epoch)
            if ended is not None:
                break
    finally:  # also where nobody listens any more: callbacks have files to close
        callbacks.on_train_end(dict(loop.logs))
    yield ended or TrainingEnded("finished", plan.epochs)


@dataclass
class _Loop:
    """What one epoch hands on to the next."""

    model: Any
    training: AnyTraining
    validation: AnyEvaluation | None
    callbacks: Any
    plan: Plan
    should_stop: Callable[[], bool]
    chunk: ChunkSize = field(default_factory=ChunkSize)
    best: float | None = None
    logs: dict[str, float] = field(default_factory=dict)

    def run_epoch(self, epoch: int) -> Generator[Event, None, TrainingEnded | None]:
        """One epoch's events; returns how the training ended, if it did."""
        plan, started = self.plan, time.perf_counter()
        self.callbacks.on_epoch_begin(epoch - 1)
        whole = yield from self._run_chunks(epoch)
        rate = as_floats({"learning_rate": self.model.optimizer.learning_rate})
        if whole and self.validation is not None:
            figures = self._validate(self.validation)
            self.logs |= {f"val_{name}": value for name, value in figures.items()}
        not_finite = [name for name, value in self.logs.items() if not math.isfinite(value)]
        if not_finite:
            detail = f"{not_finite[0]} is {self.logs[not_finite[0]]} in epoch {epoch}"
            return TrainingEnded("diverged", epoch - 1, detail)
        if not whole:
            return TrainingEnded("interrupted", epoch - 1)
        improved = plan.is_better(self.logs[plan.monitor], self.best)
        self.best = self.logs[plan.monitor] if improved else self.best
        figures = self.logs | rate
        yield EpochEnded(epoch, figures, time.perf_counter() - started, improved)
        self.callbacks.on_epoch_end(epoch - 1, dict(self.logs))
        if self.should_stop():
            return TrainingEnded("interrupted", epoch)
        if self.model.stop_training:
            return TrainingEnded("stopped", epoch, self._who_stopped())
        return None

    def _run_chunks(self, epoch: int) -> Generator[Event, None, bool]:
        """The epoch's training steps; returns whether all of them were made, to a finite loss.

        A callback that sets `stop_training` after a chunk has its way at the epoch's end: chunks
        end at other steps on another day, and the same config must give the same weights.
        """
        plan, training = self.plan, self.training
        order = epoch_order(training.rows, seed=plan.seed, epoch=epoch, shuffle=plan.shuffle)
        training.begin_epoch(order)
        step = 0
        while step < training.steps:
            stop = min(step + self.chunk.steps, training.steps)
            self.callbacks.on_train_batch_begin(step)
            started = time.perf_counter()
            self.logs = training.run(step, stop)
            self.chunk.measure(stop - step, time.perf_counter() - started)
            self.callbacks.on_train_batch_end(stop - 1, dict(self.logs))
            step = stop
            yield ChunkEnded(epoch, step, dict(self.logs))
            if not math.isfinite(self.logs["loss"]):
                return False
            if step < training.steps and self.should_stop():
                return False
        return True

    def _validate(self, validation: AnyEvaluation) -> dict[str, float]:
        """Evaluate the weights that would be saved: averaged ones, where the optimizer has them."""
        callbacks = self.callbacks
        callbacks.on_test_begin()
        callbacks.on_test_batch_begin(0)
        with averaged_weights(self.model):
            figures = validation.run()
        callbacks.on_test_batch_end(validation.steps - 1, dict(figures))
        callbacks.on_test_end(dict(figures))
        return figures

    def _who_stopped(self) -> str:
        """The callback that set `stop_training`, as far as it can be told."""
        for callback in self.callbacks.callbacks:
            if getattr(callback, "stopped_epoch", 0):
                return type(callback).__name__
        return "a callback"
