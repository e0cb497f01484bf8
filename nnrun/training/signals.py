"""Ctrl-C, SIGTERM and SIGHUP as a request to stop after the current chunk."""

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, NoReturn, Self

_ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal that ends the process outside of training, where nothing needs to be finished first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Interrupting:
    """A signal handler that raises `Interrupted`.

    Attributes:
        number: The signal that came; None if none has.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        """Raise the exception."""
        del frame
        self.number = number
        raise Interrupted(number)


class StopRequest:
    """A context in which the first signal is noted, and the second ends the process at once.

    Outside the main thread, where Python allows no handlers, nothing is noted; nor are signals that
    the process ignores, as under nohup.

    Raises:
        Interrupted: A signal came before, and what it raised was lost: modules that catch whatever
            is raised while they are imported, for one.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            # Shells have what they start in the background ignore Ctrl-C; that is meant for them.
            ignored = [one for one in _ASKED if signal.getsignal(one) == signal.SIG_IGN]
            heard = [one for one in _ASKED if one == signal.SIGINT or one not in ignored]
            for handler in map(signal.getsignal, heard):
                if isinstance(handler, Interrupting) and handler.number is not None:
                    raise Interrupted(handler.number)
            self._previous = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def is_made(self) -> bool:
        """Whether a signal has come."""
        return self.signal is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.signal is not None:
            _leave(128 + number)
        self.signal = number


def _leave(code: int) -> NoReturn:
    """End the process at once; an exception might be caught."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # it may be closed
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[?25h\n")  # the progress bars hide the cursor
            sys.stdout.flush()
    os._exit(code)
