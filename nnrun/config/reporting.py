"""The report of a check: the problems so far, and the position of each value."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

from nnrun.config.catalogue import Catalogue
from nnrun.config.habits import about_section
from nnrun.config.kind import INVALID, Kind
from nnrun.config.kinds import Boolean
from nnrun.config.nested_kinds import ArgumentsOf, ComponentOf, ListOf, SectionOf
from nnrun.config.options import options_of
from nnrun.config.python_calls import in_yaml, whole_call
from nnrun.config.reader import Node, ScalarNode, plain_value
from nnrun.config.wording import show_value
from nnrun.errors import Place, Problem

MANY = 100
"""The number of problems after which hints are no longer computed."""


class Reporter(ABC):
    """Collects every problem, and where each value was written.

    Args:
        catalogue: The classes of Keras and nnrun.
        folder: The folder for relative file names in the config.
        is_trial: Whether the problems are discarded, since another kind may fit.
    """

    def __init__(self, catalogue: Catalogue, folder: Path, *, is_trial: bool = False) -> None:
        self.catalogue = catalogue
        self.folder = folder
        self.is_trial = is_trial
        self.problems: list[Problem] = []
        self.doubtful: set[str] = set()
        self.places: dict[str, Place] = {}

    @property
    def wants_hints(self) -> bool:
        """Whether a hint is wanted: not in a trial, nor after many problems."""
        return not self.is_trial and len(self.problems) < MANY

    def report(self, message: str, place: Place, path: str, hint: str = "") -> Any:
        """Note a problem and give INVALID back."""
        self.doubtful.add(path)
        self.problems.append(Problem(message, place, path, hint))
        return INVALID

    def expected(self, kind: Kind, node: Node, path: str) -> Any:
        """Note that a value is not of its kind."""
        message = f"expected {kind.words()}, got {show_value(node)}"
        hint = self._about_value(kind, node, path) if self.wants_hints else ""
        return self.report(message, node.place, path, hint)

    def _about_value(self, kind: Kind, node: Node, path: str) -> str:
        """A hint on how to write a value that is not of its kind."""
        value = node.value if isinstance(node, ScalarNode) else None
        groups, hint = kind.component_groups, ""
        if isinstance(value, str) and groups:
            entry = f"{path}[0]" if isinstance(kind, ListOf) else path
            hint = in_yaml(self.catalogue, groups, whole_call(value, node.place), entry)
        elif isinstance(kind, SectionOf) and isinstance(value, str | int | float):
            options = options_of(kind.type).items()
            truths = [name for name, item in options if item.metadata["kind"] == Boolean()]
            hint = about_section(kind.type.__name__, value, truths)
        return hint or kind.hint(plain_value(node))

    def check(self, kind: Kind, node: Node, path: str) -> Any:
        """The node's value, or INVALID after noting the problem."""
        self.places.setdefault(path, node.place)
        return kind.check(self, node, path)

    def trial(self) -> Self:
        """A check without problems so far, for a kind that may not be the right one."""
        return type(self)(self.catalogue, self.folder, is_trial=True)

    @abstractmethod
    def component(self, kind: ComponentOf, node: Node, path: str) -> Any:
        """The component that a node declares."""

    @abstractmethod
    def arguments(self, kind: ArgumentsOf, node: Node, path: str) -> Any:
        """Check a component named by its key, as `csv` in `csv: rows.csv`."""

    @abstractmethod
    def section(self, kind: SectionOf, node: Node, path: str) -> Any:
        """The section that a node declares."""
