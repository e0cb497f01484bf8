"""Trying the loss and the metrics on a few labels before the training."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from nnrun.config.components import Component
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Problem
from nnrun.models.assembling import alone_or_all
from nnrun.models.heads import Head
from nnrun.models.label_scaling import seen_by_loss
from nnrun.models.misfits import show_shape
from nnrun.models.own import trains_itself
from nnrun.objects import instantiate, plain_message
from nnrun.tasks.targets import TargetSpec


def try_loss_and_metrics(
    model: Any,
    experiment: Experiment,
    targets: Mapping[str, TargetSpec],
    labels: Mapping[str, np.ndarray],
) -> None:
    """See that loss and metrics take labels and outputs of these shapes, and give one figure each.

    The model itself is not called: outputs that it might give take the place of its own.

    Args:
        model: The compiled model.
        experiment: The checked config.
        targets: What is predicted, by name.
        labels: The labels of some rows, by the target's name.

    Raises:
        ConfigError: One of them does not; the problem names its line.
    """
    if trains_itself(model):
        return
    heads = [Head.of(model, experiment, name, target) for name, target in targets.items()]
    rows = _telling_number(heads)
    outputs = {head.name: _output(head, rows) for head in heads}
    some = {
        name: keras.ops.convert_to_tensor(np.resize(values, (rows, *values.shape[1:])))
        for name, values in labels.items()
    }
    try:
        model.compute_loss(None, alone_or_all(some), alone_or_all(outputs), training=False)
        model.compute_metrics(None, alone_or_all(some), alone_or_all(outputs))
        figures = model.get_metrics_result().values()
        if any(np.asarray(figure).ndim for figure in figures):
            raise ValueError("a metric gives several figures, where one is recorded")
    except Exception as error:
        found = [
            problem
            for head in heads
            for problem in _problems(head, some[head.name], outputs[head.name])
        ]
        raise ConfigError(found or [Problem(plain_message(error), path="metrics")]) from error
    model.reset_metrics()


def _telling_number(heads: list[Head]) -> int:
    """A number of rows that differs from every other size, so that nothing fits by chance."""
    sizes = {1, *(size for head in heads for size in head.shape)}
    return next(rows for rows in range(2, len(sizes) + 3) if rows not in sizes)


def _output(head: Head, rows: int) -> Any:
    """A possible output of a model: the same probability for every class."""
    shape = [1 if size is None else size for size in head.shape]
    value = 1 / shape[-1] if shape and shape[-1] > 1 else 0.5
    return keras.ops.full((rows, *shape), value, "float32")


def _problems(head: Head, labels: Any, output: Any) -> Iterator[Problem]:
    """Problems with the loss and the metrics of an output."""
    tried = [(head.loss, "loss", functools.partial(_loss_of, head))]
    tried += [(metric, "metrics", functools.partial(_figure_of, metric)) for metric in head.metrics]
    shapes = f"labels {_shown(labels)} and outputs {_shown(output)}"
    for declared, path, call in tried:
        message = ""
        try:
            figures = np.asarray(call(labels, output))
            if figures.ndim:
                message = f"gives a list of {figures.size} figures, where one is recorded"
        except Exception as error:  # noqa: BLE001 code of the user's own may raise anything
            message = f"does not take {shapes}: {plain_message(error)}"
        if message:
            yield Problem(message, declared.place, declared.path or path)


def _loss_of(head: Head, labels: Any, output: Any) -> Any:
    return keras.losses.get(seen_by_loss(instantiate(head.loss), head.target))(labels, output)


def _figure_of(metric: Component, labels: Any, output: Any) -> Any:
    if metric.name in ("accuracy", "acc"):  # of which Keras takes the one that fits
        return 0.0
    measure = keras.metrics.get(instantiate(metric))
    measure.update_state(labels, output)
    return measure.result()


def _shown(tensor: Any) -> str:
    return f"of shape {show_shape(tensor.shape[1:])}" if len(tensor.shape) > 1 else "of one number"
