"""From a table with named columns to inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nnrun.data.describing import nearest_column
from nnrun.data.sources.named import Rows
from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

MOST_CLASSES = 20
"""Whole numbers with more distinct values than this are taken as quantities, not as classes."""
FEWEST_ROWS_A_CLASS = 2
"""So are whole numbers whose values stand in fewer rows each than this, on average."""


class TableFile(Protocol):
    """The file that a table comes from, for messages."""

    path: Path

    def line_of_row(self, row: int) -> int:
        """The line on which a row (from 0) stands."""


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        rows: The inputs `(rows, features)` float32, and the targets.
        features: Names of the columns, in their order.
        task: `regression`, `binary` or `multiclass`.
        classes: Names of the classes, in the order of their labels; empty for regression.
    """

    rows: Rows
    features: tuple[str, ...]
    task: str
    classes: tuple[str, ...]


def make_table(
    frame: pd.DataFrame,
    file: TableFile,
    *,
    target: str | None,
    features: Sequence[str] | None,
    task: str,
) -> Table:
    """Chooses the columns, infers the task where it is `auto`, and numbers the classes.

    Raises:
        DataError: A column is missing or not numeric, a cell is missing, or the target does not
            fit the task.
    """
    if target is None:
        raise DataError(
            f"which column of {file.path} is to be predicted?",
            hint=f"set dataset.target to one of {', '.join(frame.columns)}",
        )
    chosen = tuple(features or (name for name in frame.columns if name != target))
    if not chosen or target in chosen:
        what = "is also a feature" if chosen else "is its only column"
        raise DataError(
            f"the target '{target}' of {file.path} {what}, so there is nothing to predict it from",
            hint="list other columns in dataset.features",
        )
    values = _target_values(frame, file, target, features or ())
    if task == "auto":
        task = infer_task(values)
    inputs = make_inputs(frame, file, chosen, target=target)
    if task == "regression":
        return Table(Rows(inputs, _quantities(values, file), str(file.path)), chosen, task, ())
    names, labels = _number_classes(values)
    _refuse_classes(names, task, values, file)
    return Table(Rows(inputs, labels, str(file.path)), chosen, task, names)


def make_table_like(frame: pd.DataFrame, file: TableFile, like: Table, *, target: str) -> Table:
    """Further rows of a table: its features, its task, its numbering of the classes.

    Raises:
        DataError: As for `make_table`; a class that the table does not know.
    """
    values = _target_values(frame, file, target, like.features)
    inputs = make_inputs(frame, file, like.features, target=target)
    if like.task == "regression":
        targets = _quantities(values, file)
    else:
        names, labels = _number_classes(values)
        unknown = [name for name in names if name not in like.classes]
        if unknown:
            row = int(np.flatnonzero(labels == names.index(unknown[0]))[0])
            raise DataError(
                f"{file.path}:{file.line_of_row(row)} has the class '{unknown[0]}' in '{target}', "
                f"which {like.rows.source} does not have",
                hint="known classes: " + ", ".join(like.classes[:MOST_CLASSES]),
            )
        targets = np.array([like.classes.index(name) for name in names], np.int32)[labels]
    return Table(Rows(inputs, targets, str(file.path)), like.features, like.task, like.classes)


def infer_task(values: pd.Series) -> str:
    """The task that a target column suggests.

    Text and truth values are classes. So are whole numbers with at most 20 distinct values, each
    in two rows or more on average. Everything else is a quantity. Two classes make it `binary`.
    """
    distinct = values.nunique()
    if _is_numeric(values):
        few = distinct <= min(MOST_CLASSES, len(values) / FEWEST_ROWS_A_CLASS)
        if not few or not (values == values.round()).all():
            return "regression"
    return "multiclass" if distinct > 2 else "binary"  # noqa: PLR2004


def _is_numeric(values: pd.Series) -> bool:
    """Whether a column holds numbers; truth values are none."""
    return values.dtype.kind in "iuf"


def _column(frame: pd.DataFrame, file: TableFile, name: str, used: Sequence[str] = ()) -> pd.Series:
    if name not in frame.columns:
        raise DataError(
            f"{file.path} has no column '{name}'",
            hint=nearest_column(name, list(frame.columns), used),
        )
    return frame[name]


def _target_values(
    frame: pd.DataFrame, file: TableFile, target: str, features: Sequence[str]
) -> pd.Series:
    values = _column(frame, file, target, features)
    absent = values.isna().to_numpy()
    if _is_numeric(values):
        absent = absent | np.isinf(values.to_numpy(np.float64))
    _refuse_cells(absent, file, target)
    return values


def make_inputs(
    frame: pd.DataFrame, file: TableFile, features: Sequence[str], *, target: str | None = None
) -> np.ndarray:
    """The feature columns as one float32 array `(rows, features)`.

    Args:
        frame: The table.
        file: Its file.
        features: Names of the columns.
        target: The column to predict, which is not meant where a feature is misspelt.

    Raises:
        DataError: A column is missing or not numeric, or a cell is missing.
    """
    inputs = np.empty((len(frame), len(features)), np.float32)
    for index, name in enumerate(features):
        column = _column(frame, file, name, [*features, str(target)])
        if column.dtype.kind not in "iufb":
            _refuse_text(column, file, name)
        with np.errstate(over="ignore"):
            inputs[:, index] = column.to_numpy(np.float32)
        _refuse_cells(~np.isfinite(inputs[:, index]), file, name)
    return inputs


def _refuse_text(column: pd.Series, file: TableFile, name: str) -> None:
    import pandas as pd

    _refuse_cells(column.isna().to_numpy(), file, name)
    as_text = column.astype(str)
    example = int(np.argmax(pd.to_numeric(as_text, errors="coerce").isna().to_numpy()))
    raise DataError(
        f"the column '{name}' of {file.path} holds text, such as '{as_text.iloc[example]}' "
        f"in line {file.line_of_row(example)}; inputs must be numbers",
        hint="list the columns to use in dataset.features, without it",
    )


def _refuse_cells(bad: np.ndarray, file: TableFile, name: str) -> None:
    if bad.any():
        line = file.line_of_row(int(np.argmax(bad)))
        raise DataError(
            f"the column '{name}' of {file.path} has {bad.sum():,} of {len(bad):,} cells that are "
            f"missing, infinite or no number, the first in line {line}",
            hint="fill them or leave out those rows (empty, NA, NaN, None and null count as "
            "missing), or leave the column out of dataset.features",
        )


def _quantities(values: pd.Series, file: TableFile) -> np.ndarray:
    if values.dtype.kind not in "iufb":
        raise DataError(
            f"the target '{values.name}' of {file.path} holds text, such as '{values.iloc[0]}', "
            "which no regression can predict",
            hint="leave dataset.task out, or name a column of numbers",
        )
    with np.errstate(over="ignore"):
        targets = values.to_numpy(np.float32).reshape(-1, 1)
    _refuse_cells(~np.isfinite(targets[:, 0]), file, str(values.name))
    return targets


def _number_classes(values: pd.Series) -> tuple[tuple[str, ...], np.ndarray]:
    """The sorted distinct values as strings, and their numbers by row."""
    numeric = _is_numeric(values)
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
