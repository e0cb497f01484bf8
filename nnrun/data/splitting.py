"""Divides row numbers into training, validation and test rows, without overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import rows_of_share
from nnrun.config.split import Fold
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.config.split import Split

DRAW = 0x5917
"""Keeps this use of the experiment's seed independent of all others."""


@dataclass(frozen=True)
class RowFacts:
    """What splitting needs to know about the rows.

    Attributes:
        rows: Their number.
        labels: The class of each, `(rows,)`; None without classes. Only needed to stratify.
        groups: A number for each, `(rows,)`, equal for rows of the same group; None without groups.
        order: The sort key of each, `(rows,)`; None without an order.
        has_test: Whether the data set has published test rows.
    """

    rows: int
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None
    order: np.ndarray | None = None
    has_test: bool = False


def split_rows(facts: RowFacts, split: Split, seed: int) -> dict[str, np.ndarray]:
    """The row numbers of each part, ascending: `train`, and `test` and `validation` if requested.

    Parts that come from files are left to the caller. With ordered folds, rows after the validation
    rows are in no part.

    Args:
        facts: The rows.
        split: The config's section.
        seed: The seed to draw rows with; unused without `shuffle`.

    Raises:
        DataError: There are too few rows, or too few of a class, or too few groups.
    """
    if facts.has_test and split.test is not None:
        raise DataError(
            "the data set has its own, published test rows, so split.test cannot be given",
            hint="remove split.test",
        )
    shares = split.shares
    drawn = [part for part in ("test", "validation") if part in shares]
    counts = {str(part): rows_of_share(shares[part], facts.rows) for part in drawn}
    _refuse_too_many(counts, facts.rows)
    order = _drawn(facts, split, seed)
    take = _taking(facts, split, counts)
    parts = {}
    for part, count in counts.items():
        fold = split.validation if part == "validation" else None
        taken, left = take(order, fold if isinstance(fold, Fold) else count)
        parts[part] = np.sort(order[taken])
        order = order[left]
    return {"train": np.sort(order), **parts}


def _drawn(facts: RowFacts, split: Split, seed: int) -> np.ndarray:
    """All rows, in the order in which parts take them."""
    if facts.order is not None:
        return np.argsort(facts.order, kind="stable")[::-1]  # the last rows first
    if split.shuffle:
        return np.random.default_rng([seed, DRAW]).permutation(facts.rows)
    return np.arange(facts.rows)


Take = Callable[[np.ndarray, "int | Fold"], tuple[np.ndarray, np.ndarray]]
"""Takes rows in order; returns masks of those the part takes, and of those left for the others."""


def _taking(facts: RowFacts, split: Split, counts: dict[str, int]) -> Take:
    """The way in which parts take rows."""
    if facts.order is not None:
        return _take_in_order
    if facts.groups is not None:
        return partial(_take_groups, facts.groups)
    groups = np.zeros(facts.rows, np.intp)
    if split.stratify and counts:
        least = split.validation.of if isinstance(split.validation, Fold) else 0
        groups = _classes(facts.labels, counts, least)
    return partial(_take_shares, groups, split.stratify)


def _take_shares(
    groups: np.ndarray, stratify: bool, order: np.ndarray, wanted: int | Fold
) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(wanted, Fold):
        taken = _take(order, groups[order], wanted)
    elif stratify:
        taken = fold_numbers(groups[order], wanted.of) == wanted.fold
    else:  # without stratify in one piece, so that rows in their order stay together
        taken = np.arange(len(order)) * wanted.of // len(order) == wanted.fold
    return taken, ~taken


def _take_in_order(order: np.ndarray, wanted: int | Fold) -> tuple[np.ndarray, np.ndarray]:
    """Take the last rows; for a fold, the block after its training rows."""
    if not isinstance(wanted, Fold):
        taken = np.arange(len(order)) < wanted
        return taken, ~taken
    blocks = np.arange(len(order))[::-1] * (wanted.of + 1) // len(order)
    return blocks == wanted.fold + 1, blocks <= wanted.fold


def _take_groups(
    groups: np.ndarray, order: np.ndarray, wanted: int | Fold
) -> tuple[np.ndarray, np.ndarray]:
    """Take whole groups: the first ones, with about as many rows as wanted, or one fold's."""
    names, firsts, numbers, sizes = np.unique(
        groups[order], return_index=True, return_inverse=True, return_counts=True
    )
    drawn = np.argsort(firsts, kind="stable")
    if isinstance(wanted, Fold):
        chosen = _groups_of_fold(drawn, sizes, wanted)
    else:
        ends = np.cumsum(sizes[drawn])
        chosen = drawn[: int(np.abs(ends - wanted).argmin()) + 1]
    taken = np.isin(numbers, chosen)
    if taken.all() or not len(chosen):
        raise DataError(
            f"{len(names):,} group{'' if len(names) == 1 else 's'} of rows cannot be divided so",
            hint="ask for fewer rows or folds, or leave out split.group",
        )
    return taken, ~taken


def _groups_of_fold(drawn: np.ndarray, sizes: np.ndarray, fold: Fold) -> np.ndarray:
    """The groups of one fold: largest first, each group goes to the fold with the fewest rows."""
    totals, folds = np.zeros(fold.of, np.intp), np.empty(len(sizes), np.intp)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        folds[group] = totals.argmin()
        totals[folds[group]] += sizes[group]
    return np.flatnonzero(folds == fold.fold)


def fold_numbers(groups: np.ndarray, folds: int) -> np.ndarray:
    """The fold of each row; folds have equally many rows of every group, give or take one.

    >>> fold_numbers(np.array([0, 1, 0, 0, 1, 0]), 2).tolist()
    [0, 0, 1, 0, 1, 1]
    """
    ranked = np.argsort(groups, kind="stable")
    numbers = np.empty(len(groups), np.intp)
    numbers[ranked] = np.arange(len(groups)) % folds
    return numbers


def largest_remainder(counts: np.ndarray, total: int) -> np.ndarray:
    """Divide a total in proportion to counts, into whole numbers with exactly that sum.

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


def _classes(labels: np.ndarray | None, counts: dict[str, int], folds: int) -> np.ndarray:
    """The classes as numbers 0, 1, …; refused if some part or fold could not have every class."""
    if labels is None:
        raise DataError(
            "split.stratify needs classes, one for each row, and the target gives none",
            hint="remove split.stratify",
        )
    names, groups = np.unique(labels, return_inverse=True)
    sizes = np.bincount(groups)
    parts = max(len(counts) + 1, folds)
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
    """Mark the first rows of each class in the order, `count` in total."""
    taken = np.zeros(len(order), bool)
    sizes = np.bincount(groups)
    for group, quota in enumerate(largest_remainder(sizes, count)):
        taken[np.flatnonzero(groups == group)[:quota]] = True
    return taken
