"""Gradients, weights and activations of every layer, epoch by epoch."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.data.splits import Part
from nnrun.training.engines import as_floats
from nnrun.training.recording import Probe, Recorder, no_trace, spread_rows

_RELUS = ("relu", "relu6")


class LayerMonitor(Recorder):
    """Measures every layer on a fixed batch of training rows, every few epochs.

    Of each layer with weights: the norms of the weights and of the loss's gradient by them; of each
    layer: mean and standard deviation of its activations, and of ReLUs the share that is 0 for
    every row of the batch. It measures with dropout off, draws nothing and changes nothing.

    Args:
        every: The number of epochs between measurements.
        rows: The number of rows in the batch, taken from across the training rows.

    Source: Géron, Hands-On Machine Learning, chapter 11 (vanishing and exploding gradients; dying
    ReLUs: units whose output is 0 for all rows).
    """

    table = "monitor.csv"

    def __init__(self, every: int = 1, rows: int = 256) -> None:
        super().__init__(every)
        if rows < 1:
            raise ValueError(f"rows must be 1 at least, not {rows}")
        self.rows = rows

    def attach(self, model: Any, train: Part) -> None:
        """Take in the model, and choose the batch."""
        self._probe = Probe(model, spread_rows(train, self.rows))
        self._shown = [layer for layer in model.layers if _is_shown(layer)]
        self._sizes = {
            f"{layer.name}/parameters": sum(
                int(np.prod(weight.shape)) for weight in layer.trainable_weights
            )
            for layer in self._shown
            if layer.trainable_weights
        }
        self._program = tf.function(self._measure)

    def measure(self, epoch: int) -> Mapping[str, float]:
        """The figures of all layers, as `LAYER/FIGURE`; the numbers of their parameters first."""
        del epoch
        with no_trace(self._probe.model):
            return self._sizes | as_floats(self._program())

    def _measure(self) -> dict[str, Any]:
        probe, weights = self._probe, self._probe.model.trainable_weights
        with tf.GradientTape() as tape:
            outputs, predicted = probe.run()
            loss = probe.model.compute_loss(probe.x, probe.y, predicted, training=False)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        by_weight = {id(weight): one for weight, one in zip(weights, gradients, strict=True)}
        figures: dict[str, Any] = {}
        for layer in self._shown:
            own = layer.trainable_weights
            told: dict[str, Any] = {}
            if own:
                told["weight_norm"] = _norm([weight.value for weight in own])
                told["gradient_norm"] = _norm([by_weight[id(weight)] for weight in own])
            if layer.name in outputs:
                told |= _describe(tf.cast(outputs[layer.name], tf.float32), relu=_is_relu(layer))
            figures |= {f"{layer.name}/{name}": value for name, value in told.items()}
        return figures


def _describe(values: Any, *, relu: bool) -> dict[str, Any]:
    """Figures of a layer's activations `(rows, …, units)`."""
    measured = {
        "activation_mean": tf.reduce_mean(values),
        "activation_std": tf.math.reduce_std(values),
    }
    if relu:
        highest = tf.reduce_max(values, axis=list(range(values.shape.rank - 1)))
        measured["dead"] = tf.reduce_mean(tf.cast(highest <= 0, tf.float32))
    return measured


def _norm(tensors: list[Any]) -> Any:
    """The norm of all tensors together; weights that the loss ignores have no gradient."""
    known = [tf.cast(tensor, tf.float32) for tensor in tensors if tensor is not None]
    return tf.linalg.global_norm(known) if known else tf.constant(0.0)


def _is_shown(layer: Any) -> bool:
    return bool(layer.trainable_weights) or _is_relu(layer)


def _is_relu(layer: Any) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(getattr(layer, "activation", None), "__name__", "") in _RELUS
