"""Type checks for JSON values from untrusted files."""

import math
from collections.abc import Mapping
from typing import Any

_LISTS = ("vocabulary", "idf_weights", "bin_boundaries")
"""A list of values that a layer learns."""


def check_all(kind: type, *values: Any) -> None:
    """Check that each value is a tuple of the given type.

    Raises:
        TypeError: One of them is not.
    """
    for value in values:
        if type(value) is not tuple or any(type(item) is not kind for item in value):
            raise TypeError(value)


def as_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with JSON's lists turned back into tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def plain_json(value: Any, where: str = "") -> Any:
    """A value from user code, as it would come back from JSON.

    Args:
        value: Finite numbers, strings, booleans, None, and lists, tuples and dictionaries (with
            string keys) of these.
        where: Its position in the whole value, as in `['low'][0]`.

    Raises:
        TypeError: It holds anything else; the message says what and where.

    >>> plain_json({"low": (1, 2.5), "names": ["a"]})
    {'low': [1, 2.5], 'names': ['a']}
    >>> plain_json({"low": [0.5, {3}]})
    Traceback (most recent call last):
    TypeError: a value of type set (at ['low'][1])
    """
    at = f" (at {where})" if where else ""
    if isinstance(value, list | tuple):
        return [plain_json(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a key of type {_type_name(key)}{at}")
        return {str(key): plain_json(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"the number {float(value)}{at}")
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if value is not None:
        raise TypeError(f"a value of type {_type_name(value)}{at}")
    return None


def _type_name(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


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
    """What layers have learnt, as arguments by the layer's path.

    They are numbers, and lists of numbers or words. A bare string is refused, since a layer may
    take it for a file name.

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
