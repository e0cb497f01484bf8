"""Predictions of a model: compiled, in large batches, and with dropout left on."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.errors import UserError
from nnrun.training.choosing import inner_layers
from nnrun.training.engines import compiler, evaluation_batch, widest_row

DROPOUTS = (keras.layers.Dropout, keras.layers.AlphaDropout, keras.layers.GaussianDropout)
"""Layers that drop at random; the spatial ones are kinds of `Dropout`."""


@dataclass(frozen=True)
class Samples:
    """Mean and deviation of the outputs over several draws of dropout.

    Attributes:
        mean: Over the draws, float64 `(rows, outputs)`.
        deviation: Standard deviation over the draws (of these draws, not an estimate), likewise.
    """

    mean: np.ndarray
    deviation: np.ndarray


class CompiledPrediction:
    """A model's forward pass as one compiled program, over rows in memory.

    Args:
        model: A built Keras model.
        rows: How many rows will be predicted at once.
        engine: `xla` or `graph`.
        batch_size: Rows in a batch; None for as many as fit well.
    """

    def __init__(self, model: Any, rows: int, engine: str, batch_size: int | None = None) -> None:
        largest = batch_size or evaluation_batch(rows, widest_row(model))
        self.batch_size = min(largest, rows)

        @compiler(engine)
        def forward(x: Any) -> Any:
            outputs = model(x, training=False)
            return keras.tree.map_structure(lambda output: tf.cast(output, tf.float32), outputs)

        self._forward = forward

    def run(self, inputs: Mapping[str, np.ndarray]) -> Any:
        """The outputs of all rows, float32 `(rows, outputs)`; by name where there are several."""
        rows = len(next(iter(inputs.values())))
        batches = [self._batch(inputs, start) for start in range(0, rows, self.batch_size)]
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts)[:rows], *batches)

    def _batch(self, inputs: Mapping[str, np.ndarray], start: int) -> Any:
        parts = {name: array[start : start + self.batch_size] for name, array in inputs.items()}
        # The last batch is filled up with its first row: another shape would be compiled anew.
        tensors = {
            name: tf.constant(_filled(part, self.batch_size)) for name, part in parts.items()
        }
        x = next(iter(tensors.values())) if len(tensors) == 1 else tensors
        return keras.tree.map_structure(lambda output: output.numpy(), self._forward(x))


def sample(
    model: Any,
    inputs: Mapping[str, np.ndarray],
    *,
    draws: int,
    engine: str,
    batch_size: int | None = None,
    transform: Any = lambda outputs: outputs,
) -> Samples:
    """Monte Carlo dropout: predict several times, with the dropout layers on and nothing else.

    Args:
        model: A built Keras model.
        inputs: The rows.
        draws: How many times, 2 at least.
        engine: `xla` or `graph`.
        batch_size: Rows in a batch; None for as many as fit well.
        transform: What is done to the outputs of each draw before they are averaged.

    Raises:
        UserError: The model has no dropout layer.

    Source: Gal and Ghahramani, Dropout as a Bayesian Approximation, 2016.
    """
    rows = len(next(iter(inputs.values())))
    with dropout_on(model):
        prediction = CompiledPrediction(model, rows, engine, batch_size)
        first = transform(prediction.run(inputs)).astype(np.float64)
        mean, squares = first, np.zeros_like(first)
        for draw in range(2, draws + 1):  # Welford's recurrence, which loses no digits
            outputs = transform(prediction.run(inputs))
            away = outputs - mean
            mean = mean + away / draw
            squares += away * (outputs - mean)
    return Samples(mean, np.sqrt(squares / draws))


@contextlib.contextmanager
def dropout_on(model: Any) -> Iterator[None]:
    """Within the block, dropout is on although the model isn't training.

    `training=True` for the whole model would have BatchNormalization use and change the statistics
    of its batch.

    Raises:
        UserError: The model has no dropout layer.
    """
    everywhere = [inner for layer in model.layers for inner in inner_layers(layer)]
    # By identity, since a layer may stand in several places.
    dropouts = (layer for layer in everywhere if isinstance(layer, DROPOUTS))
    layers = list({id(layer): layer for layer in dropouts}.values())
    if not layers:
        raise UserError(
            "the model has no dropout layer, so every draw would be the same",
            hint="leave --mc-samples out",
        )
    for layer in layers:
        layer.call = _always_training(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _always_training(layer: Any) -> Any:
    plain = type(layer).call

    def call(inputs: Any, training: bool = True) -> Any:
        del training
        return plain(layer, inputs, training=True)

    return call


def _filled(part: np.ndarray, rows: int) -> np.ndarray:
    missing = rows - len(part)
    return np.concatenate([part, np.repeat(part[:1], missing, axis=0)]) if missing else part
