"""The files of one checkpoint: arrays and facts in an archive, and its manifest.

The archive (`.npz`) is an uncompressed zip file of NumPy arrays; the manifest (`.json`) beside it
has its SHA-256. Both may be untrusted: everything read is bounded by the size of the file.
"""

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from nnrun.errors import RunError
from nnrun.reading import (
    MAX_JSON,
    open_own,
    parse_json,
    read_array,
    read_own,
    skip_npy_header,
)
from nnrun.runs.atomic import cannot_read, write_bytes, write_json

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 1
_INDEX = "index"
_BLOCK = 1 << 20
_FLOATS: Mapping[str, tuple[Literal["H", "I", "Q"], int]] = {
    "float16": ("H", 0x7C00),
    "bfloat16": ("H", 0x7F80),
    "float32": ("I", 0x7F80_0000),
    "float64": ("Q", 0x7FF0_0000_0000_0000),
}
"""For each type, the integer of the same size, and the bits that are all set in NaN and
infinity."""
_UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError),
)
"""The errors raised for archives that nnrun did not write."""


class NonFiniteError(RunError):
    """An array contains NaN or infinity, so the state must not be saved.

    Attributes:
        array: The name of the first such array.
    """

    exit_code = 1

    def __init__(self, array: str) -> None:
        super().__init__(f"{array} holds values that are not finite; it is not saved")
        self.array = array


@dataclass(frozen=True)
class Content:
    """The content of a checkpoint's archive, verified by its manifest.

    Attributes:
        arrays: The arrays by name; empty if only the facts were read.
        facts: The facts saved with them.
        digest: The SHA-256 of the archive.
    """

    arrays: Mapping[str, "Array"]
    facts: Mapping[str, Any]
    digest: str


def save_checkpoint(path: Path, arrays: Mapping[str, "Array"], facts: Mapping[str, Any]) -> None:
    """Write arrays and facts to `path` (a `.npz`), then the manifest beside it (a `.json`).

    Raises:
        RunError: A file cannot be written.
        TypeError: An array is not numeric, or a fact is not a JSON value.
    """
    data = _pack(arrays, facts)
    write_bytes(path, data)
    manifest = {"format": FORMAT, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    write_json(path.with_suffix(".json"), manifest)


def load_checkpoint(path: Path, most: int | None = None) -> Content:
    """Read a checkpoint that `save_checkpoint` wrote.

    Args:
        path: The `.npz`.
        most: The largest size in bytes; None for any.

    Raises:
        RunError: A file is missing, damaged, or written by a newer nnrun.
    """
    expected = read_digest(path)
    try:
        data = read_own(path, most)
    except OSError as error:
        raise cannot_read(path, error) from error
    _compare(path, hashlib.sha256(data).hexdigest(), expected)
    try:
        arrays, facts = _unpack(data)
    except _UNREADABLE as error:
        raise RunError(f"{path} is not a checkpoint") from error
    return Content(arrays, facts, expected)


def scan_checkpoint(path: Path) -> Content:
    """Read the facts of a checkpoint and verify all of it, block by block.

    Args:
        path: The `.npz`.

    Returns:
        The facts and the digest, without arrays.

    Raises:
        RunError: A file is missing, damaged, written by a newer nnrun, or contains values that are
            not finite.
    """
    expected = read_digest(path)
    try:
        with open(open_own(path), "rb") as file:  # noqa: PTH123 - of a descriptor
            _compare(path, hashlib.file_digest(file, "sha256").hexdigest(), expected)
            facts = _scan(path, file)
    except OSError as error:
        raise cannot_read(path, error) from error
    except _UNREADABLE as error:
        raise RunError(f"{path} is not a checkpoint") from error
    return Content({}, facts, expected)


def read_digest(path: Path) -> str:
    """The SHA-256 of a checkpoint's archive, according to its manifest.

    Raises:
        RunError: The manifest is missing, damaged, or written by a newer nnrun.
    """
    manifest = path.with_suffix(".json")
    try:
        content = parse_json(read_own(manifest, MAX_JSON))
        if content["format"] > FORMAT:
            raise RunError(f"{path} was written by a newer nnrun")
        digest = content["sha256"]
    except OSError as error:
        raise cannot_read(manifest, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{manifest} is damaged") from error
    if not isinstance(digest, str):
        raise RunError(f"{manifest} is damaged")
    return digest


def check_finite(arrays: Mapping[str, "Array"]) -> None:
    """Refuse NaN and infinity.

    Raises:
        NonFiniteError: An array contains one.
    """
    import numpy as np

    for name, array in arrays.items():
        if not _is_finite(np.asarray(array)):
            raise NonFiniteError(name)


def _is_finite(array: "Array") -> bool:
    import numpy as np

    is_whole = array.dtype.kind in "biu" or "int" in array.dtype.name
    return is_whole or bool(np.isfinite(array).all())


def _compare(path: Path, digest: str, expected: str) -> None:
    if digest != expected:
        raise RunError(f"{path} is damaged: its content is not what was written")


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
        index, facts = _read_index(archive, len(data))
        for number, (name, type_name) in enumerate(index):
            array = read_array(archive.read(f"a{number}.npy"))
            arrays[name] = (
                array if array.dtype.name == type_name else array.view(_custom(type_name))
            )
    return arrays, facts


def _scan(path: Path, file: IO[bytes]) -> dict[str, Any]:
    """The facts, after checking that no array holds NaN or infinity."""
    with zipfile.ZipFile(file) as archive:
        index, facts = _read_index(archive, path.stat().st_size)
        for number, (name, type_name) in enumerate(index):
            with archive.open(f"a{number}.npy") as member:
                if type_name in _FLOATS and not _is_finite_file(member, *_FLOATS[type_name]):
                    raise RunError(f"{path} is damaged: {name} holds values that are not finite")
    return facts


def _is_finite_file(member: IO[bytes], code: Literal["H", "I", "Q"], exponent: int) -> bool:
    """Whether an array's file has no NaN or infinity; without NumPy, which is slow to import."""
    skip_npy_header(member)
    width = struct.calcsize(code)
    ending = re.compile(b"[\x7c-\x7f\xfc-\xff]")
    while block := member.read(_BLOCK):
        # The last byte of a number tells most of the exponent: few have one that could be full.
        if ending.search(block[width - 1 :: width]):
            values = memoryview(block).cast(code)
            if any(value & exponent == exponent for value in values):
                return False
    return True


def _read_index(archive: zipfile.ZipFile, size: int) -> tuple[list[Any], dict[str, Any]]:
    """The names and types of the arrays, and the facts.

    Refuses an archive with anything else. Archives are not compressed, so nothing in one can be
    larger than the file.
    """
    members = archive.infolist()
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > size:
        raise ValueError("it unpacks to more than it is")
    with archive.open(f"{_INDEX}.npy") as member:
        skip_npy_header(member)
        index = parse_json(member.read(), parse_int=_whole)
    arrays, facts = index["arrays"], dict(index["facts"])
    known = {f"{_INDEX}.npy", *(f"a{number}.npy" for number in range(len(arrays)))}
    if len(members) != len(known) or {member.filename for member in members} != known:
        raise ValueError("it holds other files than its index tells")
    if len({name for name, _ in arrays}) != len(arrays):
        raise ValueError("two of its arrays have the same name")
    if not all(isinstance(text, str) for pair in arrays for text in pair):
        raise TypeError("the name of an array is no text")
    return arrays, facts


def _whole(text: str) -> int:
    """Check a whole number that must fit NumPy's and TensorFlow's integers."""
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(text[:40])
    return number


def _custom(name: str) -> "np.dtype[Any]":
    import ml_dtypes
    import numpy as np

    custom: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return custom
