"""From the columns to predict to the numbers that a model is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import against_the_others
from nnrun.config.tasks import AUTO
from nnrun.data.cells import as_float32, column_of, is_numeric, refuse_cells
from nnrun.data.splits import TargetColumn, TargetSpec
from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from nnrun.data.cells import TableFile

MOST_CLASSES = 20
"""Whole numbers with more distinct values than this are taken as quantities, not as classes."""
FEWEST_ROWS_A_CLASS = 2
"""So are whole numbers whose values stand in fewer rows each than this, on average."""
LABEL_VALUES = ("0", "1")
TRUTH_VALUES = ("False", "True")


def read_targets(
    frame: pd.DataFrame,
    file: TableFile,
    names: Sequence[str],
    task: str,
    *,
    features: Sequence[str] = (),
) -> tuple[np.ndarray, TargetSpec]:
    """The targets, and what they mean; the task is inferred where it is `auto`.

    Args:
        frame: The rows.
        file: Where they come from, for messages.
        names: The columns to predict.
        task: A task or `auto`.
        features: Columns that are not meant where a target is misspelt.

    Returns:
        `(rows,)` int32 labels of classes, or `(rows, columns)` float32: numbers, or labels of 0
        and 1.

    Raises:
        DataError: A column is missing, a cell is missing, or a value does not fit the task.
    """
    columns = [_target_values(frame, file, name, features) for name in names]
    if task == AUTO:
        task = infer_task(columns[0]) if len(columns) == 1 else _infer_task_of_several(columns)
    if task == "regression":
        specs = tuple(TargetColumn(name) for name in names) if len(names) > 1 else ()
        return _numbers(columns, file), TargetSpec(task, width=len(names), columns=specs)
    if task == "multilabel":
        spec = TargetSpec(task, width=len(names), columns=_label_columns(columns, file))
        return read_targets_like(frame, file, names, spec, source=str(file.path)), spec
    classes, labels = _number_classes(columns[0])
    _refuse_classes(classes, task, columns[0], file)
    return labels, TargetSpec(task, classes)


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
    columns = [_target_values(frame, file, name) for name in names]
    if spec.task == "regression":
        return _numbers(columns, file)
    if spec.columns:
        known = [column.values for column in spec.columns]
        labels = (
            _known_labels(values, file, classes, source)
            for values, classes in zip(columns, known, strict=True)
        )
        return np.stack(list(labels), axis=1).astype(np.float32)
    if spec.positive:
        names, numbers = _number_classes(columns[0])
        is_positive = np.array([name == spec.positive for name in names], np.int32)
        return np.asarray(is_positive[numbers])
    return _known_labels(columns[0], file, spec.classes, source)


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
            f"dataset.positive names '{positive}', which is no class of the target",
            hint=did_you_mean(positive, target.classes)
            or (f"its classes: {known}" if known else "leave it out: the target holds numbers"),
        )
    spec = TargetSpec(
        "multiclass" if task == "multiclass" else "binary",
        against_the_others(positive),
        positive=positive,
    )
    return (labels == target.classes.index(positive)).astype(np.int32), spec


def infer_task(values: pd.Series) -> str:
    """The task that one target column suggests.

    Text and truth values are classes. So are whole numbers with at most 20 distinct values, each
    in two rows or more on average. Everything else is a quantity. Two classes make it `binary`.
    """
    distinct = values.nunique()
    if is_numeric(values):
        few = distinct <= min(MOST_CLASSES, len(values) / FEWEST_ROWS_A_CLASS)
        if not few or not (values == values.round()).all():
            return "regression"
    return "multiclass" if distinct > 2 else "binary"  # noqa: PLR2004


def _infer_task_of_several(columns: Sequence[pd.Series]) -> str:
    """Labels, where every column can be one or none is a number; else numbers."""
    labels = not any(_why_no_label(values) for values in columns)
    return "multilabel" if labels or not any(map(is_numeric, columns)) else "regression"


def _target_values(
    frame: pd.DataFrame, file: TableFile, target: str, features: Sequence[str] = ()
) -> pd.Series:
    values = column_of(frame, file, target, features)
    absent = values.isna().to_numpy()
    if is_numeric(values):
        absent = absent | np.isinf(values.to_numpy(np.float64))
    refuse_cells(absent, file, target)
    return values


def _numbers(columns: Sequence[pd.Series], file: TableFile) -> np.ndarray:
    text = [values for values in columns if values.dtype.kind not in "iufb"]
    if text:
        held = " and ".join(
            f"the target '{values.name}' of {file.path} holds text, such as '{values.iloc[0]}'"
            for values in text
        )
        raise DataError(
            f"{held}, which no regression can predict",
            hint="leave dataset.task out, or name columns of numbers",
        )
    return np.stack([as_float32(values, file) for values in columns], axis=1)


def _label_columns(columns: Sequence[pd.Series], file: TableFile) -> tuple[TargetColumn, ...]:
    """The columns as labels, each with its values for 0 and for 1; all complaints at once."""
    complaints = list(_complaints(columns, file))
    if complaints:
        raise DataError(
            f"a label is 0 or 1, but in {file.path} " + "; ".join(complaints),
            hint="true and false, and text of two values, will do as well; "
            "for numbers, write `task: regression`",
        )
    return tuple(TargetColumn(str(values.name), _label_values(values)) for values in columns)


def _complaints(columns: Sequence[pd.Series], file: TableFile) -> Iterator[str]:
    for values in columns:
        why = _why_no_label(values)
        if why and is_numeric(values):
            row = int(np.argmax(~values.isin([0, 1]).to_numpy()))
            shown = _number_as_text(float(values.iloc[row]))
            yield f"'{values.name}' is {shown} in line {file.line_of_row(row)}"
        elif why:
            yield f"'{values.name}' {why}"


def _why_no_label(values: pd.Series) -> str:
    """Why a column cannot be a label; empty where it can."""
    if is_numeric(values):
        return "" if values.isin([0, 1]).all() else "has other values"
    if values.dtype.kind == "b":
        return ""
    distinct = sorted(values.astype(str).unique())
    if len(distinct) == 1:
        return f"is '{distinct[0]}' in every row, which does not say what the other value is"
    shown = ", ".join(f"'{name}'" for name in distinct[:3]) + " …" * (len(distinct) > 3)  # noqa: PLR2004
    return "" if len(distinct) == 2 else f"has {len(distinct):,} values ({shown})"  # noqa: PLR2004


def _label_values(values: pd.Series) -> tuple[str, ...]:
    if is_numeric(values):
        return LABEL_VALUES
    return TRUTH_VALUES if values.dtype.kind == "b" else _number_classes(values)[0]


def _known_labels(
    values: pd.Series, file: TableFile, classes: Sequence[str], source: str
) -> np.ndarray:
    """The number of each row's class among those known."""
    names, labels = _number_classes(values)
    unknown = [name for name in names if name not in classes]
    if unknown:
        row = int(np.flatnonzero(labels == names.index(unknown[0]))[0])
        raise DataError(
            f"{file.path}:{file.line_of_row(row)} has the class '{unknown[0]}' in '{values.name}', "
            f"which {source} does not have",
            hint="known classes: " + ", ".join(classes[:MOST_CLASSES]),
        )
    numbers = np.array([classes.index(name) for name in names], np.int32)
    return np.asarray(numbers[labels])


def _number_classes(values: pd.Series) -> tuple[tuple[str, ...], np.ndarray]:
    """The sorted distinct values as strings, and their numbers by row."""
    numeric = is_numeric(values)
    cells = values.to_numpy(np.float64) if numeric else values.astype(str).to_numpy(np.str_)
    distinct, labels = np.unique(cells, return_inverse=True)
    names = (_number_as_text(float(value)) if numeric else str(value) for value in distinct)
    return tuple(names), labels.astype(np.int32)


def _number_as_text(value: float) -> str:
    """A number as a class is called: `3`, not `3.0`, however the file writes it."""
    return str(int(value)) if value.is_integer() else repr(value)


def _refuse_classes(names: tuple[str, ...], task: str, values: pd.Series, file: TableFile) -> None:
    if len(names) == 1:
        raise DataError(
            f"the target '{values.name}' of {file.path} is '{names[0]}' in every row: "
            "there is nothing to tell apart"
        )
    if task == "binary" and len(names) > 2:  # noqa: PLR2004
        raise DataError(
            f"the target '{values.name}' of {file.path} has {len(names):,} classes "
            f"({', '.join(names[:4])} …), where dataset.task says binary",
            hint="write `task: multiclass`, or leave it out",
        )
