"""Values of JSON that may come from a stranger: each is of its kind, or refused."""

from collections.abc import Mapping
from typing import Any

_LISTS = ("vocabulary", "idf_weights", "bin_boundaries")
"""What layers learn more than one of."""


def check_all(kind: type, *values: Any) -> None:
    """See that each of some values is a tuple of a kind.

    Raises:
        TypeError: One is not.
    """
    for value in values:
        if type(value) is not tuple or any(type(item) is not kind for item in value):
            raise TypeError(value)


def as_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in which JSON's lists are tuples again."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def numbers_of(value: Any) -> Any:
    """A number, or lists of them.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, list):
        return [numbers_of(item) for item in value]
    if not isinstance(value, int | float):
        raise TypeError(value)
    return value


def arguments_of_layers(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What layers have learnt, as arguments by the layer's path: numbers, and lists of numbers or words.

    A text by itself is refused: to a layer it may name a file.

    Raises:
        TypeError: It is something else.
    """
    return {
        path: {name: _argument(name, value) for name, value in learnt.items()}
        for path, learnt in values.items()
    }


def _argument(name: str, value: Any) -> Any:
    if name in _LISTS and not isinstance(value, list):
        raise TypeError(value)
    if name == "vocabulary":
        return [item if isinstance(item, str) else numbers_of(item) for item in value]
    return numbers_of(value)
