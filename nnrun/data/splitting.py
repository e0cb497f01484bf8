"""Divides row numbers into training, validation and test rows. No row is lost, none used twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import rows_of_share
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.config.schema import Split

DRAW = 0x5917
"""Tells this use of the experiment's seed from all others."""


def split_rows(
    rows: int, labels: np.ndarray | None, split: Split, seed: int, has_test: bool
) -> dict[str, np.ndarray]:
    """The row numbers of each part, ascending: `train`, and `test` and `validation` where asked for.

    Shares that are files are left to the caller.

    Args:
        rows: How many rows there are to split.
        labels: Class of each row `(rows,)`; None where a row has not one class. Needed to stratify only.
        split: What the config asks for.
        seed: What the rows are drawn by; without `shuffle` it plays no part.
        has_test: Whether the data set has published test rows.

    Raises:
        DataError: More rows are asked for than there are, or than a class has.
    """
    if has_test and split.test is not None:
        raise DataError(
            "the data set has its own, published test rows, so split.test cannot be given",
            hint="remove split.test",
        )
    wanted = {"test": split.test, "validation": split.validation}
    counts = {
        part: rows_of_share(share, rows)
        for part, share in wanted.items()
        if share is not None and not isinstance(share, str)
    }
    _refuse_too_many(counts, rows)
    groups = np.zeros(rows, np.intp)
    if split.stratify and counts:
        groups = _classes(labels, counts)
    order = np.arange(rows)
    if split.shuffle:
        order = np.random.default_rng([seed, DRAW]).permutation(rows)
    parts = {}
    for part, count in counts.items():
        taken = _take(order, groups[order], count)
        parts[part] = np.sort(order[taken])
        order = order[~taken]
    return {"train": np.sort(order), **parts}


def largest_remainder(counts: np.ndarray, total: int) -> np.ndarray:
    """Divides a total in proportion to counts, in whole numbers that add up to it exactly.

    >>> largest_remainder(np.array([50, 30, 20]), 7).tolist()
    [4, 2, 1]
    """
    whole: np.ndarray = counts * total // counts.sum()
    remainders = counts * total % counts.sum()
    first = np.argsort(-remainders, kind="stable")[: total - whole.sum()]
    whole[first] += 1
    return whole


def _refuse_too_many(counts: dict[str, int], rows: int) -> None:
    if sum(counts.values()) >= rows:
        asked = " and ".join(f"{count:,} {part} rows" for part, count in counts.items())
        raise DataError(
            f"the split asks for {asked}, and there are {rows:,} rows to divide",
            hint="leave at least one row for training",
        )


def _classes(labels: np.ndarray | None, counts: dict[str, int]) -> np.ndarray:
    """The classes as numbers 0, 1, …; refused where a part could not hold every class."""
    if labels is None:
        raise DataError(
            "split.stratify needs classes, one for each row, and the target gives none",
            hint="remove split.stratify",
        )
    names, groups = np.unique(labels, return_inverse=True)
    sizes = np.bincount(groups)
    parts = len(counts) + 1
    if sizes.min() < parts:
        raise DataError(
            f"split.stratify cannot divide class {names[sizes.argmin()]} among {parts} parts: "
            f"it has {sizes.min()} row{'' if sizes.min() == 1 else 's'}",
            hint="remove split.stratify, or that class",
        )
    for part, count in counts.items():
        if count < len(names):
            raise DataError(
                f"split.stratify cannot give {len(names)} classes to {count} {part} rows",
                hint=f"ask for at least {len(names)} rows, or remove split.stratify",
            )
    return groups


def _take(order: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Marks the first rows of every group in the order, `count` of them in all."""
    taken = np.zeros(len(order), bool)
    sizes = np.bincount(groups)
    for group, quota in enumerate(largest_remainder(sizes, count)):
        taken[np.flatnonzero(groups == group)[:quota]] = True
    return taken
