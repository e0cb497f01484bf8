"""Merges `extends` and `--set` into one tree, in which every value keeps its position."""

import re
from collections.abc import Sequence
from pathlib import Path

from nnrun.config.components import looks_like_class
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.kind import Kind
from nnrun.config.nested_kinds import SectionOf, is_null
from nnrun.config.options import component_option, options_of
from nnrun.config.reader import (
    MAX_BYTES,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    read_yaml,
)
from nnrun.config.wording import quoted, show_value
from nnrun.errors import ConfigError, Place, Problem
from nnrun.reading import check_regular

_SUFFIXES = (".yaml", ".yml")
FIRST_ARGUMENT = ""
"""The key of a component's first argument when an override adds others."""


def read_config(
    path: Path, root_kind: SectionOf, overrides: Sequence[str] = (), text: str | None = None
) -> MappingNode:
    """Read a config file and those it extends, and apply overrides of the form `a.b=value`.

    Args:
        path: The file.
        root_kind: The kind of its root.
        overrides: The overrides, in order.
        text: The content to use for the file; None to read it.

    Raises:
        ConfigError: For files that can't be read, and overrides that lead nowhere.
    """
    tree = _read_extended(path, root_kind, seen=(), text=text)
    problems: list[Problem] = []
    for override in overrides:
        try:
            tree = _apply(tree, override)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return tree


def _read_extended(
    path: Path, root_kind: SectionOf, seen: tuple[Path, ...], text: str | None = None
) -> MappingNode:
    tree = _as_config(read_text(path) if text is None else text, str(path))
    base_node = tree.entries.get("extends")
    if base_node is None:
        return tree
    own = MappingNode(
        {key: node for key, node in tree.entries.items() if key != "extends"},
        tree.place,
        tree.key_places,
    )
    here = (*seen, path.resolve())
    base_path = _base_of(path, base_node, here)
    merged = merge(_read_extended(base_path, root_kind, here), own, root_kind)
    if not isinstance(merged, MappingNode):
        raise TypeError("two mappings merge into one")
    return merged


def _base_of(path: Path, node: Node, seen: tuple[Path, ...]) -> Path:
    """The file that a config extends."""
    name = node.value if isinstance(node, ScalarNode) else None
    if not isinstance(name, str) or not name or "\0" in name:
        message = f"expected the name of one file, got {show_value(node)}"
        raise ConfigError([Problem(message, node.place, "extends", "as in `extends: base.yaml`")])
    if not name.endswith(_SUFFIXES):
        message = f"{quoted(name)} is not named like a config"
        hint = f"a config that is extended ends in {' or '.join(_SUFFIXES)}"
        raise ConfigError([Problem(message, node.place, "extends", hint)])
    base_path = path.parent / name
    try:
        is_file = base_path.is_file()
    except OSError:
        is_file = False
    if not is_file:
        hint = did_you_mean(base_path.name, _siblings(base_path))
        message = f"there is no file {quoted(name)}"
        raise ConfigError([Problem(message, node.place, "extends", hint)])
    if base_path.resolve() in seen:
        message = f"{quoted(name)} extends itself"
        if len(seen) > 1:
            message += " by way of " + ", ".join(repr(file.name) for file in seen[1:])
        raise ConfigError([Problem(message, node.place, "extends", "remove one `extends:`")])
    return base_path


def read_text(path: Path) -> str:
    """Read the text of a config file, keeping its line ends.

    Raises:
        ConfigError: If it can't be read, is not text, or is too large.
    """
    source = str(path)
    if path.is_dir():
        hint = "name a YAML file in it"
        raise ConfigError([Problem(f"{source} is a folder, not a config file", hint=hint)])
    try:
        check_regular(path)
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        near = did_you_mean(path.name, _siblings(path))
        message = f"cannot read {source}: {cause.lower()}"
        raise ConfigError([Problem(message, hint=near)]) from None
    if len(raw) > MAX_BYTES:
        message = f"{source} is larger than {MAX_BYTES // 1000} kB"
        raise ConfigError([Problem(message, hint="no config needs that; is it the right file?")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            [Problem("not UTF-8 text", Place(source, line), hint="save the file as UTF-8")]
        ) from None


def _as_config(text: str, source: str) -> MappingNode:
    node = read_yaml(text, source)
    if isinstance(node, ScalarNode) and node.value is None:
        hint = "a config needs `dataset:` and `architecture:`"
        raise ConfigError([Problem("the file is empty", node.place, hint=hint)])
    if not isinstance(node, MappingNode):
        message = f"a config is a mapping, not {show_value(node)}"
        hint = "write `key: value` lines, with a space after the colon"
        raise ConfigError([Problem(message, node.place, hint=hint)])
    return node


def _siblings(path: Path) -> list[str]:
    try:
        return sorted(sibling.name for sibling in path.parent.glob("*.y*ml"))
    except OSError:
        return []


def merge(base: Node, over: Node, kind: Kind | None = None) -> Node:
    """Merge one tree over another: mappings key by key; anything else replaces the old value.

    A component of another class replaces the old one with all its arguments. Keys from `over` come
    last, so that the newer of two forms of the same argument counts.
    """
    if not isinstance(base, MappingNode) or not isinstance(over, MappingNode):
        return over
    component = _component_name(base, kind)
    if component != _component_name(over, kind):
        return over
    entries = {key: node for key, node in base.entries.items() if key not in over.entries}
    if any(_is_component_in(kind, key) for key in over.entries):
        entries = {key: node for key, node in entries.items() if not _is_component_in(kind, key)}
    for key, node in over.entries.items():
        if key not in base.entries:
            entries[key] = node
        elif component or _is_component_in(kind, key):
            entries[key] = _merge_arguments(base.entries[key], node)
        else:
            entries[key] = merge(base.entries[key], node, kind and kind.inner(key))
    return MappingNode(entries, over.place, {**base.key_places, **over.key_places})


def _merge_arguments(base: Node, over: Node) -> Node:
    """Merge the arguments of a class from two files; either may give only the first one."""
    if isinstance(base, MappingNode) and isinstance(over, MappingNode):
        return merge(base, over)
    if isinstance(over, MappingNode):
        return merge(_first_argument(base), over)
    if isinstance(base, MappingNode) and not is_null(over):
        return merge(base, _first_argument(over))
    return over


def _first_argument(node: Node) -> MappingNode:
    if is_null(node):
        return MappingNode({}, node.place)
    return MappingNode({FIRST_ARGUMENT: node}, node.place, {FIRST_ARGUMENT: node.place})


def _is_component_in(kind: Kind | None, key: str) -> bool:
    """Whether a key of a section is the class of its component."""
    if not isinstance(kind, SectionOf) or component_option(kind.type) is None:
        return False
    return key == "shared" or (key not in options_of(kind.type) and looks_like_class(key))


def _component_name(node: MappingNode, kind: Kind | None) -> str | None:
    """The class that a mapping names, if it looks like a component; otherwise None."""
    if len(node.entries) != 1:
        return None
    (name,) = node.entries
    if kind is None:
        return name if looks_like_class(name) else None
    return name if kind.component_groups and kind.inner(name) is None else None


Keys = Sequence[tuple[str, Place]]
"""The path to a value: each key with its position."""


def keys_of_path(path: str) -> list[str]:
    """The keys of a dotted path: `architecture[1].Dense` has three.

    >>> keys_of_path("architecture[1].Dense")
    ['architecture', '1', 'Dense']
    """
    return re.sub(r"\[(\d+)\]", r".\1", path.strip()).split(".")


def _apply(tree: MappingNode, override: str) -> MappingNode:
    source = f"--set {override}"
    path, equals, text = override.partition("=")
    keys = keys_of_path(path)
    place = Place(source)
    if not equals or not all(keys):
        hint = "as in --set training.epochs=5"
        raise ConfigError([Problem("an override has the form key.key=value", place, hint=hint)])
    return with_value(tree, [(key, place) for key in keys], read_yaml(text, source))


def with_value(tree: MappingNode, keys: Keys, value: Node) -> MappingNode:
    """A config with another value at a path, creating missing mappings.

    Raises:
        ConfigError: The path leads nowhere, such as beyond the end of a list, or into a number.
    """
    changed = _replaced(tree, keys, value, "")
    if not isinstance(changed, MappingNode):
        raise TypeError("the root must stay a mapping")
    return changed


def _replaced(node: Node, keys: Keys, value: Node, path: str) -> Node:
    """The tree with `value` at the path `keys`, creating missing mappings."""
    if not keys:
        return value
    if isinstance(node, SequenceNode):
        return _replaced_in_list(node, keys, value, path)
    (first, place), *rest = keys
    if isinstance(node, ScalarNode):
        node = _opened(node, keys, path)
    key = _same_class(node, first)
    below = f"{path}.{key}".lstrip(".")
    old = node.entries.get(key, MappingNode({}, place))
    new = _replaced(old, rest, value, below)
    entries = {name: entry for name, entry in node.entries.items() if name != key}
    written = node.key_places.get(key, place) if rest else place
    return MappingNode({**entries, key: new}, node.place, {**node.key_places, key: written})


def _same_class(node: MappingNode, key: str) -> str:
    """The key as in the mapping: `Adam` also matches `adam`, and the other way round."""
    names = [name for name in node.entries if name.casefold() == key.casefold()]
    return names[0] if len(node.entries) == 1 and names else key


def _replaced_in_list(node: SequenceNode, keys: Keys, value: Node, path: str) -> SequenceNode:
    (key, place), *rest = keys
    if not re.fullmatch("[0-9]{1,6}", key) or int(key) >= len(node.items):
        known = f"its entries are 0 to {len(node.items) - 1}" if node.items else "the list is empty"
        message = f"there is no entry {quoted(key)}"
        raise ConfigError([Problem(message, place, path, known)])
    items = list(node.items)
    items[int(key)] = _replaced(items[int(key)], rest, value, f"{path}[{int(key)}]")
    return SequenceNode(tuple(items), node.place)


def _opened(node: ScalarNode, keys: Keys, path: str) -> MappingNode:
    """A scalar as its equivalent mapping, so that an override can go below it."""
    key, place = keys[0]
    if node.value is None:
        return MappingNode({}, place)
    if isinstance(node.value, str) and node.value.casefold() == key.casefold():
        name = node.value
        return MappingNode({name: MappingNode({}, node.place)}, node.place, {name: node.place})
    if looks_like_class(path.rpartition(".")[2]):
        return _first_argument(node)
    message = f"'{path}' is {show_value(node)}, so nothing below it can be set"
    hint = ""
    if isinstance(node.value, str) and looks_like_class(key):
        hint = f"to use another class: --set '{path}={{{key}: {{…}}}}'"
    elif isinstance(node.value, str):
        below = ".".join(name for name, _ in keys)
        hint = f"as in --set {path}.{node.value}.{below}=…"
    raise ConfigError([Problem(message, place, hint=hint if place.is_override else "")])
