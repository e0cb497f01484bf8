"""Atomic writes: a file is written completely or not at all.

Every write goes to a temporary file in the same directory, which is synced and then renamed over
the old one. A process that dies at any moment leaves the old file or the new one, never a partial
one.
"""

import errno
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from nnrun.errors import RunError
from nnrun.json_text import json_text

_CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "a part of its path is a file, not a directory",
    errno.ENOENT: "its directory does not exist",
    errno.EISDIR: "it is a directory",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "it is a link, which may lead anywhere",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write `data` to `path`, replacing any existing file.

    Args:
        path: The file to write; its directory must exist.
        data: Its whole content.

    Raises:
        RunError: The file can't be written; an existing file is unchanged.
    """
    with _replacing(path) as temporary, temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, keeping its line ends; see `write_bytes`.

    What UTF-8 can't encode, such as bytes of a file name that isn't text, is escaped.
    """
    write_bytes(path, text.encode(errors="backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` as JSON; see `json_bytes` and `write_bytes`."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """A value as standard JSON; see `json_text`."""
    return json_text(value, ascii_only=False).encode()


def write_with(path: Path, writer: Callable[[Path], None]) -> None:
    """Let a library write `path` by itself, as atomically as `write_bytes` does.

    Args:
        path: The file to write.
        writer: Called with the path to write to, which has the suffix of `path`, since Keras and
            others choose the format by the suffix.

    Raises:
        RunError: The file can't be written; an existing file is unchanged.
    """
    with _replacing(path) as temporary:
        writer(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())


def remove_leftovers(directory: Path, *, deep: bool = True) -> None:
    """Remove the temporary files of a killed process; only under the lock of the directory.

    Args:
        directory: A run's, or a study's.
        deep: Whether to search its folders too.
    """
    for path in (directory.rglob if deep else directory.glob)(".*.tmp*"):
        with suppress(OSError):
            path.unlink()


def check_writable(directory: Path) -> None:
    """Check that files can be created in a directory.

    Args:
        directory: An existing directory.

    Raises:
        RunError: They can't; it says why.
    """
    probe = temporary_path(directory / "probe")
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _unwritable(directory, error) from error


def sync_directory(path: Path) -> None:
    """Sync a directory, so that its file names survive a power failure.

    Raises:
        OSError: The disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a directory; their rename is all one can have.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def temporary_path(path: Path) -> Path:
    """A new hidden name in the same folder as `path`, with its suffix."""
    return path.with_name(f".{path.stem}-{secrets.token_hex(4)}.tmp{path.suffix}")


def describe_cause(error: OSError) -> str:
    """The cause of an error in one line, for users."""
    if error.errno == errno.ENOENT and error.filename and Path(error.filename).parent.is_dir():
        return "it does not exist"
    known = _CAUSES.get(error.errno or 0)
    text = error.strerror or str(error) or type(error).__name__
    return known or text.splitlines()[0]


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    temporary = temporary_path(path)
    try:
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - the fault tests count calls of os
        sync_directory(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _unwritable(path: Path, error: OSError) -> RunError:
    hint = "Free some space and run it again." if error.errno in _FULL else ""
    return RunError(f"cannot write {path}: {describe_cause(error)}", hint=hint)


def write_each(files: Mapping[Path, bytes]) -> None:
    """Write files, one after the other, and the folders that they lie in.

    Raises:
        RunError: One of them can't be written.
    """
    for path, content in files.items():
        make_directory(path.parent)
        write_bytes(path, content)


def make_directory(path: Path) -> None:
    """Make a directory, with its parents, if it does not exist.

    Raises:
        RunError: It can't be made.
    """
    try:
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            sync_directory(path.parent)
    except FileExistsError as error:
        raise RunError(f"cannot create {path}: there is a file with that name") from error
    except OSError as error:
        raise cannot_create(path, error) from error


def cannot_read(path: Path, error: OSError) -> RunError:
    """The message for a file that can't be read."""
    return RunError(f"cannot read {path}: {describe_cause(error)}")


def cannot_create(path: Path, error: OSError) -> RunError:
    """The message for a directory that can't be created."""
    return RunError(f"cannot create {path}: {describe_cause(error)}")
