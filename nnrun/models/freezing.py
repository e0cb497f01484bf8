"""Frozen layers, and which of them learn later."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.schema import Experiment
from nnrun.config.wording import first_of
from nnrun.errors import ConfigError, Problem

Chosen = str | int | Sequence[str] | None


def freeze(layers: Sequence[Any], chosen: Chosen, problem: Any) -> None:
    """Freeze layers.

    Args:
        layers: Those there are, in their order.
        chosen: `all`, the first so many, their names, or None.
        problem: Makes a problem of a message and a hint.

    Raises:
        ConfigError: There are fewer, or none of a name.
    """
    if isinstance(chosen, int):
        _refuse_too_many(chosen, len(layers), "taken over", problem)
        layers = layers[:chosen]
    elif chosen is None:
        return
    elif chosen != "all":
        layers = _named(layers, chosen, problem)
    for layer in layers:
        layer.trainable = False


def layers_to_unfreeze(model: Any, experiment: Experiment) -> list[Any]:
    """The frozen layers that `training.fine_tune` unfreezes; none without it.

    Layers without weights do not count.

    Raises:
        ConfigError: No layer is frozen, there are fewer than that, or none of a name.
    """
    tuned = experiment.training.fine_tune
    if tuned is None:
        return []
    path = "training.fine_tune.unfreeze"

    def problem(message: str, hint: str) -> Problem:
        return Problem(message, experiment.place_of(path), path, hint)

    frozen = [leaf for leaf in leaves(model) if leaf.weights and not leaf.trainable]
    if not frozen:
        hint = "freeze layers (`from_run` with `freeze`, or `trainable: false`), or leave it out"
        raise ConfigError([problem("no layer is frozen that could learn later", hint)])
    if tuned.unfreeze == "all":
        return frozen
    if isinstance(tuned.unfreeze, int):
        _refuse_too_many(tuned.unfreeze, len(frozen), "frozen", problem)
        return frozen[-tuned.unfreeze :]
    return _named(frozen, tuned.unfreeze, problem)


def nothing_learns(model: Any, experiment: Experiment) -> Iterator[Problem]:
    """A warning if no weight of a model ever changes."""
    if model.trainable_variables or experiment.training.fine_tune is not None:
        return
    message = "no layer has weights that learn: the training changes nothing"
    hint = "freeze fewer layers, or add one"
    place = experiment.place_of("architecture")
    yield Problem(message, place, "architecture", hint, severity="warning")


def unfreeze(model: Any, chosen: Sequence[Any]) -> None:
    """Unfreeze layers; others stay frozen, even those of the same nested model."""
    wanted = {id(layer) for layer in chosen}
    states = [(leaf, leaf.trainable or id(leaf) in wanted) for leaf in leaves(model)]
    for layer in model.layers:
        if any(id(leaf) in wanted for leaf in leaves(layer)):
            layer.trainable = True
    for leaf, learns in states:
        if leaf.trainable != learns:
            leaf.trainable = learns


def learning_variables(model: Any, chosen: Sequence[Any]) -> list[Any]:
    """The variables that learn at some time during the training, in the model's order.

    Args:
        model: The model as its training begins.
        chosen: The frozen layers that learn later.
    """
    later = {id(variable) for layer in chosen for variable in variables_that_can_learn(layer)}
    now = {id(variable) for variable in model.trainable_variables}
    return [variable for variable in model.variables if id(variable) in now | later]


def variables_that_can_learn(layer: Any) -> list[Any]:
    """The variables of a frozen layer that would learn if it were unfrozen."""
    # `trainable` of a layer is also set on its variables; a layer of its own kind can say otherwise.
    layer.trainable = True
    variables = list(layer.trainable_variables)
    layer.trainable = False
    return variables


def leaves(layer: Any) -> Iterator[Any]:
    """A layer itself, or the layers inside a nested model."""
    if not isinstance(layer, keras.Model):
        yield layer
        return
    inner = layer.layers
    if not inner:
        yield layer
    for inner_layer in inner:
        yield from leaves(inner_layer)


def _refuse_too_many(count: int, known: int, what: str, problem: Any) -> None:
    if count > known:
        layers = f"{known} layer is" if known == 1 else f"{known} layers are"
        message = f"{count} layers are asked for, and {layers} {what}"
        raise ConfigError([problem(message, "ask for fewer, or write `all`")])


def _named(layers: Sequence[Any], names: Sequence[str], problem: Any) -> list[Any]:
    by_name = {layer.name: layer for layer in layers}
    unknown = [
        problem(
            f"there is no layer '{name}'",
            did_you_mean(name, list(by_name)) or f"the layers: {first_of(list(by_name), 10)}",
        )
        for name in names
        if name not in by_name
    ]
    if unknown:
        raise ConfigError(unknown)
    return [by_name[name] for name in names]
