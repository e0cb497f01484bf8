"""Sources that are tables: any column of numbers or text can be a target."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from nnrun.config.tasks import predicts_input
from nnrun.errors import DataError, Problem
from nnrun.sources.headers import NO_HEADER, is_headerless
from nnrun.sources.source import Source, unknown_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import pandas as pd

    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.frame import Frame


class TableSource(Source):
    """A table with column names, in its first line or its schema."""

    target = ""
    suffixes: ClassVar[tuple[str, ...]] = ()
    """The suffixes of such files, with a dot."""
    decimal: str = "."
    """The decimal separator of its numbers."""

    def frame(self) -> pd.DataFrame:
        """All cells; read only once.

        Raises:
            DataError: The table cannot be read.
        """
        return self._cells

    @cached_property
    def _cells(self) -> pd.DataFrame:
        return self.read_cells()

    @abstractmethod
    def read_cells(self) -> pd.DataFrame:
        """Read all cells; at least one row.

        Raises:
            DataError: The table cannot be read.
        """

    def written(self, columns: Sequence[str], rows: int | None = None) -> pd.DataFrame:
        """Columns as written, all cells or only the first ones, as strings."""
        cells = self.frame()[list(columns)].iloc[:rows]
        return cells.astype(str).where(cells.notna(), "")

    def as_written(self, column: str, rows: int | None = None) -> np.ndarray:
        """The cells of a column as written, all or only the first ones, strings `(rows,)`."""
        cells: np.ndarray = self.written([column], rows)[column].to_numpy(object)
        return cells

    def where(self, row: int) -> str:
        """How messages name a row (from 0): "line 7", or "row 6", counted from 1."""
        return f"row {row + 1:,}"

    def in_pandas(self, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]] | None:
        """The pandas function that reads such a file, with its options; None if there is none.

        Args:
            texts: Columns to read as text, whatever they contain.
        """
        del texts
        return None

    def hint_of_commas(self) -> str:
        """How to declare decimal commas in the config; empty if that isn't possible."""
        return ""

    def read(self, texts: Sequence[str] = ()) -> Frame:
        """See `Source.read`."""
        from nnrun.sources.table_frame import Cells

        table, named = self.frame(), tuple(dict.fromkeys(texts))
        known = [name for name in named if name in table.columns]
        if known:  # as they stand there: 007 is not a number in them, and NA is not missing
            table = table.copy(deep=False)
            table[known] = self.written(known)[known]
        return Cells.of(self, table, named)

    def problems(self, dataset: Dataset, roles: Roles | None) -> Iterator[Problem]:
        """See `Source.problems`; reads only the column names."""
        problems = [*_target_problems(dataset, names_outputs=roles is not None)]
        problems += _column_problems(self, dataset)
        yield from problems
        if roles is not None and not problems:
            yield from _problems_of_roles(self, dataset, roles)


class TableFile(TableSource):
    """A table in a file.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path).expanduser()

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return str(self.path)


def _target_problems(dataset: Dataset, *, names_outputs: bool) -> Iterator[Problem]:
    if not dataset.targets and not names_outputs and not predicts_input(dataset.task):
        hint = "name the column to predict"
        yield Problem("'target' is missing", path="dataset.target", hint=hint)


def refuse_twice(columns: Sequence[str], name: str) -> None:
    """Check that column names are unique.

    Raises:
        DataError: Two are the same.
    """
    known: set[str] = set()
    for column in columns:
        if column in known:
            message = f"{name} has the column '{column}' twice"
            raise DataError(message, hint="give every column its own name")
        known.add(column)


def problems_of_part(source: TableSource, dataset: Dataset, path: str) -> Iterator[Problem]:
    """Problems with a file of one part's rows, all at the option that names it.

    Args:
        source: The file.
        dataset: The config's section.
        path: The option.
    """
    whole = replace(dataset.split, group=None, order=None)  # which the file's rows have no part in
    part = replace(dataset, sample_weight=dataset.weighting.column_evaluated, split=whole)
    yield from (replace(item, path=path) for item in _column_problems(source, part, path))


def _column_problems(source: TableSource, dataset: Dataset, path: str = "") -> Iterator[Problem]:
    """Problems with a table's header, and with the columns that the config expects."""
    path = path or dataset.source_path
    try:
        columns = source.columns()
    except DataError as error:
        yield Problem(error.message, path=path, hint=error.hint)
        return
    targets, features = dataset.targets, dataset.features or ()
    if is_headerless(columns) and not {*targets, *features} <= set(columns):
        yield Problem(f"the first line of {source.name} {NO_HEADER}", path=path)
        return
    yield from unknown_columns(
        "dataset.target", dataset.target or (), columns, source.name, features
    )
    yield from unknown_columns("dataset.features", features, columns, source.name, targets)
    for option, column in dataset.columns_aside.items():
        yield from unknown_columns(option, column, columns, source.name, (*features, *targets))


def _problems_of_roles(source: TableSource, dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    known = source.columns()
    for name, columns in roles.inputs.items():
        if columns and columns != dataset.features:
            path = f"architecture.inputs.{name}.features"
            yield from unknown_columns(path, columns, known, source.name, roles.predicted)
    for name, aim in roles.aims.items():
        if aim.columns != dataset.targets:
            path = f"architecture.outputs.{name}.target"
            yield from unknown_columns(path, aim.columns, known, source.name)
