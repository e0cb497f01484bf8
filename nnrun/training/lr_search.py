"""The learning-rate range test (Smith 2015): the rate grows from one training step to the next.

A loop over many steps is one compiled program, as in `engines`; the rates are a tensor of it, and
the loss of every step's own batch comes back.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.errors import UserError
from nnrun.training.engines import (
    ChunkSize,
    Resident,
    build_loss_and_metrics,
    compiler,
)
from nnrun.training.order import epoch_order


class RateTest:
    """Training steps of one model, each with its own rate; repeatable.

    Every test begins with the weights that the model has now. The model is changed by it and good
    for nothing else.

    Args:
        model: A compiled Keras model.
        data: The training rows.
        batch_size: Rows in a step.
        steps: Steps of a test.
        engine: `xla` or `graph`.
        seed: What the order of the rows follows from, as in a training.
        shuffle: Whether every epoch has an order of its own.

    Raises:
        UserError: If the optimizer's rate cannot be set.
    """

    def __init__(
        self,
        model: Any,
        data: Resident,
        *,
        batch_size: int,
        steps: int,
        engine: str,
        seed: int,
        shuffle: bool,
    ) -> None:
        _check_rate_can_be_set(model)
        build_loss_and_metrics(model, data)
        model.optimizer.build(model.trainable_variables)
        variables = [*model.variables, *model.optimizer.variables]
        self.steps = steps
        self._start = [(variable, variable.numpy()) for variable in variables]
        batches = _batches(
            data.rows, batch_size=batch_size, steps=steps, seed=seed, shuffle=shuffle
        )
        self._run_steps = _program(model, data, batches, engine)

    def losses(self, rates: Sequence[float]) -> Iterator[float]:
        """Train one step with each rate, and yield the losses of the batches, each before its step.

        The steps are made in chunks, ahead of what is yielded: whoever has seen enough just stops
        taking.

        Args:
            rates: The learning rate of every step, as many as there are steps.

        Yields:
            The loss of a step's batch as Keras's `train_step` has it: weighted, with penalties.

        Raises:
            UserError: If XLA cannot run the model.
        """
        for variable, value in self._start:
            variable.assign(value)
        all_rates = tf.constant(rates, tf.float32, shape=(self.steps,))
        chunk, start = ChunkSize(), 0
        while start < self.steps:
            stop = min(start + chunk.steps, self.steps)
            began = time.perf_counter()
            losses = np.asarray(self._run_steps(all_rates, tf.constant(start), tf.constant(stop)))
            chunk.measure(stop - start, time.perf_counter() - began)
            yield from losses[start:stop].astype(float).tolist()
            start = stop


def _program(model: Any, data: Resident, batches: np.ndarray, engine: str) -> Any:
    """The program that trains a range of steps, and returns the loss of each."""
    all_batches, steps = tf.constant(batches), len(batches)

    def loss_of(step: Any, rate: Any) -> Any:
        # Keras's loss is a mean over the epoch so far: begun anew, it is that of the batch alone.
        model.reset_metrics()
        model.optimizer.learning_rate.assign(rate)
        rows = all_batches[step]
        model.train_step(data.batch(lambda tensor: tf.gather(tensor, rows)))
        return tf.cast(model.get_metrics_result()["loss"], tf.float32)

    @compiler(engine)
    def run_steps(rates: Any, start: Any, stop: Any) -> Any:
        def one_step(step: Any, losses: Any) -> tuple[Any, Any]:
            return step + 1, losses.write(step, loss_of(step, rates[step]))

        losses = tf.TensorArray(tf.float32, size=steps, element_shape=())
        _, losses = tf.while_loop(
            lambda step, _: step < stop, one_step, (start, losses), parallel_iterations=1
        )
        return losses.stack()

    return run_steps


def _batches(rows: int, *, batch_size: int, steps: int, seed: int, shuffle: bool) -> np.ndarray:
    """The rows of every step's batch, int32 `(steps, batch)`, as many epochs as that takes.

    The rows left over at the end of an epoch make no batch: a smaller one has a noisier loss.
    """
    size = min(batch_size, rows)
    per_epoch = rows // size
    epochs = -(-steps // per_epoch)
    orders = [
        epoch_order(rows, seed=seed, epoch=epoch, shuffle=shuffle)[: per_epoch * size]
        for epoch in range(1, epochs + 1)
    ]
    return np.concatenate(orders)[: steps * size].reshape(steps, size)


def _check_rate_can_be_set(model: Any) -> None:
    if not isinstance(model.optimizer.learning_rate, keras.Variable):
        name = type(model.optimizer).__name__
        raise UserError(
            f"the optimizer {name} brings a schedule of its own, so there is no rate to search",
            hint="give it a constant learning_rate",
        )
