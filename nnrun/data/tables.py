"""From a table with named columns to inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnrun.config.schema import named_columns
from nnrun.config.wording import first_of
from nnrun.errors import DataError, DataFaults
from nnrun.sources.features import read_features
from nnrun.sources.named import Rows
from nnrun.tasks.reading_targets import read_targets, read_targets_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.sources.csv import Csv
    from nnrun.tasks.targets import TargetColumn, TargetSpec


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


def read_table(
    file: Csv, *, target: str | Sequence[str] | None, features: Sequence[str] | None, task: str
) -> Table:
    """Reads a file, works out what is predicted from what, and numbers the classes.

    Args:
        file: The file.
        target: The column to predict, or several.
        features: The columns to predict from; None for all others.
        task: `regression`, `binary`, `multiclass`, `multilabel`, or `auto` to read it off the
            target.

    Raises:
        DataError: The file, a column or a cell cannot be used, or the target does not fit the task;
            the message says which.
    """
    frame = file.frame()
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
        inputs = read_features(frame, file, chosen, used=names)
    faults.refuse()
    rows = Rows(inputs, targets.values, str(file.path))
    return Table(rows, chosen, targets.spec, targets.notes)


def read_table_like(file: Csv, like: Table, *, target: str | Sequence[str]) -> Table:
    """Reads further rows of a table: its features, its task, its numbering of the classes.

    Raises:
        DataError: As for `read_table`; a class that the table does not know.
    """
    frame = file.frame()
    names = named_columns(target)
    faults = DataFaults()
    with faults.noted():
        targets = read_targets_like(frame, file, names, like.target, source=like.rows.source)
    with faults.noted():
        inputs = read_features(frame, file, like.features, used=names)
    faults.refuse()
    return Table(Rows(inputs, targets, str(file.path)), like.features, like.target)
