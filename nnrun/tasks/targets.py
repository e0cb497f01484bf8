"""What is predicted: the columns of a target, and what their numbers mean."""

from dataclasses import dataclass

import numpy as np

from nnrun.config.tasks import CLASSES, LABELS, NUMBERS


@dataclass(frozen=True)
class TargetColumn:
    """One of several columns that are predicted together.

    Attributes:
        name: Its name.
        values: What stands in it for 0 and for 1, where it is a label; empty for numbers.
    """

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetSpec:
    """One named target of a model.

    Attributes:
        task: The task: its name, or the import path of one of the user's own.
        classes: Names of the classes, in the order of their integer labels; empty where a row does
            not belong to one class: for regression and multilabel.
        width: Numbers in a target row: 1, or more for several columns and for one-hot labels.
        one_hot: Whether class labels are given as one-hot rows.
        columns: The columns, where there are several: labels, or numbers.
        positive: The class that is told from all others, which are the other one; empty where each
            class is one of the data.
        input: The input that an autoencoder gives back; empty for everything else.
        shape: The shape of what an autoencoder gives back; empty for everything else.
        scale: Of each column: the loss sees `(label - offset) / scale`. Empty where it sees the
            labels as they are.
        offset: Likewise.
        cells: What the cells of classes hold in their file: `numbers`, `truth values` or `text`;
            empty where they come from no file, and in runs of nnrun 0.1.0.
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
        """Numbers, labels or classes."""
        if self.classes:
            return CLASSES
        return LABELS if any(column.values for column in self.columns) else NUMBERS

    @property
    def can_be_scaled(self) -> bool:
        """Whether the loss may see it in another scale: numbers that are no input of the model."""
        return self.predicts == NUMBERS and not self.input

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, where there are several."""
        return tuple(column.name for column in self.columns)


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
