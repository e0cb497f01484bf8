"""Multilabel classification: any number of labels may apply to a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.tasks import TASKS
from nnrun.config.wording import listed_names
from nnrun.errors import DataError
from nnrun.tasks.probabilities import as_label_probabilities
from nnrun.tasks.target_cells import NUMBERS, TRUTH, TRUTH_VALUES, class_name, kind_of_classes
from nnrun.tasks.targets import TargetColumn, Targets, TargetSpec
from nnrun.tasks.task import Task, keras_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.components import Component
    from nnrun.tasks.target_cells import LabelColumn

LABEL_VALUES = ("0", "1")


class Labels(Task):
    """Predicts which labels apply, with a sigmoid unit each."""

    outline = TASKS["multilabel"]

    def read(self, columns: Sequence[LabelColumn]) -> Targets:
        """Float32 `(rows, labels)` of 0 and 1."""
        spec = TargetSpec(self.name, width=len(columns), columns=_label_columns(columns))
        return Targets(self.read_like(columns, spec, str(columns[0].table.name)), spec)

    def read_like(
        self, columns: Sequence[LabelColumn], spec: TargetSpec, source: str
    ) -> np.ndarray:
        """Float32 `(rows, labels)` of 0 and 1."""
        labels = [
            column.known_labels(known.values, kind_of_classes(known.values, ""), source)
            for column, known in zip(columns, spec.columns, strict=True)
        ]
        return np.stack(labels, axis=1).astype(np.float32)

    def loss(self, target: TargetSpec, units: int, activation: str) -> Component:
        """Binary crossentropy."""
        return keras_loss("BinaryCrossentropy", from_logits=activation == "linear")

    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """The probability of each label, float64 `(rows, labels)`."""
        return as_label_probabilities(raw, logits=logits)

    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Float64 `(rows, labels)` of 0 and 1."""
        return labels.astype(np.float64)

    def doubts(self, target: TargetSpec, parts: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Warn about labels that every row of a part has, or none."""
        for part, labels in parts.items():
            shares = labels.mean(axis=0)
            for share, says in ((0, f"no {part} row has"), (1, f"every {part} row has")):
                constant = [target.names[index] for index in np.flatnonzero(shares == share)]
                if constant:
                    yield f"{says} {listed_names(constant, 'the label', 'the labels')}"


def _label_columns(columns: Sequence[LabelColumn]) -> tuple[TargetColumn, ...]:
    """The columns as labels, each with its values for 0 and 1; all problems at once."""
    complaints = list(_complaints(columns))
    if complaints:
        raise DataError(
            f"a label is 0 or 1, but in {columns[0].table.name} " + "; ".join(complaints),
            hint="true and false, and text of two values, will do as well; "
            "for numbers, write `task: regression`",
        )
    return tuple(TargetColumn(column.name, _label_values(column)) for column in columns)


def _complaints(columns: Sequence[LabelColumn]) -> Iterator[str]:
    for column in columns:
        why = why_no_label(column)
        if why and column.kind == NUMBERS:
            row = int(np.argmax(~column.values.isin([0, 1]).to_numpy()))
            shown = class_name(str(column.values.iloc[row]), NUMBERS)
            yield f"'{column.name}' is {shown} in {column.table.where(row)}"
        elif why:
            yield f"'{column.name}' {why}"


def why_no_label(column: LabelColumn) -> str:
    """Why a column can't be a label; empty if it can."""
    if column.kind == NUMBERS:
        return "" if column.values.isin([0, 1]).all() else "has other values"
    if column.kind == TRUTH:
        return ""
    distinct = sorted(column.distinct.names)
    if len(distinct) == 1:
        return f"is '{distinct[0]}' in every row, which does not say what the other value is"
    shown = ", ".join(f"'{name}'" for name in distinct[:3]) + " …" * (len(distinct) > 3)  # noqa: PLR2004
    return "" if len(distinct) == 2 else f"has {len(distinct):,} values ({shown})"  # noqa: PLR2004


def _label_values(column: LabelColumn) -> tuple[str, ...]:
    fixed = {NUMBERS: LABEL_VALUES, TRUTH: TRUTH_VALUES}
    return fixed.get(column.kind) or tuple(sorted(column.distinct.names))
