"""Many tiny epochs in one call: if an epoch takes milliseconds, the call itself dominates.

A block is one program that makes epoch after epoch, validation included, and returns the figures of
each as a row. The engine is deterministic, so whoever needs the model as it was after an epoch in
the midst of a block gets it by having the block made again, up to there.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.config.figures import on_validation
from nnrun.models.shapes import row_sizes
from nnrun.training.current_rate import rate_of_last_step
from nnrun.training.engines import (
    CHUNK_SECONDS,
    CompiledEvaluation,
    CompiledTraining,
    as_floats,
    compiler,
    evaluation_step,
    repeat,
    training_step,
)
from nnrun.training.order import epoch_order
from nnrun.training.recording import Recorder
from nnrun.training.state import capture_state, keeps_average, restore_state

TINY_EPOCH = 20_000_000
"""Multiplications of a forward pass over an epoch's rows, below which epochs are made in blocks."""

MOST_EPOCHS = 1000
"""Most epochs in a block."""

MOST_INDICES = 4_000_000
"""Most row indices that a block's orders may hold."""

WEIGHT = "a weight"
"""What stands in an epoch's row for the weights, where one is not finite."""

_FINITE = "weights_are_finite"
_RATE = "learning_rate"

_CALLED_AHEAD = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.TerminateOnNaN,
)
"""Callbacks that look at an epoch's figures alone, and only now and then act on the model.

So does a `Recorder`, which says in advance after which epochs it looks at the model.
"""


def fits_blocks(model: Any, rows: int, callbacks: Sequence[Any], validation_rows: int = 0) -> bool:
    """Whether a model's epochs are tiny, and nothing looks at the model after each of them.

    Decided by arithmetic, not by timing: the same config must give the same bits.

    Args:
        model: A compiled Keras model.
        rows: Training rows.
        callbacks: The callbacks that the config declares.
        validation_rows: Rows that are evaluated after every epoch.
    """
    ahead = (type(item) in _CALLED_AHEAD or isinstance(item, Recorder) for item in callbacks)
    if keeps_average(model) or not all(ahead):
        return False
    parameters: int = model.count_params()
    return (rows + validation_rows) * (parameters + sum(row_sizes(model))) <= TINY_EPOCH


class Blocks:
    """Blocks of epochs of one model.

    Args:
        model: A compiled Keras model.
        training: Its training steps.
        validation: The evaluation of its validation rows, if there are any.
        engine: `xla` or `graph`.
        seed: What the order of the rows follows from.
        shuffle: Whether every epoch has an order of its own.

    Attributes:
        made: Epochs of the last block that were kept.
        seconds: What one of them took.
    """

    def __init__(
        self,
        model: Any,
        training: CompiledTraining,
        validation: CompiledEvaluation | None,
        engine: str,
        *,
        seed: int,
        shuffle: bool,
    ) -> None:
        self.model = model
        self.training = training
        self.validation = validation
        self.seed = seed
        self.shuffle = shuffle
        self.made = 0
        self.seconds = 0.0
        self._most = max(1, min(MOST_EPOCHS, MOST_INDICES // training.rows))
        self._length = 1
        self._warm = False
        self._names: list[str] = []
        self._train_on = training_step(model)
        self._test_on = evaluation_step(model)
        self._engine = engine
        self.compile()

    def compile(self) -> None:
        """Compile the program, again if other variables are trainable than before."""
        self._program = compiler(self._engine)(self._epochs)
        self._warm = False

    def begin_again(self, seed: int) -> None:
        """Begin another training with the same program, its rows in the order of another seed."""
        self.seed, self.made, self.seconds = seed, 0, 0.0
        self._length, self._warm = 1, True

    def run(self, epoch: int, last: int) -> list[dict[str, float]]:
        """Train as many epochs as take about CHUNK_SECONDS, from `epoch` to `last` at most.

        Returns:
            A row for each epoch: loss, metrics, `val_*`, `learning_rate`; and NaN as `WEIGHT` where
            one is not finite.
        """
        self._first = epoch
        self._count = count = min(self._length, last - epoch + 1)
        self._start = capture_state(self.model)
        self._at = 0
        orders = np.zeros((self._most, self.training.rows), np.int32)
        for index in range(count):
            orders[index] = epoch_order(
                self.training.rows, seed=self.seed, epoch=epoch + index, shuffle=self.shuffle
            )
        self._orders = tf.constant(orders)
        started = time.perf_counter()
        table = self._advance(count)
        self.seconds = (time.perf_counter() - started) / count
        return [self._row(values) for values in table[:count]]

    def bring_to(self, epoch: int) -> None:
        """Bring the model back to its state after an epoch of the block."""
        index = epoch - self._first + 1
        if index < self._at:
            restore_state(self.model, self._start)
            self._at = 0
        if index > self._at:
            self._advance(index)

    def fetch_weights(self, callbacks: Sequence[Any]) -> None:
        """Give callbacks the weights that they asked for while the model was further on."""
        for callback in callbacks:
            for name, value in vars(callback).items():
                if isinstance(value, WeightsAfter):
                    self.bring_to(value.epoch)
                    vars(callback)[name] = self.model.get_weights()

    def end_with(self, count: int) -> None:
        """Keep the first epochs of the block, and bring the model to its state after them."""
        whole = count == self._count
        self.bring_to(self._first + count - 1)
        self.made = count
        if not whole:
            self._length = max(1, self._length // 2)
        elif self._warm:
            fitting = int(CHUNK_SECONDS / max(self.seconds, 1e-9))
            self._length = max(1, min(fitting, 8 * self._length, self._most))
        self._warm = True  # the first block was compiled as well: its time tells nothing

    def _advance(self, index: int) -> np.ndarray:
        validated = () if self.validation is None else self.validation.parts
        bounds = tf.constant(self._at), tf.constant(index)
        table = self._program(self.training.parts, validated, self._orders, *bounds)
        self._at = index
        figures: np.ndarray = table.numpy()
        return figures

    def _row(self, values: np.ndarray) -> dict[str, float]:
        row = as_floats(dict(zip(self._names, values, strict=True)))
        finite = row.pop(_FINITE)
        return row if finite else row | {WEIGHT: float("nan")}

    def _epochs(self, trained: Any, validated: Any, orders: Any, first: Any, last: Any) -> Any:
        """The program: epochs `first` to `last - 1` of the block; figures `(epochs, names)`."""
        width = len(self._trace_names())

        def one_epoch(epoch: Any, table: Any) -> tuple[Any, Any]:
            figures = self._one_epoch(trained, validated, orders[epoch])
            row = tf.stack([tf.cast(figures[name], tf.float32) for name in self._names])
            return epoch + 1, table.write(epoch, row)

        table = tf.TensorArray(tf.float32, size=self._most, element_shape=(width,))
        _, table = tf.while_loop(
            lambda epoch, _: epoch < last, one_epoch, (first, table), parallel_iterations=1
        )
        return table.stack()

    def _trace_names(self) -> list[str]:
        names = list(self.model.get_metrics_result())
        validated = [on_validation(name) for name in names] if self.validation else []
        self._names = [*names, *validated, _RATE, _FINITE]
        return self._names

    def _one_epoch(self, trained: Any, validated: Any, order: Any) -> dict[str, Any]:
        training, batch = self.training, self.training.batch_size
        self.model.reset_metrics()
        if training.full_steps:
            repeat(
                0,
                training.full_steps,
                lambda step: self._train_on(trained, tf.slice(order, [step * batch], [batch])),
            )
        if training.rows_left:
            self._train_on(trained, order[training.full_steps * batch :])
        figures = dict(self.model.get_metrics_result())
        figures[_RATE] = rate_of_last_step(self.model.optimizer)
        if self.validation is not None:
            figures |= {
                on_validation(name): value for name, value in self._validate(validated).items()
            }
        figures[_FINITE] = self._all_finite()
        return figures

    def _validate(self, rows: Any) -> dict[str, Any]:
        validation = self.validation
        assert validation is not None  # noqa: S101 asked before
        self.model.reset_metrics()
        batch = validation.batch_size
        if validation.full_steps:
            repeat(0, validation.full_steps, lambda step: self._test_on(rows, step * batch, batch))
        if validation.rows_left:
            first = validation.full_steps * validation.batch_size
            self._test_on(rows, tf.constant(first), validation.rows_left)
        results: dict[str, Any] = self.model.get_metrics_result()
        return results

    def _all_finite(self) -> Any:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        checks = [
            tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(variable)))
            for variable in variables
            if keras.backend.is_float_dtype(variable.dtype)
        ]
        return tf.reduce_all(tf.stack(checks))


class _NeedsModelError(Exception):
    """A callback wants the model itself."""


class _AheadOptimizer:
    """What callbacks may ask of the optimizer after an epoch: the learning rate."""

    def __init__(self, rate: float) -> None:
        object.__setattr__(self, "learning_rate", np.float32(rate))

    def __setattr__(self, name: str, value: Any) -> None:
        raise _NeedsModelError(name)


@dataclass(frozen=True)
class WeightsAfter:
    """The weights of the model after an epoch, in their place until they are fetched."""

    epoch: int


class _AheadModel:
    """A stand-in for the model after an epoch of a block, when the real one is already further on."""

    def __init__(self, epoch: int, rate: float) -> None:
        object.__setattr__(self, "optimizer", _AheadOptimizer(rate))
        object.__setattr__(self, "get_weights", lambda: WeightsAfter(epoch))

    def __getattr__(self, name: str) -> Any:
        raise _NeedsModelError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise _NeedsModelError(name)


def call_ahead(callbacks: Any, epoch: int, logs: dict[str, float], rate: float) -> bool:
    """Tell callbacks of an epoch's end without the model.

    Args:
        callbacks: A `keras.callbacks.CallbackList` of callbacks that `fits_blocks` allows.
        epoch: The epoch, from 0.
        logs: Its figures.
        rate: The learning rate at its end.

    Returns:
        False where one of them wants to change the model: all are as they were before, and have to
        be called again when the model stands there. Its weights are fetched after the block.
    """
    with _without_model(callbacks.callbacks, _AheadModel(epoch + 1, rate)) as kept:
        try:
            callbacks.on_epoch_end(epoch, dict(logs))
        except _NeedsModelError:
            for callback, state in zip(callbacks.callbacks, kept, strict=True):
                vars(callback).clear()
                vars(callback).update(state)
            return False
    return True


@contextlib.contextmanager
def _without_model(callbacks: Sequence[Any], stand_in: Any) -> Iterator[list[dict[str, Any]]]:
    """Within the block the callbacks hold a stand-in; yields what each of them held before."""
    kept = [dict(vars(callback)) for callback in callbacks]
    models = [state.get("_model") for state in kept]
    for callback in callbacks:
        callback.set_model(stand_in)
    try:
        yield kept
    finally:
        for callback, model in zip(callbacks, models, strict=True):
            callback.set_model(model)
