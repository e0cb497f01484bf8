"""Sample weights, from a column of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.data.splits import Part
    from nnrun.sources.frame import Frame

_HINT = "a row weighs 0, which leaves it out, or more; 1 is what every row weighs without weights"


def read_weights(frame: Frame, column: str | None) -> np.ndarray | None:
    """Read the weights in a column, float32 `(rows,)`; None without a column.

    Raises:
        DataError: The column does not exist, or a cell is not a valid weight.
    """
    if column is None:
        return None
    numbers = frame.weights(column)
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        raise DataError(
            f"{bad.sum():,} of the {len(bad):,} cells in the column '{column}' of {frame.name} "
            f"cannot weigh a row, the first {frame.cell(column, int(np.argmax(bad)))}",
            hint=_HINT,
        )
    return numbers


def refuse_no_weight(parts: Mapping[str, Part]) -> None:
    """Check that no part has only weights of 0.

    Raises:
        DataError: Every row of a part has weight 0.
    """
    for name, part in parts.items():
        if part.weights is not None and not part.weights.any():
            what = "training" if name == "train" else name
            raise DataError(
                f"dataset.sample_weight gives every {what} row the weight 0", hint=_HINT
            )
