"""The loss and the metrics, where the config leaves them to the task."""

from collections.abc import Sequence
from typing import Any

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.data.splits import TargetSpec

BINARY_ACCURACIES = ("accuracy", "acc", "binary_accuracy", "BinaryAccuracy")
"""Names under which a config can ask for the accuracy of one output unit."""


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
    if target.task == "regression":
        return _loss("MeanSquaredError")
    from_logits = {"from_logits": True} if activation == "linear" else {}
    if target.one_hot:
        name = "BinaryCrossentropy" if activation == "sigmoid" else "CategoricalCrossentropy"
        return _loss(name, **from_logits)
    name = "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"
    return _loss(name, **from_logits)


def choose_metrics(
    experiment: Experiment, target: TargetSpec, units: int, activation: str
) -> Sequence[Component]:
    """The declared metrics, or accuracy for classes and the mean absolute error for numbers.

    Args:
        experiment: The checked config.
        target: What is predicted.
        units: Width of the model's output.
        activation: The last activation; "linear" for logits.
    """
    metrics = experiment.metrics
    if metrics is None:
        metrics = (Component("mae" if target.task == "regression" else "accuracy", "metrics"),)
    if target.task != "regression" and units == 1 and activation == "linear":
        return [_for_logits(metric) for metric in metrics]
    return metrics


def _for_logits(metric: Component) -> Component:
    """Keras counts outputs above 0.5 as the second class; for a logit it is those above 0."""
    if metric.name not in BINARY_ACCURACIES:
        return metric
    name = "binary_accuracy" if metric.name == "BinaryAccuracy" else metric.name
    arguments = {"threshold": 0.0, "name": name, **metric.arguments}
    return Component(
        "BinaryAccuracy", "metrics", "keras.metrics", arguments, metric.place, metric.path
    )


def _loss(name: str, **arguments: Any) -> Component:
    return Component(name, "losses", "keras.losses", arguments)
