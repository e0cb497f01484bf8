"""The kinds of values that occur only in the `search` section."""

import re
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import TIME_UNITS, TimeSpan
from nnrun.config.kind import INVALID, Checking, Kind, Schema
from nnrun.config.kinds import LARGEST_INTEGER, Anything, Text
from nnrun.config.reader import MappingNode, Node, ScalarNode, SequenceNode, children

_TIME_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(s|min|h)")
_FEWEST = 2
_STOPS = ("asha", "hyperband", "median")
_OTHER_METHODS = {
    **dict.fromkeys(("bayesian", "bayes", "bayesian_optimization"), "write `tpe` or `gp`"),
    **dict.fromkeys(("optuna", "hyperopt", "anneal"), "write `tpe`"),
    **dict.fromkeys(("evolution", "genetic", "pbt"), "write `cmaes`"),
    **dict.fromkeys(("quasi_random", "qmc", "halton"), "write `sobol`"),
    **{name: f"write `stop_early: {name}`: a method draws the settings" for name in _STOPS},
}
"""Names of methods in other programs, with the equivalent here or a hint."""


@dataclass(frozen=True)
class SearchMethod(Text):
    """How settings are drawn."""

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        value = node.value if isinstance(node, ScalarNode) else None
        hint = _OTHER_METHODS.get(str(value).lower(), "")
        if hint:
            return checker.report(f"unknown value '{value}'", node.place, path, hint)
        return super().check(checker, node, path)


@dataclass(frozen=True)
class TimeLimit(Kind):
    """A length of time with its unit, such as "30 min"."""

    shapes = frozenset((str,))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        text = node.value if isinstance(node, ScalarNode) else None
        match = _TIME_SPAN.fullmatch(text) if isinstance(text, str) else None
        seconds = float(match[1]) * TIME_UNITS[match[2]] if match else 0
        fits = 0 < seconds <= LARGEST_INTEGER
        return TimeSpan(seconds) if fits else checker.expected(self, node, path)

    def words(self) -> str:
        return "a time in s, min or h, such as '30 min'"

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_TIME_SPAN.pattern}$"}

    def hint(self, value: Any) -> str:
        number = re.match(r"[0-9.]+", str(value))
        unit = re.search(r"[a-z]", str(value))
        meant = {"s": "s", "m": "min", "h": "h"}.get(unit[0] if unit else "m")
        return f"write '{number[0]} {meant}'" if number and meant else ""


@dataclass(frozen=True)
class Varied(Anything):
    """The values that a search can try: a range, a choice, or a mapping that contains these."""

    def words(self) -> str:
        return "a range, a choice, or a mapping of these"


@dataclass(frozen=True)
class Coupled(Kind):
    """Lists of mappings; one mapping is chosen from each list."""

    shapes = frozenset((list,))

    def check(self, checker: Checking, node: Node, path: str) -> Any:
        if not isinstance(node, SequenceNode):
            return checker.expected(self, node, path)
        groups = [self._group(checker, group, path) for group in node.items]
        return INVALID if INVALID in groups else tuple(groups)

    def _group(self, checker: Checking, node: Node, path: str) -> Any:
        """The mappings of a group, at least two."""
        items = list(children(node)) if isinstance(node, SequenceNode) else []
        if len(items) < _FEWEST or not all(isinstance(item, MappingNode) for item in items):
            return checker.expected(self, node, path)
        values = [checker.check(Anything(), item, path) for item in items]
        return INVALID if INVALID in values else tuple(values)

    def words(self) -> str:
        return "lists of two mappings or more"

    def schema(self) -> Schema:
        group = {"type": "array", "items": {"type": "object", "minProperties": 1}, "minItems": 2}
        return {"type": "array", "items": group}

    def hint(self, value: Any) -> str:
        two = "{training.epochs: 9}, {training.epochs: 18, training.batch_size: 64}"
        return f"as in `together: [[{two}]]`"
