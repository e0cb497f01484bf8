"""Reads the space of a search, trying each end of a range and each entry of a choice.

To try a value is to check the config with that value, so that its problems are reported in the
usual words, at its line in the search.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeGuard

from nnrun.config.components import looks_like_class
from nnrun.config.domain_reading import DomainReader, first_entry, is_repeated
from nnrun.config.domains import Choices, Domain, Filled
from nnrun.config.merging import Keys, keys_of_path, with_value
from nnrun.config.options import options_of
from nnrun.config.range_reading import is_range
from nnrun.config.reader import MappingNode, Node, ScalarNode, SequenceNode, children, plain_value
from nnrun.config.relations import overlap
from nnrun.config.schema import Dataset
from nnrun.config.space import Coupling, Dimension, Space, coupled_paths
from nnrun.config.wording import quoted, show_value
from nnrun.errors import ConfigError, Place, Problem

Judge = Callable[[MappingNode], Sequence[Problem]]
"""Finds the problems of a config."""

SECTION = "search"
_OTHER_CHOICES = ("values", "choices", "options", "categories")
_OF_ROWS = ("features", "sample_weight", "preprocess")
"""Options of the data that change neither what is predicted nor for which rows."""
_UNCOMPARABLE = "trials that predict different things cannot be compared"
_FIXED = {
    **dict.fromkeys(("version", "name", "modules", "extends", SECTION), "it is that of all trials"),
    **dict.fromkeys(
        ("seed", "seeds"), "write `search: {seeds: 3}` to run each trial with several seeds"
    ),
    "folds": "write `search: {folds: 5}` to run each trial on several folds",
    "expect": "it says what a run must reach, and changes no run",
    **dict.fromkeys(
        [f"dataset.{key}" for key in options_of(Dataset) if key not in _OF_ROWS], _UNCOMPARABLE
    ),
    "dataset.split": "trials that are validated on different rows cannot be compared",
}
"""Paths that can't be varied, with the reason or an alternative."""


class SpaceReader:
    """Reads what a search varies, and collects problems.

    Args:
        tree: The config.
        judge: Finds the problems of a config without a search.
        folds: Over how many folds each trial is run; None where the config says so.
    """

    def __init__(self, tree: MappingNode, judge: Judge, folds: int | None = None) -> None:
        entries = {key: node for key, node in tree.entries.items() if key != SECTION}
        if folds is not None:
            entries["folds"] = ScalarNode(folds, tree.place)
        self._tree = MappingNode(entries, tree.place, tree.key_places)
        self._judge = judge
        self._known = set(judge(self._tree))
        self._problems: dict[tuple[str, Place | None], Problem] = {}
        self._domains = DomainReader(self._note)

    @property
    def problems(self) -> list[Problem]:
        """All problems."""
        return list(self._problems.values())

    def read(self, search: MappingNode) -> Space:
        """Read the space of a search, leaving out what has mistakes."""
        space, together = search.entries.get("space"), search.entries.get("together")
        dimensions: list[Dimension] = []
        if isinstance(space, MappingNode):
            for way, node in _mirrored(space, ()):
                dimension = self._dimension(way, node)
                if dimension is not None:
                    _add(dimension, dimensions)
        for index, group in enumerate(children(together) if together else ()):
            dimensions += self._coupling(group, index)
        for one, other in combinations(dimensions, 2):
            self._check_apart(one, other)
        if not dimensions and not self._problems and not plain_value(search).get("together"):
            hint = "say what varies, as in `space: {training.batch_size: [32, 64, 128]}`"
            self._report("there is nothing to search", search.place, SECTION, hint)
        return Space(tuple(dimensions))

    def _report(
        self, message: str, place: Place | None, path: str, hint: str = ""
    ) -> Dimension | None:
        """Note a problem, and return None."""
        self._note([Problem(message, place, path, hint)])
        return None

    def _note(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._problems.setdefault((problem.message, problem.place), problem)

    def _check_apart(self, one: Dimension, other: Dimension) -> None:
        """Note dimensions that set the same value."""
        for path in one.paths:
            for inner in other.paths:
                if not overlap(path, inner):
                    continue
                (short, _), (long, owner) = sorted(
                    [(path, one), (inner, other)], key=lambda pair: len(pair[0])
                )
                message, hint = f"{quoted(long)} is varied twice", "keep one"
                if short != long:
                    message = f"{quoted(long)} lies within {quoted(short)}, which is varied as well"
                    hint = f"write it into the choice of {quoted(short)}"
                self._report(message, owner.place, owner.written, hint)
                return

    def _dimension(self, way: Keys, node: Node) -> Dimension | None:
        """The dimension at a path; None after noting problems."""
        name, place = _dotted(way), way[-1][1]
        path = f"{SECTION}.space.{name}"
        if self._is_refused(way, name):
            return None
        if isinstance(node, ScalarNode) or (isinstance(node, MappingNode) and not node.entries):
            hint = "as in `[8, 16]` or `{from: 8, to: 64}`"
            message = f"expected a list or a range, got {show_value(node)}"
            return self._report(message, node.place, path, hint)
        domain = self._domains.place(node, lambda value: self._tried({way: value}), path)
        return None if domain is None else Dimension(name, domain, path, place)

    def _is_refused(self, way: Keys, name: str) -> bool:
        """Whether a path can't be varied, or leads into a class that the config doesn't have."""
        place, last = way[-1][1], way[-1][0]
        if last in _OTHER_CHOICES and not looks_like_class(way[-2:][0][0]):
            hint = f"write `{_dotted(way[:-1])}: […]`"
            self._report(f"a choice is a list, without {quoted(last)}", place, name, hint)
            return True
        for fixed, reason in _FIXED.items():
            if overlap(name, fixed):
                self._report(f"{quoted(fixed)} cannot be searched", place, name, reason)
                return True
        node: Node | None = self._tree
        for index, (key, where) in enumerate(way):
            have = _class_in(node)
            if have and looks_like_class(key) and have.casefold() != key.casefold():
                parent = _dotted(way[:index])
                message = f"the config has {have} here, not {key}"
                hint = f"a choice of classes is a list: `{parent}: [{have}: …, {key}: …]`"
                self._report(message, where, name, hint)
                return True
            node = _child(node, key)
        return False

    def _coupling(self, group: Node, index: int) -> Iterator[Coupling]:
        """The coupled values of a group; empty after noting problems."""
        path = f"{SECTION}.together[{index}]"
        items = [item for item in children(group) if isinstance(item, MappingNode)]
        settings = [self._coupled(item, path) for item in items]
        known = [setting for setting in settings if setting is not None]
        if len(known) == len(settings) > 0:
            domain = Choices(tuple(known))
            yield Coupling(" + ".join(coupled_paths(domain)), domain, path, group.place)

    def _coupled(self, node: MappingNode, path: str) -> Filled | None:
        """One entry of a group: a value, which may contain ranges and choices, for each path."""
        ways = dict(_mirrored(node, (), into_classes=False))
        refused = [way for way in ways if self._is_refused(way, _dotted(way))]
        if refused:
            return None
        first = {way: first_entry(value) for way, value in ways.items()}
        parts: dict[str, Domain] = {}
        for way, value in ways.items():

            def attempt(tried: Node, way: Keys = way) -> list[Problem]:
                return self._tried({**first, way: tried})

            domain = self._domains.entry(value, attempt, path)
            if domain is not None:
                parts[_dotted(way)] = domain
        return Filled(parts) if len(parts) == len(ways) else None

    def _tried(self, changes: Mapping[Keys, Node]) -> list[Problem]:
        """Problems that the config has only with these values."""
        tree = self._tree
        try:
            for way, value in changes.items():
                tree = with_value(tree, way, value)
        except ConfigError as error:
            return list(error.problems)
        own = {place for way, value in changes.items() for place in (*_places(value), *_where(way))}
        said = " and ".join(f"{_dotted(way)}: {_brief(node)}" for way, node in changes.items())
        return [
            problem
            if problem.place in own
            else dataclasses.replace(problem, message=f"{problem.message}, with `{said}`")
            for problem in self._judge(tree)
            if problem not in self._known
        ]


def _mirrored(
    node: MappingNode, way: Keys, *, into_classes: bool = True
) -> Iterator[tuple[Keys, Node]]:
    """The values in a mapping that mirrors the config, each with its keys.

    Args:
        node: The mapping.
        way: The keys of the mapping.
        into_classes: Whether a class's arguments are mirrored, too, or are part of a value.
    """
    for key, item in node.entries.items():
        below = (*way, *_steps(key, node.key_places.get(key, item.place)))
        if _is_mirror(item) and (into_classes or not any(map(looks_like_class, item.entries))):
            yield from _mirrored(item, below, into_classes=into_classes)
        else:
            yield below, item


def _is_mirror(node: Node) -> TypeGuard[MappingNode]:
    """Whether a node mirrors the config's keys, rather than being a value to try.

    Import paths may contain dots, so nothing below them can be named by a dotted path.
    """
    if not isinstance(node, MappingNode) or not node.entries:
        return False
    return not (is_range(node) or is_repeated(node) or any(":" in key for key in node.entries))


def _steps(key: str, place: Place) -> Iterator[tuple[str, Place]]:
    """The keys of a dotted path, each with its own position if the path is written plainly."""
    names, start = keys_of_path(key), 0
    begin = place.text.find(key, place.column - 1)
    for name in names:
        start = key.find(name, start)
        if place.is_override or begin < 0 or start < 0:
            yield name, place
        else:
            column = begin + start + 1
            yield name, dataclasses.replace(place, column=column, length=len(name))
        start += len(name)


def _dotted(way: Keys) -> str:
    """A path as in messages: `architecture[1].Dense`."""
    names = (
        f"[{key}]" if key.isdigit() and index else f".{key}" for index, (key, _) in enumerate(way)
    )
    return "".join(names).lstrip(".")


def _where(way: Keys) -> Iterator[Place]:
    return (place for _, place in way)


def _places(node: Node) -> Iterator[Place]:
    """The positions of a node and everything in it."""
    yield node.place
    if isinstance(node, MappingNode):
        yield from node.key_places.values()
    for item in children(node):
        yield from _places(item)


def _child(node: Node | None, key: str) -> Node | None:
    """The node under a key; for a class, upper and lower case are equivalent."""
    if isinstance(node, SequenceNode):
        return node.items[int(key)] if key.isdigit() and int(key) < len(node.items) else None
    if not isinstance(node, MappingNode):
        return None
    return next(
        (item for name, item in node.entries.items() if name.casefold() == key.casefold()), None
    )


def _class_in(node: Node | None) -> str:
    """The class that a node names; empty if none."""
    name = ""
    if isinstance(node, MappingNode) and len(node.entries) == 1:
        (name,) = node.entries
    elif isinstance(node, ScalarNode) and isinstance(node.value, str):
        name = node.value
    return name if looks_like_class(name) else ""


def _brief(node: Node) -> str:
    """A value as in messages, on one line."""
    if isinstance(node, ScalarNode):
        return json.dumps(node.value, ensure_ascii=False).strip('"')
    return show_value(node)


def _add(dimension: Dimension, found: list[Dimension]) -> None:
    """Add a dimension, replacing one from an extended file."""
    for other in found:
        if other.name == dimension.name and _source(other) != _source(dimension):
            found.remove(other)
            break
    found.append(dimension)


def _source(dimension: Dimension) -> str:
    return dimension.place.source if dimension.place else ""
