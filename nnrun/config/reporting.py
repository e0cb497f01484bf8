"""What every check of a config reports to: the problems so far, and where each value stands."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from nnrun.config.advice import about_value
from nnrun.config.catalogue import Catalogue
from nnrun.config.habits import about_section
from nnrun.config.kinds import Boolean, ComponentOf, Kind, ListOf, OneOf, SectionOf
from nnrun.config.options import options_of
from nnrun.config.python_calls import in_yaml, whole_call
from nnrun.config.reader import Node, ScalarNode
from nnrun.config.wording import describe, show_value
from nnrun.errors import Place, Problem

INVALID = object()
"""What a check gives back for a value it has found a problem with."""
MANY = 100
"""Problems after which hints are no longer worked out."""


class Reporter(ABC):
    """Collects every problem, and where each value was written.

    Args:
        catalogue: What Keras's and nnrun's classes take.
        folder: What relative file names in the config are relative to.
        is_trial: Whether nobody will read the problems, since another kind may yet fit.
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
        """Whether a hint is worth working out: not in a trial, nor after a hundred problems."""
        return not self.is_trial and len(self.problems) < MANY

    def report(self, message: str, place: Place, path: str, hint: str = "") -> Any:
        """Note a problem and give INVALID back."""
        self.doubtful.add(path)
        self.problems.append(Problem(message, place, path, hint))
        return INVALID

    def expected(self, kind: Kind, node: Node, path: str) -> Any:
        """Note that a value is not of its kind."""
        message = f"expected {describe(kind)}, got {show_value(node)}"
        hint = self._about_value(kind, node, path) if self.wants_hints else ""
        return self.report(message, node.place, path, hint)

    def _about_value(self, kind: Kind, node: Node, path: str) -> str:
        """How a value that is not of its kind is to be written."""
        value = node.value if isinstance(node, ScalarNode) else None
        groups, hint = groups_of(kind), ""
        if isinstance(value, str) and groups:
            entry = f"{path}[0]" if isinstance(kind, ListOf) else path
            hint = in_yaml(self.catalogue, groups, whole_call(value, node.place), entry)
        elif isinstance(kind, SectionOf) and isinstance(value, str | int | float):
            options = options_of(kind.type).items()
            truths = [name for name, item in options if item.metadata["kind"] == Boolean()]
            hint = about_section(kind.type.__name__, value, truths)
        return hint or about_value(kind, node)

    def check(self, kind: Kind, node: Node, path: str) -> Any:
        """The node's value as its kind has it, or INVALID after the problem was noted."""
        self.places.setdefault(path, node.place)
        return self._check(kind, node, path)

    @abstractmethod
    def _check(self, kind: Any, node: Node, path: str) -> Any: ...


def groups_of(kind: Kind) -> tuple[str, ...]:
    """The groups of which a value, or each entry of a list, may name a class."""
    kind = kind.item if isinstance(kind, ListOf) else kind
    kinds = kind.kinds if isinstance(kind, OneOf) else (kind,)
    return tuple(group for one in kinds if isinstance(one, ComponentOf) for group in one.groups)
