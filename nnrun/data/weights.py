"""Sample weights, from a column of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.splits import Part
    from nnrun.sources.frame import Frame

_HINT = "a row weighs 0, which leaves it out, or more; 1 is what every row weighs without weights"


def read_weights(frame: Frame, column: str) -> np.ndarray:
    """Read the weights in a column, float32 `(rows,)`.

    Raises:
        DataError: The column does not exist, or a cell is not a valid weight.
    """
    numbers = frame.weights(column)
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        raise DataError(
            f"{bad.sum():,} of the {len(bad):,} cells in the column '{column}' of {frame.name} "
            f"cannot weigh a row, the first {frame.cell(column, int(np.argmax(bad)))}",
            hint=_HINT,
        )
    return numbers


def refuse_no_weight(train: Part) -> None:
    """Check that not all weights are 0.

    Raises:
        DataError: Every training row has weight 0.
    """
    if train.weights is not None and not train.weights.any():
        raise DataError("dataset.sample_weight gives every training row the weight 0", hint=_HINT)
