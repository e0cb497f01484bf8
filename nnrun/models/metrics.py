"""The metrics, with everything they need to know about the output."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from keras import ops

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.config.measures import FBETA, THRESHOLDS, Ending
from nnrun.config.schema import Experiment
from nnrun.config.tasks import LABELS
from nnrun.tasks.lookup import find_task
from nnrun.tasks.targets import TargetSpec

BY_LABELS = {
    **dict.fromkeys(("accuracy", "acc", "Accuracy"), "Accuracy"),
    **dict.fromkeys(("crossentropy", "ce"), "Crossentropy"),
}
"""Names of which Keras has a class for each form of the labels, with the end of its name.

Keras's own class `Accuracy` counts outputs that equal the label exactly, which none of a classifier
does: whoever names it means `accuracy`.
"""
OF_COLUMNS = (*FBETA, "BinaryCrossentropy")
"""Metrics of Keras's that want labels in the shape of the output, `(rows, 1)` for one unit."""
ABOVE_ZERO = 1e-30
"""The threshold of logits where Keras allows none of 0."""


def choose_metrics(
    experiment: Experiment, target: TargetSpec, units: int, activation: str
) -> Sequence[Component]:
    """The declared metrics, or the task's default.

    What a metric has to know of the output is filled in where the config leaves it out: whether it
    gives logits, the threshold, the form of the labels.

    Args:
        experiment: The checked config.
        target: What is predicted.
        units: Width of the model's output.
        activation: The last activation; "linear" for logits.
    """
    metrics, loss, task = experiment.metrics, experiment.loss, find_task(target.task).facts
    if metrics is None:
        metrics = (Component(task.metric, "metrics"),)
    ending = Ending(
        task,
        units,
        activation,
        target.one_hot,
        None if loss is None else _class_of(loss),
        from_logits=loss is not None and loss.arguments.get("from_logits") is True,
    )
    return [metric if metric.is_users_own else _complete(metric, ending) for metric in metrics]


def as_column(metric: Any) -> Any:
    """A metric that accepts labels `(rows,)` for an output `(rows, 1)`.

    Args:
        metric: One that wants labels in the shape of the output.
    """
    update_state = metric.update_state

    def update(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return update_state(ops.reshape(y_true, ops.shape(y_pred)), y_pred, sample_weight)

    metric.update_state = update
    return metric


def _complete(metric: Component, ending: Ending) -> Component:
    """A metric with the arguments that follow from the output; unchanged if it needs none."""
    declared, stated = _class_of(metric), dict(metric.arguments)
    name = _by_labels(declared, ending)
    if name.endswith("Accuracy") and declared in BY_LABELS and not stated and _left(ending):
        return dataclasses.replace(metric, name=declared.lower(), module=None)
    if name in FBETA:  # Keras refuses whole numbers
        stated |= {key: float(value) for key, value in stated.items() if type(value) is int}
    filled = _filled(name, stated, ending)
    of_column = name in OF_COLUMNS and ending.is_one and not ending.one_hot
    if name == declared and {**stated, **filled} == metric.arguments and not of_column:
        return metric
    called = {"name": declared.lower()} if declared in BY_LABELS else {}
    called = {"name": metric.name} if metric.module is None else called
    arguments = {**called, **stated, **filled}
    complete = dataclasses.replace(metric, name=name, module="keras.metrics", arguments=arguments)
    if not of_column:
        return complete
    wrapped = {"metric": complete}
    return dataclasses.replace(metric, name=as_column.__name__, module=__name__, arguments=wrapped)


def _left(ending: Ending) -> bool:
    """Whether Keras chooses the right accuracy and threshold from the shapes alone."""
    return ending.predicts != LABELS and not (ending.is_one and ending.gives_logits)


def _by_labels(name: str, ending: Ending) -> str:
    """The class of a metric, even if it depends on the form of the labels."""
    if name not in BY_LABELS:
        return name
    if ending.is_one or ending.predicts == LABELS:
        return f"Binary{BY_LABELS[name]}"
    return f"{'' if ending.one_hot else 'Sparse'}Categorical{BY_LABELS[name]}"


def _filled(name: str, arguments: Mapping[str, Any], ending: Ending) -> dict[str, Any]:
    """The missing arguments, which follow from the output."""
    entry = load_catalogue().find("metrics", name)
    known = entry.arguments if entry else {}
    own: dict[str, Any] = {}
    if ending.gives_logits and "from_logits" in known:
        own["from_logits"] = True
    elif ending.gives_logits and ending.is_each_for_itself and not arguments.get("top_k"):
        own |= {argument: 0.0 for argument in THRESHOLDS if argument in known}
    if "sparse_y_true" in known:
        own |= {"sparse_y_true": not ending.one_hot, "sparse_y_pred": False}
    if name in FBETA:
        own |= _of_fbeta(ending)
    return {key: value for key, value in own.items() if arguments.get(key) is None}


def _of_fbeta(ending: Ending) -> dict[str, Any]:
    """An F score takes the largest of the outputs for 1, unless there is a threshold."""
    own: dict[str, Any] = {}
    if ending.is_one or ending.predicts == LABELS:
        own["threshold"] = ABOVE_ZERO if ending.gives_logits else 0.5
    if ending.is_one:
        own["average"] = "micro"  # a number, where None gives a list of one
    return own


def _class_of(component: Component) -> str:
    entry = load_catalogue().find(component.group, component.name)
    return entry.name if entry else component.name
