"""Some classes of a data set: their rows alone, numbered anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import class_numbers
from nnrun.config.tasks import task_of_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.data.splits import Part
    from nnrun.sources.named import Rows
    from nnrun.tasks.targets import TargetSpec


def select_classes(rows: Rows, names: Sequence[str], wanted: Sequence[str | int]) -> Rows:
    """The rows of some classes in their order, the first of the classes as label 0.

    Args:
        rows: The rows, labelled by the classes' numbers; their test rows are selected as well.
        names: The names of all classes.
        wanted: The classes to keep, by name or number.
    """
    labels = _renumbered(rows.targets, names, wanted)
    kept = labels >= 0
    test = None if rows.test is None else select_classes(rows.test, names, wanted)
    return replace(rows, inputs=rows.inputs[kept], targets=labels[kept], test=test)


def select_rows(
    part: Part, own: Sequence[str], names: Sequence[str], wanted: Sequence[str | int]
) -> Part:
    """The rows of some classes, of every input and every target.

    Args:
        part: The rows.
        own: The targets that hold the numbers of the classes; at least one, all the same.
        names: The names of all classes.
        wanted: The classes to keep, by name or number.
    """
    labels = _renumbered(part.targets[own[0]], names, wanted)
    kept = labels >= 0
    targets = {**part.targets, **dict.fromkeys(own, labels)}
    return replace(part, targets=targets).take(kept)


def _renumbered(
    labels: np.ndarray, names: Sequence[str], wanted: Sequence[str | int]
) -> np.ndarray:
    """The new number of each row's class, by its place in `wanted`; -1 where it is not kept."""
    numbers = class_numbers(names, wanted)
    renumbered = np.full(len(names), -1, np.int32)
    renumbered[numbers] = np.arange(len(numbers))
    return np.asarray(renumbered[labels])


def select_target(target: TargetSpec, wanted: Sequence[str | int], task: str) -> TargetSpec:
    """What is predicted, where some of its classes are kept.

    Args:
        target: What all classes are.
        wanted: The classes to keep, by name or number.
        task: The task that the config declares.
    """
    classes = tuple(target.classes[number] for number in class_numbers(target.classes, wanted))
    return replace(target, task=task_of_classes(len(classes), task), classes=classes)
