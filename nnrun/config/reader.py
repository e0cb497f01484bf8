"""Reads YAML text as nodes with line and column, with YAML 1.2's scalars."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from nnrun.config.syntax import place_of, syntax_problem
from nnrun.errors import ConfigError, Place, Problem

MAX_BYTES = 250_000
MAX_VALUES = 10_000
MAX_DEPTH = 50
MAX_DIGITS = 400

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True)
class ScalarNode:
    """A single value: text, a number, true or false, or null (None)."""

    value: str | int | float | bool | None
    place: Place


@dataclass(frozen=True)
class SequenceNode:
    """A list."""

    items: "tuple[Node, ...]"
    place: Place


@dataclass(frozen=True)
class MappingNode:
    """A mapping; `key_places` says where each key was written."""

    entries: "Mapping[str, Node]"
    place: Place
    key_places: Mapping[str, Place] = field(default_factory=dict)


Node = ScalarNode | SequenceNode | MappingNode


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by YAML 1.2's core schema (section 10.3.2).

    Very long digit strings are text: Python would refuse them, and no config needs them.

    >>> resolve_scalar("1e-4"), resolve_scalar("no"), resolve_scalar("0x10")
    (0.0001, 'no', 16)
    """
    if text in _CONSTANTS:
        constant: float | bool | None = _CONSTANTS[text]
        return constant
    if len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def plain_value(node: Node) -> Any:
    """The node as plain Python values: dictionaries, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node.items]
    return {key: plain_value(value) for key, value in node.entries.items()}


def children(node: Node) -> Iterable[Node]:
    """The nodes in a list or a mapping."""
    if isinstance(node, ScalarNode):
        return ()
    return node.items if isinstance(node, SequenceNode) else node.entries.values()


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader up to its nodes, without resolving tags.

    So any tag was written by the user, and the resolvers of YAML 1.1, in which `no` is false and
    1e-4 is text, never run.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.values = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """No tag."""
        del kind, value, implicit
        return ""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, unless the document is too deep or too large."""
        self.depth += 1
        self.values += 1
        mark = self.get_mark()
        if self.depth > MAX_DEPTH:
            raise _TooMuchError(None, None, f"nested more than {MAX_DEPTH} deep", mark)
        if self.values > 2 * MAX_VALUES:
            raise _TooMuchError(None, None, f"more than {MAX_VALUES:,} values", mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _TooMuchError(yaml.MarkedYAMLError):
    """Valid YAML that is larger or deeper than any config."""


def compose_yaml(text: str) -> yaml.Node | None:
    """PyYAML's nodes of a document that `read_yaml` accepts, with their positions in the text."""
    return _Loader(text).get_single_node()


def read_yaml(text: str, source: str) -> Node:
    """Read one YAML document.

    Args:
        text: The document.
        source: The source in its positions: a file name, or an override.

    Raises:
        ConfigError: For text that is not YAML, duplicate keys, tags, and anything too large.
    """
    lines = _LINE_END.split(text)
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        message = f"the character {chr(error.character)!r} is not allowed in YAML"
        place = _place_at(text, error.position, source, lines)
        raise ConfigError([Problem(message, place, hint="remove it")]) from None
    try:
        root = loader.get_single_node()
    except _TooMuchError as error:
        place = place_of(error.problem_mark, source, lines)
        hint = "no config needs that"
        raise ConfigError([Problem(str(error.problem), place, hint=hint)]) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError([syntax_problem(error, source, lines)]) from None
    except (ValueError, OverflowError):
        # PyYAML lets them through for escapes and version numbers that are out of range.
        place = place_of(loader.get_mark(), source, lines)
        raise ConfigError([Problem("not valid YAML: a number out of range", place)]) from None
    if root is None:
        return ScalarNode(None, Place(source))
    converter = _Converter(source, lines)
    node = converter.convert(root)
    if converter.problems:
        raise ConfigError(converter.problems)
    return node


def _place_at(text: str, position: int, source: str, lines: list[str]) -> Place:
    before = _LINE_END.split(text[:position])
    return Place(source, len(before), len(before[-1]) + 1, 1, lines[len(before) - 1])


class _Converter:
    """Converts PyYAML's nodes to ours, noting every problem."""

    def __init__(self, source: str, lines: list[str]) -> None:
        self.source = source
        self.lines = lines
        self.problems: list[Problem] = []
        self.sizes: dict[int, int] = {}
        self.depths: dict[int, int] = {}
        self.done: dict[int, Node | None] = {}

    def convert(self, node: yaml.Node) -> Node:
        """The node and everything below it; the target of an alias is converted once and shared."""
        if id(node) in self.done:
            node_done = self.done[id(node)]
            if node_done is None:
                hint = "write it out without the alias"
                raise ConfigError(
                    [Problem("an alias that contains itself", self.place(node), hint=hint)]
                )
            return node_done
        self.done[id(node)] = None
        converted = self._convert_new(node)
        self._measure(node)
        self.done[id(node)] = converted
        return converted

    def _measure(self, node: yaml.Node) -> None:
        """Count the values of a node with its aliases expanded, and refuse too many."""
        below = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            below = [value for _, value in node.value if id(value) in self.sizes]
        self.sizes[id(node)] = 1 + sum(self.sizes[id(item)] for item in below)
        self.depths[id(node)] = 1 + max((self.depths[id(item)] for item in below), default=0)
        hint = "no config needs that"
        if self.sizes[id(node)] > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values, aliases written out"
            raise ConfigError([Problem(message, self.place(node), hint=hint)])
        if self.depths[id(node)] > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} deep, aliases written out"
            raise ConfigError([Problem(message, self.place(node), hint=hint)])

    def _convert_new(self, node: yaml.Node) -> Node:
        place = self.place(node)
        self._refuse_tag(node, place)
        if isinstance(node, yaml.SequenceNode):
            return SequenceNode(tuple(self.convert(item) for item in node.value), place)
        if isinstance(node, yaml.MappingNode):
            return self._convert_mapping(node, place)
        return ScalarNode(self._scalar(node, place), place)

    def _scalar(self, node: Any, place: Place) -> str | int | float | bool | None:
        if _SURROGATE.search(node.value):
            self.problems.append(Problem("half a character (a lone surrogate)", place))
            return None
        value = resolve_scalar(node.value) if node.style is None else str(node.value)
        if isinstance(value, int) and abs(value) >= 2**63:
            self.problems.append(Problem("the number is too large", place))
            return 0
        return value

    def _convert_mapping(self, node: yaml.MappingNode, place: Place) -> MappingNode:
        entries: dict[str, Node] = {}
        key_places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, key_places)
            if key is None:
                continue
            entries[key] = self.convert(value_node)
            key_places[key] = self.place(key_node)
        return MappingNode(entries, place, key_places)

    def _key(self, node: yaml.Node, seen: Mapping[str, Place]) -> str | None:
        """The key in a node; None after reporting a problem."""
        place = self.place(node)
        self._refuse_tag(node, place)
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            self.problems.append(Problem("a key must be plain text", place))
            return None
        key = str(node.value)
        if _SURROGATE.search(key):
            self.problems.append(Problem("half a character (a lone surrogate)", place))
            return None
        if key in seen:
            hint = f"the first is in line {seen[key].line}; keep one"
            self.problems.append(Problem("this key is repeated here", place, hint=hint))
            return None
        return key

    def _refuse_tag(self, node: yaml.Node, place: Place) -> None:
        if node.tag:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(Problem(f"the tag {tag} is not allowed", place, hint="remove it"))

    def place(self, node: yaml.Node) -> Place:
        """The position of a node; if it spans lines, only its first line is underlined."""
        start, end = node.start_mark, node.end_mark
        shown = self.lines[start.line] if start.line < len(self.lines) else ""
        last = end.column if end.line == start.line else len(shown.rstrip())
        length = max(1, last - start.column)
        return Place(self.source, start.line + 1, start.column + 1, length, shown)
