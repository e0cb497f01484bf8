"""The `regularization` block: a network → the same network with regularization."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from nnrun.config.components import Component
from nnrun.config.outline import Outline
from nnrun.config.regularizing import Regularization
from nnrun.config.subject import ACTIVATION_LAYERS
from nnrun.models.activation_names import activation_of, is_selu

PLAIN = {
    "Dense",
    "Maxout",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
}
"""Layers with one kernel and one activation: those that the block speaks of.

That of Maxout is its maximum; what is to stand before it stands after it.
"""

DROPOUTS = {"Dropout", "AlphaDropout", "GaussianDropout"} | {
    f"SpatialDropout{axes}D" for axes in (1, 2, 3)
}
FOLLOWERS = ACTIVATION_LAYERS | DROPOUTS | {"BatchNormalization"}
"""Layers that belong to the hidden layer they follow."""


Parts = dict[str, list[Component]]
"""The layers that the nodes of a network are made of, by the nodes' names."""


def regularize(outline: Outline, parts: Parts, regularization: Regularization) -> None:
    """Put the penalties, the constraint, BatchNormalization and dropout into every hidden layer.

    Hidden layers are the Dense and convolutional ones: of a graph those under `layers`, else all
    but the last of them; each together with the activations, BatchNormalization and dropout that
    follow it and it alone. What a hidden layer says itself it keeps: a regularizer, a constraint,
    BatchNormalization, dropout.

    Args:
        outline: The nodes.
        parts: Their layers; changed in place.
        regularization: What the whole model asks for.
    """
    users: dict[str, list[str]] = {}
    for name, node in outline.nodes.items():
        for source in set(node.sources):
            users.setdefault(source, []).append(name)
    shared = {node.shared for node in outline.nodes.values()}
    following = {
        name
        for name, node in outline.layers.items()
        if node.layer is not None and node.layer.name in FOLLOWERS and name not in shared
    }
    with_kernel = [name for name, own in parts.items() if own and own[0].name in PLAIN]
    hidden = [name for name in with_kernel if name in outline.layers]
    for name in hidden if outline.names_nodes else with_kernel[:-1]:
        _regularize_with([name, *_followers(name, users, following)], parts, regularization)


def _followers(
    name: str, users: Mapping[str, Sequence[str]], following: Collection[str]
) -> Iterator[str]:
    """The activations, BatchNormalization and dropout applied to a layer alone.

    Args:
        name: The layer.
        users: What is applied to each node.
        following: The nodes that are such layers.
    """
    while len(after := users.get(name, ())) == 1 and after[0] in following:
        (name,) = after
        yield name


def _regularize_with(owners: Sequence[str], parts: Parts, regularization: Regularization) -> None:
    """Regularize a layer and its followers."""
    layer, *followers = (part for owner in owners for part in parts[owner])
    owner_of = {id(part): owner for owner in owners for part in parts[owner]}
    regularized = regularize_one(layer, followers, regularization)
    here = owners[0]
    for owner in owners:
        parts[owner] = []
    for part in regularized:
        here = owner_of.get(id(part), here)
        parts[here].append(part)


def regularize_one(
    layer: Component, followers: Sequence[Component], regularization: Regularization
) -> list[Component]:
    """A hidden layer and its followers, with regularization added.

    Args:
        layer: The layer.
        followers: The activations, BatchNormalization and dropout after it.
        regularization: What the whole model asks for.
    """
    stack = [_penalized(layer, regularization), *followers]
    position = regularization.batch_normalization
    if position and not any(follower.name == "BatchNormalization" for follower in followers):
        stack = _normalized(stack, position)
    if regularization.dropout and not any(follower.name in DROPOUTS for follower in followers):
        selu = any(is_selu(activation_of(part)) for part in stack)
        kind = "AlphaDropout" if selu else "Dropout"  # which keeps SELU's mean and variance
        stack.append(_beside(layer, kind, rate=regularization.dropout))
    return stack


def _penalized(layer: Component, regularization: Regularization) -> Component:
    arguments = dict(layer.arguments)
    if regularization.l1 or regularization.l2:
        penalty = _keras("L1L2", "regularizers", l1=regularization.l1, l2=regularization.l2)
        arguments.setdefault("kernel_regularizer", penalty)
    if regularization.max_norm is not None:
        axes = _axes_into_a_unit(layer.name)
        limit = _keras("MaxNorm", "constraints", max_value=regularization.max_norm, axis=axes)
        arguments.setdefault("kernel_constraint", limit)
    return dataclasses.replace(layer, arguments=arguments)


def _axes_into_a_unit(name: str) -> int | list[int]:
    """The axes of a kernel that hold the weights into one unit."""
    if not name.startswith("Conv"):
        return 0
    positions = range(int(name.removeprefix("Conv")[0]))
    return [*positions, -1 if name.endswith("Transpose") else -2]


def _normalized(stack: Sequence[Component], position: str) -> list[Component]:
    """A hidden layer with BatchNormalization before its first activation, or after its last."""
    layer, *followers = stack
    normalization = _beside(layer, "BatchNormalization")
    activations = [index for index, part in enumerate(stack) if part.name in ACTIVATION_LAYERS]
    if position == "after_activation":
        after = 1 + (activations[-1] if activations else 0)
        return [*stack[:after], normalization, *stack[after:]]
    activation = layer.arguments.get("activation")
    if activation is None:
        before = activations[0] if activations else 1
        return [*stack[:before], normalization, *stack[before:]]
    without = {name: value for name, value in layer.arguments.items() if name != "activation"}
    own_layer = _beside(layer, "Activation", activation=activation)
    return [dataclasses.replace(layer, arguments=without), normalization, own_layer, *followers]


def _keras(name: str, group: str, **arguments: Any) -> Component:
    return Component(name, group, f"keras.{group}", arguments)


def _beside(layer: Component, name: str, **arguments: Any) -> Component:
    """A layer added for another one, which is blamed if it does not fit."""
    return Component(name, "layers", "keras.layers", arguments, layer.place, layer.path)
