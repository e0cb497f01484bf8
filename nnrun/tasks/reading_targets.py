"""Reads target columns as the numbers that a model is trained on."""

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
    """Read the targets and what they mean; `auto` infers the task.

    Args:
        frame: The rows.
        names: The target columns.
        task: A task or `auto`.
        features: Columns not to suggest for a misspelt target.

    Raises:
        DataError: A column or a cell is missing, or a value does not fit the task.
        ConfigError: The user's own task can't be imported, or reads other targets than its outline
            says.
    """
    target = frame.read_target(names, features)
    if isinstance(target, KnownTarget):
        return Targets(target.values, _spec_of(target, names, task))
    columns = _label_columns(target)
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
    """The specification of a target whose meaning the source knows."""
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
    """Read the targets of further rows, with the meaning of earlier ones.

    Args:
        frame: The rows.
        names: The target columns.
        spec: What the targets mean.
        source: Where the earlier rows came from, for messages.

    Raises:
        DataError: As for `read_targets`; or a class or label value is unknown.
    """
    targets = frame.read_target(names)
    if isinstance(targets, KnownTarget):
        return targets.values
    return find_task(spec.task).read_like(_label_columns(targets), spec, source)
