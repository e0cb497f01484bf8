"""The loss and the metrics, where the config leaves them to the task."""

from collections.abc import Sequence
from typing import Any

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.config.tasks import AUTOENCODER, DEFAULT_METRICS
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
    if target.task in ("regression", AUTOENCODER):
        return _loss("MeanSquaredError")
    from_logits = {"from_logits": True} if activation == "linear" else {}
    if target.task == "multilabel":
        return _loss("BinaryCrossentropy", **from_logits)
    if target.one_hot:
        name = "BinaryCrossentropy" if activation == "sigmoid" else "CategoricalCrossentropy"
        return _loss(name, **from_logits)
    name = "BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy"
    return _loss(name, **from_logits)


def choose_metrics(
    experiment: Experiment, target: TargetSpec, units: int, activation: str
) -> Sequence[Component]:
    """The declared metrics, or the one that the task is measured by.

    Args:
        experiment: The checked config.
        target: What is predicted.
        units: Width of the model's output.
        activation: The last activation; "linear" for logits.
    """
    metrics = experiment.metrics
    if metrics is None:
        metrics = (Component(DEFAULT_METRICS[target.task], "metrics"),)
    logits, labels = activation == "linear", target.task == "multilabel"
    if labels or (target.task == "binary" and units == 1 and logits):
        return [_with_threshold(metric, 0.0 if logits else 0.5) for metric in metrics]
    return metrics


def _with_threshold(metric: Component, threshold: float) -> Component:
    """The accuracy of units that each stand for themselves, for probabilities or for logits.

    Keras counts outputs above 0.5 as right for 1 also where they are logits, and takes `accuracy`
    of several units for that of the largest.
    """
    if metric.name not in BINARY_ACCURACIES:
        return metric
    name = "binary_accuracy" if metric.name == "BinaryAccuracy" else metric.name
    arguments = {"threshold": threshold, "name": name, **metric.arguments}
    return Component(
        "BinaryAccuracy", "metrics", "keras.metrics", arguments, metric.place, metric.path
    )


def _loss(name: str, **arguments: Any) -> Component:
    return Component(name, "losses", "keras.losses", arguments)
