"""Rows from CSV files with a header."""

from __future__ import annotations

import csv
import unicodedata
from array import array
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from nnrun.config.wording import first_of, quoted
from nnrun.errors import DataError
from nnrun.sources.headers import NO_HEADER, is_headerless
from nnrun.sources.paths import refuse_missing
from nnrun.sources.recognizing import refuse_other_kinds
from nnrun.sources.table import TableFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that spreadsheets write."""


@dataclass(frozen=True)
class _Line:
    number: int
    cells: list[str]


class Csv(TableFile):
    """A CSV file with a header, in UTF-8.

    Args:
        path: The file.
        separator: The separator between the cells of a line.
        decimal: The decimal separator of numbers, a point or a comma.
    """

    suffixes = (".csv", ".tsv", ".txt")

    def __init__(self, path: str, separator: str = ",", decimal: Literal[".", ","] = ".") -> None:
        super().__init__(path)
        self.separator = separator
        self.decimal = decimal

    def columns(self) -> list[str]:
        """The names in the header; reads no other line.

        Raises:
            DataError: The file is missing, has no header, or a name is repeated or empty.
        """
        header = next(self._lines(), None)
        if header is None:
            raise DataError(f"{self.path} is empty", hint="it needs a header and rows")
        names = header.cells
        if _has_controls("".join(names)):
            raise DataError(f"{self.path} is no table: its first line holds control characters")
        if len(names) == 1:
            self._suspect_separator(names[0])
        known: set[str] = set()
        for name in names:
            if name in known or not name.strip():
                if is_headerless(names):
                    raise DataError(f"the first line of {self.path} {NO_HEADER}")
                what = (
                    f"has the column {quoted(name)} twice"
                    if name.strip()
                    else "has a nameless column"
                )
                raise DataError(
                    f"{self.path}:{header.number} {what}: {first_of(names)}",
                    hint="give every column its own name (pandas: `to_csv(…, index=False)`)",
                )
            known.add(name)
        return names

    def written(self, columns: Sequence[str], rows: int | None = None) -> pd.DataFrame:
        """See `TableSource.written`."""
        return self._parsed(usecols=list(columns), dtype=str, na_filter=False, nrows=rows)

    def in_pandas(self, texts: Sequence[str]) -> tuple[str, Mapping[str, Any]]:
        """See `TableSource.in_pandas`."""
        options: dict[str, Any] = {} if self.separator == "," else {"sep": self.separator}
        if self.decimal != ".":
            options["decimal"] = self.decimal
        if texts:
            options |= {"dtype": dict.fromkeys(texts, "str"), "na_filter": False}
        return "read_csv", options

    def hint_of_commas(self) -> str:
        """See `TableSource.hint_of_commas`."""
        separator = "\\t" if self.separator == "\t" else self.separator
        return f'`csv: {{path: {self.path}, separator: "{separator}", decimal: ","}}`'

    def where(self, row: int) -> str:
        """The line on which a row (from 0) ends; accounts for blank lines and quotes."""
        return f"line {self.line_of_row(row)}"

    def line_of_row(self, row: int) -> int:
        """The number of that line, from 1."""
        numbers = self._line_numbers
        return numbers[row + 1] if row + 1 < len(numbers) else row + 2

    @cached_property
    def _line_numbers(self) -> array[int]:
        """The lines on which the header and each row end."""
        return array("q", (line.number for line in self._lines()))

    def read_cells(self) -> pd.DataFrame:
        """See `TableSource.read_cells`."""
        import warnings

        import pandas as pd

        columns = self.columns()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = self._parsed()
        except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError) as error:
            self._refuse_ragged(len(columns))
            raise DataError(f"{self.path} cannot be read: {error}") from error
        if frame.empty:
            raise DataError(f"{self.path} has a header but no rows")
        if frame.iloc[:, -1].isna().any():
            self._refuse_ragged(len(columns))
        return frame

    def _parsed(self, **options: Any) -> pd.DataFrame:
        import pandas as pd

        frame: pd.DataFrame = pd.read_csv(
            self.path,
            sep=self.separator,
            decimal=self.decimal,
            encoding=ENCODING,
            index_col=False,
            low_memory=False,
            compression=None,
            engine="c",
            **options,
        )
        return frame

    def _lines(self) -> Iterator[_Line]:
        """The lines that are not blank, one at a time."""
        refuse_missing(self.path)
        try:
            refuse_other_kinds(self.path)
            with self.path.open(encoding=ENCODING, newline="") as file:
                reader = csv.reader(file, delimiter=self.separator)
                for cells in reader:
                    if cells:
                        yield _Line(reader.line_num, cells)
        except UnicodeDecodeError as error:
            hint = "save it as UTF-8"
            raise DataError(f"{self.path} is not in UTF-8: {error.reason}", hint=hint) from error
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}") from error
        except (csv.Error, TypeError) as error:
            raise DataError(f"{self.path} cannot be read: {error}") from error

    def _suspect_separator(self, header: str) -> None:
        if len(header.split()) > 1:
            self._suspect_blanks(header)
        for separator, name in ((";", "';'"), ("\t", "a tab"), (",", "','"), ("|", "'|'")):
            if separator in header:
                shown = "\\t" if separator == "\t" else separator
                raise DataError(
                    f"{self.path} has one column only, with {name} in its name: {quoted(header)}",
                    hint=f'write `csv: {{path: {self.path}, separator: "{shown}"}}`',
                )

    def _suspect_blanks(self, header: str) -> None:
        """Refuse a file of one column whose cells seem to be separated by spaces."""
        rows = islice(self._lines(), 1, 2)
        words = [len(line.cells[0].split()) for line in rows if len(line.cells) == 1]
        if words == [len(header.split())] and not set(header) & set(";\t|,"):
            raise DataError(
                f"{self.path} has one column only; its cells seem to be parted by blanks",
                hint="put commas between them (pandas: `pd.read_csv(…, sep=r'\\s+').to_csv(…, "
                "index=False)`)",
            )

    def _refuse_ragged(self, width: int) -> None:
        for line in self._lines():
            if len(line.cells) != width:
                raise DataError(
                    f"{self.path}:{line.number} has {len(line.cells)} cells, its header {width}",
                    hint="quote a cell that holds the separator, and leave none out",
                )


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in "\t\n\r" for char in text)
