"""The column that splits go by: groups of rows that stay together, or an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.config.split import Split
    from nnrun.sources.frame import Frame


def read_keys(frame: Frame, split: Split) -> np.ndarray | None:
    """The group or position of each row, `(rows,)`; None if rows are drawn individually.

    Returns:
        A number for each group, or sort keys: the column's numbers, or its dates as times.

    Raises:
        DataError: The column does not exist, a cell is missing, or an order has text other than
            dates.
    """
    if split.group is not None:
        _, numbers = np.unique(frame.keys(split.group), return_inverse=True)
        return np.asarray(numbers)
    return None if split.order is None else _order(frame, split.order)


def _order(frame: Frame, column: str) -> np.ndarray:
    keys = frame.keys(column)
    if keys.dtype != object:
        return keys
    import pandas as pd

    times = pd.to_datetime(pd.Series(keys), format="ISO8601", errors="coerce", utc=True)
    bad = times.isna().to_numpy()
    if bad.any():
        raise DataError(
            f"the column '{column}' of {frame.name} holds text that is no date, such as "
            f"{frame.cell(column, int(np.argmax(bad)))}, and gives the rows no order",
            hint="write dates as 2024-05-31 or 2024-05-31 14:00, or name a column of numbers",
        )
    return times.to_numpy("datetime64[ns]").astype(np.int64)
