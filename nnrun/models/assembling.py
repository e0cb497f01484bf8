"""A network → the Keras model, not yet compiled: `Sequential` for a chain, functional for a graph."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

from nnrun.config.components import Component
from nnrun.config.graphs import GraphLayer
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import ConfigError, Problem, is_out_of_memory
from nnrun.models.applications import make_layer
from nnrun.models.layers import make_input
from nnrun.models.misfits import shape_hint, show_shape
from nnrun.models.network import Network, Node
from nnrun.objects import plain_message

Layers = Mapping[str, Sequence[Any]]
"""The layers of nodes, by the nodes' names."""


def assemble(
    network: Network,
    inputs: Mapping[str, InputSpec],
    transforms: Transforms,
    ready: Layers,
) -> Any:
    """The Keras model of a network, with the preprocessing in front.

    Its inputs and outputs are dictionaries by name, or a single tensor if there is only one.

    Args:
        network: The network.
        inputs: Shapes of the inputs, by name.
        transforms: What was learnt from the training rows.
        ready: Layers that exist already: those of a run, or a model of the user's own.

    Raises:
        ConfigError: If a layer does not fit what it is applied to.
    """
    return (_chain if network.is_chain else _graph)(network, inputs, transforms, ready)


def _chain(
    network: Network,
    inputs: Mapping[str, InputSpec],
    transforms: Transforms,
    ready: Layers,
) -> Any:
    model = prepared_input(inputs, transforms)
    for name, node in network.nodes.items():
        for layers in [ready[name]] if name in ready else [[part] for part in node.parts]:
            add(model, node, layers)
    return model


def prepared_input(inputs: Mapping[str, InputSpec], transforms: Transforms) -> Any:
    """A `keras.Sequential` of an input and its preprocessing."""
    ((name, spec),) = inputs.items()
    layers = transforms.layers_within(name, spec)
    return keras.Sequential([make_input(name, spec), *layers], name="model")


def add(model: Any, node: Node, layers: Sequence[Any]) -> None:
    """Add layers of a node to a `keras.Sequential`: themselves, or made of their components.

    Raises:
        ConfigError: It does not fit what comes before it.
    """
    before = model.output_shape if model.layers else model._layers[0].batch_shape
    with _blamed(node, [before[1:]]):
        for layer in layers:
            made = make_layer(layer, before[1:]) if isinstance(layer, Component) else layer
            model.add(made, rebuild=layer is layers[-1])


def _graph(
    network: Network,
    inputs: Mapping[str, InputSpec],
    transforms: Transforms,
    ready: Layers,
) -> Any:
    raw = {name: make_input(name, spec) for name, spec in inputs.items()}
    tensors: dict[str, Any] = {}
    for name, tensor in raw.items():
        tensors[name] = tensor
        prefix = f"{name}_" if len(raw) > 1 else ""
        for layer in transforms.layers_within(name, inputs[name], prefix=prefix):
            tensors[name] = layer(tensors[name])
    layers = dict(ready)
    for name, node in network.nodes.items():
        given = [tensors[source] for source in node.declared.sources]
        shapes = [tensor.shape[1:] for tensor in given]
        with _blamed(node, shapes):
            if node.parts:
                layers[name] = [make_layer(part, shapes[0]) for part in node.parts]
            tensors[name] = _applied(layers[node.declared.shared or name], node.declared, given)
    outputs = {name: tensors[name] for name in network.outline.outputs}
    return keras.Model(alone_or_all(raw), alone_or_all(outputs), name="model")


def alone_or_all(by_name: Mapping[str, Any]) -> Any:
    """The only value, or all values by name."""
    return next(iter(by_name.values())) if len(by_name) == 1 else dict(by_name)


def _applied(layers: Sequence[Any], declared: GraphLayer, given: Sequence[Any]) -> Any:
    """What a layer and its followers give for what it comes from."""
    first, *others = layers
    if isinstance(declared.from_, Mapping):
        result = first(**dict(zip(declared.from_, given, strict=True)))
    else:
        result = first(given[0] if isinstance(declared.from_, str) else given)
    for layer in others:
        result = layer(result)
    return result


@contextlib.contextmanager
def _blamed(node: Node, shapes: Sequence[Sequence[int | None]]) -> Iterator[None]:
    """Turn what Keras raises within the block into a problem of the node."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        shown = " and ".join(map(show_shape, shapes))
        message = f"does not fit rows of shape {shown}: {plain_message(error)}"
        layer = node.declared.layer
        hint = shape_hint(layer.name, shapes[0]) if layer is not None else ""
        raise ConfigError([Problem(message, node.place, node.path, hint)]) from error
