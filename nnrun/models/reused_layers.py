"""The first layers of a model, reused from a run."""

from collections.abc import Sequence
from typing import Any

import keras

from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Problem
from nnrun.models.freezing import freeze
from nnrun.models.layers import is_preprocessing


def take_layers(base: Any, experiment: Experiment) -> list[Any]:
    """The layers of another model that a model begins with, some of them frozen.

    Of a model in a line they come one by one; of a graph with one input as one layer, which ends
    where the dropped layers began. Preprocessing is left behind.

    Args:
        base: The model, with its weights.
        experiment: The checked config of the new one.

    Raises:
        ConfigError: Nothing is left, what is left has no single end, or a frozen layer is not there.
    """
    declared = experiment.outline.base
    assert declared is not None  # noqa: S101 it has a base
    kept = _without_last(base, declared.drop_last, experiment)
    freeze(kept, declared.freeze, _problem(experiment, "freeze"))
    return kept if isinstance(base, keras.Sequential) else [_cut(base, kept, experiment)]


def _without_last(base: Any, count: int, experiment: Experiment) -> list[Any]:
    layers = [
        layer
        for layer in base.layers
        if not isinstance(layer, keras.layers.InputLayer) and not is_preprocessing(layer)
    ]
    if count < len(layers):
        return layers[: len(layers) - count]
    message = f"the run has {len(layers)} layers, so that none is left"
    names = ", ".join(layer.name for layer in layers)
    raise ConfigError([_problem(experiment, "drop_last")(message, f"its layers: {names}")])


def _cut(base: Any, kept: Sequence[Any], experiment: Experiment) -> Any:
    """The part of a graph with these layers, from the prepared input to their end."""
    problem = _problem(experiment, "from_run")
    if not isinstance(base, keras.models.Model) or not getattr(base, "inputs", None):
        hint = "list the layers in the config, or use the whole model (`drop_last: 0`)"
        raise ConfigError([problem("its model is neither a list nor a graph of layers", hint)])
    if len(base.inputs) > 1:
        raise ConfigError([problem("its model has several inputs", "build on a model with one")])
    inside = {id(layer) for layer in kept}
    produced = {id(tensor): tensor for layer in kept for tensor in _outputs(layer)}
    consumed, entries = set(), {}
    for layer in kept:
        for node in layer._inbound_nodes:
            for tensor in node.input_tensors:
                source = tensor._keras_history.operation
                if id(source) in inside:
                    consumed.add(id(tensor))
                else:
                    entries[id(tensor)] = tensor
    ends = [tensor for key, tensor in produced.items() if key not in consumed]
    if len(ends) != 1 or len(entries) != 1:
        names = ", ".join(tensor._keras_history.operation.name for tensor in ends)
        message = f"what is left of its graph ends in {len(ends)} layers: {names}"
        raise ConfigError([problem(message, "drop more layers, or fewer, so that one end is left")])
    (entry,) = entries.values()
    return keras.Model(entry, ends[0], name="taken_over")


def _outputs(layer: Any) -> list[Any]:
    return [tensor for node in layer._inbound_nodes for tensor in node.output_tensors]


def _problem(experiment: Experiment, option: str) -> Any:
    path = f"architecture.{option}"

    def problem(message: str, hint: str) -> Problem:
        return Problem(message, experiment.place_of(path), path, hint)

    return problem
