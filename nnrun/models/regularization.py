"""The `regularization` block: a list of layers → the list with what the whole model asks for."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from nnrun.config.components import Component
from nnrun.config.schema import Regularization

PLAIN = {
    "Dense",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
}
"""Layers with one kernel and one activation: those that the block speaks of."""


def regularize(
    layers: Sequence[Component], regularization: Regularization
) -> list[Component]:
    """Put the penalties, the constraint, BatchNormalization and dropout into every hidden layer.

    Hidden layers are the Dense and convolutional ones but for the last of them. A layer that names
    its own regularizer or constraint keeps it.
    """
    with_kernel = [index for index, layer in enumerate(layers) if layer.name in PLAIN]
    hidden = set(with_kernel[:-1])
    result: list[Component] = []
    for index, layer in enumerate(layers):
        if index not in hidden:
            result.append(layer)
            continue
        # An activation that stands as a layer of its own belongs to the hidden layer before it.
        result += _regularized(layer, regularization)
    return result


def _regularized(layer: Component, regularization: Regularization) -> list[Component]:
    arguments = dict(layer.arguments)
    if regularization.l1 or regularization.l2:
        penalty = _keras("L1L2", "regularizers", l1=regularization.l1, l2=regularization.l2)
        arguments.setdefault("kernel_regularizer", penalty)
    if regularization.max_norm is not None:
        axis = list(range(int(layer.name[4]))) + [-2] if layer.name.startswith("Conv") else 0
        limit = _keras("MaxNorm", "constraints", max_value=regularization.max_norm, axis=axis)
        arguments.setdefault("kernel_constraint", limit)
    stack = [dataclasses.replace(layer, arguments=arguments)]
    if regularization.batch_normalization:
        stack = _normalized(stack[0], regularization.batch_normalization)
    if regularization.dropout:
        stack.append(_beside(layer, "Dropout", rate=regularization.dropout))
    return stack


def _normalized(layer: Component, position: str) -> list[Component]:
    normalization = _beside(layer, "BatchNormalization")
    activation = layer.arguments.get("activation")
    if position == "after_activation" or activation is None:
        return [layer, normalization]
    without = {name: value for name, value in layer.arguments.items() if name != "activation"}
    own_layer = _beside(layer, "Activation", activation=activation)
    return [dataclasses.replace(layer, arguments=without), normalization, own_layer]


def _keras(name: str, group: str, **arguments: Any) -> Component:
    return Component(name, group, f"keras.{group}", arguments)


def _beside(layer: Component, name: str, **arguments: Any) -> Component:
    """A layer that is there because of another one, which is to blame if it does not fit."""
    return Component(name, "layers", "keras.layers", arguments, layer.place, layer.path)
