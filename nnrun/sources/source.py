"""The protocol of a source: where rows come from, and what is known before they are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import class_numbers
from nnrun.config.schema import named_columns
from nnrun.config.wording import first_of
from nnrun.errors import Problem
from nnrun.sources.headers import nearest_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.frame import Frame


class Source(ABC):
    """Where rows come from.

    Attributes:
        target: The name of its own target; empty if any column can be one.
    """

    target: str

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call it: `'iris'`, or a file's path."""

    @abstractmethod
    def columns(self) -> Sequence[str]:
        """The names of its columns, without reading rows; empty for pictures.

        Raises:
            DataError: They cannot be read.
        """

    @abstractmethod
    def read(self, texts: Sequence[str] = ()) -> Frame:
        """The rows.

        Args:
            texts: Columns to read as text, whatever they contain.

        Raises:
            DataError: They cannot be found or read.
        """

    @abstractmethod
    def problems(self, dataset: Dataset, roles: Roles | None) -> Iterator[Problem]:
        """Problems with what a config asks of the source; each has its `path`.

        Args:
            dataset: The config's section.
            roles: How a graph uses the columns; None for an architecture without named inputs.
        """


def unknown_columns(
    path: str,
    wanted: str | Sequence[str],
    known: Sequence[str],
    name: str,
    used: Sequence[str] = (),
) -> Iterator[Problem]:
    """Problems with columns that a source does not have, or that are named twice.

    Args:
        path: Where the config names them.
        wanted: A name, or a list of names.
        known: The existing columns.
        name: What the source is called.
        used: Columns not to suggest for a misspelt name.
    """
    columns, before = set(known), set[str]()
    for index, column in enumerate(named_columns(wanted)):
        place = path if isinstance(wanted, str) else f"{path}[{index}]"
        if column not in columns:
            hint = nearest_column(column, known, [*named_columns(wanted), *used])
            yield Problem(f"{name} has no column '{column}'", path=place, hint=hint)
        elif column in before:
            yield Problem(f"'{column}' is listed twice", path=place, hint="name each column once")
        before.add(column)


def unknown_classes(dataset: Dataset, names: Sequence[str], name: str) -> Iterator[Problem]:
    """Problems with a config's choice of classes.

    Args:
        dataset: The config's section.
        names: The existing classes.
        name: What the source is called.
    """
    wanted = dataset.classes
    if wanted is None:
        return
    if not names:
        yield Problem(f"{name} has no classes", path="dataset.classes", hint="leave it out")
        return
    try:
        numbers = class_numbers(names, wanted)
    except LookupError as error:
        (index,) = error.args
        message = f"{name} has no class '{wanted[index]}'"
        hint = did_you_mean(str(wanted[index]), names) or f"classes: {first_of(names, 10)}"
        yield Problem(message, path=f"dataset.classes[{index}]", hint=hint)
        return
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            message = f"the class '{names[number]}' is listed twice"
            yield Problem(message, path=f"dataset.classes[{index}]", hint="name each class once")
