"""Reads ranges in the space of a search: `{from: 1e-4, to: 1e-2, log: true}`."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

from nnrun.config.diagnostics import did_you_mean, nearest
from nnrun.config.domains import Range
from nnrun.config.nested_kinds import is_null
from nnrun.config.reader import MappingNode, Node, ScalarNode, plain_value
from nnrun.config.wording import quoted, show_value
from nnrun.errors import Problem

FROM, TO, LOG, STEP = KEYS = ("from", "to", "log", "step")

_LOWER = dict.fromkeys(("min", "low", "lower", "start", "minimum", "min_value", "lb"), FROM)
_UPPER = dict.fromkeys(("max", "high", "upper", "stop", "end", "maximum", "max_value", "ub"), TO)
_OTHER_WORDS = {
    **dict.fromkeys(
        ("distribution", "prior", "sampling", "scale", "type", "log_scale", "base"),
        "write `log: true` where each doubling is as likely as any other",
    ),
    **dict.fromkeys(("q", "quantum", "interval", "by", "increment"), "write `step: …`"),
}
"""Names of a range's parts in other programs."""


def is_range(node: MappingNode) -> bool:
    """Whether a mapping is meant as a range, even with other programs' names.

    A layer of a graph has a `from`, too, but that is not a number.
    """
    keys = node.entries.keys()
    if TO in keys or (FROM in keys and number_of(node.entries[FROM]) is not None):
        return True
    return not (keys.isdisjoint(_LOWER) or keys.isdisjoint(_UPPER))


def number_of(node: Node | None) -> int | float | None:
    """The finite number in a node; None if there is none."""
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def read_range(node: MappingNode, path: str) -> Range | list[Problem]:
    """Read a range from a mapping, or return its problems.

    Whether only whole numbers are allowed depends on the option.
    """
    problems = [*_unknown_keys(node, path), *_wrong_values(node, path)]
    if problems:
        return problems
    low, high = (number_of(node.entries[key]) for key in (FROM, TO))
    if low is None or high is None:
        raise TypeError("the ends have been looked at")
    log = bool(plain_value(node.entries.get(LOG, ScalarNode(None, node.place))))
    span = Range(low, high, log, number_of(node.entries.get(STEP)))
    return list(_contradictions(span, node, path)) or span


def _unknown_keys(node: MappingNode, path: str) -> Iterator[Problem]:
    others = [key for key in node.entries if key not in KEYS]
    ends = [key for key in others if key in _LOWER or key in _UPPER]
    if ends:
        renamed = {**_LOWER, **_UPPER}
        plain = {renamed.get(key, key): plain_value(item) for key, item in node.entries.items()}
        message = f"a range has 'from' and 'to', not {' and '.join(map(repr, ends))}"
        yield Problem(message, node.key_places[ends[0]], path, f"say from/to: `{_shown(plain)}`")
    for key in others:
        if key not in ends:
            hint = _OTHER_WORDS.get(key) or did_you_mean(key, KEYS) or f"known: {', '.join(KEYS)}"
            yield Problem(f"unknown key {quoted(key)}", node.key_places[key], path, hint)


def _shown(plain: Mapping[str, object]) -> str:
    parts = [f"{key}: {str(plain[key]).lower()}" for key in KEYS if key in plain]
    return f"{{{', '.join(parts)}}}"


def _wrong_values(node: MappingNode, path: str) -> Iterator[Problem]:
    for key in (FROM, TO):
        meant = any(word in node.entries for word in (_LOWER if key == FROM else _UPPER))
        if key not in node.entries and not meant and not _is_misspelt(key, node):
            hint = f"write `{key}: …`"
            yield Problem(f"the range has no '{key}'", node.place, path, hint)
    for key, item in node.entries.items():
        if key in (FROM, TO, STEP) and number_of(item) is None:
            message = f"expected a number, got {show_value(item)}"
            hint = "a range holds numbers; other values are listed, as in `[a, b]`"
            yield Problem(message, item.place, f"{path}.{key}", hint)
        elif key == STEP and (number_of(item) or 0) <= 0:
            message = f"expected a number above 0, got {show_value(item)}"
            yield Problem(message, item.place, f"{path}.{key}")
        elif key == LOG and not is_null(item) and not isinstance(plain_value(item), bool):
            message = f"expected true or false, got {show_value(item)}"
            yield Problem(message, item.place, f"{path}.{key}")


def _is_misspelt(key: str, node: MappingNode) -> bool:
    return any(nearest(other, KEYS) == key for other in node.entries.keys() - set(KEYS))


def _contradictions(found: Range, node: MappingNode, path: str) -> Iterator[Problem]:
    low, high, step = found.low, found.high, found.step
    place = node.entries[FROM].place
    if low > high:
        message = f"no number is at least {low} and at most {high}"
        yield Problem(message, place, path, "swap the two")
    elif low == high:
        hint = "widen it, or put the value into the config itself"
        yield Problem(f"the range holds {low} alone", place, path, hint)
    elif found.log and low <= 0:
        hint = f"list the 0 beside it: `[0, {{from: …, to: {high}, log: true}}]`"
        hint = hint if low == 0 else "leave out `log: true`, or begin above 0"
        yield Problem(f"a log range cannot begin at {low}", place, path, hint)
    elif found.log and step is not None:
        hint = "leave out one of the two, or list the values, as in `[16, 32, 64]`"
        yield Problem("a log range has no steps", node.entries[STEP].place, path, hint)
    elif step is not None:
        yield from _steps_beside(found, node, path)


def _steps_beside(found: Range, node: MappingNode, path: str) -> Iterator[Problem]:
    low, high, step = (Decimal(repr(one)) for one in (found.low, found.high, found.step))
    rest = (high - low) % step
    if rest:
        below, above = (f"`to: {float(end):g}`" for end in (high - rest, high - rest + step))
        message = f"steps of {found.step} from {found.low} do not meet {found.high}"
        hint = f"write {above}" if high - rest == low else f"write {below} or {above}"
        yield Problem(message, node.entries[STEP].place, path, hint)
