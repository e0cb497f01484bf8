"""What data is to the rest of the house: named inputs and targets in up to three parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from nnrun.config.tasks import CLASSES, LABELS, NUMBERS

Arrays = Mapping[str, np.ndarray]

TEXT = "string"
"""The dtype of text that is not turned into numbers yet."""
EXACT = "float64"
"""The dtype of columns that float32 cannot hold."""


@dataclass(frozen=True)
class InputSpec:
    """One named input of a model.

    Attributes:
        shape: Shape of a row, without the batch axis: `(28, 28)`, `(8,)`.
        dtype: The dtype the rows are stored in (`uint8`, `float32`, `int32`; `float64` where
            float32 loses what is to be scaled); `TEXT` for text that is not turned into numbers yet.
        features: Names of the columns of numbers, for tables; empty for images and text.
        text: Names of the columns of text that the numbers in a row are made of.
    """

    shape: tuple[int, ...]
    dtype: str
    features: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that go into the input; none for images."""
        return self.features or self.text


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
        task: `regression`, `binary`, `multiclass`, `multilabel` or `autoencoder`.
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
class Part:
    """The rows of one part (training, validation or test), aligned over all arrays.

    Attributes:
        inputs: Arrays `(rows, *shape)` by the input's name.
        targets: By the target's name: `(rows,)` integers for classes, `(rows, width)` float32 else.
        weights: `(rows,)` float32, what each row counts in the training loss; None where all count
            the same.
        texts: What was read where an input is text, `(rows, columns)` strings, by the input's name.
        exact: What was read where float32 loses some of it, `(rows, columns)` float64, likewise.
    """

    inputs: Arrays
    targets: Arrays
    weights: np.ndarray | None = None
    texts: Arrays = field(default_factory=dict)
    exact: Arrays = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the part has."""
        return len(next(iter(self.inputs.values())))

    def take(self, rows: np.ndarray | slice) -> Self:
        """Some of the rows, of every array.

        Args:
            rows: Their numbers, a mark for each row, or a slice.
        """
        return type(self)(
            {name: array[rows] for name, array in self.inputs.items()},
            {name: array[rows] for name, array in self.targets.items()},
            None if self.weights is None else self.weights[rows],
            {name: array[rows] for name, array in self.texts.items()},
            {name: array[rows] for name, array in self.exact.items()},
        )


@dataclass(frozen=True)
class Splits:
    """A data set, split and ready for training.

    Attributes:
        inputs: What the model is given, by name.
        targets: What it must predict, by name.
        train: The training rows.
        validation: The rows that watch over the training, or None.
        test: The rows held back until the end, or None.
        fingerprint: sha256 over every array of every part: equal only where the data are.
        source: Where the rows came from, in words: a file or "embedded".
        notes: What one should know of how they were read, each a line.
    """

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    train: Part
    validation: Part | None
    test: Part | None
    fingerprint: str
    source: str
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that there are, by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}
