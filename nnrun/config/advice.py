"""Hints for common mistakes, beyond the nearest name."""

import re
from collections.abc import Iterator

from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.habits import about_key
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.options import component_option, keys_of, options_of
from nnrun.config.reader import Node, ScalarNode
from nnrun.config.schema import Experiment

_LAYER = "{Dense: {units: 30}, from: …}"


def about_unknown_key(section: type, key: str, node: Node) -> str:
    """Where a key belongs, the key that was meant, or what to write in its place.

    Args:
        section: The section's dataclass.
        key: The key.
        node: Its value.
    """
    options = keys_of(section)
    homes = [path for path, known in _sections() if key in options_of(known)]
    if homes:
        return f"'{key}' belongs {_at(homes[0])}{_written_out(homes[0], key, node)}"
    habit = about_key(key, node)
    if habit:
        return habit
    near = did_you_mean(key, options)
    if near:
        return near
    for path, known in _sections():
        meant = nearest(key, options_of(known), closeness=0.75)
        if meant:
            return f"did you mean '{meant}' {_at(path)}?"
    if component_option(section) is not None:
        return f"a layer is named by its class, and holds its arguments: `{_LAYER}`"
    return f"known: {', '.join(options)}"


def about_missing(name: str) -> str:
    """A hint on how to write a required option."""
    if name == "from":
        return "say what the layer is applied to, as in `from: hidden1`"
    return f"write `{name}:`"


def _written_out(path: str, key: str, node: Node) -> str:
    """A short value with its key, within the sections where it belongs."""
    value = node.value if isinstance(node, ScalarNode) else None
    if not path or isinstance(value, bool) or not re.fullmatch(r"[\w.+-]{1,30}", str(value or "")):
        return ""
    first, *others = path.split(".")
    inner = "".join(f"{{{name}: " for name in [*others, key])
    return f": write `{first}: {inner}{value}{'}' * (len(others) + 1)}`"


def _at(path: str) -> str:
    return f"under `{path}`" if path else "at the top level"


def _sections() -> Iterator[tuple[str, type]]:
    """Every section of a config with its path, the outer ones first."""
    pending: list[tuple[str, type]] = [("", Experiment)]
    while pending:
        path, section = pending.pop(0)
        yield path, section
        for name, item in options_of(section).items():
            kind = item.metadata["kind"]
            if isinstance(kind, SectionOf):
                pending.append((f"{path}.{name}".lstrip("."), kind.type))
