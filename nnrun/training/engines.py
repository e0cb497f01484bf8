"""Compiled chunks of Keras's own `train_step` and `test_step`, over data that stay on the device.

`model.fit` spends most of a small model's step in Python, iterators and dispatch. Here the rows are
on the device once, an epoch is a matrix of indices, and a loop over many steps is one program.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.data.splits import Part
from nnrun.errors import UserError
from nnrun.models.shapes import input_sizes, row_sizes
from nnrun.training.mirroring import mirrored_test, mirrored_training, replicas_of
from nnrun.training.randomness import compilable_random

EVALUATION_VALUES = 4_000_000
"""Most values of a layer's output in one evaluation batch: large enough to be fast, and to fit."""

CHUNK_SECONDS = 0.3
"""What a chunk is to take: a stop, the display and the callbacks wait for no more than that."""

FIRST_CHUNK = 8


@dataclass(frozen=True)
class Resident:
    """A part of the data on the device.

    Attributes:
        x: A tensor, or tensors by input name where there are several.
        y: Likewise for the targets.
        weights: A float32 weight for each row, or None.
        rows: Number of rows.
    """

    x: Any
    y: Any
    weights: Any
    rows: int

    @property
    def parts(self) -> tuple[Any, ...]:
        """The arguments of Keras's steps, for all rows."""
        return (self.x, self.y) if self.weights is None else (self.x, self.y, self.weights)

    def batch(self, cut: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The arguments of Keras's steps, every tensor cut down by `cut`."""
        return select(self.parts, cut)


def select(parts: tuple[Any, ...], cut: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The parts of some of the rows: every tensor cut down by `cut`."""
    return tuple(keras.tree.map_structure(cut, part) for part in parts)


def make_resident(part: Part, weights: np.ndarray | None = None) -> Resident:
    """Put a part's arrays on the device, in the dtype they are stored in."""
    return Resident(
        x=_tensors(part.inputs),
        y=_tensors(part.targets),
        weights=None if weights is None else tf.constant(weights, tf.float32),
        rows=part.rows,
    )


def _tensors(arrays: Mapping[str, np.ndarray]) -> Any:
    tensors = {name: tf.constant(array) for name, array in arrays.items()}
    return next(iter(tensors.values())) if len(tensors) == 1 else tensors


class ChunkSize:
    """How many steps make a chunk: grows and shrinks until a chunk takes about CHUNK_SECONDS."""

    def __init__(self, first: int | None = None) -> None:
        self.steps = FIRST_CHUNK if first is None else first
        self._warm = False

    @contextlib.contextmanager
    def measured(self, steps: int) -> Iterator[None]:
        """Time the block, which is a chunk of this many steps, and adapt."""
        started = time.perf_counter()
        yield
        self.measure(steps, time.perf_counter() - started)

    def measure(self, steps: int, seconds: float) -> None:
        """Adapt to the duration of a chunk; the first is ignored, since it includes compiling."""
        if self._warm and steps >= self.steps:
            fitting = steps * CHUNK_SECONDS / max(seconds, 1e-6)
            self.steps = max(1, round(min(fitting, 16 * self.steps)))
        self._warm = True


class CompiledTraining:
    """Training steps of one model over resident data.

    Args:
        model: A compiled Keras model; its state changes as the steps run.
        data: The training rows.
        batch_size: Rows in a step; the last step of an epoch takes the rows that are left.
        engine: `xla` or `graph`.
    """

    def __init__(self, model: Any, data: Resident, batch_size: int, engine: str) -> None:
        build_loss_and_metrics(model, data)
        self.model = model
        self.rows = data.rows
        self.batch_size = batch_size
        self.full_steps, self.rows_left = divmod(data.rows, batch_size)
        self.steps = self.full_steps + bool(self.rows_left)
        self.parts = data.parts
        self._engine = engine
        self.compile()

    def take_rows(self, data: Resident) -> None:
        """Train on other rows from now on, of the same number and shapes; nothing is compiled."""
        self.parts = data.parts

    def compile(self) -> None:
        """Compile the programs, again if other variables are trainable than before."""
        self._run_steps, self._run_last = training_programs(self.model, self._engine)

    def begin_epoch(self, order: np.ndarray) -> None:
        """Set the order in which the epoch visits the rows; the metrics are not reset."""
        full = self.full_steps * self.batch_size
        self._order = tf.constant(order[:full].reshape(self.full_steps, self.batch_size))
        self._left = tf.constant(order[full:])

    def run(self, start: int, stop: int) -> dict[str, float]:
        """Train steps `start` to `stop - 1` of the epoch; the epoch's loss and metrics so far."""
        figures: dict[str, Any] = {}
        if start < min(stop, self.full_steps):
            last = min(stop, self.full_steps)
            figures = self._run_steps(
                self.parts, self._order, tf.constant(start), tf.constant(last)
            )
        if stop > self.full_steps:
            figures = self._run_last(self.parts, self._left)
        return as_floats(figures)


class EvaluationStoppedError(Exception):
    """An evaluation was stopped before it had seen all rows."""


def never() -> bool:
    """Never stop."""
    return False


class CompiledEvaluation:
    """Keras's `test_step` over resident data, in large batches.

    Args:
        model: A compiled Keras model.
        data: The rows.
        engine: `xla` or `graph`.
        batch_size: Rows in a step; None for as many as fit well.
    """

    def __init__(
        self, model: Any, data: Resident, engine: str, batch_size: int | None = None
    ) -> None:
        build_loss_and_metrics(model, data)
        self.model = model
        self.batch_size = batch_size or evaluation_batch(data.rows, widest_row(model))
        self.full_steps, self.rows_left = divmod(data.rows, self.batch_size)
        self.steps = self.full_steps + bool(self.rows_left)
        self.parts = data.parts
        self._run_steps = evaluation_program(model, engine, self.batch_size)
        self._run_last = evaluation_program(model, engine, self.rows_left)
        self._chunk = ChunkSize()

    def take_rows(self, data: Resident) -> None:
        """Evaluate other rows from now on, of the same number and shapes; nothing is compiled."""
        self.parts = data.parts

    def run(
        self, should_stop: Callable[[], bool] = never, callbacks: Any = None
    ) -> dict[str, float]:
        """Loss and metrics over all rows; the model's metrics are reset before and hold them after.

        Args:
            should_stop: Asked where it takes long; True ends it there.
            callbacks: A `keras.callbacks.CallbackList` that is told of every batch, if any.

        Raises:
            EvaluationStoppedError: It was stopped.
        """
        self.model.reset_metrics()
        figures: dict[str, float] = {}
        done = 0
        while done < self.full_steps:
            if done and should_stop():
                raise EvaluationStoppedError
            steps = 1 if callbacks else min(self._chunk.steps, self.full_steps - done)
            with self._chunk.measured(steps):
                figures = self._batches(self._run_steps, done, steps, callbacks)
            done += steps
        if self.rows_left:
            figures = self._batches(self._run_last, done, 1, callbacks)
        return figures

    def _batches(
        self, program: Callable[..., Any], batch: int, count: int, callbacks: Any
    ) -> dict[str, float]:
        if callbacks:
            callbacks.on_test_batch_begin(batch)
        first = tf.constant(batch * self.batch_size)
        figures = as_floats(program(self.parts, first, tf.constant(count)))
        if callbacks:
            callbacks.on_test_batch_end(batch + count - 1, figures)
        return figures


def training_step(model: Any) -> Callable[[tuple[Any, ...], Any], None]:
    """A model's training step on the rows of some indices, to be traced by a program."""
    train_step = model.train_step if replicas_of(model) == 1 else mirrored_training(model)

    def train_on(parts: tuple[Any, ...], rows: Any) -> None:
        train_step(select(parts, lambda tensor: tf.gather(tensor, rows)))

    return train_on


def evaluation_step(model: Any) -> Callable[[tuple[Any, ...], Any, int], None]:
    """A model's test step on so many rows from a first one, to be traced by a program."""
    test_step = model.test_step if replicas_of(model) == 1 else mirrored_test(model)

    def test_on(parts: tuple[Any, ...], first: Any, count: int) -> None:
        test_step(select(parts, lambda tensor: _rows(tensor, first, count)))

    return test_on


def training_programs(model: Any, engine: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A model's training steps, compiled: many full ones, and a partial one.

    Both take the parts of the rows (as `Resident.parts`) and return the figures so far. The first
    goes on with an index matrix `(steps, batch)`, a first step and the one to stop before; the
    second with the indices of its rows.
    """
    train_on = training_step(model)

    # The bounds are tensors and the index matrix is that of all steps, so that one program serves
    # chunks of every length; a bound known while tracing would compile anew each time.
    @compiler(engine)
    def run_steps(parts: tuple[Any, ...], order: Any, start: Any, stop: Any) -> dict[str, Any]:
        repeat(start, stop, lambda step: train_on(parts, order[step]))
        return _figures(model)

    @compiler(engine)
    def run_last(parts: tuple[Any, ...], rows: Any) -> dict[str, Any]:
        train_on(parts, rows)
        return _figures(model)

    return run_steps, run_last


def evaluation_program(model: Any, engine: str, batch_size: int) -> Callable[..., Any]:
    """A model's test steps, compiled.

    It takes the parts of the rows (as `Resident.parts`), the first row, and how many batches to
    evaluate from there; it returns the figures so far.
    """
    test_on = evaluation_step(model)

    @compiler(engine)
    def run_steps(parts: tuple[Any, ...], first: Any, steps: Any) -> dict[str, Any]:
        repeat(0, steps, lambda step: test_on(parts, first + step * batch_size, batch_size))
        return _figures(model)

    return run_steps


def repeat(start: Any, stop: Any, action: Callable[[Any], object]) -> None:
    """A loop of a program: `action(start)` to `action(stop - 1)`, one after the other."""

    def one(step: Any) -> tuple[Any]:
        action(step)
        return (step + 1,)

    tf.while_loop(
        lambda step: step < stop, one, (tf.convert_to_tensor(start),), parallel_iterations=1
    )


def compiler(engine: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that compiles a function of tensors with the engine."""

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        def traced(*arguments: Any) -> Any:
            with compilable_random(engine):
                return function(*arguments)

        program = tf.function(traced, jit_compile=engine == "xla", reduce_retracing=True)

        @functools.wraps(function)
        def run(*arguments: Any) -> Any:
            try:
                return program(*arguments)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                if engine != "xla":
                    raise
                message = f"XLA cannot run this model: {str(error.message).splitlines()[0]}"
                raise UserError(message, hint="set runtime.engine: graph") from error

        return run

    return compiled


def as_floats(figures: Mapping[str, Any]) -> dict[str, float]:
    """Metric results as Python floats."""
    # The shortest decimal of the metric's own precision: 0.9, not the 0.8999999761581421 of float64.
    return {name: float(str(np.asarray(value)[()])) for name, value in figures.items()}


def _figures(model: Any) -> dict[str, Any]:
    results: dict[str, Any] = model.get_metrics_result()
    return results


def _rows(tensor: Any, start: Any, count: int) -> Any:
    rest = tensor.shape[1:]
    return tf.slice(tensor, [start, *([0] * len(rest))], [count, *rest])


def evaluation_batch(rows: int, width: int) -> int:
    """Rows in an evaluation batch; one that divides the rows evenly if there is one nearby."""
    most = max(1, min(rows, EVALUATION_VALUES // width))
    for batch in range(most, most // 2, -1):
        if rows % batch == 0:
            return batch
    return most


def widest_row(model: Any) -> int:
    """The most values per row, in the inputs or in the output of any layer."""
    return max([*input_sizes(model), *row_sizes(model)])


def build_loss_and_metrics(model: Any, data: Resident) -> None:
    """Have Keras create the variables of loss and metrics, which compiled programs may not do.

    Keras makes those of the metrics when it first sees targets and predictions; a row is enough.
    Nothing is trained and nothing random drawn.
    """
    x, y, *weights = data.batch(lambda tensor: tensor[:1])
    predicted = model(x, training=False)
    model.compute_loss(x, y, predicted, *weights, training=False)
    model.compute_metrics(x, y, predicted, *weights)
    model.reset_metrics()
