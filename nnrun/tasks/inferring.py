"""Infers the task from the target, unless the config sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.tasks import CLASSES
from nnrun.errors import DataError
from nnrun.sources.misreading import find_misread, named_cells
from nnrun.tasks.labels import why_no_label
from nnrun.tasks.target_cells import (
    MOST_CLASSES,
    NUMBERS,
    TEXT,
    LabelColumn,
    class_name,
    holds_code,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from nnrun.tasks.targets import TargetSpec

FEWEST_ROWS_A_CLASS = 2
"""Whole numbers with fewer rows per distinct value, on average, are not classes."""
FEWEST_ROWS = 10
"""With at least this many rows, text with too few rows per distinct value is refused."""


def infer_task(columns: Sequence[LabelColumn]) -> str:
    """The name of the task that the target columns suggest.

    Raises:
        DataError: A single column holds text that can't be classes.
    """
    return _task_of_one(columns[0]) if len(columns) == 1 else _task_of_several(columns)


def doubts_of_inference(column: LabelColumn, spec: TargetSpec) -> Iterator[str]:
    """A warning that numbers were taken as more than two classes, which may not be intended."""
    if spec.predicts == CLASSES and spec.cells == NUMBERS and len(spec.classes) > 2:  # noqa: PLR2004
        yield (
            f"the target '{column.name}' is taken for {len(spec.classes)} classes, since it holds "
            f"whole numbers of few values ({spec.classes[0]} to {spec.classes[-1]}); to predict them "
            "as numbers, write `task: regression`"
        )


def _task_of_one(column: LabelColumn) -> str:
    """The task that one target column suggests.

    Text and booleans are classes. So are whole numbers with at most 20 distinct values, each in two
    rows or more on average. Other numbers make a regression. With two classes, it is `binary`.

    Raises:
        DataError: It holds text that can't be classes: nearly all numbers, or nearly all different.
    """
    if column.is_numeric and not _are_few(column.values) and not column.begins_with_codes:
        return "regression"
    if column.kind == TEXT:
        _refuse_no_classes(column)
    distinct = {class_name(cell, column.kind) for cell in column.distinct.names}
    return "multiclass" if len(distinct) > 2 else "binary"  # noqa: PLR2004


def _are_few(values: pd.Series) -> bool:
    """Whether numbers are whole and have few enough distinct values to be classes."""
    most = min(MOST_CLASSES, len(values) / FEWEST_ROWS_A_CLASS)
    return bool(values.nunique() <= most and (values == values.round()).all())


def _refuse_no_classes(column: LabelColumn) -> None:
    """Refuse text that can't be class names.

    Raises:
        DataError: It seems to be numbers, or has a different value in nearly every row.
    """
    hint = "; if they are classes, write `task: multiclass`"
    names, rows = column.distinct.names, len(column.values)
    misread = None if holds_code(names) else find_misread(column.written, column.table)
    if misread is not None:
        raise DataError(f"{column.title} {misread.says}", hint=misread.hint + hint)
    if rows < FEWEST_ROWS or len(names) * FEWEST_ROWS_A_CLASS <= rows:
        return
    shown = named_cells(names, column.distinct, column.table)
    if column.is_numeric:
        raise DataError(
            f"{column.title} holds {len(names):,} different codes with leading zeros in {rows:,} "
            f"rows: {shown}",
            hint="to predict them as numbers, write `task: regression`" + hint,
        )
    raise DataError(
        f"{column.title} holds {len(names):,} different texts in {rows:,} rows: {shown}",
        hint="name a column of numbers, or of classes with several rows each" + hint,
    )


def _task_of_several(columns: Sequence[LabelColumn]) -> str:
    """Multilabel if every column can be a label, or none is numeric; otherwise regression."""
    if not any(why_no_label(column) for column in columns):
        return "multilabel"
    numbers = any(
        column.is_numeric or find_misread(column.written, column.table) for column in columns
    )
    return "regression" if numbers else "multilabel"
