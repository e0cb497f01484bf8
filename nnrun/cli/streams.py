"""Standard streams that are closed, full or no longer read: nothing breaks, and the loss is told."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STANDARD = (0, 1, 2)


class _Forgiving(io.FileIO):
    """A standard stream to write to, whose first failure is noted and whose others are passed over."""

    def __init__(self, descriptor: int, *, was_closed: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        self._was_closed = was_closed

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what can be written; the rest is lost."""
        if self._was_closed:
            self.failure = OSError(errno.EBADF, os.strerror(errno.EBADF))
        try:
            return super().write(data)
        except OSError as error:
            self.failure = self.failure or error
            return memoryview(data).nbytes


def hold_streams() -> None:
    """Open the standard streams that are closed on nothing, and have no write to them raise.

    A file that is opened later, such as one with data, else takes the place of a closed stream, and
    what is printed would go there. Streams that somebody else put in the place of Python's stay.
    """
    closed = [number for number in _STANDARD if _is_closed(number)]
    for number in closed:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is sys.__stdout__:
        sys.stdout = _forgiving(1, sys.stdout, was_closed=1 in closed)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _forgiving(2, sys.stderr, was_closed=2 in closed)  # noqa: PLR2004


def lost_output() -> str:
    """Why not all that was printed on standard output arrived; empty where it did.

    Nothing is lost where a reader closed a pipe, as `head` does: it had read enough.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, _Forgiving) else None
    if failure is None or failure.errno == errno.EPIPE:
        return ""
    return "it is closed" if failure.errno == errno.EBADF else str(failure.strerror).lower()


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _forgiving(number: int, before: TextIO | None, *, was_closed: bool) -> TextIO:
    if isinstance(getattr(getattr(before, "buffer", None), "raw", None), _Forgiving):
        assert before is not None  # noqa: S101 - it has a buffer
        return before
    raw = _Forgiving(number, was_closed=was_closed)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or number == 2,  # noqa: PLR2004 - standard error
    )
