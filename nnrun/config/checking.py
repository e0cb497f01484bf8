"""Nodes + schema + catalogue → checked values, or all the problems at once."""
# ruff: noqa: ARG002 - the checks of all kinds are called alike

import dataclasses
import math
import re
from collections.abc import Sequence
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from nnrun.config.advice import about_missing, about_unknown_key, about_value
from nnrun.config.catalogue import Catalogue
from nnrun.config.component_checking import (
    check_arguments_of,
    check_component,
    find_serialized,
    take_component,
)
from nnrun.config.components import Duration, looks_like_class
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
from nnrun.config.options import component_option, keys_of, options_of
from nnrun.config.reader import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    plain_value,
    resolve_scalar,
)
from nnrun.config.reporting import INVALID, MANY, Reporter
from nnrun.config.schema import Experiment
from nnrun.config.wording import describe, quoted
from nnrun.errors import Place, Problem

LARGEST_INTEGER = 2**63 - 1
_DURATION = re.compile(r"(\S+?)\s*epochs?")


class Checker(Reporter):
    """Checks nodes by their kinds."""

    @singledispatchmethod
    def _check(self, kind: Any, node: Node, path: str) -> Any:
        raise TypeError(f"no check for {kind!r}")

    @_check.register
    def _(self, kind: Anything, node: Node, path: str) -> Any:
        serialized = find_serialized(node)
        if serialized is not None:
            hint = "name the class, as in `kernel_initializer: {Constant: 3}`"
            message = "Keras's serialized objects are not read"
            return self.report(message, serialized.place, path, hint)
        return plain_value(node)

    @_check.register
    def _(self, kind: Boolean, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        return self.expected(kind, node, path)

    @_check.register
    def _(self, kind: Integer, node: Node, path: str) -> Any:
        value = _number_of(node)
        if value is None or not float(value).is_integer() or abs(value) > LARGEST_INTEGER:
            return self.expected(kind, node, path)
        return int(value) if _is_within(kind, value) else self.expected(kind, node, path)

    @_check.register
    def _(self, kind: Number, node: Node, path: str) -> Any:
        value = _number_of(node)
        if value is None or not _is_within(kind, value):
            return self.expected(kind, node, path)
        if kind.above is not None and value <= kind.above:
            return self.expected(kind, node, path)
        if kind.below is not None and value >= kind.below:
            return self.expected(kind, node, path)
        return value

    @_check.register
    def _(self, kind: Text, node: Node, path: str) -> Any:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            return self.expected(kind, node, path)
        if kind.choices and node.value not in kind.choices:
            known = ", ".join(kind.choices)
            near = did_you_mean(node.value, kind.choices) if self.wants_hints else ""
            hint = near or f"one of: {known}"
            return self.report(f"unknown value {quoted(node.value)}", node.place, path, hint)
        if kind.pattern and not re.fullmatch(kind.pattern, node.value):
            return self.expected(kind, node, path)
        return node.value

    @_check.register
    def _(self, kind: FilePath, node: Node, path: str) -> Any:
        return self._file(node) or self.expected(kind, node, path)

    @_check.register
    def _(self, kind: Share, node: Node, path: str) -> Any:
        file = None if about_value(kind, node) else self._file(node)
        if file:
            return file
        value = _number_of(node)
        if value is None or value <= 0 or (value >= 1 and not float(value).is_integer()):
            return self.expected(kind, node, path)
        if isinstance(value, float) and value == 1:
            message = f"expected {describe(kind)}, got 1.0, which is all of the rows"
            return self.report(message, node.place, path, "write 1 for a single row")
        return int(value) if value >= 1 else value

    def _file(self, node: Node) -> str | None:
        """The file that a node names; None where it names none."""
        name = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            return None
        return str(self.folder / name)

    @_check.register
    def _(self, kind: Steps, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            return _duration_of(node.value) or self.expected(kind, node, path)
        value = _number_of(node)
        if value is None or not float(value).is_integer() or not 0 <= value <= LARGEST_INTEGER:
            return self.expected(kind, node, path)
        return int(value)

    @_check.register
    def _(self, kind: ListOf, node: Node, path: str) -> Any:
        if not isinstance(node, SequenceNode):
            return self.expected(kind, node, path)
        if len(node.items) < kind.minimum:
            return self.report("the list is empty", node.place, path, f"name {describe(kind.item)}")
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
            if isinstance(kind.value, SectionOf) and _is_null(item):
                item = MappingNode({}, item.place)  # noqa: PLW2901 nothing said is all left out
            values[key] = self.check(kind.value, item, f"{path}.{key}")
            self.places[f"{path}.{key}"] = node.key_places[key]
        return INVALID if INVALID in values.values() else values

    @_check.register
    def _(self, kind: OneOf, node: Node, path: str) -> Any:
        fitting = [inner for inner in kind.kinds if _has_shape_of(inner, node)]
        if len(fitting) > 1 and isinstance(node, MappingNode):
            fitting = _meant(fitting, node)
        if not fitting or _is_botched_number(kind, node):
            return self.expected(kind, node, path)
        for inner in fitting[:-1]:
            trial = Checker(self.catalogue, self.folder, is_trial=True)
            value = trial.check(inner, node, path)
            if not trial.problems:
                self.places.update(trial.places)
                return value
        return self._check(fitting[-1], node, path)

    @_check.register
    def _(self, kind: SectionOf, node: Node, path: str) -> Any:
        declared, options = options_of(kind.type), keys_of(kind.type)
        values: dict[str, Any] = {}
        if component_option(kind.type):
            node, values = take_component(self, kind.type, node, path)
        if not isinstance(node, MappingNode):
            return self.expected(kind, node, path)
        for key, item in node.entries.items():
            below = f"{path}.{key}".lstrip(".")
            if key not in options:
                place = node.key_places[key]
                hint = about_unknown_key(kind.type, key, item) if self.wants_hints else ""
                self.problems.append(Problem(f"unknown key {quoted(key)}", place, path, hint))
            elif not _is_null(item) or options[key].metadata["required"]:
                values[key] = self.check(options[key].metadata["kind"], item, below)
        values = {key: value for key, value in values.items() if value is not INVALID}
        unknown = [key for key in node.entries if key not in options][:MANY]
        absent = [name for name in options if name not in node.entries]
        meant = {nearest(key, absent) for key in unknown}
        self.doubtful.update(f"{path}.{name}".lstrip(".") for name in meant if name)
        for name in options:
            if options[name].metadata["required"] and name not in values:
                if name not in {*meant, *node.entries}:
                    self._report_missing(name, node, path)
                if isinstance(options[name].metadata["kind"], SectionOf):
                    values[name] = options[name].metadata["kind"].type()
        return kind.type(**{declared[name].name: value for name, value in values.items()})

    def _report_missing(self, name: str, node: MappingNode, path: str) -> None:
        if path:
            self.report(f"'{name}' is missing", node.place, path, about_missing(name))
            return
        self.report("is missing", Place(node.place.source), name, f"every config needs `{name}:`")

    @_check.register
    def _(self, kind: ComponentOf, node: Node, path: str) -> Any:
        return check_component(self, kind, node, path)

    @_check.register
    def _(self, kind: ArgumentsOf, node: Node, path: str) -> Any:
        return check_arguments_of(self, kind, node, path)


def _is_within(kind: Integer | Number, value: float) -> bool:
    too_small = kind.minimum is not None and value < kind.minimum
    too_large = kind.maximum is not None and value > kind.maximum
    return not too_small and not too_large


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value is None


def _number_of(node: Node) -> int | float | None:
    """The finite number a node holds, or None."""
    if not isinstance(node, ScalarNode) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | float) and math.isfinite(node.value):
        return node.value
    return None


def _duration_of(text: str) -> Duration | None:
    """The duration that a text such as "20 epochs" names, or None."""
    found = _DURATION.fullmatch(text.strip())
    number = resolve_scalar(found[1]) if found else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return Duration(float(number)) if 0 < number <= LARGEST_INTEGER else None


def _is_botched_number(kind: OneOf, node: Node) -> bool:
    """Whether a text was meant as a number, so that no other kind may complain of it."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return False
    takes_number = any(isinstance(inner, Number | Integer) for inner in kind.kinds)
    takes_text = any(
        isinstance(inner, Text) and node.value in (inner.choices or (node.value,))
        for inner in kind.kinds
    )
    return takes_number and not takes_text and not looks_like_class(node.value)


def _meant(kinds: Sequence[Kind], node: MappingNode) -> list[Kind]:
    """What a mapping may be by its keys: a section is known by the names of its options."""
    for kind in kinds:
        if isinstance(kind, SectionOf):
            options = options_of(kind.type)
            if any(nearest(key, options, closeness=0.75) for key in node.entries):
                return [kind]
    return [kind for kind in kinds if not isinstance(kind, SectionOf)] or list(kinds)


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


def check_experiment(
    tree: MappingNode, catalogue: Catalogue, folder: Path, default_name: str
) -> tuple[Experiment, list[Problem], set[str]]:
    """The experiment that a tree declares, and the problems that stand against it.

    Where a value is wrong its default stands in, so that the rest can still be looked at; the paths
    of these values are the third result.
    """
    checker = Checker(catalogue, folder)
    checker.places[""] = Place(tree.place.source)
    value: Experiment = checker.check(SectionOf(Experiment), tree, "")
    experiment = dataclasses.replace(value, name=value.name or default_name, places=checker.places)
    return experiment, checker.problems, checker.doubtful
