"""Reading files that others may have written: regular files only, bounded, following no links.

What is wrong with such a file is an `OSError` or a `ValueError` whose text fits into a message;
each floor makes its own kind of error of it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    import numpy as np

MAX_JSON = 16_000_000
"""Bytes of a JSON file; nnrun writes a few thousand."""
MAX_JSON_DEPTH = 50
MAX_FOLDERS = 50
"""How deep folders of a run are nested at most."""
_NPY = (1, 0)
_SYSTEM = ("/proc", "/sys", "/dev")
_MEMORY = "/dev/shm"


def check_regular(path: Path) -> None:
    """Refuse what isn't a regular file: pipes, devices, folders, files of /proc.

    Raises:
        OSError: There is no such file, or it is none of the kind that lies on a disk.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, mode)
    real = path.resolve()
    if any(map(real.is_relative_to, _SYSTEM)) and not real.is_relative_to(_MEMORY):
        text = f"it lies in /{real.parts[1]}, where there are no real files"
        raise OSError(errno.EINVAL, text, str(path))


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file without following a link.

    Args:
        path: The file.
        flags: Those of `os.open`. A file to write to may have no other name either.

    Returns:
        A descriptor, to be closed.

    Raises:
        OSError: It is missing, a link, or no regular file.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
    opened = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    found = os.fstat(opened)
    try:
        if not stat.S_ISREG(found.st_mode):
            raise _not_a_file(path, found.st_mode)
        if flags & (os.O_WRONLY | os.O_RDWR):
            _check_one_name(path, found)
    except OSError:
        os.close(opened)
        raise
    return opened


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything in a folder and its subfolders; links are listed, not followed.

    Raises:
        OSError: A folder cannot be read, or is nested too deep.
    """
    waiting = [(folder, 0)]
    while waiting:
        place, depth = waiting.pop()
        if depth > MAX_FOLDERS:
            raise OSError(errno.EINVAL, "its folders are nested too deep", str(place))
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((place / entry.name, depth + 1))


def check_tree(folder: Path) -> None:
    """Check that a folder, if it exists, holds nothing but regular files and folders.

    What writes into it by names, as Keras's callbacks do, then writes nowhere else.

    Raises:
        OSError: It is a link, or holds one, a file with a second name, a pipe or a device.
    """
    if folder.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
    if not folder.exists():
        return
    for entry in walk(folder):
        found, path = entry.stat(follow_symlinks=False), Path(entry.path)
        if stat.S_ISLNK(found.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if stat.S_ISREG(found.st_mode):
            _check_one_name(path, found)
        elif not stat.S_ISDIR(found.st_mode):
            raise _not_a_file(path, found.st_mode)


def _check_one_name(path: Path, found: os.stat_result) -> None:
    if found.st_nlink > 1:
        text = "it has a second name elsewhere (a hard link), and the file there would change, too"
        raise OSError(errno.EMLINK, text, str(path))


def open_to_read(path: Path, most: int | None) -> BufferedReader:
    """Open a file of a run to read it; links are not followed.

    Args:
        path: The file.
        most: How many bytes it may have; None for any number.

    Raises:
        OSError: It is missing, a link, no regular file, or larger.
    """
    file = open(open_own(path), "rb")  # noqa: SIM115 - the caller closes it
    if most is not None and os.fstat(file.fileno()).st_size > most:
        file.close()
        raise OSError(errno.EINVAL, f"it is larger than {most / 1e6:,.3g} MB", str(path))
    return file


def read_own(path: Path, most: int | None) -> bytes:
    """The content of a file of a run; see `open_to_read`."""
    with open_to_read(path, most) as file:
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
    """Read an array in NumPy's format, checking the header against the number of bytes.

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
    """Skip to the values of an array in NumPy's format, ignoring their type.

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
    return OSError(errno.EINVAL, "it is not a regular file", str(path))
