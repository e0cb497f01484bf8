"""Components: the classes a config names, with their arguments."""

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any

from nnrun.errors import Place

IMPORT_PATH = r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*"
"""The user's own class, as in `my_package.layers:Squash`."""


@dataclass(frozen=True)
class Duration:
    """A length of training in epochs, such as `20 epochs`; converted to steps later."""

    epochs: float

    def steps(self, steps_per_epoch: int) -> int:
        """Training steps (batches) in this duration, at least one.

        >>> Duration(1.5).steps(100)
        150
        """
        return max(1, round(self.epochs * steps_per_epoch))

    def __str__(self) -> str:
        """As it is written in a config."""
        return f"{repr(self.epochs).removesuffix('.0')} epochs"


@dataclass(frozen=True)
class TimeSpan:
    """A length of time, such as `30 min`."""

    seconds: float

    def __str__(self) -> str:
        """As written in a config, in the largest unit that makes it a round number.

        >>> [str(TimeSpan(seconds)) for seconds in (1800, 5400, 90.5)]
        ['30 min', '90 min', '90.5 s']
        """
        for unit, seconds in reversed(TIME_UNITS.items()):
            if self.seconds % seconds == 0:
                return f"{self.seconds / seconds:g} {unit}"
        return f"{self.seconds:g} s"


TIME_UNITS = {"s": 1, "min": 60, "h": 3600}


def uses_own_code(value: Any) -> bool:
    """Whether an experiment, or any value in one, names the user's own code."""
    if isinstance(value, Component):
        return value.is_users_own or uses_own_code(value.arguments)
    if is_dataclass(value) and not isinstance(value, type):
        return any(
            uses_own_code(part) or (isinstance(part, str) and _takes_own(item) and ":" in part)
            for item in fields(value)
            for part in (getattr(value, item.name),)
        )
    if isinstance(value, Mapping):
        return any(uses_own_code(item) for item in value.values())
    return isinstance(value, list | tuple) and any(uses_own_code(item) for item in value)


def _takes_own(item: Field[Any]) -> bool:
    """Whether an option with a text value may name the user's own code."""
    return bool(getattr(item.metadata.get("kind"), "takes_own", False))


@dataclass(frozen=True)
class Component:
    """A class and its arguments, as in `Dense: {units: 300, activation: relu}`.

    Attributes:
        name: The class (`Dense`), an alias of Keras's (`relu`), or an import path (`package.module:Name`).
        group: The group of the catalogue it was found in (`layers`, `optimizers`, …).
        module: The module of the class; None for an alias and for the user's own.
        arguments: Values by argument name; nested components are `Component`s.
        place: Its position in the config.
        path: The dotted path in the config, as in `architecture[1].Dense`.
    """

    name: str
    group: str
    module: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)
    path: str = field(default="", compare=False)

    @property
    def is_users_own(self) -> bool:
        """Whether the class is imported from the user's own code."""
        return ":" in self.name


def snake_case(name: str) -> str:
    """The name of a class in snake case, which Keras accepts as well.

    >>> snake_case("SparseCategoricalCrossentropy")
    'sparse_categorical_crossentropy'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def is_import_path(name: str) -> bool:
    """Whether a name has the form `package.module:Name`."""
    return re.fullmatch(IMPORT_PATH, name) is not None


def as_component(value: Any) -> tuple[str, Mapping[str, Any]] | None:
    """The class and arguments of a plain value in a config; None if it is not a component.

    >>> as_component({"Dense": {"units": 3}}), as_component("Flatten"), as_component({"epochs": 3})
    (('Dense', {'units': 3}), ('Flatten', {}), None)
    """
    if isinstance(value, str) and looks_like_class(value):
        return value, {}
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, arguments),) = value.items()
        if looks_like_class(str(name)) and isinstance(arguments, Mapping):
            return name, arguments
    return None


def looks_like_class(name: str) -> bool:
    """Whether a key looks like a class rather than an argument: `Dense`, `my_layers:Squash`."""
    return name[:1].isupper() or ":" in name
