"""From the columns to predict to the numbers that a model is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnrun.config.tasks import AUTO, task_of_classes
from nnrun.errors import ConfigError, Problem
from nnrun.sources.frame import KnownTarget
from nnrun.tasks.inferring import doubts_of_inference, infer_task
from nnrun.tasks.lookup import find_task
from nnrun.tasks.target_cells import LabelColumn
from nnrun.tasks.targets import TargetColumn, Targets, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from nnrun.sources.cells import Column
    from nnrun.sources.frame import Frame


def read_targets(
    frame: Frame, names: Sequence[str], task: str, *, features: Sequence[str] = ()
) -> Targets:
    """The targets, and what they mean; the task is inferred where it is `auto`.

    Args:
        frame: The rows.
        names: The columns to predict.
        task: A task or `auto`.
        features: Columns that are not meant where a target is misspelt.

    Raises:
        DataError: A column is missing, a cell is missing, or a value does not fit the task.
        ConfigError: A task of the user's own cannot be imported, or reads what it says it does not.
    """
    found = frame.read_target(names, features)
    if isinstance(found, KnownTarget):
        return Targets(found.values, _spec_of(found, names, task))
    columns = _label_columns(found)
    for column in columns:
        column.refuse_missing()
    if task != AUTO:
        return _read(task, columns)
    targets = _read(infer_task(columns), columns)
    doubts = doubts_of_inference(columns[0], targets.spec)
    return replace(targets, notes=(*doubts, *targets.notes))


def _label_columns(columns: Sequence[Column]) -> list[LabelColumn]:
    return [LabelColumn(column.values, column.table) for column in columns]


def _spec_of(known: KnownTarget, names: Sequence[str], task: str) -> TargetSpec:
    """What a target means where the source knows it."""
    if known.classes:
        return TargetSpec(task_of_classes(len(known.classes), task), known.classes)
    columns = tuple(map(TargetColumn, names)) if len(names) > 1 else ()
    return TargetSpec(task_of_classes(0), width=known.values.shape[1], columns=columns)


def _read(name: str, columns: Sequence[LabelColumn]) -> Targets:
    task = find_task(name)
    targets = task.read(columns)
    if targets.spec.predicts != task.facts.predicts:
        message = (
            f"{name} reads {targets.spec.predicts}, but its outline says {task.facts.predicts}"
        )
        raise ConfigError([Problem(message, path="dataset.task")])
    return replace(targets, spec=replace(targets.spec, task=name))


def read_targets_like(
    frame: Frame, names: Sequence[str], spec: TargetSpec, *, source: str
) -> np.ndarray:
    """The targets of further rows, in the meaning of those before.

    Args:
        frame: The rows.
        names: The columns to predict.
        spec: What the targets mean.
        source: Where the rows before came from, for messages.

    Raises:
        DataError: As for `read_targets`; a class or a label's value that was not there before.
    """
    found = frame.read_target(names)
    if isinstance(found, KnownTarget):
        return found.values
    return find_task(spec.task).read_like(_label_columns(found), spec, source)
