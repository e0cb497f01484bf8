"""Column names: whether a first line is a header, and which name a misspelt one means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.wording import first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_HEADER = "holds numbers only: it seems to have no header; put the names of the columns above it"
"""The error for a first line that isn't a header."""
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def is_headerless(names: Sequence[str]) -> bool:
    """Whether a first line seems to be a row: numbers only.

    Numbers that count from 0 are names, as pandas writes them.

    >>> is_headerless(["5.1", "0", "0"]), is_headerless(["0", "1"]), is_headerless(["a", "1"])
    (True, False, False)
    """
    if list(names) == [str(number) for number in range(len(names))]:
        return False
    return all(map(NUMBER.fullmatch, names))


def nearest_column(name: str, columns: Sequence[str], used: Sequence[str]) -> str:
    """A hint for an unknown column: the nearest one that is not in use, or all.

    >>> nearest_column("height2", ["height", "height_2", "width"], ["height_2"])
    "did you mean 'height'?"
    >>> nearest_column("age", ["height", "width"], [])
    'its columns: height, width'
    """
    taken = set(used)
    free = [column for column in columns if column not in taken]
    return did_you_mean(name, free) or "its columns: " + first_of(columns)
