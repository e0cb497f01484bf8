"""Finds the source that a config names, a data set by name, or a file by its suffix."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.components import Component
from nnrun.config.diagnostics import did_you_mean
from nnrun.errors import DataError
from nnrun.sources import embedded, housing, published
from nnrun.sources.csv import Csv
from nnrun.sources.parquet import Parquet
from nnrun.sources.python import Python

if TYPE_CHECKING:
    from nnrun.config.schema import Dataset
    from nnrun.sources.named import NamedDataset
    from nnrun.sources.source import Source
    from nnrun.sources.table import TableSource


FILES: dict[str, type[TableSource]] = {"csv": Csv, "parquet": Parquet}
"""The types of files, by their key in a config."""


def find_source(dataset: Dataset) -> Source:
    """The source that a config names.

    Raises:
        DataError: It names none, or one that does not exist.
    """
    for source in dataset.sources.values():
        if not isinstance(source, Component):
            return named_dataset(source)
        return Python(source) if source.is_users_own else FILES[source.name](**source.arguments)
    raise DataError(
        "the config names no data", hint="give it a source, such as dataset.name or dataset.csv"
    )


def find_file(dataset: Dataset, path: str) -> TableSource:
    """A further file of the config's source, of the type of its suffix or else of the same type."""
    source = next(iter(dataset.sources.values()), None)
    endings = {ending: kind for kind in FILES.values() for ending in kind.suffixes}
    own = FILES.get(source.name) if isinstance(source, Component) else None
    kind = endings.get(Path(path).suffix.casefold(), own or Csv)
    arguments = source.arguments if isinstance(source, Component) and kind is own else {}
    return kind(**{**arguments, "path": path})


@cache
def named_datasets() -> dict[str, NamedDataset]:
    """All named data sets, in alphabetical order; reads no data."""
    datasets = {**embedded.DATASETS, **housing.DATASETS, **published.DATASETS}
    return dict(sorted(datasets.items()))


def named_dataset(name: str) -> NamedDataset:
    """The data set of that name.

    Raises:
        DataError: It does not exist; suggests the nearest known name.
    """
    known = named_datasets()
    if name in known:
        return known[name]
    raise DataError(
        f"unknown data set '{name}'",
        hint=did_you_mean(name.replace("-", "_"), known) or "known data sets: " + ", ".join(known),
    )
