"""Nodes + schema + catalogue → checked values, or all the problems at once."""

import dataclasses
import math
import re
from collections.abc import Mapping
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from nnrun.config.catalogue import Catalogue, Entry
from nnrun.config.components import Component, Duration
from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.kinds import (
    Anything,
    ArgumentsOf,
    Boolean,
    ComponentOf,
    FilePath,
    Integer,
    Kind,
    ListOf,
    MapOf,
    Number,
    OneOf,
    SectionOf,
    Share,
    Steps,
    Text,
)
from nnrun.config.merging import FIRST_ARGUMENT
from nnrun.config.reader import MappingNode, Node, ScalarNode, SequenceNode, plain_value
from nnrun.config.schema import Experiment, options_of
from nnrun.config.wording import describe, group_noun, show_value
from nnrun.errors import Place, Problem

INVALID = object()
"""What a check gives back for a value it has found a problem with."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*epochs?")
_IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_GIVEN_BY_CONTEXT = {"schedule": "initial_learning_rate"}
"""Required arguments that nnrun fills in itself, by the option that holds the component."""


class Checker:
    """Checks nodes by their kinds; collects every problem, and where each value was written.

    Args:
        catalogue: What Keras's and nnrun's classes take.
        folder: What relative file names in the config are relative to.
    """

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self.catalogue = catalogue
        self.folder = folder
        self.problems: list[Problem] = []
        self.doubtful: set[str] = set()
        self.places: dict[str, Place] = {}

    def report(self, message: str, place: Place, path: str, hint: str = "") -> Any:
        """Note a problem and give INVALID back."""
        self.doubtful.add(path)
        self.problems.append(Problem(message, place, path, hint))
        return INVALID

    def expected(self, kind: Kind, node: Node, path: str) -> Any:
        """Note that a value is not of its kind."""
        return self.report(
            f"expected {describe(kind)}, got {show_value(node)}", node.place, path
        )

    def check(self, kind: Kind, node: Node, path: str) -> Any:
        """The node's value as its kind has it, or INVALID after the problem was noted."""
        self.places.setdefault(path, node.place)
        return self._check(kind, node, path)

    @singledispatchmethod
    def _check(self, kind: Any, node: Node, path: str) -> Any:
        raise TypeError(f"no check for {kind!r}")

    @_check.register
    def _(self, kind: Anything, node: Node, path: str) -> Any:
        return plain_value(node)

    @_check.register
    def _(self, kind: Boolean, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        if isinstance(node, ScalarNode) and node.value in ("yes", "no", "on", "off"):
            meant = "true" if node.value in ("yes", "on") else "false"
            return self.report(
                f"'{node.value}' is text in YAML 1.2", node.place, path, f"write {meant}"
            )
        return self.expected(kind, node, path)

    @_check.register
    def _(self, kind: Integer, node: Node, path: str) -> Any:
        value = _number_of(node)
        if value is None or not float(value).is_integer():
            return self.expected(kind, node, path)
        return self._within(kind, int(value), node, path, kind.minimum, kind.maximum)

    @_check.register
    def _(self, kind: Number, node: Node, path: str) -> Any:
        value = _number_of(node)
        if value is None:
            return self.expected(kind, node, path)
        if kind.above is not None and value <= kind.above:
            return self.expected(kind, node, path)
        if kind.below is not None and value >= kind.below:
            return self.expected(kind, node, path)
        return self._within(kind, value, node, path, kind.minimum, kind.maximum)

    def _within(
        self,
        kind: Kind,
        value: float,
        node: Node,
        path: str,
        minimum: float | None,
        maximum: float | None,
    ) -> Any:
        too_small = minimum is not None and value < minimum
        too_large = maximum is not None and value > maximum
        return self.expected(kind, node, path) if too_small or too_large else value

    @_check.register
    def _(self, kind: Text, node: Node, path: str) -> Any:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            return self.expected(kind, node, path)
        if kind.choices and node.value not in kind.choices:
            known = ", ".join(kind.choices)
            hint = did_you_mean(node.value, kind.choices) or f"one of: {known}"
            return self.report(f"unknown value '{node.value}'", node.place, path, hint)
        if kind.pattern and not re.fullmatch(kind.pattern, node.value):
            return self.expected(kind, node, path)
        return node.value

    @_check.register
    def _(self, kind: FilePath, node: Node, path: str) -> Any:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            return self.expected(kind, node, path)
        return str(self.folder / node.value)

    @_check.register
    def _(self, kind: Share, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
            return str(self.folder / node.value)
        value = _number_of(node)
        if value is None or value <= 0 or (value >= 1 and not float(value).is_integer()):
            return self.expected(kind, node, path)
        return int(value) if value >= 1 else value

    @_check.register
    def _(self, kind: Steps, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            found = _DURATION.fullmatch(node.value.strip())
            if found and float(found[1]) > 0:
                return Duration(float(found[1]))
        value = _number_of(node)
        if value is None or value < 0 or not float(value).is_integer():
            return self.expected(kind, node, path)
        return int(value)

    @_check.register
    def _(self, kind: ListOf, node: Node, path: str) -> Any:
        if not isinstance(node, SequenceNode):
            return self.expected(kind, node, path)
        if len(node.items) < kind.minimum:
            return self.report("the list is empty", node.place, path)
        values = [
            self.check(kind.item, item, f"{path}[{index}]") for index, item in enumerate(node.items)
        ]
        return INVALID if INVALID in values else tuple(values)

    @_check.register
    def _(self, kind: MapOf, node: Node, path: str) -> Any:
        if not isinstance(node, MappingNode):
            return self.expected(kind, node, path)
        values = {}
        for key, item in node.entries.items():
            values[key] = self.check(kind.value, item, f"{path}.{key}")
            self.places[f"{path}.{key}"] = node.key_places[key]
        return INVALID if INVALID in values.values() else values

    @_check.register
    def _(self, kind: OneOf, node: Node, path: str) -> Any:
        fitting = [inner for inner in kind.kinds if _has_shape_of(inner, node)]
        for inner in fitting:
            before = len(self.problems)
            value = self._check(inner, node, path)
            if len(self.problems) == before:
                return value
            if inner is not fitting[-1]:
                del self.problems[before:]
        return INVALID if fitting else self.expected(kind, node, path)

    @_check.register
    def _(self, kind: SectionOf, node: Node, path: str) -> Any:
        if not isinstance(node, MappingNode):
            return self.expected(kind, node, path)
        options = options_of(kind.type)
        values = {}
        for key, item in node.entries.items():
            if key not in options:
                self._unknown_key(kind, key, node.key_places[key], path)
                continue
            empty = isinstance(item, ScalarNode) and item.value is None
            if empty and not options[key].metadata["required"]:
                continue
            below = f"{path}.{key}" if path else key
            values[key] = self.check(options[key].metadata["kind"], item, below)
        for name, item in options.items():
            if item.metadata["required"] and name not in node.entries:
                below = f"{path}.{name}" if path else name
                self.report("is missing", node.place, below, item.metadata["doc"])
        return kind.type(**{key: value for key, value in values.items() if value is not INVALID})

    def _unknown_key(self, kind: SectionOf, key: str, place: Place, path: str) -> None:
        options = options_of(kind.type)
        meant, home = nearest(key, options), _section_with(key)
        if meant:
            self.doubtful.add(f"{path}.{meant}".lstrip("."))
            hint = f"did you mean '{meant}'?"
        elif home:
            hint = f"'{key}' belongs {home}"
        else:
            hint = f"known: {', '.join(options)}"
        self.problems.append(Problem(f"unknown key '{key}'", place, path, hint))

    @_check.register
    def _(self, kind: ComponentOf, node: Node, path: str) -> Any:
        named = self._named(kind, node, path)
        if named is None:
            return INVALID
        name, place, arguments = named
        if ":" in name:
            return self._users_own(kind, name, place, arguments, path)
        entry = self._find(kind, name, place, path)
        if entry is None:
            return INVALID
        path = f"{path}.{name}"
        values = self._arguments(entry, arguments, place, path)
        if values is INVALID:
            return INVALID
        # Keras makes more of an alias than of its class: it names metrics by it, and finds the kind
        # of accuracy that fits. So an alias stays one unless it has arguments.
        stays_alias = entry.alias and not values and entry.group != "optimizers"
        if stays_alias:
            return Component(name, entry.group, None, {}, place, path)
        return Component(entry.name, entry.group, entry.module, values, place, path)

    @_check.register
    def _(self, kind: ArgumentsOf, node: Node, path: str) -> Any:
        entry = self.catalogue.find(kind.group, kind.name)
        if entry is None:
            raise LookupError(f"the catalogue has no {kind.name} among {kind.group}")
        values = self._arguments(entry, node, node.place, path)
        if values is INVALID:
            return INVALID
        return Component(kind.name, kind.group, entry.module, values, node.place, path)

    def _named(
        self, kind: ComponentOf, node: Node, path: str
    ) -> tuple[str, Place, Node | None] | None:
        """The class a node names, where, and the node with its arguments."""
        if isinstance(node, ScalarNode) and isinstance(node.value, str) and node.value:
            return node.value, node.place, None
        if not isinstance(node, MappingNode) or not node.entries:
            self.expected(kind, node, path)
            return None
        name, *others = node.entries
        if others:
            place = node.key_places[others[0]]
            hint = f"indent it below '{name}:', or start a new entry"
            self.report(f"'{others[0]}' stands beside '{name}', not in it", place, path, hint)
            return None
        return name, node.key_places[name], node.entries[name]

    def _users_own(
        self, kind: ComponentOf, name: str, place: Place, arguments: Node | None, path: str
    ) -> Any:
        if not _IMPORT_PATH.fullmatch(name):
            hint = "as in my_package.layers:Squash"
            return self.report(f"'{name}' is no import path", place, path, hint)
        given = plain_value(arguments) if arguments is not None else {}
        if given is not None and not isinstance(given, Mapping):
            message = "a class of your own takes its arguments by name"
            return self.report(message, arguments.place if arguments else place, f"{path}.{name}")
        return Component(name, kind.groups[0], None, given or {}, place, f"{path}.{name}")

    def _find(self, kind: ComponentOf, name: str, place: Place, path: str) -> Entry | None:
        for group in kind.groups:
            entry = self.catalogue.find(group, name)
            if entry is not None and not entry.refused:
                return entry
            if entry is not None:
                self.report(f"{name} is not allowed here", place, path, entry.refused)
                return None
        noun = group_noun(kind.groups[0])
        known = [n for g in kind.groups for n in (*self.catalogue.names(g), *self.catalogue.aliases(g))]
        hint = did_you_mean(name, known)
        elsewhere = [g for g in self.catalogue.groups if name in self.catalogue.names(g)]
        if elsewhere and not hint.casefold().startswith(f"did you mean '{name.casefold()}'"):
            hint = f"'{name}' is {group_noun(elsewhere[0], article=True)}"
        self.report(f"unknown {noun} '{name}'", place, path, hint)
        return None

    def _arguments(self, entry: Entry, node: Node | None, place: Place, path: str) -> Any:
        given = self._by_name(entry, node)
        if given is None:
            message = f"{entry.name} takes no arguments"
            return self.report(message, node.place if node else place, path)
        values: dict[str, Any] = {}
        for name, (item, key_place) in given.items():
            if name not in entry.arguments:
                if not entry.open:
                    known = ", ".join(list(entry.arguments)[:8])
                    hint = did_you_mean(name, entry.arguments) or f"known: {known}"
                    values[name] = self.report(f"unknown argument '{name}'", key_place, path, hint)
                else:
                    values[name] = plain_value(item)
                continue
            argument = entry.arguments[name]
            if isinstance(item, ScalarNode) and item.value is None and argument.nullable:
                values[name] = None
                continue
            values[name] = self.check(argument.kind, item, f"{path}.{name}")
        self._report_missing(entry, given, place, path)
        return INVALID if INVALID in values.values() else values

    def _by_name(
        self, entry: Entry, node: Node | None
    ) -> dict[str, tuple[Node, Place]] | None:
        """The argument nodes by name, with where the name was written; None if none are taken."""
        if node is None or (isinstance(node, ScalarNode) and node.value is None):
            return {}
        first = next(iter(entry.arguments), None)
        if isinstance(node, MappingNode) and not self._is_first_argument(entry, node):
            named = node.entries.items()
            return {
                (first or key) if key == FIRST_ARGUMENT else key: (item, node.key_places[key])
                for key, item in named
            }
        return None if first is None else {first: (node, node.place)}

    def _is_first_argument(self, entry: Entry, node: MappingNode) -> bool:
        """Whether a mapping is itself a component, as the Dense in `TimeDistributed: {Dense: 3}`."""
        first = next(iter(entry.arguments.values()), None)
        if first is None or not isinstance(first.kind, ComponentOf) or len(node.entries) != 1:
            return False
        (name,) = node.entries
        return name not in entry.arguments

    def _report_missing(
        self, entry: Entry, given: Mapping[str, Any], place: Place, path: str
    ) -> None:
        by_context = _GIVEN_BY_CONTEXT.get(path.rpartition(".")[0])
        meant = {nearest(name, entry.arguments) for name in given if name not in entry.arguments}
        required = [argument.name for argument in entry.arguments.values() if argument.required]
        for name in required:
            if name in given or name in meant or name == by_context:
                continue
            hint = f"as in {entry.name}: {{{name}: …}}"
            self.report(f"the argument '{name}' is missing", place, path, hint)


def _number_of(node: Node) -> int | float | None:
    """The finite number a node holds, or None."""
    if not isinstance(node, ScalarNode) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | float) and math.isfinite(node.value):
        return node.value
    return None


def _has_shape_of(kind: Kind, node: Node) -> bool:
    """Whether a node is written the way values of the kind are: decides who may blame it."""
    if isinstance(node, SequenceNode):
        return isinstance(kind, ListOf | Anything)
    if isinstance(node, MappingNode):
        return isinstance(kind, MapOf | SectionOf | ComponentOf | Anything)
    if isinstance(node.value, str):
        return isinstance(kind, Text | Share | Steps | FilePath | ComponentOf | Anything)
    if isinstance(node.value, bool):
        return isinstance(kind, Boolean | Anything)
    return isinstance(kind, Integer | Number | Share | Steps | Anything)


def _section_with(key: str) -> str:
    """Where a key that stands in the wrong section would be known."""
    if key in options_of(Experiment):
        return "at the top level"
    pending = [("", Experiment)]
    while pending:
        path, section = pending.pop(0)
        for name, item in options_of(section).items():
            kind = item.metadata["kind"]
            if isinstance(kind, SectionOf):
                below = f"{path}.{name}".lstrip(".")
                if key in options_of(kind.type):
                    return f"under `{below}`"
                pending.append((below, kind.type))
    return ""


def check_experiment(
    tree: MappingNode, catalogue: Catalogue, folder: Path, default_name: str
) -> tuple[Experiment, list[Problem], set[str]]:
    """The experiment that a tree declares, and the problems that stand against it.

    Where a value is wrong its default stands in, so that the rest can still be looked at; the paths
    of these values are the third result.
    """
    checker = Checker(catalogue, folder)
    value: Experiment = checker.check(SectionOf(Experiment), tree, "")
    experiment = dataclasses.replace(
        value, name=value.name or default_name, places=checker.places
    )
    return experiment, checker.problems, checker.doubtful
