"""A component of the config → the object it names."""

import importlib
import re
from collections.abc import Mapping
from typing import Any

from nnrun.config.components import Component, Duration
from nnrun.errors import ConfigError, Problem

LONGEST_MESSAGE = 240


def instantiate(component: Component, *, steps_per_epoch: int = 1) -> Any:
    """The object a component names: an instance of its class, or Keras's own alias as a string.

    Durations in epochs become steps.

    Raises:
        ConfigError: If the class cannot be imported, or refuses its arguments.
    """
    if component.module is None and not component.is_users_own:
        return component.name
    arguments = {name: _made(value, steps_per_epoch) for name, value in component.arguments.items()}
    try:
        return find_class(component)(**arguments)
    except (TypeError, ValueError, OverflowError) as error:
        problem = Problem(first_line(error), component.place, component.path)
        raise ConfigError([problem]) from error


def find_class(component: Component) -> Any:
    """The class that a component names, from Keras, from nnrun or from the user's own code."""
    module_name, _, name = component.name.rpartition(":")
    try:
        module = importlib.import_module(component.module or module_name)
        return getattr(module, name)
    except (ImportError, AttributeError) as error:
        problem = Problem(
            f"cannot import {component.name}: {error}",
            component.place,
            component.path,
            "modules are looked for beside the config file and in the environment",
        )
        raise ConfigError([problem]) from error


def _made(value: Any, steps_per_epoch: int) -> Any:
    if isinstance(value, Component):
        return instantiate(value, steps_per_epoch=steps_per_epoch)
    if isinstance(value, Duration):
        return value.steps(steps_per_epoch)
    if isinstance(value, Mapping):
        return {key: _made(item, steps_per_epoch) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_made(item, steps_per_epoch) for item in value]
    return value


def first_line(error: Exception) -> str:
    """The first line of an exception's message, shortened if necessary."""
    plain = re.sub(r"\x1b\[\d*m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        lines = lines[1:]
    told = lines[0] if lines else type(error).__name__
    return told if len(told) <= LONGEST_MESSAGE else told[: LONGEST_MESSAGE - 1] + "…"


def plain_message(error: Exception) -> str:
    """Keras's message without its prefix, which names a layer that the user never named."""
    message = first_line(error)
    _, separator, rest = message.partition("is incompatible with the layer: ")
    return rest if separator else message
