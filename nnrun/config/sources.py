"""Rules on the source of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.components import Component
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.habits import FILE_OPTIONS
from nnrun.config.schema import SOURCE_KEYS
from nnrun.config.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.config.catalogue import Catalogue, NamedData
    from nnrun.config.schema import Dataset
    from nnrun.config.subject import Subject
    from nnrun.errors import Problem

SOURCE_PATHS = frozenset(f"dataset.{key}" for key in SOURCE_KEYS)
NAME = "dataset.name"


def known_data(dataset: Dataset, catalogue: Catalogue) -> NamedData | None:
    """The catalogue's entry for a data set; None if it is not a named one."""
    return None if dataset.name is None else catalogue.dataset(dataset.name)


def name_of_source(dataset: Dataset) -> str:
    """The name of the source: a data set, a file, or a function."""
    source = next(iter(dataset.sources.values()), "")
    if not isinstance(source, Component):
        return source
    return source.name if source.is_users_own else str(source.arguments.get("path", source.name))


def one_known_source(subject: Subject) -> Iterator[Problem]:
    """The data come from exactly one known source."""
    dataset = subject.experiment.dataset
    named = list(dataset.sources)
    if not named:
        *others, last = (f"`{key}:`" for key in SOURCE_KEYS)
        yield subject.problem("dataset", "names no data", f"give {', '.join(others)} or {last}")
    elif len(named) > 1:
        yield subject.problem(
            f"dataset.{named[1]}",
            f"the data come from `{named[0]}` or from `{named[1]}`, not from both",
            f"remove one (`{named[1]}: null` takes it away from an extended file)",
        )
    elif dataset.name is not None and known_data(dataset, subject.catalogue) is None:
        yield subject.problem(
            NAME, f"unknown data set {quoted(dataset.name)}", _hint_of(dataset.name, subject)
        )


def _hint_of(name: str, subject: Subject) -> str:
    """A hint for an unknown name."""
    _, dot, ending = name.casefold().rpartition(".")
    if dot and ending in FILE_OPTIONS:
        return f"a file is `{FILE_OPTIONS[ending]}: {name}`"
    known = subject.catalogue.dataset_names
    return did_you_mean(name, known) or f"known: {', '.join(known)}"
