"""The model to save: given what was read, where the one that was trained takes what was made of it."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from nnrun.data.splits import InputSpec, Splits
from nnrun.data.transforms.chain import Transforms
from nnrun.data.transforms.own_transforms import FEW, OwnFitted, are_close
from nnrun.models.layers import make_input
from nnrun.models.own import check_saveable

Tensors = dict[str, Any]
"""Keras's tensors by the names of inputs."""


def with_transforms_in_front(
    model: Any, transforms: Transforms, inputs: Mapping[str, InputSpec]
) -> Any:
    """A model that takes rows as they were read; turned ones of inputs whose transform has no layers.

    Args:
        model: The trained model; it is given back where nothing turns its rows.
        transforms: What turned the rows before the training.
        inputs: The inputs of the trained model.
    """
    given, turned = _front(transforms, inputs)
    if all(given[name] is turned[name] for name in inputs):
        return model
    if len(given) > 1:
        return keras.Model(given, model(turned), name=model.name)
    (tensor,), (rows,) = given.values(), turned.values()
    return keras.Model(tensor, model(rows), name=model.name)


def _front(transforms: Transforms, inputs: Mapping[str, InputSpec]) -> tuple[Tensors, Tensors]:
    """The inputs of the model to save, and what becomes of them before the trained one."""
    read, given, turned = transforms.before(inputs), {}, {}
    for name, spec in inputs.items():
        layers = transforms.layers_in_front(name, spec)
        given[name] = make_input(name, read[name] if layers else spec)
        turned[name] = _applied(layers, given[name])
    return given, turned


def _applied(layers: list[Any], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def try_layers(transforms: Transforms, splits: Splits) -> None:
    """See that layers of the user's own do to rows what the user's own transforms do.

    Args:
        transforms: What turns the rows before the training.
        splits: The data that the model is trained on.

    Raises:
        ConfigError: They do not, or could not be saved with the model.
    """
    own = [fitted for fitted in transforms if isinstance(fitted, OwnFitted)]
    if not own:
        return
    train = splits.train
    rows = {name: array[:FEW] for name, array in {**train.inputs, **train.read}.items()}
    for fitted in own:  # which no other transform of these inputs comes before
        turned = fitted.apply(rows)
        for name in fitted.turned:
            if fitted.has_layers(name):
                _try(fitted, name, splits.inputs[name], rows[name], turned[name])
        rows = turned
    with own[-1].code.blamed("layers"):
        keras.Model(*_front(transforms, splits.inputs))


def _try(
    fitted: OwnFitted, name: str, spec: InputSpec, rows: np.ndarray, turned: np.ndarray
) -> None:
    code = fitted.code
    layers = fitted.layers(name, spec)
    for layer in layers:
        check_saveable(code.component, layer.get_config)
    with code.blamed("layers"):
        tensor = make_input(name, InputSpec(rows.shape[1:], rows.dtype.name))
        made = np.asarray(keras.Model(tensor, _applied(layers, tensor))(rows))
    if not are_close(turned, made):
        shapes = f"of shape {list(made.shape[1:])} and {list(turned.shape[1:])}"
        apart = shapes if made.shape != turned.shape else _furthest(made, turned)
        code.refuse(f"layers gives something else than apply for the same row: {apart}")


def _furthest(made: np.ndarray, turned: np.ndarray) -> str:
    """Where two arrays of the same shape are furthest apart, in words."""
    at = np.unravel_index(np.abs(made.astype(float) - turned).argmax(), made.shape)
    return f"{made[at]:.6g} and {turned[at]:.6g}"
