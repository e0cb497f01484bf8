"""What data is to the rest of the house: named inputs and targets in up to three parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from nnrun.tasks.targets import TargetSpec

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
class Part:
    """The rows of one part (training, validation or test), aligned over all arrays.

    Attributes:
        inputs: Arrays `(rows, *shape)` by the input's name.
        targets: By the target's name: `(rows,)` integers for classes, `(rows, width)` float32 else.
        weights: `(rows,)` float32, what each row counts in the training loss; None where all count
            the same.
        read: What was read where a transform has turned it, by the input's name: texts, for instance.
        exact: What was read where float32 loses some of it, `(rows, columns)` float64, likewise.
        keys: What the rows are divided by, `(rows,)`; None where they are drawn one by one.
    """

    inputs: Arrays
    targets: Arrays
    weights: np.ndarray | None = None
    read: Arrays = field(default_factory=dict)
    exact: Arrays = field(default_factory=dict)
    keys: np.ndarray | None = None

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
            {name: array[rows] for name, array in self.read.items()},
            {name: array[rows] for name, array in self.exact.items()},
            None if self.keys is None else self.keys[rows],
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
