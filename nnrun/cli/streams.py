"""Standard streams that are closed, full or unread: nothing breaks, and losses are reported."""

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
    """A standard output stream whose first failure is recorded and whose others are ignored."""

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
    """Replace closed standard streams by the null device, and keep writes from raising.

    Otherwise a file opened later, such as a data file, could take the number of a closed stream,
    and printed text would go there. Streams that replaced Python's own are left alone.
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
    """Why some output to standard output was lost; empty if none was.

    A reader that closes a pipe, as `head` does, doesn't count: it has read enough.
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
