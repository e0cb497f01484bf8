"""Checksums of a run's files: the SHA-256 of each, in `checksums.json` beside them.

Before a file is replaced, `checksums.json` lists both its old and its new digest, so a crash
between the two is never taken for damage. Files that are not listed, as in runs of older versions,
are read unchecked.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from nnrun.errors import RunError
from nnrun.reading import MAX_JSON, open_to_read, parse_json, read_own
from nnrun.runs import atomic
from nnrun.runs.atomic import cannot_read

FORMAT = 1
NAME = "checksums.json"
_TRIES = 5

Content = TypeVar("Content")

Digests = Mapping[str, tuple[str, ...]]
"""The valid SHA-256 digests of each file, in hexadecimal, by file name."""


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files of one directory and their checksums, each file atomically.

    Args:
        contents: The content of each file.

    Raises:
        RunError: A file can't be written; existing files are unchanged and still valid.
    """
    _announce({path: _digest(content) for path, content in contents.items()})
    for path, content in contents.items():
        atomic.write_bytes(path, content)


def write_file(path: Path, content: bytes) -> None:
    """Write one file and its checksum; see `write_files`."""
    write_files({path: content})


def write_with_checksum(path: Path, writer: Callable[[Path], None]) -> None:
    """Let a library write a file; see `atomic.write_with` and `write_files`."""

    def write_and_announce(temporary: Path) -> None:
        writer(temporary)
        _announce({path: _digest_of(temporary)})

    atomic.write_with(path, write_and_announce)


def read_file(path: Path, most: int | None, *, check: bool = True) -> bytes:
    """Read a file, and check that it has the content that was written.

    Args:
        path: The file; a link is not followed.
        most: The largest size in bytes; None for any.
        check: Whether to verify the content.

    Raises:
        RunError: It is missing or damaged, or the checksums are.
    """
    if not check:
        return _read(path, most)

    def look() -> tuple[str, bytes]:
        content = _read(path, most)
        return _digest(content), content

    return _verified(path, look)


def listed_files(directory: Path) -> list[Path]:
    """The files of a directory with known checksums; empty in a run of an older version.

    Raises:
        RunError: The checksums are damaged.
    """
    return [directory / name for name in _digests(directory)]


def check_file(path: Path, most: int | None = None) -> None:
    """Check that a file has the content that was written; a missing file passes.

    Args:
        path: The file.
        most: The largest size in bytes; None for any.

    Raises:
        RunError: It is larger or damaged, or the checksums are damaged.
    """
    if path.exists():
        _verified(path, lambda: (_digest_of(path, most), None))


def _verified(path: Path, look: Callable[[], tuple[str, Content]]) -> Content:
    """The result of reading a file, after verifying its digest."""
    seen: object = None
    for _ in range(_TRIES):
        digest, content = look()
        expected = _expected(path)
        if not expected or digest in expected:
            return content
        if seen == (digest, expected):
            break
        # A writer may have come between the two readings; damage reads the same twice.
        seen = (digest, expected)
    raise _damaged(path)


def _announce(coming: Mapping[Path, str]) -> None:
    """Record the checksums that files are about to have, in addition to their current ones."""
    directory = next(iter(coming)).parent
    digests = dict(_digests(directory))
    for path, digest in coming.items():
        held = ""
        with suppress(RunError):  # what cannot be read is about to be replaced
            held = _digest_of(path) if path.exists() else ""
        kept = [held] if held in digests.get(path.name, ()) else []
        digests[path.name] = tuple(dict.fromkeys([*kept, digest]))
    files = {name: list(digests[name]) for name in sorted(digests)}
    value = {"format": FORMAT, "files": files, "sha256": _digest(_canonical(files))}
    atomic.write_json(directory / NAME, value)


def _expected(path: Path) -> tuple[str, ...]:
    return _digests(path.parent).get(path.name, ())


def _digests(directory: Path) -> Digests:
    path = directory / NAME
    try:
        content = read_own(path, MAX_JSON)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise cannot_read(path, error) from error
    try:
        return _parse(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged: its content is not what was written",
            hint="Restore a copy of it, or remove it: the files it lists are then not checked.",
        ) from error


@lru_cache(maxsize=8)
def _parse(content: bytes) -> Digests:
    value = parse_json(content)
    files = value["files"]
    if value["format"] != FORMAT or value["sha256"] != _digest(_canonical(files)):
        raise ValueError("not its own checksum")
    if any(Path(name).name != name for name in files):
        raise ValueError("a file that lies elsewhere")
    return {name: tuple(map(str, digests)) for name, digests in files.items()}


def _canonical(files: Mapping[str, list[str]]) -> bytes:
    return json.dumps(files, sort_keys=True).encode()


def _read(path: Path, most: int | None) -> bytes:
    try:
        return read_own(path, most)
    except OSError as error:
        raise cannot_read(path, error) from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(path: Path, most: int | None = None) -> str:
    try:
        with open_to_read(path, most) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(path, error) from error


def _damaged(path: Path) -> RunError:
    return RunError(
        f"{path} is damaged: its content is not what was written",
        hint=f"Restore a copy of it; to read it as it is, remove {NAME} beside it.",
    )
