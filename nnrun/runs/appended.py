"""Files of a run that grow during training, and whether they still match a saved state."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from nnrun.errors import RunError
from nnrun.reading import open_own
from nnrun.runs.directory import RunDirectory

_BLOCK = 1 << 20


class AppendedFiles:
    """The SHA-256 of files that only grow; reads every byte once.

    Args:
        directory: The run that contains them.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._read: dict[str, tuple[int, Any]] = {}

    def digests(self, sizes: Mapping[str, int]) -> dict[str, list[Any]]:
        """The size and SHA-256 of each file's beginning; missing files are left out.

        Args:
            sizes: How many bytes of each file count, by its path in the run.
        """
        found: dict[str, list[Any]] = {}
        for name, size in sizes.items():
            done, digest = self._read.get(name, (0, hashlib.sha256()))
            if size < done:
                done, digest = 0, hashlib.sha256()
            try:
                with open(open_own(self._directory.path / name), "rb") as file:  # noqa: PTH123
                    file.seek(done)
                    complete = _take_in(digest, file, size - done)
            except (OSError, ValueError):  # it is not there, or its name is none
                complete = False
            if complete:
                self._read[name] = size, digest
                found[name] = [size, digest.hexdigest()]
            else:
                self._read.pop(name, None)
        return found


def changed_files(directory: RunDirectory, appended: Any) -> Iterator[str]:
    """The files whose beginning differs from what a state recorded, by their paths in the run.

    Args:
        directory: The run.
        appended: The result of `AppendedFiles.digests` when the state was saved.

    Raises:
        RunError: It lists files that no run appends to.
    """
    files = AppendedFiles(directory)
    for name, (size, digest) in _checked(directory, appended).items():
        if files.digests({name: size}) != {name: [size, digest]}:
            yield name


def _checked(directory: RunDirectory, appended: Any) -> dict[str, tuple[int, str]]:
    try:
        files = {str(name): (size, str(digest)) for name, (size, digest) in appended.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise RunError(f"{directory.path} is damaged: it does not say what it wrote") from error
    own = (directory.callbacks.name, directory.tensorboard.name)
    for name, (size, _) in files.items():
        parts = Path(name).parts
        lies_there = parts[:1] in {(folder,) for folder in own} and ".." not in parts
        if type(size) is not int or size < 0 or not lies_there:
            raise RunError(f"{directory.path} is damaged: it says that it wrote {name!r:.80}")
    return files


def _take_in(digest: Any, file: IO[bytes], count: int) -> bool:
    """Hash a number of bytes; False if there are fewer."""
    while count and (block := file.read(min(count, _BLOCK))):
        digest.update(block)
        count -= len(block)
    return not count
