"""How kinds, groups and values are called in messages and in the reference."""

from typing import Any

from nnrun.config.kinds import (
    Anything,
    ArgumentsOf,
    Boolean,
    ComponentOf,
    FilePath,
    Integer,
    ListOf,
    MapOf,
    Number,
    OneOf,
    SectionOf,
    Share,
    Steps,
    Text,
)
from nnrun.config.reader import MappingNode, Node, ScalarNode

_NOUNS = {
    "layers": "a layer",
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


def describe(kind: Any) -> str:
    """A kind in words, as in "a whole number of at least 1"."""
    match kind:
        case Boolean():
            return "true or false"
        case Integer() | Number():
            return _describe_number(kind)
        case Text(choices=choices) if choices:
            return f"one of {', '.join(choices)}"
        case Text():
            return kind.pattern_says or "text"
        case FilePath():
            return "a file name"
        case Share():
            return "a number of rows, a fraction between 0 and 1, or a file name"
        case Steps():
            return "a number of steps, or text such as '20 epochs'"
        case ListOf():
            return f"a list (each entry {describe(kind.item)})"
        case MapOf():
            return f"a mapping (each value {describe(kind.value)})"
        case OneOf():
            return " or ".join(describe(inner) for inner in kind.kinds)
        case ComponentOf():
            return group_noun(kind.groups[0], article=True)
        case ArgumentsOf():
            return f"the arguments of {group_noun(kind.group, article=True)}"
        case SectionOf():
            return "a mapping"
        case Anything():
            return "any value"
    raise TypeError(f"no words for {kind!r}")


def _describe_number(kind: Integer | Number) -> str:
    noun = "a whole number" if isinstance(kind, Integer) else "a number"
    bounds = []
    if isinstance(kind, Number) and kind.above is not None:
        bounds.append(f"above {kind.above:g}")
    if isinstance(kind, Number) and kind.below is not None:
        bounds.append(f"below {kind.below:g}")
    if kind.minimum is not None and kind.maximum is not None:
        bounds.append(f"from {kind.minimum} to {kind.maximum}")
    elif kind.minimum is not None:
        bounds.append(f"of at least {kind.minimum:g}")
    elif kind.maximum is not None:
        bounds.append(f"of at most {kind.maximum}")
    return " ".join([noun, " and ".join(bounds)]).rstrip()


def show_value(node: Node) -> str:
    """A value as a message quotes it: short, on one line, with its type where it may surprise."""
    if isinstance(node, MappingNode):
        keys = list(node.entries)
        return f"a mapping with {', '.join(keys[:3])}{', …' if len(keys) > 3 else ''}" if keys else "{}"
    if not isinstance(node, ScalarNode):
        return "a list" if node.items else "an empty list"
    if isinstance(node.value, str):
        shown = node.value if len(node.value) <= 40 else node.value[:37] + "…"
        return f"the text '{shown}'"
    if node.value is None:
        return "nothing"
    return str(node.value).lower() if isinstance(node.value, bool) else f"{node.value}"
