"""Rows from Parquet files."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from nnrun.errors import DataError
from nnrun.sources.paths import refuse_missing
from nnrun.sources.table import TableFile, refuse_twice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_INDEX = re.compile(r"__index_level_\d+__")
"""Columns in which pandas keeps the index of a frame that it wrote."""


class Parquet(TableFile):
    """A Parquet file, whose schema has the names and types of the columns.

    Args:
        path: The file.
    """

    suffixes = (".parquet", ".pq")

    def columns(self) -> list[str]:
        """The names in the file's schema; reads no rows.

        Raises:
            DataError: The file is missing, is not Parquet, or a name is repeated.
        """
        with self._readable() as parquet:
            names = [str(name) for name in parquet.read_schema(self.path).names]
        known = [name for name in names if not _INDEX.fullmatch(name)]
        refuse_twice(known, self.name)
        return known

    def read_cells(self) -> pd.DataFrame:
        """See `TableSource.read_cells`."""
        names = self.columns()
        with self._readable() as parquet:
            table = parquet.read_table(self.path, columns=names)
            # What pandas wrote of its index would make columns vanish.
            frame = table.replace_schema_metadata(None).to_pandas(categories=[])
        if frame.empty:
            raise DataError(f"{self.path} holds no rows")
        return _without_categories(frame)

    def in_pandas(self, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """See `TableSource.in_pandas`; the schema says which columns are text."""
        del texts
        return "read_parquet", {}

    @contextlib.contextmanager
    def _readable(self) -> Iterator[Any]:
        """Within the block, report what cannot be read as a problem of the file."""
        refuse_missing(self.path)
        try:
            import pyarrow as arrow
            import pyarrow.parquet
        except ImportError as error:
            hint = "install it with nnrun's extra `parquet`: pip install 'nnrun[parquet]'"
            raise DataError(f"{self.path} can be read only with pyarrow", hint=hint) from error
        try:
            yield pyarrow.parquet
        except (arrow.ArrowException, OSError) as error:
            reason = (str(error).splitlines() or ["it is damaged"])[0]
            hint = f"if it is a CSV file, write `csv: {self.path}`"
            raise DataError(
                f"{self.path} cannot be read as Parquet: {reason}", hint=hint
            ) from error


def _without_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with categorical columns replaced by their values."""
    named = [name for name in frame.columns if frame[name].dtype.name == "category"]
    return frame.astype(dict.fromkeys(named, object)) if named else frame
