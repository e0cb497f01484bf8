"""Reads the NumPy archives that Keras keeps its image sets in."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np


def read_npz(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """The arrays of these names from a `.npz` file; pickled objects are refused.

    Raises:
        DataError: The file is damaged, lacks an array, or holds pickled objects.
    """
    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive]
            if missing:
                raise DataError(
                    f"{path} holds no array '{missing[0]}', only {', '.join(archive)}",
                    hint="expected " + ", ".join(names),
                )
            return [archive[name] for name in names]
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}", hint="fetch the file again") from error
