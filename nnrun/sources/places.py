"""Where to look for published data sets: `$NNRUN_DATA`, Keras's cache, then Keras's download."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np


def keras_cache() -> Path:
    """The folder where Keras caches data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def roots() -> list[Path]:
    """The folders to search for data sets, in order."""
    folder = os.environ.get("NNRUN_DATA")
    return [*([Path(folder).expanduser()] if folder else []), keras_cache()]


def folders_of(name: str) -> Iterator[Path]:
    """The folders to search for the files of a data set, in order."""
    spellings = (name, name.replace("_", "-"))
    for root in roots():
        yield from (root / spelling for spelling in dict.fromkeys(spellings))
        if root.name in spellings:
            yield root


def fetch_with_keras(name: str, expected: str, **options: Any) -> list[np.ndarray]:
    """Let Keras load a data set from its cache or by download.

    Args:
        name: The module of `keras.datasets`.
        expected: The files that were looked for, for the error.
        options: Arguments of its `load_data`.

    Returns:
        Training inputs and targets, then test inputs and targets.

    Raises:
        DataError: Keras could not fetch it.
    """
    from importlib import import_module

    from nnrun.device import import_keras

    import_keras()
    try:
        train, test = import_module(f"keras.datasets.{name}").load_data(**options)
    except Exception as error:  # Keras raises a bare Exception for a failed download
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise not_found(name, expected, reason) from error
    return [*train, *test]


def not_found(name: str, expected: str, reason: str) -> DataError:
    """The error that says where nnrun looked, for what, and what to do."""
    places = dict.fromkeys(str(folder) for folder in (*folders_of(name), *roots()))
    return DataError(
        f"the data set '{name}' was not found in {', '.join(places)}; "
        f"Keras could not fetch it: {reason}",
        hint=f"set NNRUN_DATA to a folder that holds {expected}; or run "
        f"`python -c 'import keras; keras.datasets.{name}.load_data()'` where there is internet "
        f"and copy its ~/.keras/datasets here",
    )
