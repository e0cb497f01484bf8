"""How kinds, groups and values are called in messages and in the reference."""

from collections.abc import Callable, Iterable
from typing import Any

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
from nnrun.config.options import keys_of
from nnrun.config.reader import MappingNode, Node, ScalarNode

LONGEST_QUOTE = 40
"""Characters of a user's text that a message shows."""

_NOUNS = {
    "layers": "a layer",
    "applications": "a model of keras.applications",
    "optimizers": "an optimizer",
    "schedules": "a learning-rate schedule",
    "losses": "a loss",
    "metrics": "a metric",
    "regularizers": "a regularizer",
    "initializers": "an initializer",
    "constraints": "a constraint",
    "callbacks": "a callback",
    "activations": "an activation",
    "presets": "a preset",
    "sources": "a data source",
}


def group_noun(group: str, *, article: bool = False) -> str:
    """What a member of a catalogue group is called: `layer`, or `a layer`."""
    noun = _NOUNS[group]
    return noun if article else noun.partition(" ")[2]


def describe(kind: Kind) -> str:
    """A kind in words, as in "a whole number of at least 1"."""
    return _DESCRIPTIONS[type(kind)](kind)


def _describe_text(kind: Text) -> str:
    if kind.choices:
        return f"one of {', '.join(kind.choices)}"
    return kind.pattern_says or "text"


def _describe_number(kind: Integer | Number) -> str:
    noun = "a whole number" if isinstance(kind, Integer) else "a number"
    above = kind.above if isinstance(kind, Number) else None
    below = kind.below if isinstance(kind, Number) else None
    if kind.minimum is not None and kind.minimum == kind.maximum:
        return f"the number {kind.minimum}"
    if kind.minimum is not None and kind.maximum is not None:
        return f"{noun} from {kind.minimum} to {kind.maximum}"
    bounds = {
        "above": above,
        "of at least": kind.minimum,
        "below": below,
        "of at most": kind.maximum,
    }
    told = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None]
    return f"{noun} {' and '.join(told)}".rstrip()


_DESCRIPTIONS: dict[type, Callable[[Any], str]] = {
    Anything: lambda _: "any value",
    ArgumentsOf: lambda kind: f"the arguments of {group_noun(kind.group, article=True)}",
    Boolean: lambda _: "true or false",
    ComponentOf: lambda kind: group_noun(kind.groups[0], article=True),
    FilePath: lambda _: "a file name",
    Integer: _describe_number,
    ListOf: lambda kind: f"a list (each entry {describe(kind.item)})",
    MapOf: lambda kind: f"a mapping (each value {describe(kind.value)})",
    Number: _describe_number,
    OneOf: lambda kind: " or ".join(describe(inner) for inner in kind.kinds),
    SectionOf: lambda kind: f"a mapping with {first_of(keys_of(kind.type), 3)}",
    Share: lambda _: "a number of rows, a fraction between 0 and 1, or a file name",
    Steps: lambda _: "a number of steps, or text such as '20 epochs'",
    Text: _describe_text,
}


def show_value(node: Node) -> str:
    """A value as a message quotes it: short, on one line, with its type where it may surprise."""
    if isinstance(node, MappingNode):
        return f"a mapping with {first_of(node.entries, 3)}" if node.entries else "an empty mapping"
    if not isinstance(node, ScalarNode):
        return "a list" if node.items else "an empty list"
    if isinstance(node.value, str):
        return f"the text {quoted(node.value)}"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return str(node.value)


def quoted(text: str) -> str:
    """A user's text in quotes, shortened where it is long."""
    return f"'{text}'" if len(text) <= LONGEST_QUOTE else f"'{text[: LONGEST_QUOTE - 1]}…'"


def first_of(names: Iterable[str], number: int = 8) -> str:
    """The first of some names, and whether there are more: `a, b, c, …`."""
    known = list(names)
    shown = [name if len(name) <= LONGEST_QUOTE else f"{name[:LONGEST_QUOTE]}…" for name in known]
    return ", ".join([*shown[:number], *(["…"] if len(known) > number else [])])
