"""Finds a data set by its name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.errors import DataError
from nnrun.sources import embedded, housing, published

if TYPE_CHECKING:
    from nnrun.sources.named import NamedDataset


@cache
def named_datasets() -> dict[str, NamedDataset]:
    """All data sets there are by name, in alphabetical order; nothing is read for it."""
    found = {**embedded.DATASETS, **housing.DATASETS, **published.DATASETS}
    return dict(sorted(found.items()))


def named_dataset(name: str) -> NamedDataset:
    """The data set of that name.

    Raises:
        DataError: There is none; the nearest known name is suggested.
    """
    known = named_datasets()
    if name in known:
        return known[name]
    raise DataError(
        f"unknown data set '{name}'",
        hint=did_you_mean(name.replace("-", "_"), known) or "known data sets: " + ", ".join(known),
    )
