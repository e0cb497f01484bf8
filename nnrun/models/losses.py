"""The loss and the metrics, where the config leaves them to the task."""

from collections.abc import Sequence
from typing import Any

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.data.splits import TargetSpec


def choose_loss(experiment: Experiment, target: TargetSpec, units: int, activation: str) -> Component:
    """The declared loss, or the one that follows from the task and the last layer.

    Args:
        experiment: The checked config.
        target: What is predicted.
        units: Width of the model's output.
        activation: The last activation; "linear" for logits.
    """
    if experiment.loss is not None:
        return experiment.loss
    if target.task == "regression":
        return _loss("MeanSquaredError")
    from_logits = {"from_logits": True} if activation == "linear" else {}
    if target.one_hot:
        name = "BinaryCrossentropy" if activation == "sigmoid" else "CategoricalCrossentropy"
        return _loss(name, **from_logits)
    name = "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"
    return _loss(name, **from_logits)


def choose_metrics(experiment: Experiment, target: TargetSpec) -> Sequence[Component]:
    """The declared metrics, or accuracy for classes and the mean absolute error for numbers."""
    if experiment.metrics is not None:
        return experiment.metrics
    return [Component("mae" if target.task == "regression" else "accuracy", "metrics")]


def _loss(name: str, **arguments: Any) -> Component:
    return Component(name, "losses", "keras.losses", arguments)
