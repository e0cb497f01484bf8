"""Files that others may have written: regular ones only, bounded, and followed nowhere.

What is wrong with such a file is an `OSError` or a `ValueError` whose text fits into a message;
each floor makes its own kind of error of it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

MAX_JSON = 16_000_000
"""Bytes of a JSON file; nnrun writes a few thousand."""
MAX_JSON_DEPTH = 50
_NPY = (1, 0)


def check_regular(path: Path) -> None:
    """Refuse what hangs or never ends when it is read: pipes, devices, sockets, folders.

    Raises:
        OSError: There is no such file, or it is none of the kind that lies on a disk.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, mode)


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file that must lie where its name says: a link is not followed.

    Returns:
        A descriptor, to be closed.

    Raises:
        OSError: It is missing, a link, or no regular file.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise _not_a_file(path, mode)


def read_own(path: Path, most: int | None) -> bytes:
    """The content of a file of a run; a link is not followed.

    Args:
        path: The file.
        most: How many bytes it may have; None for any number.

    Raises:
        OSError: It is missing, a link, no regular file, or larger.
    """
    with open(open_own(path), "rb") as file:
        if most is not None and os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EINVAL, f"it is larger than {most / 1e6:,.3g} MB", str(path))
        return file.read()


def parse_json(text: bytes, **options: Any) -> Any:
    """The value of a JSON text; `options` are those of `json.loads`.

    Raises:
        ValueError: It is no JSON, nested too deep, or holds half a character.
    """
    try:
        value = json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if _is_deeper(value, MAX_JSON_DEPTH):
        raise ValueError("it is nested too deep")
    if b"\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate cannot be written again
    return value


def read_array(content: bytes) -> np.ndarray[Any, Any]:
    """An array in NumPy's format, whose header is believed only where the bytes bear it out.

    Raises:
        ValueError: It is no such array, holds Python objects, or has more or fewer bytes.
    """
    import io
    import math

    import numpy as np

    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != _NPY:
        raise ValueError("it is of another version of NumPy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which could run code")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("its header and its size differ")
    file.seek(0)
    array: np.ndarray[Any, Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def skip_npy_header(file: IO[bytes]) -> None:
    """Go to the values of an array in NumPy's format, which is not asked what they are.

    Raises:
        ValueError: It is no such array.
    """
    start = file.read(10)
    if start[:8] != b"\x93NUMPY" + bytes(_NPY):
        raise ValueError("it is of another version of NumPy's format")
    file.read(int.from_bytes(start[8:], "little"))


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    held = value.values() if isinstance(value, dict) else value
    return not levels or any(_is_deeper(item, levels - 1) for item in held)


def _not_a_file(path: Path, mode: int) -> OSError:
    if stat.S_ISDIR(mode):
        return OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return OSError(errno.EINVAL, "it is no regular file", str(path))
