"""The values that a search can try for an option: a constant, a range, a choice, or a combination.

A domain can build a value from answers, one per parameter, and find the answers that a value was
built from. So a search method only ever answers questions: how far along a range, or which entry of
a choice.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Answer = int | float
"""A number in a range, or the index of an entry of a choice."""
Answers = Mapping[str, Answer]
"""Answers by parameter name."""
FINENESS = 4
"""Decimal digits of a number after the first digit of the range's width (of the number, in a log
range)."""


@dataclass(frozen=True)
class Parameter:
    """A question that a search answers for every trial.

    Attributes:
        name: Its name: the path in the config, with a suffix if there are several.
        domain: The possible answers.
    """

    name: str
    domain: "Range | Choices"


Ask = Callable[[Parameter], Answer]


class Domain(ABC):
    """The possible values of an option."""

    @abstractmethod
    def build(self, ask: Ask, name: str) -> Any:
        """Build a plain YAML value from answers.

        Args:
            ask: Returns an answer for each parameter that matters, in order.
            name: The prefix of the parameters' names.
        """

    @abstractmethod
    def answers(self, value: Any, name: str) -> Answers | None:
        """The answers that produce a value; None if none do."""

    @abstractmethod
    def parameters(self, name: str) -> Iterator[Parameter]:
        """All parameters, including those that matter only for some values."""

    @abstractmethod
    def size(self) -> int | None:
        """The number of values; None if infinite."""

    @abstractmethod
    def to_plain(self) -> Any:
        """How it is written in a config."""


@dataclass(frozen=True)
class Constant(Domain):
    """A constant value."""

    value: Any

    def build(self, ask: Ask, name: str) -> Any:
        """The value."""
        return self.value

    def answers(self, value: Any, name: str) -> Answers | None:
        """No answers."""
        return {} if same(value, self.value) else None

    def parameters(self, name: str) -> Iterator[Parameter]:
        """None."""
        return iter(())

    def size(self) -> int | None:
        """One."""
        return 1

    def to_plain(self) -> Any:
        """The value; a list as the only entry of a choice, since it would be read as one."""
        return [self.value] if isinstance(self.value, list) else self.value


@dataclass(frozen=True)
class Range(Domain):
    """The numbers between two ends, both included.

    Attributes:
        low: The lower end.
        high: The upper end.
        log: Whether values are drawn evenly on a log scale.
        step: The distance between neighbours; None for all numbers, or all whole ones.
        whole: Whether only whole numbers are allowed.
    """

    low: Answer
    high: Answer
    log: bool = False
    step: Answer | None = None
    whole: bool = False

    def build(self, ask: Ask, name: str) -> Any:
        """The answer itself."""
        return self.snap(ask(Parameter(name, self)))

    def answers(self, value: Any, name: str) -> Answers | None:
        """The value, if it is in the range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        inside = self.low <= value <= self.high
        return (
            {name: value} if inside and (self.count is None or self.snap(value) == value) else None
        )

    def parameters(self, name: str) -> Iterator[Parameter]:
        """Itself."""
        yield Parameter(name, self)

    def size(self) -> int | None:
        """The number of values."""
        return self.count

    @property
    def count(self) -> int | None:
        """The number of values; None if it is continuous."""
        step = self._step
        return None if step is None else int((_exact(self.high) - _exact(self.low)) // step) + 1

    @property
    def _step(self) -> Decimal | None:
        if self.step is None:
            return Decimal(1) if self.whole else None
        return _exact(self.step)

    def value(self, index: int) -> Answer:
        """The value at an index from 0, for a discrete range."""
        number = _exact(self.low) + index * (self._step or 0)
        return int(number) if self.whole else float(number)

    def at(self, share: float) -> Answer:
        """The value at a fraction, in [0, 1), of the way from the lower end to the upper.

        >>> Range(1e-4, 1e-2, log=True).at(0.5), Range(1, 4, whole=True).at(0.99)
        (0.001, 4)
        """
        if self.count is not None and not self.log:
            return self.value(min(int(share * self.count), self.count - 1))
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        if self.log:
            number = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            number = low + share * (high - low)
        return self.snap(number)

    def snap(self, number: Answer) -> Answer:
        """The nearest value to a number, with a limited number of digits."""
        step = self._step
        if step is not None:
            index = round((_exact(number) - _exact(self.low)) / step)
            return self.value(max(0, min(index, (self.count or 1) - 1)))
        width = float(self.high - self.low)
        digits = FINENESS - math.floor(math.log10(min(number, width) if self.log else width))
        return min(max(round(float(number), digits), float(self.low)), float(self.high))

    def to_plain(self) -> Any:
        """The ends, and options that differ from their defaults."""
        plain: dict[str, Any] = {"from": self.low, "to": self.high}
        if self.log:
            plain["log"] = True
        return plain if self.step is None else {**plain, "step": self.step}


@dataclass(frozen=True)
class Choices(Domain):
    """One of several entries."""

    entries: tuple[Domain, ...]

    def build(self, ask: Ask, name: str) -> Any:
        """The value of the chosen entry."""
        index = int(ask(Parameter(name, self))) if len(self.entries) > 1 else 0
        return self.entries[index].build(ask, self._within(index, name))

    def answers(self, value: Any, name: str) -> Answers | None:
        """The answers of the first entry that contains the value."""
        for index, entry in enumerate(self.entries):
            answers = entry.answers(value, self._within(index, name))
            if answers is not None:
                return {name: index, **answers} if len(self.entries) > 1 else answers
        return None

    def parameters(self, name: str) -> Iterator[Parameter]:
        """The choice itself, and the parameters of all entries."""
        if len(self.entries) > 1:
            yield Parameter(name, self)
        for index, entry in enumerate(self.entries):
            yield from entry.parameters(self._within(index, name))

    def size(self) -> int | None:
        """The total size of all entries."""
        return added(entry.size() for entry in self.entries)

    def _within(self, index: int, name: str) -> str:
        """The name for an entry's parameters: its class if unique."""
        classes = [_only_key(entry) for entry in self.entries]
        own = classes[index]
        alone = len(self.entries) == 1 or (own is not None and classes.count(own) == 1)
        return name if alone else f"{name}:{index}"

    def at(self, share: float) -> int:
        """The index of the entry at a fraction, in [0, 1), of the way through them."""
        return min(int(share * len(self.entries)), len(self.entries) - 1)

    def to_plain(self) -> Any:
        """A list."""
        return [_as_entry(entry) for entry in self.entries]


def _only_key(domain: Domain) -> str | None:
    """The class that an entry of a choice seems to name."""
    if not isinstance(domain, Filled) or not isinstance(domain.parts, Mapping):
        return None
    return next(iter(domain.parts), None) if len(domain.parts) == 1 else None


def _as_entry(domain: Domain) -> Any:
    """A domain as an entry of a choice, in which a list means a list."""
    return domain.value if isinstance(domain, Constant) else domain.to_plain()


@dataclass(frozen=True)
class Filled(Domain):
    """A list or a mapping that contains domains."""

    parts: Sequence[Domain] | Mapping[str, Domain]

    def build(self, ask: Ask, name: str) -> Any:
        """The list or mapping with the values of its parts."""
        built = {key: part.build(ask, below) for key, part, below in self._named(name)}
        return built if isinstance(self.parts, Mapping) else list(built.values())

    def answers(self, value: Any, name: str) -> Answers | None:
        """The answers of all parts, if each part of the value has a domain."""
        if isinstance(self.parts, Mapping):
            values = value if isinstance(value, Mapping) else None
        else:
            values = dict(enumerate(value)) if isinstance(value, list | tuple) else None
        named = list(self._named(name))
        if values is None or set(values) != {key for key, _, _ in named}:
            return None
        return _joined(part.answers(values[key], below) for key, part, below in named)

    def parameters(self, name: str) -> Iterator[Parameter]:
        """Those of all parts."""
        for _, part, below in self._named(name):
            yield from part.parameters(below)

    def size(self) -> int | None:
        """The product of the parts' sizes."""
        return multiplied(part.size() for _, part, _ in self._named(""))

    def _named(self, name: str) -> Iterator[tuple[Any, Domain, str]]:
        """The parts with their keys, and the prefixes of their parameters."""
        if isinstance(self.parts, Mapping):
            for key, part in self.parts.items():
                yield key, part, f"{name}.{key}".lstrip(".")
        else:
            for index, part in enumerate(self.parts):
                yield index, part, f"{name}[{index}]"

    def to_plain(self) -> Any:
        """A list, as the only entry of a choice, or a mapping."""
        if isinstance(self.parts, Mapping):
            return {key: part.to_plain() for key, part in self.parts.items()}
        return [[part.to_plain() for part in self.parts]]


@dataclass(frozen=True)
class Repeated(Domain):
    """A list whose length is searched, too.

    Attributes:
        each: The domain of each entry.
        times: The domain of the length.
    """

    each: Domain
    times: Domain

    def build(self, ask: Ask, name: str) -> Any:
        """The list."""
        length = self.times.build(ask, f"{name}.times")
        return [self.each.build(ask, f"{name}[{index}]") for index in range(length)]

    def answers(self, value: Any, name: str) -> Answers | None:
        """The answers for the length and every entry."""
        if not isinstance(value, list | tuple):
            return None
        entries = (self.each.answers(item, f"{name}[{i}]") for i, item in enumerate(value))
        return _joined([self.times.answers(len(value), f"{name}.times"), *entries])

    def parameters(self, name: str) -> Iterator[Parameter]:
        """The length, and the parameters of the largest number of entries."""
        yield from self.times.parameters(f"{name}.times")
        for index in range(max(self.lengths)):
            yield from self.each.parameters(f"{name}[{index}]")

    @property
    def lengths(self) -> list[int]:
        """The allowed lengths."""
        return list(all_values(self.times, "times"))

    def size(self) -> int | None:
        """The number of lists of all lengths."""
        return added(multiplied([self.each.size()] * length) for length in self.lengths)

    def to_plain(self) -> Any:
        """The domains of entries and length."""
        return {"each": self.each.to_plain(), "times": self.times.to_plain()}


def all_values(domain: Domain, name: str) -> Iterator[Any]:
    """All values of a finite domain, the last parameter changing fastest.

    >>> list(all_values(Filled([Choices((Constant(1), Constant(2))), Range(5, 6, whole=True)]), ""))
    [[1, 5], [1, 6], [2, 5], [2, 6]]
    """
    indices: list[int] = []
    while True:
        counts: list[int] = []

        def answer(parameter: Parameter, counts: list[int] = counts) -> Answer:
            position = len(counts)
            if position == len(indices):
                indices.append(0)
            held = parameter.domain
            counts.append(len(held.entries) if isinstance(held, Choices) else held.count or 1)
            index = indices[position]
            return index if isinstance(held, Choices) else held.value(index)

        yield domain.build(answer, name)
        while indices and indices[-1] + 1 == counts[len(indices) - 1]:
            indices.pop()
        if not indices:
            return
        indices[-1] += 1


def added(sizes: Iterator[int | None]) -> int | None:
    """A sum of sizes, any of which may be infinite (None)."""
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)


def multiplied(sizes: Iterator[int | None] | Sequence[int | None]) -> int | None:
    """A product of sizes, any of which may be infinite (None)."""
    known = list(sizes)
    return None if None in known else math.prod(size for size in known if size is not None)


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal; booleans don't equal numbers.

    >>> same([1, 2.0], [1.0, 2]), same(1, True)
    (True, False)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _joined(found: Iterator[Answers | None] | Sequence[Answers | None]) -> Answers | None:
    joined: dict[str, Answer] = {}
    for answers in found:
        if answers is None:
            return None
        joined |= answers
    return joined


def _exact(number: Answer) -> Decimal:
    """The decimal number as written: exactly 0.1, not its float."""
    return Decimal(repr(number))
