"""The shapes of a row on its way through a model, as far as Keras knows them."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

Shape = tuple[int | None, ...]


def output_shape(model: Any, name: str = "") -> Shape:
    """The shape of a model's output for a row; by name if there are several outputs."""
    several = getattr(model, "output", None) if name else None
    tensor = several[name] if isinstance(several, dict) else _tensors(model, "output")[0]
    return tuple(tensor.shape[1:])


def layer_shapes(layer: Any) -> list[Shape]:
    """The shapes of a layer's outputs; none for layers inside a subclassed model."""
    try:
        tensors = keras.tree.flatten(layer.output)
    except (AttributeError, ValueError):
        return []
    return [tuple(tensor.shape[1:]) for tensor in tensors]


def applied_to(node: Any) -> list[Any]:
    """The tensors that a layer of a graph is applied to, except masks that Keras creates."""
    masks = {
        id(tensor)
        for name, value in node.arguments.kwargs.items()
        if name.endswith("mask")
        for tensor in keras.tree.flatten(value)
        if isinstance(tensor, keras.KerasTensor)
        and not isinstance(tensor._keras_history.operation, keras.Layer)
    }
    return [tensor for tensor in node.input_tensors if id(tensor) not in masks]


def listed_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """The layers of a model by the names to show; those inside a user's own class are indented."""
    own = not type(model).__module__.startswith("keras.")
    if own:
        yield model.name, model
    for layer in model.layers:
        if isinstance(layer, keras.Model) and not type(layer).__module__.startswith("keras."):
            yield from listed_layers(layer)
        else:
            yield f"  {layer.name}" if own else layer.name, layer


def row_sizes(model: Any) -> list[int]:
    """The number of values that each layer returns per row."""
    shapes = [shape for layer in model.layers for shape in layer_shapes(layer)]
    shapes = shapes or [output_shape(model)]
    return [size_of(shape) for shape in shapes]


def input_sizes(model: Any) -> list[int]:
    """The number of values per row of each input."""
    return [size_of(tensor.shape[1:]) for tensor in _tensors(model, "input")]


def _tensors(model: Any, side: str) -> list[Any]:
    # A class of the user's own has no `inputs`, and a list of layers no `input`.
    named = getattr(model, f"{side}s", None)
    tensors: list[Any] = keras.tree.flatten(getattr(model, side) if named is None else named)
    return tensors


def size_of(shape: Sequence[int | None]) -> int:
    """The number of values in a shape; an unknown axis counts as one."""
    return int(np.prod([size or 1 for size in shape]))
