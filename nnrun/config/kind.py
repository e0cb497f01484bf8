"""What a kind of value can do: check a value, say what it takes, and describe itself to editors."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

from nnrun.config.reader import MappingNode, Node, SequenceNode
from nnrun.errors import Place, Problem

INVALID = object()
"""What a check gives back for a value it has found a problem with."""

Schema = dict[str, Any]


class Checking(Protocol):
    """The check that a kind is part of: it takes reports, and knows classes and sections."""

    folder: Path
    problems: list[Problem]
    places: dict[str, Place]

    @property
    def wants_hints(self) -> bool:
        """Whether a hint is worth working out."""

    def report(self, message: str, place: Place, path: str, hint: str = "") -> Any:
        """Note a problem and give INVALID back."""

    def expected(self, kind: "Kind", node: Node, path: str) -> Any:
        """Note that a value is not of its kind."""

    def check(self, kind: "Kind", node: Node, path: str) -> Any:
        """Check a value that lies within another."""

    def trial(self) -> "Checking":
        """A check without problems so far, for a kind that may not be the right one."""

    def component(self, kind: Any, node: Node, path: str) -> Any:
        """Check a component by a `ComponentOf`."""

    def arguments(self, kind: Any, node: Node, path: str) -> Any:
        """Check the arguments of a component by an `ArgumentsOf`."""

    def section(self, kind: Any, node: Node, path: str) -> Any:
        """Check a section by a `SectionOf`."""


class Kind(ABC):
    """A kind of value that a config may hold.

    Attributes:
        shapes: How its values are written: `list`, `dict`, `str`, `bool`, or `float` for numbers
            and null. This decides whether the kind may complain of a value that others also take.
        is_named_by_key: Whether the key says which component the value belongs to.
    """

    shapes: ClassVar[frozenset[type]] = frozenset()
    is_named_by_key: ClassVar[bool] = False

    @abstractmethod
    def check(self, checker: Checking, node: Node, path: str) -> Any:
        """The node's value, or INVALID after the problem was noted."""

    @abstractmethod
    def words(self) -> str:
        """The kind in words, as in "a whole number of at least 1"."""

    def markdown(self) -> str:
        """The same with choices as code, and with links to sections and classes."""
        return self.words()

    @abstractmethod
    def schema(self) -> Schema:
        """The kind as a JSON Schema."""

    def hint(self, value: Any) -> str:
        """How to write a plain value that is not of this kind; empty where that cannot be told."""
        del value
        return ""

    def inner(self, key: str) -> "Kind | None":
        """The kind of the value under a key of a mapping; None where the kind knows no such key."""
        del key
        return None

    @property
    def component_groups(self) -> tuple[str, ...]:
        """The groups of which a value, or each entry of a list, may name a class."""
        return ()

    @property
    def sections(self) -> list[type]:
        """The sections that a value may be, or that a mapping may hold."""
        return []


def shape_of(node: Node) -> type:
    """How a node is written, as `Kind.shapes` has it."""
    if isinstance(node, SequenceNode):
        return list
    if isinstance(node, MappingNode):
        return dict
    return type(node.value) if isinstance(node.value, str | bool) else float
