"""Changing a value in the text of a YAML document, keeping comments, order and style."""

from collections.abc import Sequence
from typing import Any

import yaml

from nnrun.config.catalogue import load_catalogue
from nnrun.config.reader import compose_yaml, resolve_scalar
from nnrun.config.writer import write_flow

_Edit = tuple[int, int, str]
"""The start and end of the replaced text, and the replacement."""
_NULLS = ("", "~", "null", "Null", "NULL")


def with_value_at(text: str, keys: Sequence[str], value: Any) -> str:
    r"""The text of a config with a value at the end of some keys, which need not be there yet.

    Args:
        text: The config.
        keys: The keys, as in an override: names, classes and indices of lists.
        value: The value, in plain YAML.

    Raises:
        LookupError: The keys lead to a list entry that does not exist.

    >>> with_value_at("training: {epochs: 5} # few\n", ["training", "epochs"], 9)
    'training: {epochs: 9} # few\n'
    """
    root = compose_yaml(text)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("a config is a mapping")
    return _applied(text, _edit(text, root, keys, value))


def with_first_entry(text: str, key: str, value: Any) -> str:
    """The text of a config with another entry before all others, but after the comments on top."""
    root = compose_yaml(text)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("a config is a mapping")
    return _applied(text, _insertion(root, f"{key}: {write_flow(value)}"))


def _applied(text: str, edit: _Edit) -> str:
    start, end, new = edit
    before = text[:start]
    if start == end and before.endswith(":"):
        new = f" {new}"  # an empty value stands just behind its colon
    elif end == len(text) and not before.endswith(("\n", "\r", " ")):
        new = f"\n{new}" if start == end else new
    if "\r\n" in text:
        new = new.replace("\n", "\r\n")
    return before + new + text[end:]


def _edit(text: str, root: yaml.MappingNode, keys: Sequence[str], value: Any) -> _Edit:
    node: yaml.Node = root
    name: yaml.Node | None = None
    for index, key in enumerate(keys):
        entry = _child(node, key)
        if entry is None:
            rest = _nested(keys[index:], value)
            return _addition(node, keys[index - 1] if index else "", rest)
        name, node = entry
    return _replacement(text, name, node, write_flow(value))


def _nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    """A value under its keys, one within the other."""
    first, *rest = keys
    return {first: _nested(rest, value) if rest else value}


def _child(node: yaml.Node, key: str) -> tuple[yaml.Node | None, yaml.Node] | None:
    """The node of a key, with that of the key itself; a class may be written in other letters."""
    if isinstance(node, yaml.SequenceNode):
        if not key.isdigit() or int(key) >= len(node.value):
            raise LookupError(f"the list has no entry {key}")
        return None, node.value[int(key)]
    if not isinstance(node, yaml.MappingNode):
        return None
    alike = [pair for pair in node.value if pair[0].value.casefold() == key.casefold()]
    exact = [pair for pair in alike if pair[0].value == key]
    return next(iter(exact or alike), None)


def _replacement(text: str, name: yaml.Node | None, node: yaml.Node, new: str) -> _Edit:
    """The replacement of a value.

    One that begins in a line of its own, below its key, goes to the line of the key; what stands
    between them, such as a comment, stays.
    """
    if name is None or not _is_block(node) or node.start_mark.line == name.end_mark.line:
        return node.start_mark.index, _end(node), new
    colon = text.index(":", name.end_mark.index) + 1
    kept = text[colon : node.start_mark.index].rstrip(" ").rstrip("\r\n")
    return colon, _end(node), f" {new}{kept}"


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _end(node: yaml.Node) -> int:
    """Where the last character of a value stands, without the comments after it."""
    if not _is_block(node) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _addition(node: yaml.Node, owner: str, entry: dict[str, Any]) -> _Edit:
    """A value that is not there yet, within the last node on the way that is.

    Args:
        node: The node.
        owner: Its key; empty for the root.
        entry: The value under its keys.
    """
    if isinstance(node, yaml.MappingNode):
        ((key, value),) = entry.items()
        return _insertion(node, write_flow(entry)[1:-1]) if owner else _last(node, key, value)
    if not isinstance(node, yaml.ScalarNode):
        raise TypeError("a list has its entries already")
    span = node.start_mark.index, node.end_mark.index
    if node.style is None and node.value in _NULLS:
        return *span, write_flow(entry)
    ((key, value),) = entry.items()
    if node.value.casefold() == key.casefold():
        return *span, write_flow({node.value: value})
    first = _first_argument(owner)
    if key == first:
        return *span, write_flow(value)
    old = resolve_scalar(node.value) if node.style is None else node.value
    return *span, write_flow({first: old, **entry} if first else entry)


def _first_argument(owner: str) -> str:
    """The argument that a class takes without its name; empty if it is not a class."""
    catalogue = load_catalogue()
    for group in catalogue.groups:
        entry = catalogue.find(group, owner)
        if entry is not None and entry.arguments:
            return next(iter(entry.arguments))
    return ""


def _insertion(mapping: yaml.MappingNode, entry: str) -> _Edit:
    """An entry before the first of a mapping, in the mapping's style."""
    if mapping.flow_style:
        inside = mapping.start_mark.index + 1
        return inside, inside, f"{entry}, " if mapping.value else entry
    first = mapping.value[0][0].start_mark
    return first.index, first.index, f"{entry}\n{' ' * first.column}"


def _last(root: yaml.MappingNode, key: str, value: Any) -> _Edit:
    """An entry after all others of a config; a class begins a line of its own."""
    if root.flow_style:
        return _insertion(root, write_flow({key: value})[1:-1])
    indent, end = " " * root.start_mark.column, root.end_mark.index
    held = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(held, dict):
        return end, end, f"{indent}{key}:\n{indent}  {write_flow(value)[1:-1]}\n"
    return end, end, f"{indent}{key}: {write_flow(value)}\n"
