"""Classification: each row belongs to one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import against_the_others
from nnrun.config.tasks import SEVERAL_CLASSES, task_of_classes
from nnrun.config.wording import listed_names
from nnrun.errors import DataError
from nnrun.tasks.probabilities import as_probabilities
from nnrun.tasks.target_cells import (
    MISSING_WORDS,
    MOST_CLASSES,
    NUMBERS,
    TEXT,
    class_name,
    kind_of_classes,
)
from nnrun.tasks.targets import Targets, TargetSpec
from nnrun.tasks.task import Task, keras_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.components import Component
    from nnrun.tasks.target_cells import LabelColumn

IMBALANCE = 3
"""The largest ratio of class sizes without a warning."""


class Classes(Task):
    """Predicts the class of a row, with a sigmoid unit for two classes or a softmax."""

    outline = SEVERAL_CLASSES

    def read(self, columns: Sequence[LabelColumn]) -> Targets:
        """Int32 `(rows,)`: the number of each row's class."""
        column = columns[0]
        classes, labels = _number_classes(column)
        _refuse_classes(classes, column, is_binary=self.facts.is_binary)
        spec = TargetSpec(self.name, classes, cells=column.kind)
        return Targets(labels, spec, tuple(_doubtful_classes(column, spec)))

    def read_like(
        self, columns: Sequence[LabelColumn], spec: TargetSpec, source: str
    ) -> np.ndarray:
        """Int32 `(rows,)`: the number of each row's class."""
        column = columns[0]
        kind = spec.cells or kind_of_classes(spec.classes, spec.positive)
        if not spec.positive:
            return column.known_labels(spec.classes, kind, source)
        column.refuse_missing(kind, [spec.positive])
        cells = column.distinct
        is_positive = [class_name(cell, kind) == spec.positive for cell in cells.names]
        return np.asarray(np.array(is_positive, np.int32)[cells.numbers])

    def loss(self, target: TargetSpec, units: int, activation: str) -> Component:
        """The crossentropy for labels in their form: one unit, integers or one-hot."""
        if target.one_hot:
            kind = "Binary" if activation == "sigmoid" else "Categorical"
        else:
            kind = "Binary" if units == 1 else "SparseCategorical"
        return keras_loss(f"{kind}Crossentropy", from_logits=activation == "linear")

    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """The probability of each class, float64 `(rows, classes)`."""
        return as_probabilities(raw, logits=logits)

    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """The number of each row's class, `(rows,)`."""
        return labels.argmax(axis=1) if target.one_hot else labels.reshape(-1)

    def doubts(self, target: TargetSpec, parts: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Warn about classes missing from a part, and classes of very different sizes."""
        counts = {
            part: np.bincount(self.truth(labels, target), minlength=len(target.classes))
            for part, labels in parts.items()
        }
        for part, count in counts.items():
            absent = [target.classes[index] for index in np.flatnonzero(count == 0)]
            if absent:
                yield f"no {part} row belongs to {listed_names(absent, 'class', 'classes')}"
        train = counts["train"]
        largest = int(train.argmax())
        smallest = int(np.where(train > 0, train, train.max()).argmin())
        if train[largest] > IMBALANCE * train[smallest]:
            shares = train / train.sum()
            yield (
                f"the classes are unbalanced: {shares[largest]:.1%} of the training rows are "
                f"'{target.classes[largest]}', {shares[smallest]:.1%} '{target.classes[smallest]}'; "
                "consider `class_weight: balanced`"
            )


def against_others(labels: np.ndarray, target: TargetSpec, positive: str) -> np.ndarray:
    """Labels as 1 for one class and 0 for all others, int32 `(rows,)`.

    Args:
        labels: `(rows,)` class numbers.
        target: What they mean.
        positive: The name of the one class.
    """
    return np.asarray(labels == target.classes.index(positive), np.int32)


def others_of(target: TargetSpec, positive: str, task: str) -> TargetSpec:
    """The target with one class against all others.

    Args:
        target: The target with all its classes.
        positive: The name of the one class.
        task: The config's task: `multiclass` is kept, anything else becomes `binary`.

    Raises:
        DataError: The class does not exist.
    """
    if positive not in target.classes:
        known = ", ".join(target.classes[:MOST_CLASSES])
        raise DataError(
            f"dataset.positive names '{positive}', which is not a class of the target",
            hint=did_you_mean(positive, target.classes)
            or (f"its classes: {known}" if known else "leave it out: the target holds numbers"),
        )
    names = against_the_others(positive)
    kind = task_of_classes(2, task)
    return TargetSpec(kind, names, positive=positive, cells=target.cells)


def _doubtful_classes(column: LabelColumn, spec: TargetSpec) -> Iterator[str]:
    for name in spec.classes:
        if spec.cells == TEXT and name in MISSING_WORDS:
            rows = int((column.written == name).sum())
            yield (
                f"'{name}' is taken for a class of the target '{column.name}' ({rows:,} rows); if "
                "it means that nothing is known, leave those rows out"
            )


def _number_classes(column: LabelColumn) -> tuple[tuple[str, ...], np.ndarray]:
    """The class names, sorted as numbers or as text, and each row's class number."""
    cells = column.distinct
    if column.kind == NUMBERS:
        values, labels = np.unique(column.values.to_numpy(), return_inverse=True)
        names = tuple(class_name(str(value), NUMBERS) for value in values.tolist())
        return names, labels.astype(np.int32)
    called = [class_name(cell, column.kind) for cell in cells.names]
    names = tuple(sorted(set(called)))
    numbers = np.array([names.index(name) for name in called], np.int32)
    return names, np.asarray(numbers[cells.numbers])


def _refuse_classes(names: tuple[str, ...], column: LabelColumn, *, is_binary: bool) -> None:
    if len(names) == 1:
        raise DataError(
            f"{column.title} is '{names[0]}' in every row: there is nothing to tell apart"
        )
    if is_binary and len(names) > 2:  # noqa: PLR2004
        raise DataError(
            f"{column.title} has {len(names):,} classes "
            f"({', '.join(names[:4])} …), where dataset.task says binary",
            hint="write `task: multiclass`, or leave it out",
        )
