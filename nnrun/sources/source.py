"""The protocol of a source: where rows come from, and what can be said of them before they are read."""

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
        target: The name of its own target; empty where any column may be one.
    """

    target: str

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call it: `'iris'`, or a file's path."""

    @abstractmethod
    def columns(self) -> Sequence[str]:
        """The names of its columns, without reading a row; none for pictures.

        Raises:
            DataError: They cannot be read.
        """

    @abstractmethod
    def read(self, texts: Sequence[str] = ()) -> Frame:
        """The rows.

        Args:
            texts: Columns that are text, whatever stands in them.

        Raises:
            DataError: They cannot be found or read.
        """

    @abstractmethod
    def problems(self, dataset: Dataset, roles: Roles | None) -> Iterator[Problem]:
        """What a config asks of the source that it does not have; each problem says its `path`.

        Args:
            dataset: The config's section.
            roles: What a graph makes of the columns; None for an architecture without named inputs.
        """


def unknown_columns(
    path: str,
    wanted: str | Sequence[str],
    known: Sequence[str],
    name: str,
    used: Sequence[str] = (),
) -> Iterator[Problem]:
    """Columns that a source does not have, or that are named twice.

    Args:
        path: Where the config names them.
        wanted: One name, or a list.
        known: The columns there are.
        name: What the source is called.
        used: Columns that are not meant where a name is misspelt.
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
    """What is wrong with a config's choice of classes.

    Args:
        dataset: The config's section.
        names: The classes there are.
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
