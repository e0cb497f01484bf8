"""One writer per run: a lock that the kernel releases when its process ends."""

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Self

from nnrun.errors import RunError
from nnrun.reading import open_own
from nnrun.runs.atomic import describe_cause

LOCK_NAME = ".lock"
_TRIES = 5
_PAUSE = 0.02  # seconds; `is_locked` of another process holds the lock for an instant


class RunLock:
    """Locks the directory of a run, or of a study, for this process within a `with` block.

    The file stays when the lock is released: otherwise two processes could lock two files of the
    same name.

    Args:
        run: The directory.
        what: What messages call it.
    """

    def __init__(self, run: Path, what: str = "run") -> None:
        self._path = run / LOCK_NAME
        self._what = what
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunError: Another process holds it, or the directory isn't writable.
        """
        try:
            descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            strange = error.errno in (errno.ELOOP, errno.EINVAL, errno.EISDIR, errno.EMLINK)
            raise RunError(
                f"cannot lock {self._path.parent}: {LOCK_NAME}: {describe_cause(error)}",
                hint=f"Remove {self._path}, if no process is writing the run." if strange else "",
            ) from error
        try:
            _lock(descriptor, self._path, self._what)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; harmless if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_locked(run: Path) -> bool:
    """Whether a process is writing the run in this directory."""
    try:
        descriptor = open_own(run / LOCK_NAME)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int, path: Path, what: str) -> None:
    for attempt in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < _TRIES:
                time.sleep(_PAUSE)
        except OSError as error:
            raise RunError(f"cannot lock {path.parent}: {describe_cause(error)}") from error
        else:
            return
    holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
    raise RunError(
        f"another process (pid {holder}) is writing this {what}: {path.parent}",
        hint="Wait for it to end, or stop it; its lock goes with it.",
    )
