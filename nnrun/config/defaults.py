"""The defaults of components' arguments, in a config of plain values."""

from collections.abc import Mapping
from typing import Any

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import as_component

UNKNOWN: Any = object()

_ALONE = {"optimizer": "optimizers", "loss": "losses", "schedule": "schedules"}
"""Components with a key of their own, and their group."""


def default_of(owner: str, argument: str) -> Any:
    """The default of an argument.

    Args:
        owner: A class, or anything else that takes arguments, such as `csv`.
        argument: The argument.

    Returns:
        The value; UNKNOWN if there is none, or if classes with this name differ.
    """
    catalogue, values = load_catalogue(), []
    for group in catalogue.groups:
        entry = catalogue.find(group, owner)
        known = None if entry is None else entry.arguments.get(argument)
        if known is not None and not known.required:
            values.append(known.default)
    return values[0] if values and all(one == values[0] for one in values) else UNKNOWN


def default_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The default arguments of a config's optimizer, loss and schedule, by path.

    >>> default_arguments({"optimizer": {"SGD": {"momentum": 0.9}}})["optimizer.learning_rate"]
    0.01
    """
    values: dict[str, Any] = {}
    for path, group in _ALONE.items():
        component = as_component(config.get(path))
        entry = load_catalogue().find(group, component[0]) if component else None
        for argument in entry.arguments.values() if entry else ():
            if argument.default is not None:
                values[f"{path}.{argument.name}"] = argument.default
    return values


def without_defaults(value: Any) -> Any:
    """A plain value of a config without the arguments that equal their defaults.

    >>> without_defaults({"Adam": {"learning_rate": 0.001, "beta_1": 0.8}})
    {'Adam': {'beta_1': 0.8}}
    >>> without_defaults([{"Dense": {"units": 3, "kernel_initializer": "GlorotUniform"}}, {"SGD": {}}])
    [{'Dense': {'units': 3}}, 'SGD']
    """
    if isinstance(value, list):
        return [without_defaults(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {key: _arguments(key, item) for key, item in value.items()}
    component = as_component(kept)
    return component[0] if component and not component[1] else kept


def _arguments(owner: str, value: Any) -> Any:
    if not isinstance(value, Mapping) or as_component(value):
        return without_defaults(value)
    return {
        key: _arguments(key, item)
        for key, item in value.items()
        if not is_default_argument(owner, key, item)
    }


def is_default_argument(owner: str, argument: str, value: Any) -> bool:
    """Whether an argument equals its default."""
    default, plain = default_of(owner, argument), without_defaults(value)
    if default is UNKNOWN or isinstance(default, bool) != isinstance(plain, bool):
        return False
    if isinstance(default, str) and isinstance(plain, str):
        return default == plain or _class_of(default) == _class_of(plain)
    return bool(default == plain) or (default is None and plain == "linear")


def _class_of(name: str) -> str:
    """The class that a name or alias stands for; any other name unchanged."""
    catalogue = load_catalogue()
    entries = (catalogue.find(group, name) for group in ("initializers", "activations"))
    return next((entry.name for entry in entries if entry), name)
