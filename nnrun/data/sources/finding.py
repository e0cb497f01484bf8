"""Finds a data set by its name: every `DATASETS` of every module beside this one is searched."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.data import sources
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.data.sources.named import NamedDataset


@cache
def named_datasets() -> dict[str, NamedDataset]:
    """All data sets there are by name, in alphabetical order; nothing is read for it."""
    found: dict[str, NamedDataset] = {}
    for module in pkgutil.iter_modules(sources.__path__, sources.__name__ + "."):
        found |= getattr(import_module(module.name), "DATASETS", {})
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
