"""The loss, which follows from the task unless the config names one."""

from typing import Any

import keras
from keras import ops

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.tasks.lookup import find_task
from nnrun.tasks.targets import TargetSpec

__all__ = ["HalfSquaredError", "choose_loss"]


@keras.saving.register_keras_serializable("nnrun")
class HalfSquaredError(keras.losses.Loss):
    """Half the squared error of a row, summed over the outputs: its gradient is -(y - ŷ).

    With `Heaviside` units, plain SGD and `batch_size: 1` it makes training Rosenblatt's perceptron
    rule, w ← w + η (y - ŷ) x; with linear ones Widrow and Hoff's delta rule. It is the loss wherever
    a config names none and ends in `Heaviside`.
    """

    def __init__(
        self, reduction: str = "sum_over_batch_size", name: str = "half_squared_error"
    ) -> None:
        super().__init__(name=name, reduction=reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A number for each row of `(rows, outputs)`."""
        y_true = ops.reshape(ops.cast(y_true, y_pred.dtype), ops.shape(y_pred))
        return ops.sum(ops.square(y_pred - y_true), axis=-1) / 2


def choose_loss(
    experiment: Experiment, target: TargetSpec, units: int, activation: str
) -> Component:
    """The declared loss, or the one that follows from the task and the last layer.

    Args:
        experiment: The checked config.
        target: What is predicted.
        units: Width of the model's output.
        activation: The last activation; "linear" for logits.
    """
    if experiment.loss is not None:
        return experiment.loss
    if activation == "heaviside":
        return Component("HalfSquaredError", "losses", __name__)
    return find_task(target.task).loss(target, units, activation)
