"""What layers learn from the training rows before the first step, as arguments that say it.

Keras's `adapt` leaves it in variables, tables and lists, of which some are not saved with the
weights. As arguments of the layer it is data like any other, and the layer is built anew with it.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from nnrun.config.adapting_layers import ADAPTING, adapts
from nnrun.config.components import Component
from nnrun.models.network import Network, Node
from nnrun.objects import instantiate

BATCH = 4096

State = Mapping[str, Mapping[str, Any]]
"""What layers have learnt: arguments by the path of the layer in the config."""


def with_state(network: Network, state: State) -> Network:
    """A network whose layers know what they have learnt, and do not learn it again."""
    return network.with_parts(
        lambda layer: (
            _with(layer, state[layer.path]) if adapts(layer) and layer.path in state else layer
        )
    )


def learn_state(
    nodes: Iterable[Node],
    add: Callable[[Any, Node, Sequence[Component]], None],
    model: Any,
    rows: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """Have layers learn from the training rows, each from what those before it make of them.

    Args:
        nodes: The nodes of a chain.
        add: Adds layers of a node to a model.
        model: The `keras.Sequential` that they come into; with the input and the preprocessing.
        rows: The training rows.
    """
    layers = [(node, layer) for node in nodes for layer in node.parts]
    last = max(index for index, (_, layer) in enumerate(layers) if adapts(layer))
    state: dict[str, dict[str, Any]] = {}
    for node, layer in layers[: last + 1]:
        known = layer
        if adapts(layer):
            made = instantiate(layer)
            made.adapt(_seen(model, rows))
            state[layer.path] = _learnt(made)
            known = _with(layer, state[layer.path])
        add(model, node, [known])
    return state


def _with(layer: Component, state: Mapping[str, Any]) -> Component:
    learnt = {name: value for name, value in state.items() if name in ADAPTING[layer.name]}
    kept = {name: value for name, value in layer.arguments.items() if name != "num_bins"}
    return dataclasses.replace(layer, arguments={**kept, **learnt})


def _seen(model: Any, rows: np.ndarray) -> np.ndarray:
    if not model.layers:
        return rows
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return np.concatenate([np.asarray(model(batch, training=False)) for batch in batches])


def _learnt(layer: Any) -> dict[str, Any]:
    """What a layer has learnt, of values that JSON knows and that read back to the same bits."""
    match layer:
        case keras.layers.Normalization():
            mean, variance = (
                np.asarray(value) for value in (layer.adapt_mean, layer.adapt_variance)
            )
            return {"mean": mean.tolist(), "variance": variance.tolist()}
        case keras.layers.Discretization():
            return {"bin_boundaries": [float(bound) for bound in layer.bin_boundaries]}
        case _:
            known = layer.get_vocabulary(include_special_tokens=False)
            return {"vocabulary": [int(word) for word in known]}
