"""The first line of a table: whether it is a header at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_HEADER = "holds numbers only: it seems to have no header; put the names of the columns above it"
"""What is said of a first line that is none."""
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def is_headerless(names: Sequence[str]) -> bool:
    """Whether the cells of a first line are rather those of a row: numbers only.

    Those that count from 0, as pandas writes them, are names.

    >>> is_headerless(["5.1", "0", "0"]), is_headerless(["0", "1"]), is_headerless(["a", "1"])
    (True, False, False)
    """
    if list(names) == [str(number) for number in range(len(names))]:
        return False
    return all(map(NUMBER.fullmatch, names))
