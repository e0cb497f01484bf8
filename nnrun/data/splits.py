"""Data ready for training: named inputs and targets in up to three parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from nnrun.tasks.targets import TargetSpec

Arrays = Mapping[str, np.ndarray]

TEXT = "string"
"""The dtype of text before it is turned into numbers."""
EXACT = "float64"
"""The dtype of columns that need more precision than float32."""


@dataclass(frozen=True)
class InputSpec:
    """One named input of a model.

    Attributes:
        shape: Shape of a row, without the batch axis: `(28, 28)`, `(8,)`.
        dtype: The dtype the rows are stored in (`uint8`, `float32`, `int32`; `float64` if float32
            would lose precision before scaling); `TEXT` for text before it is turned into numbers.
        features: Names of the columns of numbers, for tables; empty for images and text.
        text: Names of the text columns that a row's numbers are computed from.
    """

    shape: tuple[int, ...]
    dtype: str
    features: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that go into the input; empty for images."""
        return self.features or self.text


@dataclass(frozen=True)
class Part:
    """The rows of one part (training, validation or test), aligned over all arrays.

    Attributes:
        inputs: Arrays `(rows, *shape)` by the input's name.
        targets: By the target's name: `(rows,)` integers for classes, else `(rows, width)` float32.
        weights: Weight of each row in the loss, `(rows,)` float32; None if all are equal.
        read: By the input's name, the rows as read (such as text) if a transform changed them.
        exact: By the input's name, `(rows, columns)` float64, if float32 loses precision.
        keys: The group or position of each row, `(rows,)`; None if rows are drawn individually.
    """

    inputs: Arrays
    targets: Arrays
    weights: np.ndarray | None = None
    read: Arrays = field(default_factory=dict)
    exact: Arrays = field(default_factory=dict)
    keys: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.inputs.values())))

    def take(self, rows: np.ndarray | slice) -> Self:
        """Some of the rows, of every array.

        Args:
            rows: Their indices, a boolean mask, or a slice.
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
        inputs: The model's inputs, by name.
        targets: Its targets, by name.
        train: The training rows.
        validation: The validation rows, or None.
        test: The test rows, or None.
        fingerprint: SHA-256 over every array of every part; equal only for equal data.
        source: Where the rows came from, in words: a file or "embedded".
        notes: Notes on how they were read, one line each.
        numbers: By the part's name, the number of each of its rows among those of the source whose
            classes are kept; of parts that were drawn from them only.
    """

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    train: Part
    validation: Part | None
    test: Part | None
    fingerprint: str
    source: str
    notes: tuple[str, ...] = ()
    numbers: Arrays = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, Part]:
        """The existing parts by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}
