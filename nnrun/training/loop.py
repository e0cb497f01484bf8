"""The training loop: a generator of events, whatever the engine."""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from nnrun.config.figures import on_validation
from nnrun.training.batch_hooks import periods, steps_to_call, watches_evaluation
from nnrun.training.blocks import WEIGHT, Blocks, call_ahead
from nnrun.training.current_rate import has_schedule, rate_of_last_step
from nnrun.training.engines import ChunkSize, EvaluationStoppedError, as_floats
from nnrun.training.events import (
    BestReached,
    ChunkEnded,
    EpochEnded,
    Event,
    FineTuningBegan,
    Position,
    Resumable,
    TrainingEnded,
)
from nnrun.training.fine_tuning import FineTuning
from nnrun.training.order import epoch_order
from nnrun.training.placing import AnyEvaluation, AnyTraining
from nnrun.training.recording import next_look
from nnrun.training.state import averaged_weights, first_not_finite

DECIDING = ("loss", "val_loss", WEIGHT)
"""What must be finite for a training to go on; a metric may be undefined for the rows it sees."""

Steps = Generator[Event, None, TrainingEnded | None]
"""Events of a part of the training; returns how the training ended, if it did."""


@dataclass(frozen=True)
class Course:
    """How long to train, and which epoch counts as the best.

    Attributes:
        epochs: The last epoch.
        seed: What the order of the rows follows from.
        shuffle: Whether every epoch has an order of its own.
        monitor: The figure that tells which epoch is best.
        mode: `min` or `max`: which direction of it is better.
        anew: From this epoch on only later ones can be the best: a pruned model is not measured
            against one with all of its weights.
        until: The epoch after which it pauses; None if it does not.
    """

    epochs: int
    seed: int
    shuffle: bool
    monitor: str
    mode: str
    anew: int | None = None
    until: int | None = None

    @property
    def last(self) -> int:
        """The epoch to train to now."""
        return self.epochs if self.until is None else min(self.until, self.epochs)

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a monitored value beats the best so far; a value that is not finite never does."""
        if not math.isfinite(value):
            return False
        if best is None:
            return True
        return value < best if self.mode == "min" else value > best


@dataclass(frozen=True)
class Programs:
    """The compiled parts that a training is made of.

    Attributes:
        training: The training steps.
        validation: The evaluation of the validation rows, if there are any.
        blocks: Where epochs are so short that many are made in one call, what makes them.
    """

    training: AnyTraining
    validation: AnyEvaluation | None = None
    blocks: Blocks | None = None


def train_epochs(
    model: Any,
    programs: Programs,
    callbacks: Any,
    course: Course,
    should_stop: Callable[[], bool],
    *,
    resume: Callable[[], Position] = Position,
    fine_tuning: FineTuning | None = None,
) -> Iterator[Event]:
    """Train from a position to the end, and tell what happens.

    Keras's callbacks are called as `fit` calls them, epoch hooks after validation; batch hooks come
    at every step for a callback that counts them (`batch_hooks`), else once a chunk. Where the optimizer averages the weights (`use_ema`), the
    validation figures are those of the average; the model itself goes on with its own weights, and
    `use_averaged_weights` turns it into the model to save.

    Args:
        model: The compiled model.
        programs: Its compiled parts.
        callbacks: A `keras.callbacks.CallbackList`.
        course: What to do.
        should_stop: Asked after every chunk; True ends the training there.
        resume: Brings model and callbacks, once these have begun, into the state to go on from, and
            says where that is.
        fine_tuning: What makes frozen layers learn after some epochs.
    """
    model.stop_training = False
    callbacks.on_train_begin()
    loop = _Loop(model, programs, callbacks, course, should_stop, resume(), fine_tuning)
    ended: TrainingEnded | None = None
    try:
        ended = yield from loop.run()
    finally:  # also where nobody listens any more: callbacks have files to close
        callbacks.on_train_end(dict(loop.logs))
    paused = course.last < course.epochs
    yield ended or TrainingEnded("paused" if paused else "finished", course.last)


@dataclass
class _Loop:
    """The state of the loop."""

    model: Any
    programs: Programs
    callbacks: Any
    course: Course
    should_stop: Callable[[], bool]
    start: Position
    fine_tuning: FineTuning | None = None
    chunk: ChunkSize = field(default_factory=ChunkSize)
    best: float | None = field(init=False)
    best_epoch: int | None = field(init=False)
    logs: dict[str, float] = field(init=False)
    periods: set[int] = field(init=False)
    watched: bool = field(init=False)
    rate: float = field(init=False)
    scheduled: bool = field(init=False)

    def __post_init__(self) -> None:
        self.best, self.best_epoch = self.start.best, self.start.best_epoch
        self.logs = dict(self.start.logs)
        self.scheduled = has_schedule(self.model.optimizer)
        self.periods = periods(self.callbacks.callbacks)
        self.watched = watches_evaluation(self.callbacks.callbacks)
        self.model.stop_training = self.start.stopping
        if self.fine_tuning and self.fine_tuning.is_under_way(self.start):
            self.fine_tuning.go_on()  # before the first step is traced

    def run(self) -> Steps:
        """All epochs from the start to the course's last."""
        done, step = self.start.epoch, self.start.step
        if step == 0 and self.start.stopping:
            return TrainingEnded("stopped", done, self._who_stopped())
        while done < self.course.last:
            if self.fine_tuning and self.fine_tuning.is_due(done, step):
                yield self._begin_fine_tuning(self.fine_tuning)
            if self.programs.blocks is None:
                ended = yield from self._run_epoch(done + 1, step)
                done += 1
            else:
                ended = yield from self._run_block(self.programs.blocks, done + 1)
                done += self.programs.blocks.made
            step = 0
            if ended is not None:
                return ended
        return None

    def _begin_fine_tuning(self, fine_tuning: FineTuning) -> FineTuningBegan:
        """Let frozen layers learn, which takes newly compiled steps."""
        began = fine_tuning.begin()
        self.programs.training.compile()
        if self.programs.blocks is not None:
            self.programs.blocks.compile()
        return began

    def position(self, epoch: int, step: int = 0) -> Position:
        """The position after so many epochs, and so many steps of the next."""
        stopping = bool(self.model.stop_training)
        return Position(epoch, step, self.best, self.best_epoch, dict(self.logs), stopping)

    def _run_epoch(self, epoch: int, first: int) -> Steps:
        """One epoch, from its step `first`."""
        started = time.perf_counter()
        if first == 0:
            self.callbacks.on_epoch_begin(epoch - 1)
        ended = yield from self._run_chunks(epoch, first)
        if ended is not None:
            return ended
        without_step = first == self.programs.training.steps or self.start.stopping
        if self.scheduled or without_step:
            self.rate = self._rate_of_last_step()
        training_logs = dict(self.logs)
        if self.programs.validation is not None:
            try:
                figures = self._validate(self.programs.validation)
            except EvaluationStoppedError:
                self.logs = training_logs
                yield Resumable(self.position(epoch - 1, self.programs.training.steps))
                return TrainingEnded("interrupted", epoch - 1)
            self.logs |= {on_validation(name): value for name, value in figures.items()}
        ended = self._divergence(epoch, self.logs)
        if ended is not None:
            return ended
        figures = self.logs | {"learning_rate": self.rate}
        yield self._take_in(epoch, figures, time.perf_counter() - started)
        if self.best_epoch == epoch:
            yield BestReached(epoch)
        self.callbacks.on_epoch_end(epoch - 1, dict(self.logs))
        yield Resumable(self.position(epoch))
        return self._after(epoch)

    def _run_chunks(self, epoch: int, first: int) -> Steps:
        """The epoch's training steps, as far as the loss is finite and nobody asks to stop.

        A callback that sets `stop_training` after a step ends the epoch there, as in `fit`. Only
        one that is called at steps of its own choice can: chunks end at other steps on another day,
        and the same config must give the same weights.
        """
        course, training = self.course, self.programs.training
        order = epoch_order(training.rows, seed=course.seed, epoch=epoch, shuffle=course.shuffle)
        training.begin_epoch(order)
        if first == 0:
            self.model.reset_metrics()
        step = first
        while step < training.steps and not self.model.stop_training:
            stop = self._next_stop(epoch, step)
            self.callbacks.on_train_batch_begin(step)
            with self.chunk.measured(stop - step):
                self.logs = training.run(step, stop)
            if not self.scheduled:  # else a callback cannot set it
                self.rate = self._rate_of_last_step()
            self.callbacks.on_train_batch_end(stop - 1, dict(self.logs))
            step = stop
            yield ChunkEnded(epoch, step, dict(self.logs))
            if not math.isfinite(self.logs["loss"]):
                return self._divergence(epoch, self.logs)
            yield Resumable(self.position(epoch - 1, step))
            if step < training.steps and self.should_stop():
                return TrainingEnded("interrupted", epoch - 1)
        return None

    def _next_stop(self, epoch: int, step: int) -> int:
        """Where the next chunk ends (exclusive)."""
        steps = self.programs.training.steps
        stop = min(step + self.chunk.steps, steps)
        wanted = steps_to_call(self.periods, (epoch - 1) * steps + step)
        return stop if wanted is None else min(stop, step + wanted)

    def _rate_of_last_step(self) -> float:
        return as_floats({"": rate_of_last_step(self.model.optimizer)})[""]

    def _validate(self, validation: AnyEvaluation) -> dict[str, float]:
        """Evaluate the weights that would be saved, which are averages if the optimizer keeps them."""
        callbacks = self.callbacks
        if (
            self.watched and self.should_stop()
        ):  # not in the midst: the callbacks could not go on there
            raise EvaluationStoppedError
        callbacks.on_test_begin()
        with averaged_weights(self.model):
            if self.watched:
                figures = validation.run(callbacks=callbacks)
            else:
                figures = validation.run(self.should_stop)
        callbacks.on_test_end(dict(figures))
        return figures

    def _run_block(self, blocks: Blocks, epoch: int) -> Steps:
        """Train many tiny epochs at once, then yield their events one by one.

        The callbacks hear of every epoch while the model is already further on, and get the weights
        that they ask for when the block has ended. Where one wants to do something to the model, the
        block ends with that epoch: the model is brought there, by making the same epochs again, and
        the callback is called anew.
        """
        last, before = self.course.last, self.best_epoch
        if self.fine_tuning:
            last = self.fine_tuning.last_epoch(epoch - 1, last)
        rows = blocks.run(epoch, next_look(self.callbacks.callbacks, epoch, last))
        events: list[EpochEnded] = []
        ended, waiting = None, False
        for number, figures in enumerate(rows, start=epoch):
            rate = {"learning_rate": figures.pop("learning_rate")}
            ended = self._divergence(number, figures)
            if ended is not None:
                break
            self.logs = figures
            events.append(self._take_in(number, figures | rate, blocks.seconds))
            waiting = not call_ahead(self.callbacks, number - 1, figures, rate["learning_rate"])
            if waiting:
                break
        yield from events
        best = self.best_epoch
        if best is not None and best != before:
            blocks.bring_to(best)
            yield BestReached(best)
        blocks.fetch_weights(self.callbacks.callbacks)
        blocks.end_with(len(events))
        if waiting:
            self.callbacks.on_epoch_end(events[-1].epoch - 1, dict(self.logs))
        yield Resumable(self.position(epoch + len(events) - 1))
        return ended or self._after(epoch + len(events) - 1)

    def _divergence(self, epoch: int, logs: dict[str, float]) -> TrainingEnded | None:
        """The end of the training if the loss or a weight is not finite."""
        for name in DECIDING:
            value = logs.get(name, 0.0)
            if not math.isfinite(value):
                return TrainingEnded("diverged", epoch - 1, f"{name} is {value} in epoch {epoch}")
        spoiled = None if self.programs.blocks else first_not_finite(self.model)
        if spoiled is None:
            return None
        return TrainingEnded("diverged", epoch - 1, f"{spoiled} is not finite in epoch {epoch}")

    def _take_in(self, epoch: int, figures: dict[str, float], seconds: float) -> EpochEnded:
        """Record an epoch with a finite loss, and return its event."""
        value = figures[self.course.monitor]
        if epoch == self.course.anew:
            self.best = None
        improved = self.course.is_better(value, self.best)
        if improved:
            self.best, self.best_epoch = value, epoch
        return EpochEnded(epoch, figures, seconds, improved)

    def _after(self, epoch: int) -> TrainingEnded | None:
        """The end of the training, if it ends after this epoch."""
        if self.should_stop() and epoch < self.course.epochs:
            return TrainingEnded("interrupted", epoch)
        if self.model.stop_training:
            return TrainingEnded("stopped", epoch, self._who_stopped())
        return None

    def _who_stopped(self) -> str:
        """The callback that set `stop_training`, if it can be identified."""
        for callback in self.callbacks.callbacks:
            if getattr(callback, "stopped_epoch", 0):
                return type(callback).__name__
        return "a callback"
