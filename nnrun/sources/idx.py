"""Reads IDX, the format MNIST was published in: arrays of bytes, gzipped or plain."""

from __future__ import annotations

import gzip
import math
import zlib
from typing import TYPE_CHECKING

from nnrun.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

UNSIGNED_BYTES = b"\x00\x00\x08"
GZIP = b"\x1f\x8b"
MAX_BYTES = 500_000_000
"""The most bytes that are unpacked; no published set has as many."""


def read_idx(path: Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes; gzip is recognised by its first bytes.

    Raises:
        DataError: The file is truncated, damaged or in another format.
    """
    import numpy as np

    content = _unpacked(path)
    if len(content) < len(UNSIGNED_BYTES) + 1 or not content.startswith(UNSIGNED_BYTES):
        raise DataError(
            f"{path} is no IDX file of unsigned bytes: it begins with {content[:4].hex(' ')}",
            hint="expected 00 00 08 and the number of axes; fetch the file again",
        )
    axes = content[3]
    start = 4 + 4 * axes
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        raise DataError(
            f"{path} is truncated or damaged: {len(content):,} bytes, "
            f"where its header promises {start + math.prod(shape):,}",
            hint="fetch the file again",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpacked(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP)) == GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OSError(f"it holds more than {MAX_BYTES / 1e6:,.0f} MB")
        return content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="fetch the file again") from error
