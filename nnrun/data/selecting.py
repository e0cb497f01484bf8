"""Choosing classes: those to keep, and one to predict against all others."""

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
    """The classes of a data set that a config chooses.

    Attributes:
        dataset: The config's section.
        own: The targets that the choice applies to, as read.
        classes: The names of all classes.
        source: What messages call the data set.

    Raises:
        DataError: A chosen class does not exist.
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
        """The target's specification, once the classes are chosen.

        Args:
            name: The target's name.
            task: The task that the config declares.
            read: Its specification as read.
        """
        if name not in self.own:
            return read
        kept = self._kept(read, task)
        positive = self.dataset.positive
        return kept if positive is None else others_of(kept, positive, task)

    def rows(self, part: Part, labels: np.ndarray | None) -> Part:
        """The rows of the kept classes, with their new numbers.

        Args:
            part: All rows.
            labels: The class number of each row, `(rows,)`; None without classes.
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
    """The new class number of each row: its index in `wanted`, or -1 if it is not kept.

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
    """The rows of the kept classes, in every input and target.

    Args:
        part: The rows.
        own: The targets whose classes are chosen.
        labels: The new class number of each row; -1 to leave the row out.
    """
    targets = {**part.targets, **dict.fromkeys(own, labels)}
    return replace(part, targets=targets).take(labels >= 0)


def select_target(target: TargetSpec, wanted: Sequence[str | int], task: str) -> TargetSpec:
    """The target's specification with only the kept classes.

    Args:
        target: Its specification with all classes.
        wanted: The classes to keep, by name or number.
        task: The task that the config declares.
    """
    classes = tuple(target.classes[number] for number in class_numbers(target.classes, wanted))
    return replace(target, task=task_of_classes(len(classes), task), classes=classes)
