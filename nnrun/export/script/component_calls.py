"""Components of a config → calls of the classes they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnrun.config.components import Component, Duration
from nnrun.export.script.copying import OURS, Copies
from nnrun.export.script.expressions import (
    Atom,
    Bracketed,
    Expression,
    Item,
    dictionary,
    double_quoted,
    literal,
    sequence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.config.catalogue import Argument, Catalogue

_BY_POSITION = ("layers", "constraints")
"""Groups whose first argument is written without its name, as everybody does."""
_TUPLES = ("layers", "constraints")


@dataclass
class Components:
    """Writes components, and collects what their calls need.

    Attributes:
        catalogue: The arguments of the classes, with their defaults.
        steps_per_epoch: What durations in epochs are counted in.
        copies: The source of nnrun's own classes that were named.
        imports: Import statements of classes of the user's own.
    """

    catalogue: Catalogue
    steps_per_epoch: int
    copies: Copies = field(default_factory=Copies)
    imports: set[str] = field(default_factory=set)

    def write(self, component: Component) -> Expression:
        """A component as a call without defaults, or as Keras's alias in quotes."""
        if component.module is None and not component.is_users_own:
            return Atom(double_quoted(component.name))
        entry = self.catalogue.find(component.group, component.name)
        known: Mapping[str, Argument] = entry.arguments if entry else {}
        arguments = {
            name: value
            for name, value in component.arguments.items()
            if name not in known or not _is_default(value, known[name])
        }
        tuples = component.group in _TUPLES
        first = next(iter(known), None) if component.group in _BY_POSITION else None
        items = []
        if first in arguments:
            items.append(Item(self._value(arguments.pop(first), tuples=tuples)))
        items += [
            Item(self._value(value, tuples=tuples), f"{name}=") for name, value in arguments.items()
        ]
        return Bracketed(f"{self._class(component)}(", tuple(items), ")")

    def note(self, component: Component) -> None:
        """Collect what a component needs if it is loaded from a file."""
        self.write(component)

    def _class(self, component: Component) -> str:
        """The class's name in the script, after importing or copying it."""
        if component.is_users_own:
            module, name = component.name.split(":")
            self.imports.add(f"from {module} import {name}")
            return name
        if str(component.module).split(".")[0] == OURS:
            self.copies.add(str(component.module), component.name)
            return component.name
        return f"{component.module}.{component.name}"

    def _value(self, value: Any, *, tuples: bool) -> Expression:
        if isinstance(value, Atom | Bracketed):
            return value
        if isinstance(value, Component):
            return self.write(value)
        if isinstance(value, Duration):
            return Atom(str(value.steps(self.steps_per_epoch)), comment=str(value))
        if isinstance(value, list | tuple):
            items = [Item(self._value(item, tuples=tuples)) for item in value]
            return sequence(items, tuples=tuples)
        if isinstance(value, dict):
            return dictionary(
                {str(key): self._value(item, tuples=tuples) for key, item in value.items()}
            )
        return literal(value)


def _is_default(value: Any, argument: Argument) -> bool:
    if argument.required:
        return False
    if isinstance(value, Component):
        return value.module is None and value.name == argument.default
    if argument.default is None:
        return value is None and argument.nullable
    same: bool = value == argument.default and isinstance(value, bool) == isinstance(
        argument.default, bool
    )
    return same
