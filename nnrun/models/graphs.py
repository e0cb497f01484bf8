"""Graphs: layers with names, each applied to what it comes from (Keras's Functional API)."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from nnrun.config.components import Component
from nnrun.config.graphs import Graph, GraphLayer
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.errors import ConfigError, Problem
from nnrun.models.architecture import in_float32, with_own_activation
from nnrun.models.components import instantiate
from nnrun.models.layers import Step, preprocessing_layers
from nnrun.models.misfits import plain_message, shape_hint, show_shape
from nnrun.models.regularization import FOLLOWERS, PLAIN, regularize_one


@dataclass(frozen=True)
class ExpandedLayer:
    """A named layer of a graph with nothing left implied.

    Attributes:
        parts: What it is made of, one applied to what the other gives: the layer itself, and what
            regularization puts after it. Empty where it shares another's.
        declared: What it comes from.
    """

    parts: tuple[Component, ...]
    declared: GraphLayer


def expand_graph(experiment: Experiment, graph: Graph) -> dict[str, ExpandedLayer]:
    """The layers and outputs in the order in which they are applied, with their regularization.

    What `regularization` says goes to the Dense and convolutional layers under `layers`, each
    together with the activations, BatchNormalization and dropout that follow it and it alone.
    """
    parts = {name: _own_parts(node) for name, node in graph.nodes.items()}
    for name in graph.layers:
        if parts[name] and parts[name][0].name in PLAIN:
            _regularize(parts, graph, name, experiment)
    for name in graph.outputs if experiment.runtime.precision != "float32" else ():
        shared = graph.outputs[name].shared or name
        parts[shared] = [*parts[shared][:-1], in_float32(parts[shared][-1])]
    named = {name: tuple(_named(name, own, name in graph.outputs)) for name, own in parts.items()}
    return {name: ExpandedLayer(named[name], node) for name, node in graph.in_order()}


def build_graph(
    experiment: Experiment,
    graph: Graph,
    inputs: Mapping[str, InputSpec],
    steps: Mapping[str, Sequence[Step]],
) -> Any:
    """The Keras model of a graph, not yet compiled.

    Its inputs and outputs are dictionaries by name, or a single tensor where there is one.

    Args:
        experiment: The checked config.
        graph: Its architecture.
        inputs: Shapes of the inputs, by name.
        steps: The fitted preprocessing, by input.

    Raises:
        ConfigError: If a layer does not fit what it is applied to.
    """
    raw = {name: keras.Input(spec.shape, dtype=None, name=name) for name, spec in inputs.items()}
    tensors: dict[str, Any] = {}
    for name, tensor in raw.items():
        tensors[name] = tensor
        for layer in preprocessing_layers(steps[name], prefix=f"{name}_" if len(raw) > 1 else ""):
            tensors[name] = layer(tensors[name])
    made: dict[str, list[Any]] = {}
    for name, expanded in expand_graph(experiment, graph).items():
        node = expanded.declared
        if node.shared is None:
            made[name] = [instantiate(part) for part in expanded.parts]
        path = graph.path_of(name)
        tensors[name] = _apply(made[node.shared or name], node, tensors, experiment, path)
    outputs = {name: tensors[name] for name in graph.outputs}
    return keras.Model(_alone_or_all(raw), _alone_or_all(outputs), name="model")


def _alone_or_all(tensors: Mapping[str, Any]) -> Any:
    return next(iter(tensors.values())) if len(tensors) == 1 else dict(tensors)


def _apply(
    layers: Sequence[Any],
    node: GraphLayer,
    tensors: Mapping[str, Any],
    experiment: Experiment,
    path: str,
) -> Any:
    """What a layer and its followers give for what it comes from."""
    given = [tensors[name] for name in node.sources]
    try:
        first, *others = layers
        if isinstance(node.from_, Mapping):
            result = first(**dict(zip(node.from_, given, strict=True)))
        else:
            result = first(given[0] if isinstance(node.from_, str) else given)
        for layer in others:
            result = layer(result)
    except ConfigError:
        raise
    except Exception as error:
        shapes = " and ".join(show_shape(tensor.shape[1:]) for tensor in given)
        message = f"does not fit rows of shape {shapes}: {plain_message(error)}"
        component = node.layer
        place = component.place if component is not None else experiment.place_of(path)
        where = component.path if component is not None else path
        hint = shape_hint(component.name, given[0].shape[1:]) if component is not None else ""
        raise ConfigError([Problem(message, place, where, hint)]) from error
    return result


def _own_parts(node: GraphLayer) -> list[Component]:
    return [] if node.layer is None else list(with_own_activation(node.layer))


def _regularize(
    parts: dict[str, list[Component]], graph: Graph, name: str, experiment: Experiment
) -> None:
    """Put the penalties and what is to follow into a hidden layer and its followers."""
    owners = [name, *_followers(graph, name)]
    layer, *own_followers = parts[name]
    followers = [*own_followers, *(part for owner in owners[1:] for part in parts[owner])]
    owner_of = {id(part): owner for owner in owners for part in parts[owner]}
    first, *others = regularize_one(layer, followers, experiment.regularization)
    placed: dict[str, list[Component]] = {owner: [] for owner in owners}
    placed[name] = [first]
    here = name
    for part in others:
        here = owner_of.get(id(part), here)
        placed[here].append(part)
    parts.update(placed)


def _followers(graph: Graph, name: str) -> Iterator[str]:
    """The activations, BatchNormalization and dropout that come from a layer and from it alone."""
    shared = {node.shared for node in graph.nodes.values()}
    while True:
        users = [one for one, node in graph.nodes.items() if name in node.sources]
        if len(users) != 1 or users[0] not in graph.layers or users[0] in shared:
            return
        (name,) = users
        layer = graph.layers[name].layer
        if layer is None or layer.name not in FOLLOWERS:
            return
        yield name


def _named(name: str, parts: Sequence[Component], is_output: bool) -> Iterator[Component]:
    """The parts with names: the layer has that of the graph; of an output, its last part has it."""
    own = len(parts) - 1 if is_output else 0
    for index, part in enumerate(parts):
        called = name if index == own else f"{name}_{part.name.lower()}"
        yield dataclasses.replace(part, arguments={**part.arguments, "name": called})
