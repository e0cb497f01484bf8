"""From the columns to predict to the numbers that a model is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import against_the_others
from nnrun.config.tasks import AUTO
from nnrun.data.labels import (
    MISSING_WORDS,
    NUMBERS,
    TEXT,
    TRUTH,
    TRUTH_VALUES,
    LabelColumn,
    class_name,
    holds_code,
    kind_of_classes,
)
from nnrun.data.splits import TargetColumn, TargetSpec
from nnrun.errors import DataError
from nnrun.sources.cells import as_float32
from nnrun.sources.misreading import find_misread, named_cells
from nnrun.sources.precision import find_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from nnrun.sources.cells import TableFile

MOST_CLASSES = 20
"""Whole numbers with more distinct values than this are taken as quantities, not as classes."""
FEWEST_ROWS_A_CLASS = 2
"""So are whole numbers whose values stand in fewer rows each than this, on average."""
FEWEST_ROWS = 10
"""From so many rows on, text whose values stand in fewer rows each is refused."""
LABEL_VALUES = ("0", "1")


@dataclass(frozen=True)
class Targets:
    """What is predicted.

    Attributes:
        values: `(rows,)` int32 labels of classes, or `(rows, columns)` float32: numbers, or labels
            of 0 and 1.
        spec: What they mean.
        notes: What one should know of how they were read, each a line.
    """

    values: np.ndarray
    spec: TargetSpec
    notes: tuple[str, ...] = ()


def read_targets(
    frame: pd.DataFrame,
    file: TableFile,
    names: Sequence[str],
    task: str,
    *,
    features: Sequence[str] = (),
) -> Targets:
    """The targets, and what they mean; the task is inferred where it is `auto`.

    Args:
        frame: The rows.
        file: Where they come from, for messages.
        names: The columns to predict.
        task: A task or `auto`.
        features: Columns that are not meant where a target is misspelt.

    Raises:
        DataError: A column is missing, a cell is missing, or a value does not fit the task.
    """
    columns = [LabelColumn.of(frame, file, name, features) for name in names]
    for column in columns:
        column.refuse_missing()
    inferred = task == AUTO
    if inferred:
        task = _infer_task(columns[0]) if len(columns) == 1 else _infer_task_of_several(columns)
    if task == "regression":
        specs = tuple(TargetColumn(name) for name in names) if len(names) > 1 else ()
        spec = TargetSpec(task, width=len(names), columns=specs)
        return Targets(_numbers(columns), spec, tuple(_precision_notes(columns)))
    if task == "multilabel":
        spec = TargetSpec(task, width=len(names), columns=_label_columns(columns))
        return Targets(_labels_like(columns, spec, source=str(file.path)), spec)
    classes, labels = _number_classes(columns[0])
    _refuse_classes(classes, task, columns[0])
    spec = TargetSpec(task, classes, cells=columns[0].kind)
    return Targets(labels, spec, tuple(_class_notes(columns[0], spec, inferred=inferred)))


def _precision_notes(columns: Sequence[LabelColumn]) -> Iterator[str]:
    for column in columns:
        loss = find_loss(column.values.to_numpy(np.float64))
        if loss is not None:
            yield (
                f"the target '{column.name}' {loss}; take an offset off the column, such as its "
                f"least value, {column.values.min():.15g}, or write it in a larger or smaller unit"
            )


def _class_notes(column: LabelColumn, spec: TargetSpec, *, inferred: bool) -> Iterator[str]:
    if inferred and spec.cells == NUMBERS and spec.task == "multiclass":
        yield (
            f"the target '{column.name}' is taken for {len(spec.classes)} classes, since it holds "
            f"whole numbers of few values ({spec.classes[0]} to {spec.classes[-1]}); to predict them "
            "as numbers, write `task: regression`"
        )
    for name in spec.classes:
        if spec.cells == TEXT and name in MISSING_WORDS:
            rows = int((column.written == name).sum())
            yield (
                f"'{name}' is taken for a class of the target '{column.name}' ({rows:,} rows); if "
                "it means that nothing is known, leave those rows out"
            )


def read_targets_like(
    frame: pd.DataFrame, file: TableFile, names: Sequence[str], spec: TargetSpec, *, source: str
) -> np.ndarray:
    """The targets of further rows, in the meaning of those before.

    Args:
        frame: The rows.
        file: Where they come from.
        names: The columns to predict.
        spec: What the targets mean.
        source: Where the rows before came from, for messages.

    Raises:
        DataError: As for `read_targets`; a class or a label's value that was not there before.
    """
    columns = [LabelColumn.of(frame, file, name) for name in names]
    if spec.task == "regression":
        for column in columns:
            column.refuse_missing(NUMBERS)
        return _numbers(columns)
    return _labels_like(columns, spec, source=source)


def _labels_like(columns: Sequence[LabelColumn], spec: TargetSpec, *, source: str) -> np.ndarray:
    if spec.columns:
        known = [column.values for column in spec.columns]
        labels = (
            _known_labels(column, classes, kind_of_classes(classes, ""), source)
            for column, classes in zip(columns, known, strict=True)
        )
        return np.stack(list(labels), axis=1).astype(np.float32)
    kind = spec.cells or kind_of_classes(spec.classes, spec.positive)
    if not spec.positive:
        return _known_labels(columns[0], spec.classes, kind, source)
    columns[0].refuse_missing(kind, [spec.positive])
    cells = columns[0].distinct
    is_positive = [class_name(cell, kind) == spec.positive for cell in cells.names]
    return np.asarray(np.array(is_positive, np.int32)[cells.numbers])


def against_others(
    labels: np.ndarray, target: TargetSpec, positive: str, task: str
) -> tuple[np.ndarray, TargetSpec]:
    """Labels of many classes as 1 for one of them and 0 for all others.

    Args:
        labels: `(rows,)` numbers of the target's classes.
        target: What they mean.
        positive: The name of the one class.
        task: What the config says of the task: `multiclass`, or else it becomes `binary`.

    Raises:
        DataError: There is no such class.
    """
    if positive not in target.classes:
        known = ", ".join(target.classes[:MOST_CLASSES])
        raise DataError(
            f"dataset.positive names '{positive}', which is not a class of the target",
            hint=did_you_mean(positive, target.classes)
            or (f"its classes: {known}" if known else "leave it out: the target holds numbers"),
        )
    spec = TargetSpec(
        "multiclass" if task == "multiclass" else "binary",
        against_the_others(positive),
        positive=positive,
        cells=target.cells,
    )
    return (labels == target.classes.index(positive)).astype(np.int32), spec


def _infer_task(column: LabelColumn) -> str:
    """The task that one target column suggests.

    Text and truth values are classes. So are whole numbers with at most 20 distinct values, each
    in two rows or more on average. Other numbers are quantities. Two classes make it `binary`.

    Raises:
        DataError: It holds text that is no classes: nearly all numbers, or nearly all different.
    """
    if column.is_numeric and not _are_few(column.values) and not column.begins_with_codes:
        return "regression"
    if column.kind == TEXT:
        _refuse_no_classes(column)
    distinct = {class_name(cell, column.kind) for cell in column.distinct.names}
    return "multiclass" if len(distinct) > 2 else "binary"  # noqa: PLR2004


def _are_few(values: pd.Series) -> bool:
    """Whether numbers are whole, and of so few values that they may be classes."""
    most = min(MOST_CLASSES, len(values) / FEWEST_ROWS_A_CLASS)
    return bool(values.nunique() <= most and (values == values.round()).all())


def _refuse_no_classes(column: LabelColumn) -> None:
    """See that text may well be the names of classes.

    Raises:
        DataError: It seems to be numbers, or each stands in hardly more than one row.
    """
    hint = "; if they are classes, write `task: multiclass`"
    names, rows = column.distinct.names, len(column.values)
    misread = None if holds_code(names) else find_misread(column.written, column.file)
    if misread is not None:
        raise DataError(f"{column.title} {misread.says}", hint=misread.hint + hint)
    if rows < FEWEST_ROWS or len(names) * FEWEST_ROWS_A_CLASS <= rows:
        return
    shown = named_cells(names, column.distinct, column.file)
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


def _infer_task_of_several(columns: Sequence[LabelColumn]) -> str:
    """Labels, where every column can be one or none is a number; else numbers."""
    if not any(_why_no_label(column) for column in columns):
        return "multilabel"
    numbers = any(
        column.is_numeric or find_misread(column.written, column.file) for column in columns
    )
    return "regression" if numbers else "multilabel"


def _numbers(columns: Sequence[LabelColumn]) -> np.ndarray:
    text = [column for column in columns if column.values.dtype.kind not in "iufb"]
    if text:
        found = [(column, find_misread(column.written, column.file)) for column in text]
        raise DataError(
            " and ".join(
                f"{column.title} {misread.says if misread else _holds_text(column)}"
                for column, misread in found
            ),
            hint=next(
                (misread.hint for _, misread in found if misread),
                "leave dataset.task out, or name columns of numbers",
            ),
        )
    return np.stack([as_float32(column.values, column.file) for column in columns], axis=1)


def _holds_text(column: LabelColumn) -> str:
    example = f"'{column.written[0]}' in line {column.file.line_of_row(0)}"
    return f"holds text, such as {example}, which no regression can predict"


def _label_columns(columns: Sequence[LabelColumn]) -> tuple[TargetColumn, ...]:
    """The columns as labels, each with its values for 0 and for 1; all complaints at once."""
    complaints = list(_complaints(columns))
    if complaints:
        raise DataError(
            f"a label is 0 or 1, but in {columns[0].file.path} " + "; ".join(complaints),
            hint="true and false, and text of two values, will do as well; "
            "for numbers, write `task: regression`",
        )
    return tuple(TargetColumn(column.name, _label_values(column)) for column in columns)


def _complaints(columns: Sequence[LabelColumn]) -> Iterator[str]:
    for column in columns:
        why = _why_no_label(column)
        if why and column.kind == NUMBERS:
            row = int(np.argmax(~column.values.isin([0, 1]).to_numpy()))
            shown = class_name(str(column.values.iloc[row]), NUMBERS)
            yield f"'{column.name}' is {shown} in line {column.file.line_of_row(row)}"
        elif why:
            yield f"'{column.name}' {why}"


def _why_no_label(column: LabelColumn) -> str:
    """Why a column cannot be a label; empty where it can."""
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


def _known_labels(
    column: LabelColumn, classes: Sequence[str], kind: str, source: str
) -> np.ndarray:
    """The number of each row's class among those known."""
    column.refuse_missing(kind, classes)
    cells = column.distinct
    known = {name: number for number, name in enumerate(classes)}
    found = [known.get(class_name(cell, kind), -1) for cell in cells.names]
    if min(found) < 0:
        unknown = cells.names[found.index(-1)]
        line = column.file.line_of_row(cells.row_of(unknown))
        raise DataError(
            f"{column.file.path}:{line} has the class '{unknown}' in "
            f"'{column.name}', which {source} does not have",
            hint="known classes: " + ", ".join(classes[:MOST_CLASSES]),
        )
    return np.asarray(np.array(found, np.int32)[cells.numbers])


def _number_classes(column: LabelColumn) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the classes, sorted as numbers or as text, and the number of each row's."""
    cells = column.distinct
    if column.kind == NUMBERS:
        values, labels = np.unique(column.values.to_numpy(), return_inverse=True)
        names = tuple(class_name(str(value), NUMBERS) for value in values.tolist())
        return names, labels.astype(np.int32)
    called = [class_name(cell, column.kind) for cell in cells.names]
    names = tuple(sorted(set(called)))
    numbers = np.array([names.index(name) for name in called], np.int32)
    return names, np.asarray(numbers[cells.numbers])


def _refuse_classes(names: tuple[str, ...], task: str, column: LabelColumn) -> None:
    if len(names) == 1:
        raise DataError(
            f"{column.title} is '{names[0]}' in every row: there is nothing to tell apart"
        )
    if task == "binary" and len(names) > 2:  # noqa: PLR2004
        raise DataError(
            f"{column.title} has {len(names):,} classes "
            f"({', '.join(names[:4])} …), where dataset.task says binary",
            hint="write `task: multiclass`, or leave it out",
        )
