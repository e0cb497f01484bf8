"""Reads the NumPy archives in which Keras publishes its image sets."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from nnrun.errors import DataError
from nnrun.reading import read_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np


MAX_BYTES = 500_000_000
"""The most bytes that are unpacked; no published set has as many."""
_DAMAGED = (zipfile.BadZipFile, zlib.error)


def read_npz(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Read arrays by name from a `.npz` file; pickled objects are refused.

    Raises:
        DataError: The file is damaged, lacks an array, or holds pickled objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {
                item.filename.removesuffix(".npy"): item.file_size for item in archive.infolist()
            }
            missing = [name for name in names if name not in sizes]
            if missing:
                raise DataError(
                    f"{path} holds no array '{missing[0]}', only {', '.join(sizes)}",
                    hint="expected " + ", ".join(names),
                )
            if sum(sizes[name] for name in names) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES / 1e6:,.0f} MB")
            return [read_array(archive.read(f"{name}.npy")) for name in names]
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, *_DAMAGED) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="fetch the file again") from error
