"""The protocol of kinds of values, which check a value and describe what they accept."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

from nnrun.config.reader import MappingNode, Node, SequenceNode
from nnrun.errors import Place, Problem

INVALID = object()
"""The result of checking a value that has a problem."""

Schema = dict[str, Any]


class Checking(Protocol):
    """The check that uses a kind: it collects problems, and knows classes and sections."""

    folder: Path
    problems: list[Problem]
    places: dict[str, Place]

    @property
    def wants_hints(self) -> bool:
        """Whether a hint is wanted."""

    def report(self, message: str, place: Place, path: str, hint: str = "") -> Any:
        """Note a problem and give INVALID back."""

    def expected(self, kind: "Kind", node: Node, path: str) -> Any:
        """Note that a value is not of its kind."""

    def check(self, kind: "Kind", node: Node, path: str) -> Any:
        """Check a value within another."""

    def trial(self) -> "Checking":
        """A check without problems so far, for a kind that may not be the right one."""

    def component(self, kind: Any, node: Node, path: str) -> Any:
        """Check a component by a `ComponentOf`."""

    def arguments(self, kind: Any, node: Node, path: str) -> Any:
        """Check the arguments of a component by an `ArgumentsOf`."""

    def section(self, kind: Any, node: Node, path: str) -> Any:
        """Check a section by a `SectionOf`."""


class Kind(ABC):
    """A kind of value in a config.

    Attributes:
        shapes: How its values are written: `list`, `dict`, `str`, `bool`, or `float` for numbers
            and null. This decides which of several kinds reports a problem.
        is_named_by_key: Whether the key names the component that the value belongs to.
    """

    shapes: ClassVar[frozenset[type]] = frozenset()
    is_named_by_key: ClassVar[bool] = False

    @abstractmethod
    def check(self, checker: Checking, node: Node, path: str) -> Any:
        """The node's value, or INVALID after noting the problem."""

    @abstractmethod
    def words(self) -> str:
        """The kind in words, as in "a whole number of at least 1"."""

    def markdown(self) -> str:
        """The same in Markdown, with choices as code and links to sections and classes."""
        return self.words()

    @abstractmethod
    def schema(self) -> Schema:
        """The kind as a JSON Schema."""

    def hint(self, value: Any) -> str:
        """A hint on how to write a plain value that is not of this kind; empty if unknown."""
        del value
        return ""

    def inner(self, key: str) -> "Kind | None":
        """The kind of the value under a key of a mapping; None for an unknown key."""
        del key
        return None

    @property
    def component_groups(self) -> tuple[str, ...]:
        """The groups whose classes a value, or each entry of a list, can name."""
        return ()

    @property
    def sections(self) -> list[type]:
        """The sections that a value can be, or that a mapping can contain."""
        return []


def shape_of(node: Node) -> type:
    """How a node is written, as in `Kind.shapes`."""
    if isinstance(node, SequenceNode):
        return list
    if isinstance(node, MappingNode):
        return dict
    return type(node.value) if isinstance(node.value, str | bool) else float
