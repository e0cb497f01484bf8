"""From a table with named columns to inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.schema import named_columns
from nnrun.config.wording import first_of
from nnrun.data.cells import as_float32, as_text, column_of, refuse_cells
from nnrun.data.misreading import find_misread
from nnrun.data.sources.headers import NUMBER
from nnrun.data.sources.named import Rows
from nnrun.data.targets import read_targets, read_targets_like
from nnrun.errors import DataError, DataFaults

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nnrun.data.cells import TableFile
    from nnrun.data.splits import TargetColumn, TargetSpec


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        rows: The inputs `(rows, features)`, float32 or, where some are text, objects; the targets.
        features: Names of the columns, in their order.
        target: What the targets mean.
        notes: What one should know of how they were read, each a line.
    """

    rows: Rows
    features: tuple[str, ...]
    target: TargetSpec
    notes: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """`regression`, `binary`, `multiclass` or `multilabel`."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.target.classes

    @property
    def columns(self) -> tuple[TargetColumn, ...]:
        """The columns of the target, where there are several."""
        return self.target.columns


def make_table(
    frame: pd.DataFrame,
    file: TableFile,
    *,
    target: str | Sequence[str] | None,
    features: Sequence[str] | None,
    task: str,
) -> Table:
    """Chooses the columns, infers the task where it is `auto`, and numbers the classes.

    Raises:
        DataError: A column is missing or not numeric, a cell is missing, or the target does not
            fit the task.
    """
    names = named_columns(target)
    if not names:
        raise DataError(
            f"which column of {file.path} is to be predicted?",
            hint=f"set dataset.target to one of {first_of(frame.columns)}",
        )
    chosen = tuple(features or (name for name in frame.columns if name not in names))
    shared = [name for name in names if name in chosen]
    if not chosen or shared:
        what = f"the target '{(shared or names)[0]}' of {file.path} "
        what += "is also a feature" if chosen else "is its only column"
        if len(names) > 1 and not chosen:
            what = f"the {len(names)} targets are all columns of {file.path}"
        raise DataError(
            f"{what}, so there is nothing to predict from",
            hint="list other columns in dataset.features",
        )
    faults = DataFaults()
    with faults.noted():
        targets = read_targets(frame, file, names, task, features=features or ())
    with faults.noted():
        inputs = make_inputs(frame, file, chosen, used=names)
    faults.refuse()
    rows = Rows(inputs, targets.values, str(file.path))
    return Table(rows, chosen, targets.spec, targets.notes)


def make_table_like(
    frame: pd.DataFrame, file: TableFile, like: Table, *, target: str | Sequence[str]
) -> Table:
    """Further rows of a table: its features, its task, its numbering of the classes.

    Raises:
        DataError: As for `make_table`; a class that the table does not know.
    """
    names = named_columns(target)
    faults = DataFaults()
    with faults.noted():
        targets = read_targets_like(frame, file, names, like.target, source=like.rows.source)
    with faults.noted():
        inputs = make_inputs(frame, file, like.features, used=names)
    faults.refuse()
    return Table(Rows(inputs, targets, str(file.path)), like.features, like.target)


def make_inputs(
    frame: pd.DataFrame, file: TableFile, features: Sequence[str], *, used: Sequence[str] = ()
) -> np.ndarray:
    """The feature columns as one array `(rows, features)`: float32, or objects where some are text.

    Args:
        frame: The table.
        file: Its file.
        features: Names of the columns.
        used: Columns that are not meant where a feature is misspelt: the targets.

    Raises:
        DataError: A column is missing or not what it is to be, or a cell is missing.
    """
    texts, taken, faults = set(file.texts), [*features, *used], DataFaults()
    any_text = not texts.isdisjoint(features)
    inputs = np.empty((len(frame), len(features)), object if any_text else np.float32)
    for index, name in enumerate(features):
        with faults.noted():
            column = column_of(frame, file, name, taken)
            inputs[:, index] = as_text(column, file) if name in texts else _numbers(column, file)
    faults.refuse()
    return inputs


def _numbers(column: pd.Series, file: TableFile) -> np.ndarray:
    if column.dtype.kind not in "iufb":
        _refuse_text(column, file, str(column.name))
    return as_float32(column, file)


def _refuse_text(column: pd.Series, file: TableFile, name: str) -> None:
    refuse_cells(column.isna().to_numpy(), file, name)
    cells = column.astype(str).to_numpy(object)
    misread = find_misread(cells, file)
    elsewhere = "leave the column out of dataset.features"
    if misread is not None:
        raise DataError(
            f"the column '{name}' of {file.path} {misread.says}",
            hint=f"{misread.hint}; or {elsewhere}",
        )
    example = next(row for row, cell in enumerate(cells) if not NUMBER.fullmatch(cell))
    raise DataError(
        f"the column '{name}' of {file.path} holds text, such as '{cells[example]}' "
        f"in line {file.line_of_row(example)}; inputs must be numbers",
        hint="list the columns to use in dataset.features, without it, or read it with "
        "TextVectorization or StringLookup",
    )
