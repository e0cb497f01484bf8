"""Models of the user's own classes."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from nnrun.config.components import Component
from nnrun.errors import ConfigError, Problem
from nnrun.objects import first_line, instantiate

STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")
"""Methods with which a class trains in a way of its own; within another model they are not called."""


def make_own(declared: Component) -> Any:
    """Create the user's own model or layer that is the whole architecture, not built.

    Raises:
        ConfigError: The class cannot be imported or made, is no Keras layer or model, or cannot be
            saved.
    """
    layer = instantiate(declared)
    if not isinstance(layer, keras.Layer):
        message, hint = f"{declared.name} does not make a Keras model", "derive it from keras.Model"
        raise ConfigError([Problem(message, declared.place, declared.path, hint)])
    check_saveable(declared, layer.get_config)
    return layer


def check_saveable(declared: Component, describe_it: Callable[[], Any]) -> None:
    """See that what the user's own class makes can be saved with the model.

    Args:
        declared: How the config names it.
        describe_it: Asks for its arguments, as saving does.

    Raises:
        ConfigError: It cannot.
    """
    try:
        describe_it()
    except Exception as error:
        message = f"{declared.name} cannot be saved: {first_line(error)}"
        hint = "give it a get_config that returns the arguments of its __init__"
        raise ConfigError([Problem(message, declared.place, declared.path, hint)]) from error


def trains_itself(layer: Any) -> bool:
    """Whether a model trains in a way of its own, which within another one nobody would ask for."""
    if not isinstance(layer, keras.Model):
        return False
    return any(getattr(type(layer), name) is not getattr(keras.Model, name) for name in STEPS)


def build_alone(model: Any, declared: Component, inputs: Any, prepared: Sequence[Any]) -> Any:
    """Build a user's own model that needs nothing around it.

    Args:
        model: The model.
        declared: How the config names it.
        inputs: A `keras.Input`.
        prepared: What is fitted to rows and labels, which has no place in it.

    Raises:
        ConfigError: There is some, or it cannot be called on rows of that shape.
    """
    if prepared:
        message = (
            f"{declared.name} has a training step of its own, which takes the rows as they are"
        )
        hint = "leave dataset.preprocess out, and prepare the rows in its call"
        raise ConfigError([Problem(message, declared.place, declared.path, hint)])
    model(inputs)
    return model
