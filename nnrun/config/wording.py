"""Words for groups and values in messages and in the reference."""

from collections.abc import Iterable, Sequence

from nnrun.config.reader import MappingNode, Node, ScalarNode

LONGEST_QUOTE = 40
"""The most characters of a user's text in a message."""

NAMED = 3
"""The most names in a warning."""

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
    "functions": "a function",
    "transforms": "a transform",
}


def group_noun(group: str, *, article: bool = False) -> str:
    """The noun for a member of a catalogue group: `layer`, or `a layer`."""
    noun = _NOUNS[group]
    return noun if article else noun.partition(" ")[2]


def show_value(node: Node) -> str:
    """A value as quoted in messages: short, on one line, with its type if surprising."""
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
    """A user's text in quotes, shortened if it is long."""
    return f"'{text}'" if len(text) <= LONGEST_QUOTE else f"'{text[: LONGEST_QUOTE - 1]}…'"


def first_of(names: Iterable[str], number: int = 8) -> str:
    """The first few names, and whether there are more: `a, b, c, …`."""
    known = list(names)
    shown = [name if len(name) <= LONGEST_QUOTE else f"{name[:LONGEST_QUOTE]}…" for name in known]
    return ", ".join([*shown[:number], *(["…"] if len(known) > number else [])])


def listed_names(names: Sequence[str], one: str, many: str) -> str:
    """Names in a warning: `class 'a'`, `classes 'a', 'b' and 5 more`."""
    shown = ", ".join(f"'{name}'" for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{one if len(names) == 1 else many} {shown}{more}"
