"""The classes that a config keeps of a data set, and the one that it tells from all others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import class_numbers
from nnrun.config.tasks import task_of_classes
from nnrun.errors import DataError
from nnrun.sources.source import unknown_classes
from nnrun.tasks.classes import against_others, others_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.schema import Dataset
    from nnrun.data.splits import Part
    from nnrun.tasks.targets import TargetSpec


@dataclass(frozen=True)
class Choice:
    """What a config makes of the classes of a data set.

    Attributes:
        dataset: The config's section.
        own: The targets that the choice is about, as they were read.
        classes: The names of all classes.
        source: Where they come from, for messages.

    Raises:
        DataError: A class to keep, or to tell from the others, is none of theirs.
    """

    dataset: Dataset
    own: Mapping[str, TargetSpec]
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for problem in unknown_classes(self.dataset, self.classes, self.source):
            raise DataError(f"{problem.path}: {problem.message}", hint=problem.hint)
        for name, spec in self.own.items():
            self.target(name, spec.task, spec)

    def target(self, name: str, task: str, read: TargetSpec) -> TargetSpec:
        """What a target means, once the classes are chosen.

        Args:
            name: The target's name.
            task: The task that the config declares.
            read: What it meant as it was read.
        """
        if name not in self.own:
            return read
        kept = self._kept(read, task)
        positive = self.dataset.positive
        return kept if positive is None else others_of(kept, positive, task)

    def rows(self, part: Part, labels: np.ndarray | None) -> Part:
        """The rows of the classes that are kept, under their new numbers.

        Args:
            part: All rows.
            labels: The number of each row's class, `(rows,)`; None where there are no classes.
        """
        wanted = self.dataset.classes
        if wanted is not None and labels is not None:
            part = select_rows(part, tuple(self.own), renumbered(labels, self.classes, wanted))
        positive = self.dataset.positive
        if positive is None:
            return part
        chosen = {
            name: against_others(part.targets[name], self._kept(spec, spec.task), positive)
            for name, spec in self.own.items()
        }
        return replace(part, targets={**part.targets, **chosen})

    def _kept(self, read: TargetSpec, task: str) -> TargetSpec:
        wanted = self.dataset.classes
        return read if wanted is None else select_target(read, wanted, task)


def renumbered(labels: np.ndarray, names: Sequence[str], wanted: Sequence[str | int]) -> np.ndarray:
    """The new number of each row's class, by its place in `wanted`; -1 where it is not kept.

    Args:
        labels: The numbers of the classes, `(rows,)`.
        names: The names of all classes.
        wanted: The classes to keep, by name or number.
    """
    numbers = class_numbers(names, wanted)
    places = np.full(len(names), -1, np.int32)
    places[numbers] = np.arange(len(numbers))
    return np.asarray(places[labels])


def select_rows(part: Part, own: Sequence[str], labels: np.ndarray) -> Part:
    """The rows of some classes, of every input and every target.

    Args:
        part: The rows.
        own: The targets that hold the numbers of the classes.
        labels: The new number of each row's class; -1 where the row is left out.
    """
    targets = {**part.targets, **dict.fromkeys(own, labels)}
    return replace(part, targets=targets).take(labels >= 0)


def select_target(target: TargetSpec, wanted: Sequence[str | int], task: str) -> TargetSpec:
    """What is predicted, where some of its classes are kept.

    Args:
        target: What all classes are.
        wanted: The classes to keep, by name or number.
        task: The task that the config declares.
    """
    classes = tuple(target.classes[number] for number in class_numbers(target.classes, wanted))
    return replace(target, task=task_of_classes(len(classes), task), classes=classes)
