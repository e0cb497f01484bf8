"""Graphs: layers with names, each applied to what it comes from (Keras's Functional API)."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

from nnrun.config.graphs import Graph, GraphLayer
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.errors import ConfigError, Problem, is_out_of_memory
from nnrun.models.applications import make_layer
from nnrun.models.expanding import expand_graph
from nnrun.models.layers import Step, make_input, preprocessing_layers
from nnrun.models.misfits import shape_hint, show_shape
from nnrun.objects import plain_message


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
    raw = {name: make_input(name, spec) for name, spec in inputs.items()}
    tensors: dict[str, Any] = {}
    for name, tensor in raw.items():
        tensors[name] = tensor
        prefix = f"{name}_" if len(raw) > 1 else ""
        for layer in preprocessing_layers(steps[name], inputs[name], prefix=prefix):
            tensors[name] = layer(tensors[name])
    made: dict[str, list[Any]] = {}
    for name, expanded in expand_graph(experiment, graph).items():
        node = expanded.declared
        given = [tensors[source] for source in node.sources]
        with _blamed(node, given, experiment, graph.path_of(name)):
            if node.shared is None:
                made[name] = [make_layer(part, given[0].shape[1:]) for part in expanded.parts]
            tensors[name] = _apply(made[node.shared or name], node, given)
    outputs = {name: tensors[name] for name in graph.outputs}
    return keras.Model(_alone_or_all(raw), _alone_or_all(outputs), name="model")


def _alone_or_all(tensors: Mapping[str, Any]) -> Any:
    return next(iter(tensors.values())) if len(tensors) == 1 else dict(tensors)


def _apply(layers: Sequence[Any], node: GraphLayer, given: Sequence[Any]) -> Any:
    """What a layer and its followers give for what it comes from."""
    first, *others = layers
    if isinstance(node.from_, Mapping):
        result = first(**dict(zip(node.from_, given, strict=True)))
    else:
        result = first(given[0] if isinstance(node.from_, str) else given)
    for layer in others:
        result = layer(result)
    return result


@contextlib.contextmanager
def _blamed(
    node: GraphLayer, given: Sequence[Any], experiment: Experiment, path: str
) -> Iterator[None]:
    """Within the block, what Keras refuses is told as a problem of the layer."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        shapes = " and ".join(show_shape(tensor.shape[1:]) for tensor in given)
        message = f"does not fit rows of shape {shapes}: {plain_message(error)}"
        component = node.layer
        place = component.place if component is not None else experiment.place_of(path)
        where = component.path if component is not None else path
        hint = shape_hint(component.name, given[0].shape[1:]) if component is not None else ""
        raise ConfigError([Problem(message, place, where, hint)]) from error
