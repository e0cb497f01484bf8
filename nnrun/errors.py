"""Errors for the user: each says what went wrong, where, and what to do."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

MOST_FAULTS = 20
"""How many faults of data are told at once."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a piece of a config was written.

    Attributes:
        source: The file as the user named it, or the override (`--set a.b=1`).
        line: Line in the source, from 1.
        column: Column in the line, from 1.
        length: How many characters the caret underlines.
        text: The line itself, without its end.
    """

    source: str
    line: int = 1
    column: int = 1
    length: int = 1
    text: str = ""

    @property
    def is_override(self) -> bool:
        """Whether the place is a `--set` override and not a line of a file."""
        return self.source.startswith("--")


def as_sentence(hint: str) -> str:
    """A hint as messages show it: with a capital letter and a full stop.

    >>> as_sentence("did you mean 'units'?"), as_sentence("`scale` goes first; remove it")
    ("Did you mean 'units'?", '`scale` goes first; remove it.')
    """
    if not hint:
        return ""
    return hint[0].upper() + hint[1:] + ("" if hint.endswith((".", "?", "!", "…")) else ".")


@dataclass(frozen=True)
class Problem:
    """One mistake (or doubt, where `severity` is "warning") in a config.

    Attributes:
        message: What is wrong, with the value received.
        place: Where it was written; None where no single line is to blame.
        path: The dotted path in the config, as in `architecture[1].Dense`.
        hint: What to do about it, a sentence.
        severity: "error" or "warning".
    """

    message: str
    place: Place | None = None
    path: str = ""
    hint: str = ""
    severity: str = "error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hint", as_sentence(self.hint))


class UserError(Exception):
    """An error that the user can fix; printed without a traceback.

    Attributes:
        message: What is wrong and where.
        hint: What to do about it, a sentence.
        exit_code: The status the process ends with.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = as_sentence(hint)


class ConfigError(UserError):
    """All the problems of a config at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class DataError(UserError):
    """Data that cannot be found, read, or used as the config asks.

    Attributes:
        faults: Those that are told together; the error itself where there is one.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults: tuple[DataError, ...] = (self,)


class DataFaults:
    """Collects faults in the data, to report them together."""

    def __init__(self) -> None:
        self._found: dict[str, DataError] = {}

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Keep a fault that ends the block for later."""
        try:
            yield
        except DataError as error:
            self._found |= {fault.message: fault for fault in error.faults}

    def refuse(self) -> None:
        """Raise the collected faults.

        Raises:
            DataError: There is something.
        """
        faults = tuple(self._found.values())
        if len(faults) > 1:
            raise _joined(faults)
        for fault in faults:
            raise fault


def _joined(faults: tuple[DataError, ...]) -> DataError:
    """One error that lists several; neighbours with the same hint share it."""
    lines = [f"{len(faults):,} faults in the data:"]
    shown = faults[:MOST_FAULTS]
    for fault, after in zip_longest(shown, shown[1:]):
        lines.append(f"  {fault.message}")
        if fault.hint and (after is None or after.hint != fault.hint):
            lines.append(f"    {fault.hint}")
    if len(faults) > MOST_FAULTS:
        lines.append(f"  … and {len(faults) - MOST_FAULTS:,} more")
    error = DataError("\n".join(lines))
    error.faults = faults
    return error


class RunError(UserError):
    """A run directory that is missing, taken, damaged or unwritable."""


TOO_LITTLE_MEMORY = "there is too little memory"
MEMORY_HINT = (
    "Give the process more (`ulimit -v` tells its limit, in kB), or take smaller batches, fewer rows "
    "or a smaller model."
)
_MEMORY_SIGNS = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "out of memory",
    "error return without exception set",  # a MemoryError that Python had no memory for
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out: the system's, Python's or TensorFlow's.

    TensorFlow's own errors are told by their names, so that it need not be imported.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    message = str(error).lower()
    if any(sign in message for sign in _MEMORY_SIGNS):
        return True
    before = error.__cause__ or error.__context__
    return before is not None and is_out_of_memory(before)
