"""Reads domains (ranges, choices, and combinations) from nodes."""

from collections.abc import Callable, Sequence

from nnrun.config.domains import Choices, Constant, Domain, Filled, Range, Repeated, same
from nnrun.config.range_reading import is_range, number_of, read_range
from nnrun.config.reader import MappingNode, Node, ScalarNode, SequenceNode, plain_value
from nnrun.config.wording import quoted, show_value
from nnrun.errors import Place, Problem

EACH, TIMES = "each", "times"
MOST_ENTRIES = 100
"""The largest length of a list whose length is searched."""

Try = Callable[[Node], Sequence[Problem]]
"""Puts a value into the config, and returns the problems that the config then has."""


def is_repeated(node: MappingNode) -> bool:
    """Whether a mapping is meant as a list whose length is searched."""
    return EACH in node.entries or TIMES in node.entries


class DomainReader:
    """Reads domains, and notes problems.

    Args:
        note: Called with problems.
    """

    def __init__(self, note: Callable[[Sequence[Problem]], None]) -> None:
        self._note = note

    def place(self, node: Node, attempt: Try, path: str) -> Domain | None:
        """The domain of a value, in which a list means a choice; None after problems."""
        if not isinstance(node, SequenceNode):
            return self.entry(node, attempt, path)
        if not node.items:
            return self._report("the list is empty", node.place, path, "list the choices")
        entries = [self._listed(item, attempt, path) for item in node.items]
        for index, item in enumerate(node.items):
            if any(same(plain_value(item), plain_value(other)) for other in node.items[:index]):
                hint = "a list is a choice; a list as such is written [[…]]"
                message = f"{show_value(item)} is there twice"
                return self._report(message, item.place, path, hint)
        known = [entry for entry in entries if entry is not None]
        return Choices(tuple(known)) if len(known) == len(entries) else None

    def _listed(self, node: Node, attempt: Try, path: str) -> Domain | None:
        """An entry of a choice, with a hint if a list was meant literally."""

        def hinted(value: Node) -> list[Problem]:
            return [
                Problem(problem.message, problem.place, problem.path, hint)
                if problem.message.startswith("expected a list") and problem.place == value.place
                else problem
                for problem in attempt(value)
            ]

        hint = "a list is a choice here; a choice between lists is written [[…], […]]"
        return self.entry(node, hinted, path)

    def entry(self, node: Node, attempt: Try, path: str) -> Domain | None:
        """The domain of an entry of a choice, in which a list means a list; None after problems."""
        if isinstance(node, MappingNode) and is_range(node):
            return self._range(node, attempt, path)
        if isinstance(node, MappingNode) and is_repeated(node):
            return self._repeated(node, attempt, path)
        if _is_constant(node):
            problems = attempt(node)
            self._note(problems)
            return None if problems else Constant(plain_value(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, attempt, path)
        return self._list(node, attempt, path)

    def _mapping(self, node: MappingNode, attempt: Try, path: str) -> Domain | None:
        first = {key: first_value(item) for key, item in node.entries.items()}
        parts: dict[str, Domain | None] = {}
        for key, item in node.entries.items():

            def within(value: Node, key: str = key) -> Sequence[Problem]:
                return attempt(MappingNode({**first, key: value}, node.place, node.key_places))

            parts[key] = self.place(item, within, f"{path}.{key}")
        known = {key: part for key, part in parts.items() if part is not None}
        return Filled(known) if len(known) == len(parts) else None

    def _list(self, node: Node, attempt: Try, path: str) -> Domain | None:
        items = node.items if isinstance(node, SequenceNode) else ()
        first = [first_value(item) for item in items]
        parts: list[Domain | None] = []
        for index, item in enumerate(items):

            def within(value: Node, index: int = index) -> Sequence[Problem]:
                changed = (*first[:index], value, *first[index + 1 :])
                return attempt(SequenceNode(changed, node.place))

            parts.append(self.place(item, within, f"{path}[{index}]"))
        known = [part for part in parts if part is not None]
        return Filled(tuple(known)) if len(known) == len(parts) else None

    def _range(self, node: MappingNode, attempt: Try, path: str) -> Range | None:
        domain = read_range(node, path)
        if not isinstance(domain, Range):
            self._note(domain)
            return None
        tried = [node.entries["from"], node.entries["to"]]
        if domain.step is not None:
            tried.append(ScalarNode(domain.low + domain.step, node.entries["step"].place))
        problems = [problem for end in tried for problem in attempt(end)]
        self._note(problems)
        if problems:
            return None
        numbers = (domain.low, domain.high, domain.step or 0)
        if not all(isinstance(number, int) for number in numbers):
            return domain
        return Range(*numbers[:2], domain.log, domain.step, whole=_is_whole(node, attempt))

    def _repeated(self, node: MappingNode, attempt: Try, path: str) -> Domain | None:
        for key in node.entries:
            if key not in (EACH, TIMES):
                hint = f"known: {EACH}, {TIMES}"
                return self._report(f"unknown key {quoted(key)}", node.key_places[key], path, hint)
        for key in (EACH, TIMES):
            if key not in node.entries:
                hint = "as in `{each: {from: 16, to: 64}, times: {from: 1, to: 3}}`"
                return self._report(f"'{key}' is missing", node.place, path, hint)
        times = self._times(node.entries[TIMES], f"{path}.{TIMES}")
        each, first = node.entries[EACH], first_value(node.entries[EACH])

        def alone(value: Node) -> Sequence[Problem]:
            return attempt(SequenceNode((value,), node.place))

        entry = self.place(each, alone, f"{path}.{EACH}")
        if times is None or entry is None:
            return None
        domain = Repeated(entry, times)
        for length in dict.fromkeys((min(domain.lengths), max(domain.lengths))):
            place = node.entries[TIMES].place
            self._note(attempt(SequenceNode((first,) * length, place)))
        return domain

    def _times(self, node: Node, path: str) -> Domain | None:
        """The domain of a list's length."""

        def attempt(value: Node) -> list[Problem]:
            number = number_of(value)
            if isinstance(number, int) and 0 <= number <= MOST_ENTRIES:
                return []
            message = f"expected a whole number from 0 to {MOST_ENTRIES}, got {show_value(value)}"
            return [Problem(message, value.place, path)]

        return self.place(node, attempt, path)

    def _report(self, message: str, place: Place, path: str, hint: str = "") -> Domain | None:
        """Note a problem, and return None."""
        self._note([Problem(message, place, path, hint)])
        return None


def _is_whole(node: MappingNode, attempt: Try) -> bool:
    """Whether a range with whole ends is one of whole numbers, since its option takes no others.

    If anything is allowed, as for arguments of a user's own class, the range is as written.
    """
    low = number_of(node.entries["from"]) or 0
    between = ScalarNode(low + 0.5, node.place)
    anything = ScalarNode("anything", node.place)
    return bool(attempt(between)) or not attempt(anything)


def _is_constant(node: Node) -> bool:
    """Whether an entry of a choice contains neither a range nor another choice."""
    if isinstance(node, ScalarNode):
        return True
    if isinstance(node, SequenceNode):
        return all(not isinstance(item, SequenceNode) and _is_constant(item) for item in node.items)
    if is_range(node) or is_repeated(node):
        return False
    return all(
        not isinstance(item, SequenceNode) and _is_constant(item) for item in node.entries.values()
    )


def first_value(node: Node) -> Node:
    """The first possible value."""
    if isinstance(node, SequenceNode) and node.items:
        return first_entry(node.items[0])
    return first_entry(node)


def first_entry(node: Node) -> Node:
    """The first possible value of an entry of a choice."""
    if isinstance(node, ScalarNode):
        return node
    if isinstance(node, SequenceNode):
        return SequenceNode(tuple(map(first_value, node.items)), node.place)
    if is_range(node):
        return node.entries.get("from", node)
    if is_repeated(node):
        return SequenceNode((first_value(node.entries.get(EACH, node)),), node.place)
    first = {key: first_value(item) for key, item in node.entries.items()}
    return MappingNode(first, node.place, node.key_places)
