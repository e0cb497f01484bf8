"""Checkpoints: named arrays and facts, which are either verified or refused.

A generation of the checkpoint `last` is two files: `last-8.npz` with the arrays and facts, and
`last-8.json`, its manifest, with the SHA-256 of the first. The manifest is written last and makes
the generation valid. Each generation has its own manifest, so that a damaged one costs only that
generation, and the one before it is used.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.runs.checkpoint_files import (
    Content,
    check_finite,
    load_checkpoint,
    save_checkpoint,
    scan_checkpoint,
)
from nnrun.runs.directory import refuse_link

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """A generation of a checkpoint.

    Attributes:
        arrays: The arrays by name.
        facts: The facts saved with them.
        generation: The number of the commit, from 1.
        digest: The SHA-256 of its archive.
        refused: Why newer generations were refused, one line each; empty if this is the newest.
    """

    arrays: Mapping[str, "Array"]
    facts: Mapping[str, Any]
    generation: int
    digest: str
    refused: tuple[str, ...] = ()


@dataclass
class CheckpointStore:
    """The checkpoints in a directory, each with its previous generation."""

    directory: Path
    _good: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def commit(
        self,
        name: str,
        arrays: Mapping[str, "Array"],
        facts: Mapping[str, Any],
        *,
        unchecked: tuple[str, ...] = (),
    ) -> int:
        """Write a new generation of a checkpoint; a crash at any moment leaves the old or the new one.

        Args:
            name: The checkpoint: `best` or `last`.
            arrays: The arrays by name, of any type of numbers and any shape.
            facts: JSON values; NaN and infinity are allowed.
            unchecked: The prefix of the names of arrays that may contain NaN and infinity.

        Returns:
            The number of the generation.

        Raises:
            NonFiniteError: An array contains NaN or infinity; nothing was written.
            RunError: The files cannot be written.
        """
        check_finite(
            {name: array for name, array in arrays.items() if not name.startswith(unchecked)}
        )
        generations = self._generations(name)
        generation = max((*generations, *self._strays(name)), default=0) + 1
        # What is known to load is worth more than what is merely newer.
        previous = self._good.get(name, max(generations, default=0))
        try:
            save_checkpoint(self._path(name, generation), arrays, facts)
        except BaseException:
            self._remove(name, generation)
            raise
        self._good[name] = generation
        for old in {*generations, *self._strays(name)} - {generation, previous}:
            self._remove(name, old)
        return generation

    def load(self, name: str, most: int | None = None) -> Checkpoint:
        """Load the newest intact generation of a checkpoint.

        Args:
            name: The checkpoint: `best` or `last`.
            most: The largest size of its file in bytes; None for a run of this process.

        Raises:
            RunError: There is none.
        """
        for checkpoint in self.load_all(name, most):
            self._good[name] = checkpoint.generation
            return checkpoint
        raise RunError(f"there is no checkpoint {name!r} in {self.directory}")

    def load_all(self, name: str, most: int | None = None) -> Iterator[Checkpoint]:
        """Load all intact generations of a checkpoint, the newest first; see `load`.

        Raises:
            RunError: There are generations, but none is intact.
        """
        return self._whole(name, lambda path: load_checkpoint(path, most))

    def scan_all(self, name: str) -> Iterator[Checkpoint]:
        """Verify the generations completely, like `load_all`, but return only their facts.

        Raises:
            RunError: There are generations, but none is intact.
        """
        return self._whole(name, scan_checkpoint)

    def load_again(self, name: str, scanned: Checkpoint, most: int | None = None) -> Checkpoint:
        """Load the arrays of a generation that `scan_all` returned.

        Raises:
            RunError: It has changed since, or is too large.
        """
        path = self._path(name, scanned.generation)
        content = load_checkpoint(path, most)
        if content.digest != scanned.digest:
            raise RunError(f"{path} was changed while it was read")
        return Checkpoint(content.arrays, content.facts, scanned.generation, content.digest)

    def _whole(self, name: str, read: Callable[[Path], Content]) -> Iterator[Checkpoint]:
        refused: list[str] = []
        generations = sorted(self._generations(name), reverse=True)
        for generation in generations:
            try:
                content = read(self._path(name, generation))
            except RunError as error:
                refused.append(error.message)
            else:
                yield Checkpoint(
                    content.arrays, content.facts, generation, content.digest, tuple(refused)
                )
        if refused and len(refused) == len(generations):
            raise RunError(f"no checkpoint {name!r} is whole: " + "; ".join(refused))

    def trust(self, name: str, generation: int) -> None:
        """Keep this generation and the one before it for two more commits; remove all others."""
        self._good[name] = generation
        numbers = self._generations(name) | self._strays(name)
        previous = max((number for number in numbers if number < generation), default=0)
        for other in numbers - {generation, previous}:
            self._remove(name, other)

    def has(self, name: str) -> bool:
        """Whether any generation of the checkpoint exists."""
        return bool(self._generations(name))

    def file_of(self, name: str, checkpoint: Checkpoint) -> Path:
        """The file of a generation's arrays."""
        return self._path(name, checkpoint.generation)

    def _generations(self, name: str) -> set[int]:
        return self._numbers(name, "json")

    def _strays(self, name: str) -> set[int]:
        return self._numbers(name, "npz")

    def _numbers(self, name: str, suffix: str) -> set[int]:
        refuse_link(self.directory)
        pattern = re.compile(rf"{re.escape(name)}-(\d+)\.{suffix}")
        matches = (pattern.fullmatch(path.name) for path in self.directory.glob(f"*.{suffix}"))
        return {int(match[1]) for match in matches if match}

    def _path(self, name: str, generation: int) -> Path:
        return self.directory / f"{name}-{generation}.npz"

    def _remove(self, name: str, generation: int) -> None:
        # The manifest first: without it the arrays count for nothing.
        for suffix in (".json", ".npz"):
            with suppress(OSError):
                self._path(name, generation).with_suffix(suffix).unlink()
