"""What to do about common mistakes: the hints that are more than the nearest name."""

import re
from collections.abc import Iterator
from typing import Any

from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.habits import about_key
from nnrun.config.kinds import (
    Boolean,
    Integer,
    Kind,
    ListOf,
    Number,
    OneOf,
    SectionOf,
    Share,
    Steps,
    Text,
)
from nnrun.config.options import component_option, keys_of, options_of
from nnrun.config.reader import MappingNode, Node, ScalarNode, resolve_scalar
from nnrun.config.schema import Experiment

_LAYER = "{Dense: {units: 30}, from: …}"
_MISTAKEN_TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


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
    """How an option that must be given is written."""
    if name == "from":
        return "say what the layer is applied to, as in `from: hidden1`"
    return f"write `{name}:`"


def _written_out(path: str, key: str, node: Node) -> str:
    """A short value with its key, in the sections that it belongs into."""
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


def about_value(kind: Kind, node: Node) -> str:
    """How a value that is not of its kind is to be written; empty where that cannot be told."""
    if not isinstance(node, ScalarNode):
        is_entry = isinstance(kind, ListOf) and isinstance(node, MappingNode)
        return "begin each entry with '- '" if is_entry else ""
    value = node.value
    kinds: tuple[Any, ...] = kind.kinds if isinstance(kind, OneOf) else (kind,)
    if isinstance(kind, ListOf) and isinstance(value, str):
        return f"write a list, as in [{value}]"
    if any(isinstance(inner, Boolean) for inner in kinds):
        return f"write {_truth(value)}" if _truth(value) else ""
    if isinstance(value, str) and any(
        isinstance(k, Integer | Number | Steps | Share) for k in kinds
    ):
        meant = _number_meant(value)
        return f"write {meant}" if meant else ""
    if isinstance(kind, Text) and not kind.choices and isinstance(value, bool | int | float):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        return f"put it in quotes: '{shown}'"
    return ""


def _truth(value: Any) -> str:
    if isinstance(value, str):
        folded = value.casefold()
        return _MISTAKEN_TRUTHS.get(folded, folded if folded in ("true", "false") else "")
    return {0: "false", 1: "true"}.get(value, "")


def _number_meant(text: str) -> str:
    """The number in a text such as "0.1" (in quotes), 10_000, 0,5 or 20%; empty where there is none."""
    bare = text.strip().replace("_", "")
    if re.fullmatch(r"\d+(\.\d+)?%", bare):
        return f"{float(bare[:-1]) / 100:g}"
    if re.fullmatch(r"\d{1,3}(,\d{3})+", bare):
        bare = bare.replace(",", "")
    elif re.fullmatch(r"\d+,\d+", bare):
        bare = bare.replace(",", ".")
    return bare if isinstance(resolve_scalar(bare), int | float) else ""
