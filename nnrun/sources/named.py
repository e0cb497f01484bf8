"""What a data set offered by name is: facts known without reading, and a way to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from nnrun.config.facts import DataFacts


@dataclass(frozen=True)
class Rows:
    """Rows as they were read, before any split.

    Attributes:
        inputs: Array `(rows, *shape)`, uint8 for images and float32 for tables.
        targets: `(rows,)` int32 labels of classes, or `(rows, columns)` float32 numbers or labels.
        source: Where they were read from, in words.
        test: The published test rows, where there are any.
    """

    inputs: np.ndarray
    targets: np.ndarray
    source: str
    test: Rows | None = None


@dataclass(frozen=True)
class NamedDataset:
    """A data set that a config asks for by name.

    Attributes:
        title: What it is, in one line.
        facts: Its shape, task and number of rows.
        features: Names of the columns; empty for images.
        target: Name of what is predicted.
        input_dtype: The dtype the inputs are stored in.
        credit: Who made it.
        load: Reads the rows; raises DataError where they cannot be found or are damaged.
    """

    title: str
    facts: DataFacts
    features: tuple[str, ...]
    target: str
    input_dtype: str
    credit: str
    load: Callable[[], Rows]
