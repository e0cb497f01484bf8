"""YAML text → nodes that know their line and column, with YAML 1.2's reading of scalars."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from nnrun.errors import ConfigError, Place, Problem

MAX_BYTES = 1_000_000
MAX_NODES = 100_000

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
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

    >>> resolve_scalar("1e-4"), resolve_scalar("no"), resolve_scalar("0x10")
    (0.0001, 'no', 16)
    """
    if text in _CONSTANTS:
        constant: float | bool | None = _CONSTANTS[text]
        return constant
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        return int(text, 0) if digits[:2] in ("0o", "0x") else int(text)
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


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without its YAML 1.1 resolvers, in which `no` is false and 1e-4 text."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - typed so by PyYAML


def read_yaml(text: str, source: str) -> Node:
    """Read one YAML document.

    Args:
        text: The document.
        source: What its places are to be called: a file name, or an override.

    Raises:
        ConfigError: For text that is no YAML, duplicate keys, tags, and anything meant to explode.
    """
    lines = text.splitlines()
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, source, lines)]) from None
    except yaml.reader.ReaderError as error:
        place = _place_at(text, error.position, source, lines)
        message = f"the character {chr(error.character)!r} is not allowed in YAML"
        raise ConfigError([Problem(message, place)]) from None
    except RecursionError:
        raise ConfigError([Problem("nested too deeply", Place(source))]) from None
    if root is None:
        return ScalarNode(None, Place(source, text=lines[0] if lines else ""))
    converter = _Converter(source, lines)
    node = converter.convert(root)
    if converter.problems:
        raise ConfigError(converter.problems)
    return node


def _place_at(text: str, position: int, source: str, lines: list[str]) -> Place:
    before = text[:position]
    line = before.count("\n") + 1
    return Place(
        source, line, position - before.rfind("\n"), 1, lines[line - 1] if line <= len(lines) else ""
    )


def _syntax_problem(error: yaml.MarkedYAMLError, source: str, lines: list[str]) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    shown = lines[line] if line < len(lines) else ""
    place = Place(source, line + 1, column + 1, 1, shown)
    told = str(error.problem or error.context)
    if "\\t" in told or (column < len(shown) and shown[column] == "\t"):
        return Problem("a tab cannot indent YAML", place, hint="use spaces")
    if "expected a single document" in str(error.context):
        return Problem("a config is one YAML document", place, hint="remove the `---`")
    if "mapping values are not allowed" in told:
        return Problem(
            "a second ':' in one line", place, hint="check the indentation, or quote the text"
        )
    return Problem(f"not valid YAML: {told}", place, hint=str(error.context or ""))


class _Converter:
    """PyYAML's nodes → ours, noting every problem on the way."""

    def __init__(self, source: str, lines: list[str]) -> None:
        self.source = source
        self.lines = lines
        self.problems: list[Problem] = []
        self.sizes: dict[int, int] = {}
        self.done: dict[int, Node | None] = {}

    def convert(self, node: yaml.Node) -> Node:
        """The node with all below it; what an alias points to is converted once and shared."""
        if id(node) in self.done:
            found = self.done[id(node)]
            if found is None:
                raise ConfigError([Problem("an alias that holds itself", self.place(node))])
            return found
        self.done[id(node)] = None
        converted = self._convert_new(node)
        if self.sizes[id(node)] > MAX_NODES:
            raise ConfigError(
                [Problem(f"more than {MAX_NODES:,} values, aliases counted", self.place(node))]
            )
        self.done[id(node)] = converted
        return converted

    def _convert_new(self, node: yaml.Node) -> Node:
        place = self.place(node)
        self._refuse_tag(node, place)
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.convert(item) for item in node.value)
            self.sizes[id(node)] = 1 + sum(self.sizes[id(item)] for item in node.value)
            return SequenceNode(items, place)
        if isinstance(node, yaml.MappingNode):
            return self._convert_mapping(node, place)
        self.sizes[id(node)] = 1
        value = resolve_scalar(node.value) if node.style is None else node.value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
            self.problems.append(Problem(f"the number {node.value} is too large", place))
            value = 0
        return ScalarNode(value, place)

    def _convert_mapping(self, node: yaml.MappingNode, place: Place) -> MappingNode:
        entries: dict[str, Node] = {}
        key_places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key_place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem("a key must be plain text", key_place))
                continue
            key = key_node.value
            if key in entries:
                first = key_places[key].line
                self.problems.append(
                    Problem(f"the key '{key}' stands here a second time", key_place,
                            hint=f"the first is in line {first}; keep one")
                )
                continue
            entries[key] = self.convert(value_node)
            key_places[key] = key_place
        self.sizes[id(node)] = 1 + sum(
            self.sizes.get(id(value), 0) for _, value in node.value
        )
        return MappingNode(entries, place, key_places)

    def _refuse_tag(self, node: yaml.Node, place: Place) -> None:
        usual = (_Loader.DEFAULT_SCALAR_TAG, _Loader.DEFAULT_SEQUENCE_TAG, _Loader.DEFAULT_MAPPING_TAG)
        if node.tag not in usual:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(Problem(f"the tag {tag} is not allowed", place, hint="remove it"))

    def place(self, node: yaml.Node) -> Place:
        """Where the node was written; one that spans lines is underlined to the end of its first."""
        start, end = node.start_mark, node.end_mark
        shown = self.lines[start.line] if start.line < len(self.lines) else ""
        last = end.column if end.line == start.line else len(shown.rstrip())
        return Place(self.source, start.line + 1, start.column + 1, max(1, last - start.column), shown)
