"""The user's cache: files that can be recreated, so that losing them only costs time."""

import os
import stat
from pathlib import Path

SWITCH = "NNRUN_NO_CACHE"
"""The environment variable that, set to anything, keeps nnrun from reading or writing programs and choices."""


def cache_root() -> Path:
    """The directory of nnrun's cache, which need not exist.

    Raises:
        RuntimeError: The user has no home.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "nnrun"


def private_folder(name: str) -> Path | None:
    """A private folder in the cache, created if it is missing.

    What lies in it may be trusted to be the user's own.

    Args:
        name: The folder's name.

    Returns:
        The folder; None where it cannot be written, is open to others, or the cache is off.
    """
    if os.environ.get(SWITCH):
        return None
    try:
        folder = cache_root().absolute() / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError):
        return None
    if not stat.S_ISDIR(status.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        return None
    if os.name == "posix" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return None
    return folder
