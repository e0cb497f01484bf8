"""Checkpoints: named arrays and facts, whole and verified or refused.

A generation of the checkpoint `last` is two files: `last-8.npz` with the arrays and the facts, and
`last-8.json`, its manifest, with the sha256 of the first. The manifest is written last and makes
the generation count. There is one manifest a generation, not one for all: a damaged one costs one
generation, and the one before it takes over.
"""

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.errors import RunError
from nnrun.reading import MAX_JSON, parse_json, read_array, read_own
from nnrun.runs.atomic import describe_cause, write_bytes, write_json
from nnrun.runs.directory import refuse_link

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 1
_INDEX = "index"
_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)
"""What `zipfile` raises for archives that it cannot read."""


class NonFiniteError(RunError):
    """An array holds NaN or infinity, and such a state is not to be kept.

    Attributes:
        array: The name of the first such array.
    """

    exit_code = 1

    def __init__(self, array: str) -> None:
        super().__init__(f"{array} holds values that are not finite; it is not saved")
        self.array = array


@dataclass(frozen=True)
class Checkpoint:
    """What was kept.

    Attributes:
        arrays: The arrays by name.
        facts: What was kept beside them.
        generation: Which commit this is, counted from 1.
        refused: Why newer generations were refused, a line each; empty where this is the newest.
    """

    arrays: Mapping[str, "Array"]
    facts: Mapping[str, Any]
    generation: int
    refused: tuple[str, ...] = ()


@dataclass
class CheckpointStore:
    """The checkpoints in a directory, each with the generation before it."""

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
        """Keep a new generation of a checkpoint; a crash at any instant leaves the old or the new.

        Args:
            name: Which checkpoint: `best` or `last`.
            arrays: The arrays by name, of any type of numbers and any shape.
            facts: Values that JSON knows; NaN and infinity are allowed.
            unchecked: What the names of arrays begin with that may hold NaN and infinity.

        Returns:
            The number of the generation.

        Raises:
            NonFiniteError: An array holds NaN or infinity; nothing was written.
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
        """Load the newest generation of a checkpoint that is whole.

        Args:
            name: Which checkpoint: `best` or `last`.
            most: How many bytes its file may have; None for a run of this process's own.

        Raises:
            RunError: There is none.
        """
        for checkpoint in self.load_all(name, most):
            self._good[name] = checkpoint.generation
            return checkpoint
        raise RunError(f"there is no checkpoint {name!r} in {self.directory}")

    def load_all(self, name: str, most: int | None = None) -> Iterator[Checkpoint]:
        """Load the generations of a checkpoint that are whole, the newest first; see `load`.

        Raises:
            RunError: There are generations, but none is whole.
        """
        refused: list[str] = []
        generations = sorted(self._generations(name), reverse=True)
        for generation in generations:
            try:
                arrays, facts = load_checkpoint(self._path(name, generation), most)
            except RunError as error:
                refused.append(error.message)
            else:
                yield Checkpoint(arrays, facts, generation, tuple(refused))
        if refused and len(refused) == len(generations):
            raise RunError(f"no checkpoint {name!r} is whole: " + "; ".join(refused))

    def trust(self, name: str, generation: int) -> None:
        """Keep this generation until the next but one commit, and the one before it; no others."""
        self._good[name] = generation
        numbers = self._generations(name) | self._strays(name)
        previous = max((number for number in numbers if number < generation), default=0)
        for other in numbers - {generation, previous}:
            self._remove(name, other)

    def digest(self, name: str) -> str:
        """The sha256 of the newest generation's arrays and facts, as its manifest has it.

        Raises:
            RunError: There is none, or its manifest is damaged.
        """
        generation = max(self._generations(name), default=None)
        if generation is None:
            raise RunError(f"there is no checkpoint {name!r} in {self.directory}")
        path = self._path(name, generation).with_suffix(".json")
        try:
            return str(parse_json(_read(path, MAX_JSON))["sha256"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged") from error

    def has(self, name: str) -> bool:
        """Whether a generation of the checkpoint was ever committed and is still there."""
        return bool(self._generations(name))

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


def save_checkpoint(path: Path, arrays: Mapping[str, "Array"], facts: Mapping[str, Any]) -> None:
    """Write arrays and facts to `path` (a `.npz`), then the manifest beside it (a `.json`).

    Raises:
        RunError: A file cannot be written.
        TypeError: An array is not of numbers, or a fact is not of JSON.
    """
    data = _pack(arrays, facts)
    write_bytes(path, data)
    manifest = {"format": FORMAT, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    write_json(path.with_suffix(".json"), manifest)


def load_checkpoint(
    path: Path, most: int | None = None
) -> tuple[dict[str, "Array"], dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Args:
        path: The `.npz`.
        most: How many bytes it may have; None for any number.

    Returns:
        The arrays by name, and the facts.

    Raises:
        RunError: A file is missing, damaged, or of a newer nnrun.
    """
    manifest = _read(path.with_suffix(".json"), MAX_JSON)
    data = _read(path, most)
    try:
        expected = parse_json(manifest)
        if expected["format"] > FORMAT:
            raise RunError(f"{path} was written by a newer nnrun")
        digest = expected["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path.with_suffix('.json')} is damaged") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise RunError(f"{path} is damaged: its content is not what was written")
    try:
        return _unpack(data)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, *_ZIP) as error:
        raise RunError(f"{path} is not a checkpoint") from error


def check_finite(arrays: Mapping[str, "Array"]) -> None:
    """Look for NaN and infinity.

    Raises:
        NonFiniteError: An array holds one.
    """
    import numpy as np

    for name, array in arrays.items():
        if not _is_whole(np.asarray(array)) and not np.isfinite(array).all():
            raise NonFiniteError(name)


def _is_whole(array: "Array") -> bool:
    return array.dtype.kind in "biu" or "int" in array.dtype.name


def _read(path: Path, most: int | None) -> bytes:
    try:
        return read_own(path, most)
    except OSError as error:
        raise RunError(f"cannot read {path}: {describe_cause(error)}") from error


def _pack(arrays: Mapping[str, "Array"], facts: Mapping[str, Any]) -> memoryview:
    import numpy as np

    # Arrays go by number: names like `dense/kernel` or `file` mean something to zip and to savez.
    members: dict[str, Array] = {}
    index = []
    for number, (name, value) in enumerate(arrays.items()):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcV" or array.dtype.names:
            raise TypeError(f"{name} is an array of {array.dtype}, not of numbers")
        index.append([name, array.dtype.name])
        # NumPy's format forgets the types of ml_dtypes (bfloat16, float8): keep their bits.
        custom = array.dtype.kind == "V"
        members[f"a{number}"] = array.view(f"u{array.dtype.itemsize}") if custom else array
    text = json.dumps({"arrays": index, "facts": dict(facts)})
    members[_INDEX] = np.frombuffer(text.encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **members)
    return file.getbuffer()


def _unpack(data: bytes) -> tuple[dict[str, "Array"], dict[str, Any]]:

    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _refuse_bomb(archive, len(data))
        index = parse_json(read_array(archive.read(f"{_INDEX}.npy")).tobytes())
        for number, (name, type_name) in enumerate(index["arrays"]):
            array = read_array(archive.read(f"a{number}.npy"))
            arrays[name] = (
                array if array.dtype.name == type_name else array.view(_custom(type_name))
            )
    return arrays, dict(index["facts"])


def _refuse_bomb(archive: zipfile.ZipFile, size: int) -> None:
    """What nnrun packs is not compressed, so that nothing can be larger than the file."""
    members = archive.infolist()
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > size:
        raise ValueError("it unpacks to more than it is")


def _custom(name: str) -> "np.dtype[Any]":
    import ml_dtypes
    import numpy as np

    custom: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return custom
