"""The kinds of single values: booleans, numbers, text, files, shares of rows, durations."""

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from nnrun.config.components import IMPORT_PATH, Duration, is_import_path
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.kind import Checking, Kind, Schema
from nnrun.config.reader import (
    MappingNode,
    Node,
    ScalarNode,
    children,
    plain_value,
    resolve_scalar,
)
from nnrun.config.wording import quoted

LARGEST_INTEGER = 2**63 - 1

_DURATION = re.compile(r"(\S+?)\s*epochs?")
_MEANT_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "1.0"), "true"),
    **dict.fromkeys(("false", "no", "off", "0", "0.0"), "false"),
}
_SERIALIZED = {"class_name", "registered_name"}
"""The keys of Keras's serialized objects."""
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "above": "exclusiveMinimum",
    "below": "exclusiveMaximum",
}
"""The bounds of numbers, with their names in JSON Schema."""


@dataclass(frozen=True)
class Anything(Kind):
    """Any YAML value except a serialized object, from which Keras would build any class."""

    shapes = frozenset((list, dict, str, bool, float))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        serialized = _find_serialized(node)
        if serialized is None:
            return plain_value(node)
        hint = "name the class, as in `kernel_initializer: {Constant: 3}`"
        message = "Keras's serialized objects are not read"
        return checker.report(message, serialized.place, path, hint)

    def words(self) -> str:
        return "any value"

    def schema(self) -> Schema:
        return {}


def _find_serialized(node: Node) -> MappingNode | None:
    if isinstance(node, ScalarNode):
        return None
    if isinstance(node, MappingNode) and not _SERIALIZED.isdisjoint(node.entries):
        return node
    return next((found for item in children(node) if (found := _find_serialized(item))), None)


@dataclass(frozen=True)
class Boolean(Kind):
    """true or false."""

    shapes = frozenset((bool,))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        return checker.expected(self, node, path)

    def words(self) -> str:
        return "true or false"

    def markdown(self) -> str:
        return "`true` or `false`"

    def schema(self) -> Schema:
        return {"type": "boolean"}

    def hint(self, value: Any) -> str:
        meant = _MEANT_TRUTHS.get(str(value).casefold(), "")
        return f"write {meant}" if meant else ""


class _Numeric(Kind):
    """Values written as numbers."""

    shapes = frozenset((float,))

    def hint(self, value: Any) -> str:
        meant = _number_meant(value) if isinstance(value, str) else ""
        return f"write {meant}" if meant else ""


class _Bounded(_Numeric):
    """A number between bounds."""

    noun: ClassVar[str]
    json_type: ClassVar[str]

    def _bounds(self) -> dict[str, float]:
        bounds = {name: getattr(self, name, None) for name in _BOUNDS}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    def _holds(self, value: float) -> bool:
        bounds = self._bounds()
        return (
            bounds.get("minimum", value) <= value <= bounds.get("maximum", value)
            and bounds.get("above", -math.inf) < value < bounds.get("below", math.inf)
        )  # fmt: skip

    def words(self) -> str:
        bounds = self._bounds()
        least, most = bounds.get("minimum"), bounds.get("maximum")
        if least is not None and most is not None:
            return f"the number {least}" if least == most else f"{self.noun} from {least} to {most}"
        said = {
            "above": "above",
            "minimum": "of at least",
            "below": "below",
            "maximum": "of at most",
        }
        told = [f"{word} {bounds[name]:g}" for name, word in said.items() if name in bounds]
        return f"{self.noun} {' and '.join(told)}".rstrip()

    def schema(self) -> Schema:
        bounds = {_BOUNDS[name]: bound for name, bound in self._bounds().items()}
        return {"type": self.json_type, **bounds}


@dataclass(frozen=True)
class Integer(_Bounded):
    """A whole number between two bounds, both included."""

    noun = "a whole number"
    json_type = "integer"

    minimum: int | None = None
    maximum: int | None = None

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        value = _whole_number_of(node)
        fits = value is not None and self._holds(value)
        return value if fits else checker.expected(self, node, path)

    def markdown(self) -> str:
        fixed = self.minimum is not None and self.minimum == self.maximum
        return f"`{self.minimum}`" if fixed else self.words()


@dataclass(frozen=True)
class Number(_Bounded):
    """A number; `above` and `below` are excluded bounds."""

    noun = "a number"
    json_type = "number"

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        value = _number_of(node)
        fits = value is not None and self._holds(value)
        return value if fits else checker.expected(self, node, path)


@dataclass(frozen=True)
class Text(Kind):
    """A string: one of `choices`, and matching `pattern`, if given."""

    shapes = frozenset((str,))

    choices: tuple[str, ...] = ()
    pattern: str | None = None
    pattern_says: str = ""

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            return checker.expected(self, node, path)
        if self.choices and node.value not in self.choices:
            near = did_you_mean(node.value, self.choices) if checker.wants_hints else ""
            hint = near or f"one of: {', '.join(self.choices)}"
            return checker.report(f"unknown value {quoted(node.value)}", node.place, path, hint)
        if self.pattern and not re.fullmatch(self.pattern, node.value):
            return checker.expected(self, node, path)
        return node.value

    def words(self) -> str:
        return f"one of {', '.join(self.choices)}" if self.choices else self.pattern_says or "text"

    def markdown(self) -> str:
        if not self.choices:
            return self.words()
        *others, last = (f"`{choice}`" for choice in self.choices)
        return f"{', '.join(others)} or {last}" if others else last

    def schema(self) -> Schema:
        if self.choices:
            return {"enum": list(self.choices)}
        return {"type": "string", **({"pattern": f"^({self.pattern})$"} if self.pattern else {})}

    def hint(self, value: Any) -> str:
        if self.choices or not isinstance(value, bool | int | float):
            return ""
        return f"put it in quotes: '{str(value).lower() if isinstance(value, bool) else value}'"


@dataclass(frozen=True)
class Pluggable(Text):
    """One of `choices`, or the import path of the user's own, as in `my_tasks:Ranking`."""

    takes_own: ClassVar[bool] = True

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        value = node.value if isinstance(node, ScalarNode) else None
        is_own = isinstance(value, str) and is_import_path(value)
        return value if is_own else super().check(checker, node, path)

    def words(self) -> str:
        return f"{super().words()}, or an import path (module:Class)"

    def markdown(self) -> str:
        return f"{super().markdown()}, or an import path"

    def schema(self) -> Schema:
        own = {"type": "string", "pattern": f"^{IMPORT_PATH}$"}
        return {"anyOf": [super().schema(), own]}


@dataclass(frozen=True)
class FilePath(Kind):
    """The name of a file that must exist, relative to the config that names it."""

    shapes = frozenset((str,))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        return _file_of(checker, node) or checker.expected(self, node, path)

    def words(self) -> str:
        return "a file name"

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Share(_Numeric):
    """A part of the rows: a number of rows (1 or more), a fraction (above 0, below 1) or a file."""

    shapes = frozenset((str, float))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        file = _file_of(checker, node)
        if file and not self.hint(plain_value(node)):
            return file
        value = _number_of(node)
        if value is None or value <= 0 or (value >= 1 and not float(value).is_integer()):
            return checker.expected(self, node, path)
        if isinstance(value, float) and value == 1:
            message = f"expected {self.words()}, got 1.0, which is all of the rows"
            return checker.report(message, node.place, path, "write 1 for a single row")
        return int(value) if value >= 1 else value

    def words(self) -> str:
        return "a number of rows, a fraction between 0 and 1, or a file name"

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}


@dataclass(frozen=True)
class Steps(_Numeric):
    """A duration: a number of training steps (batches), or text such as "20 epochs"."""

    shapes = frozenset((str, float))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        value: Duration | int | None
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            value = duration_of(node.value)
        else:
            value = _whole_number_of(node)
        fits = isinstance(value, Duration) or (value is not None and value >= 0)
        return value if fits else checker.expected(self, node, path)

    def words(self) -> str:
        return "a number of steps, or text such as '20 epochs'"

    def schema(self) -> Schema:
        duration = {"type": "string", "pattern": r"^\s*\S+\s*epochs?\s*$"}
        return {"anyOf": [{"type": "integer", "minimum": 0}, duration]}


def _number_of(node: Node) -> int | float | None:
    """The finite number a node holds, or None."""
    if not isinstance(node, ScalarNode) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | float) and math.isfinite(node.value):
        return node.value
    return None


def _whole_number_of(node: Node) -> int | None:
    value = _number_of(node)
    if value is None or not float(value).is_integer() or abs(value) > LARGEST_INTEGER:
        return None
    return int(value)


def duration_of(text: str) -> Duration | None:
    """The duration in a text such as "20 epochs", or None."""
    found = _DURATION.fullmatch(text.strip())
    number = resolve_scalar(found[1]) if found else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return Duration(float(number)) if 0 < number <= LARGEST_INTEGER else None


def _file_of(checker: Checking, node: Node) -> str | None:
    """The file that a node names; None if it names none."""
    name = node.value if isinstance(node, ScalarNode) else None
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        return None
    return str(checker.folder / name)


def _number_meant(text: str) -> str:
    """The number meant by a text such as "0.1" (in quotes), 10_000, 0,5 or 20%; empty if none."""
    bare = text.strip().replace("_", "")
    if re.fullmatch(r"\d+(\.\d+)?%", bare):
        return f"{float(bare[:-1]) / 100:g}"
    if re.fullmatch(r"\d{1,3}(,\d{3})+", bare):
        bare = bare.replace(",", "")
    elif re.fullmatch(r"\d+,\d+", bare):
        bare = bare.replace(",", ".")
    return bare if isinstance(resolve_scalar(bare), int | float) else ""
