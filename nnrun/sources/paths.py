"""Checks that files named in a config exist, and suggests similar names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.errors import DataError
from nnrun.reading import check_regular

if TYPE_CHECKING:
    from pathlib import Path


def refuse_missing(path: Path) -> None:
    """Check that a file exists and is a regular file.

    Raises:
        DataError: It isn't; suggests a file of a similar name.
    """
    try:
        check_regular(path)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}", hint=_near_files(path)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _near_files(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder} either"
    return did_you_mean(path.name, [item.name for item in folder.iterdir()])
