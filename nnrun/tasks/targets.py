"""Targets: their columns, and what their numbers mean."""

from dataclasses import dataclass

import numpy as np

from nnrun.config.tasks import CLASSES, LABELS, NUMBERS


@dataclass(frozen=True)
class TargetColumn:
    """One of several columns that are predicted together.

    Attributes:
        name: Its name.
        values: For a label, its cell values for 0 and 1; empty for numbers.
    """

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetSpec:
    """One named target of a model.

    Attributes:
        task: The task: its name, or the import path of one of the user's own.
        classes: Names of the classes, in the order of their integer labels; empty for regression
            and multilabel.
        width: Numbers per row: 1, or more for several columns and for one-hot labels.
        one_hot: Whether class labels are given as one-hot rows.
        columns: The columns, if there are several: labels, or numbers.
        positive: The class against all others; empty if all classes are those of the data.
        input: The input that an autoencoder reconstructs; otherwise empty.
        shape: The shape of an autoencoder's reconstruction; otherwise empty.
        scale: For each column; the loss uses `(label - offset) / scale`. Empty for unscaled labels.
        offset: Likewise.
        cells: The kind of the classes' cells in their file: `numbers`, `truth values` or `text`;
            empty if they come from no file, and in runs of nnrun 0.1.0.
    """

    task: str
    classes: tuple[str, ...] = ()
    width: int = 1
    one_hot: bool = False
    columns: tuple[TargetColumn, ...] = ()
    positive: str = ""
    input: str = ""
    shape: tuple[int, ...] = ()
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    cells: str = ""

    @property
    def predicts(self) -> str:
        """Whether numbers, labels or classes are predicted."""
        if self.classes:
            return CLASSES
        return LABELS if any(column.values for column in self.columns) else NUMBERS

    @property
    def can_be_scaled(self) -> bool:
        """Whether it can be scaled for the loss: numbers, except an autoencoder's."""
        return self.predicts == NUMBERS and not self.input

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, if there are several."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Targets:
    """What is predicted.

    Attributes:
        values: `(rows,)` int32 labels of classes, or `(rows, columns)` float32: numbers, or labels
            of 0 and 1.
        spec: What they mean.
        notes: Notes on how they were read, one line each.
    """

    values: np.ndarray
    spec: TargetSpec
    notes: tuple[str, ...] = ()
