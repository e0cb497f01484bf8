"""Regression: predicts one or several numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.tasks import TASKS
from nnrun.errors import DataError
from nnrun.sources.cells import as_float32
from nnrun.sources.misreading import find_misread
from nnrun.sources.precision import find_loss
from nnrun.tasks.target_cells import NUMBERS
from nnrun.tasks.targets import TargetColumn, Targets, TargetSpec
from nnrun.tasks.task import Task, keras_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.components import Component
    from nnrun.tasks.target_cells import LabelColumn

FAR_TARGET = 100
"""The largest mean (in absolute value) or standard deviation of a target without a warning."""
UNEVEN_TARGETS = 10
"""The largest ratio of the targets' standard deviations without a warning."""


class Regression(Task):
    """Predicts numbers, with a linear unit each and the squared error as loss."""

    outline = TASKS["regression"]

    def read(self, columns: Sequence[LabelColumn]) -> Targets:
        """Float32 `(rows, columns)`."""
        several = tuple(TargetColumn(column.name) for column in columns)
        spec = TargetSpec(
            self.name, width=len(columns), columns=several if len(columns) > 1 else ()
        )
        return Targets(_numbers(columns), spec, tuple(_precision_notes(columns)))

    def read_like(
        self, columns: Sequence[LabelColumn], spec: TargetSpec, source: str
    ) -> np.ndarray:
        """Float32 `(rows, columns)`."""
        for column in columns:
            column.refuse_missing(NUMBERS)
        return _numbers(columns)

    def loss(self, target: TargetSpec, units: int, activation: str) -> Component:
        """Mean squared error."""
        return keras_loss("MeanSquaredError")

    def outputs(self, raw: np.ndarray, target: TargetSpec, *, logits: bool) -> np.ndarray:
        """Float64 `(rows,)`, or `(rows, columns)` for several numbers."""
        return _as_values(raw, target)

    def truth(self, labels: np.ndarray, target: TargetSpec) -> np.ndarray:
        """Float64 of the same shape."""
        return _as_values(labels, target)

    def doubts(self, target: TargetSpec, parts: Mapping[str, np.ndarray]) -> Iterator[str]:
        """Warn about numbers far from a new model's outputs, and columns that dominate others."""
        if not target.can_be_scaled or target.scale:
            return
        columns = parts["train"].astype(np.float64).T
        spread = columns.std(axis=1)
        worst = int(np.maximum(np.abs(columns.mean(axis=1)), spread).argmax())
        values, which = columns[worst], f" '{target.names[worst]}'" if target.columns else ""
        if max(abs(values.mean()), values.std()) > FAR_TARGET:
            yield (
                f"the target{which} goes from {values.min():g} to {values.max():g}, far from what a "
                "new model gives: training may crawl or diverge; consider preprocess: "
                "`target: standardize`, or `minmax` before a sigmoid and `symmetric` before tanh"
            )
        wide, narrow = int(spread.argmax()), int(spread.argmin())
        if spread[wide] > UNEVEN_TARGETS * spread[narrow] > 0:
            yield (
                f"the target '{target.names[wide]}' scatters {spread[wide] / spread[narrow]:.0f} times "
                f"as widely as '{target.names[narrow]}', which the loss will hardly see; "
                "consider preprocess: `target: standardize`"
            )


def _as_values(numbers: np.ndarray, target: TargetSpec) -> np.ndarray:
    values = numbers.astype(np.float64)
    return values if target.columns else values.reshape(len(values))


def _precision_notes(columns: Sequence[LabelColumn]) -> Iterator[str]:
    for column in columns:
        loss = find_loss(column.values.to_numpy(np.float64))
        if loss is not None:
            yield (
                f"the target '{column.name}' {loss}; take an offset off the column, such as its "
                f"least value, {column.values.min():.15g}, or write it in a larger or smaller unit"
            )


def _numbers(columns: Sequence[LabelColumn]) -> np.ndarray:
    text = [column for column in columns if column.values.dtype.kind not in "iufb"]
    if text:
        misread_columns = [(column, find_misread(column.written, column.table)) for column in text]
        raise DataError(
            " and ".join(
                f"{column.title} {misread.says if misread else _holds_text(column)}"
                for column, misread in misread_columns
            ),
            hint=next(
                (misread.hint for _, misread in misread_columns if misread),
                "leave dataset.task out, or name columns of numbers",
            ),
        )
    return np.stack([as_float32(column.values, column.table) for column in columns], axis=1)


def _holds_text(column: LabelColumn) -> str:
    example = f"'{column.written[0]}' in {column.table.where(0)}"
    return f"holds text, such as {example}, which no regression can predict"
