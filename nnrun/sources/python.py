"""Rows from the user's own code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nnrun.errors import DataError, UserError
from nnrun.objects import find_class, first_line
from nnrun.sources.source import Source
from nnrun.sources.table import TableSource, refuse_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from nnrun.config.components import Component
    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.errors import Problem
    from nnrun.sources.frame import Frame

_WANTED = "return a pandas DataFrame, or a mapping from the names of columns to their values"


class Python(TableSource):
    """The table that a function of the user's own returns, or a `Source` of the user's own.

    Args:
        component: The function's import path, and its arguments.
    """

    def __init__(self, component: Component) -> None:
        self.component = component

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self.component.name

    def columns(self) -> Sequence[str]:
        """See `Source.columns`; runs the code."""
        returned = self._returned
        return returned.columns() if isinstance(returned, Source) else list(self.frame().columns)

    def read(self, texts: Sequence[str] = ()) -> Frame:
        """See `Source.read`."""
        returned = self._returned
        return returned.read(texts) if isinstance(returned, Source) else super().read(texts)

    def read_cells(self) -> pd.DataFrame:
        """See `TableSource.read_cells`."""
        return _as_frame(self._returned, self.name)

    @cached_property
    def _returned(self) -> Any:
        """What the code returns; it is called only once."""
        return _called(find_class(self.component), self.component)

    def problems(self, dataset: Dataset, roles: Roles | None) -> Iterator[Problem]:
        """No problems are known before the code runs, and checking a config doesn't run it."""
        del dataset, roles
        yield from ()


def _called(code: Any, component: Component) -> Any:
    try:
        return code(**component.arguments)
    except UserError:
        raise
    except Exception as error:
        message = f"{component.name} raised {type(error).__name__}: {first_line(error)}"
        raise DataError(message, hint="call it by itself to see where") from error


def _as_frame(returned: Any, name: str) -> pd.DataFrame:
    import pandas as pd

    if not isinstance(returned, pd.DataFrame | Mapping):
        message = f"{name} returned {type(returned).__name__}, which is no table"
        raise DataError(message, hint=_WANTED)
    try:
        frame = pd.DataFrame(returned).reset_index(drop=True)
    except ValueError as error:
        message = f"{name} returned columns that make no table: {first_line(error)}"
        raise DataError(message, hint=_WANTED) from error
    frame.columns = frame.columns.map(str)
    refuse_twice(list(frame.columns), name)
    if frame.empty:
        raise DataError(f"{name} returned no rows", hint=_WANTED)
    return frame
