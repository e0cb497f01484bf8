"""`extends` and `--set`: several texts → one tree in which every value keeps where it came from."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.kinds import ComponentOf, OneOf, SectionOf
from nnrun.config.reader import (
    MAX_BYTES,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    read_yaml,
)
from nnrun.config.schema import options_of
from nnrun.errors import ConfigError, Place, Problem

FIRST_ARGUMENT = ""
"""The key under which a component's first argument stands once an override adds others beside it."""


def read_config(path: Path, root_kind: SectionOf, overrides: Sequence[str] = ()) -> MappingNode:
    """Read a config file, with all that it extends, and apply overrides of the form `a.b=value`.

    Raises:
        ConfigError: For files that cannot be read, and overrides that point nowhere.
    """
    tree = _read_extended(path, root_kind, seen=())
    problems: list[Problem] = []
    for override in overrides:
        try:
            tree = _apply(tree, override)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return tree


def _read_extended(path: Path, root_kind: SectionOf, seen: tuple[Path, ...]) -> MappingNode:
    tree = _read_file(path)
    base_node = tree.entries.get("extends")
    if base_node is None:
        return tree
    own = MappingNode(
        {key: node for key, node in tree.entries.items() if key != "extends"},
        tree.place,
        tree.key_places,
    )
    place = base_node.place
    if not isinstance(base_node, ScalarNode) or not isinstance(base_node.value, str):
        raise ConfigError([Problem("the name of one file is expected here", place, "extends")])
    base_path = path.parent / base_node.value
    here = path.resolve()
    if base_path.resolve() in (*seen, here):
        raise ConfigError([Problem(f"'{base_node.value}' extends itself", place, "extends")])
    if not base_path.is_file():
        near = did_you_mean(base_path.name, [p.name for p in base_path.parent.glob("*.yaml")])
        message = f"there is no file '{base_node.value}'"
        raise ConfigError([Problem(message, place, "extends", near)])
    base = _read_extended(base_path, root_kind, (*seen, here))
    merged = merge(base, own, root_kind)
    if not isinstance(merged, MappingNode):
        raise TypeError("two mappings merge into a mapping")
    return merged


def _read_file(path: Path) -> MappingNode:
    source = str(path)
    if path.is_dir():
        raise ConfigError([Problem(f"{source} is a folder, not a config file")])
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        near = did_you_mean(path.name, _siblings(path))
        message = f"cannot read {source}: {(error.strerror or str(error)).lower()}"
        raise ConfigError([Problem(message, hint=near)]) from None
    if raw is None:
        raise ConfigError([Problem(f"{source} is larger than {MAX_BYTES // 1_000_000} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{source} is not UTF-8 text (byte {error.start})"
        raise ConfigError([Problem(message, hint="save it as UTF-8")]) from None
    node = read_yaml(text, source)
    if isinstance(node, ScalarNode) and node.value is None:
        raise ConfigError(
            [Problem("the file is empty", node.place, hint="a config needs `dataset` and `architecture`")]
        )
    if not isinstance(node, MappingNode):
        raise ConfigError([Problem("a config is a mapping (`key: value` lines)", node.place)])
    return node


def _siblings(path: Path) -> list[str]:
    try:
        return [sibling.name for sibling in path.parent.glob("*.y*ml")]
    except OSError:
        return []


def merge(base: Node, over: Node, kind: Any = None) -> Node:
    """Lay one tree over another: mappings key by key, anything else replaces what stood there.

    A component of another class replaces the component, whatever arguments that had.
    """
    if not isinstance(base, MappingNode) or not isinstance(over, MappingNode):
        return over
    if _component_name(base, kind) != _component_name(over, kind):
        return over
    inner = options_of(kind.type) if isinstance(kind, SectionOf) else {}
    entries = dict(base.entries)
    for key, node in over.entries.items():
        below = inner[key].metadata["kind"] if key in inner else None
        entries[key] = merge(entries[key], node, below) if key in entries else node
    return MappingNode(entries, over.place, {**base.key_places, **over.key_places})


def _component_name(node: MappingNode, kind: Any) -> str | None:
    """The class that a mapping names, if it reads as a component; None for an ordinary mapping."""
    if len(node.entries) != 1:
        return None
    (name,) = node.entries
    holds_component = isinstance(kind, ComponentOf) or (
        isinstance(kind, OneOf) and any(isinstance(k, ComponentOf) for k in kind.kinds)
    )
    return name if holds_component or name[:1].isupper() or ":" in name else None


def _apply(tree: MappingNode, override: str) -> MappingNode:
    source = f"--set {override}"
    path, equals, text = override.partition("=")
    keys = re.sub(r"\[(\d+)\]", r".\1", path).split(".")
    place = Place(source)
    if not equals or not all(keys):
        hint = "as in --set training.epochs=5"
        raise ConfigError([Problem("an override has the form key.key=value", place, hint=hint)])
    value = read_yaml(text, source)
    changed = _replaced(tree, keys, value, place, "")
    if not isinstance(changed, MappingNode):
        raise TypeError("the root stays a mapping")
    return changed


def _replaced(node: Node, keys: list[str], value: Node, place: Place, path: str) -> Node:
    """The tree with `value` at the end of `keys`, missing mappings made on the way."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(node, SequenceNode):
        return _replaced_in_list(node, keys, value, place, path)
    if isinstance(node, ScalarNode):
        node = _opened(node, key, place, path)
    below = f"{path}.{key}" if path else key
    old = node.entries.get(key, MappingNode({}, place))
    new = _replaced(old, rest, value, place, below)
    return MappingNode(
        {**node.entries, key: new}, node.place, {**node.key_places, key: node.key_places.get(key, place)}
    )


def _replaced_in_list(
    node: SequenceNode, keys: list[str], value: Node, place: Place, path: str
) -> SequenceNode:
    key, rest = keys[0], keys[1:]
    if not key.isdigit() or int(key) >= len(node.items):
        message = f"there is no entry '{key}': the entries are 0 to {len(node.items) - 1}"
        raise ConfigError([Problem(message, place, path)])
    items = list(node.items)
    items[int(key)] = _replaced(items[int(key)], rest, value, place, f"{path}[{key}]")
    return SequenceNode(tuple(items), node.place)


def _opened(node: ScalarNode, key: str, place: Place, path: str) -> MappingNode:
    """A scalar as the mapping it stands for, so that an override can go below it."""
    name = path.rpartition(".")[2]
    if node.value is None:
        return MappingNode({}, place)
    if node.value == key:
        return MappingNode({key: MappingNode({}, node.place)}, node.place, {key: node.place})
    if name[:1].isupper() or ":" in name:
        return MappingNode({FIRST_ARGUMENT: node}, node.place, {FIRST_ARGUMENT: node.place})
    message = f"'{path}' is {node.value!r}, so there is nothing below it to set"
    hint = f"as in --set {path}.{node.value}.{key}=…" if isinstance(node.value, str) else ""
    raise ConfigError([Problem(message, place, hint=hint)])
