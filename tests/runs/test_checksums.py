"""Checksums: damage is told, whatever a crash leaves is not taken for damage."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs import atomic, checksums
from nnrun.runs.checksums import check_file, read_file, write_file, write_files, write_with_checksum


class PowerLossError(Exception):
    """The machine goes off."""


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"one")
    write_file(path, b"two")
    assert read_file(path, None) == b"two"
    listed = json.loads((tmp_path / "checksums.json").read_text())["files"]
    assert listed == {"a.txt": [hashlib.sha256(text).hexdigest() for text in (b"one", b"two")]}
    write_file(path, b"two")
    assert json.loads((tmp_path / "checksums.json").read_text())["files"]["a.txt"] == [
        hashlib.sha256(b"two").hexdigest()
    ]


def test_every_flipped_bit_and_every_truncation_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    content = b"some text\n"
    write_file(path, content)
    for spoiled in [
        *(content[:length] for length in range(len(content))),
        *(
            content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]
            for at in range(len(content))
            for bit in range(8)
        ),
    ]:
        path.write_bytes(spoiled)
        with pytest.raises(RunError, match=r"a\.txt is damaged: its content is not what was"):
            read_file(path, None)
        with pytest.raises(RunError, match=r"a\.txt is damaged"):
            check_file(path)
        assert read_file(path, None, check=False) == spoiled


def test_damage_to_the_checksums_is_told_as_such(tmp_path: Path) -> None:
    path, listed = tmp_path / "a.txt", tmp_path / "checksums.json"
    write_file(path, b"one")
    content = listed.read_bytes()
    for at in range(len(content)):
        listed.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            found = read_file(path, None)
        except RunError as error:
            assert error.message.startswith(f"{listed} is damaged: ")  # noqa: PT017
        else:  # a blank that became another character that JSON passes over
            assert found == b"one"
    for length in range(len(content) - 1):
        listed.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"checksums\.json is damaged"):
            read_file(path, None)
    listed.unlink()
    assert read_file(path, None) == b"one"


def test_a_file_that_is_not_listed_is_read_as_it_is(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt", b"one")
    (tmp_path / "b.txt").write_bytes(b"by hand")
    assert read_file(tmp_path / "b.txt", None) == b"by hand"
    check_file(tmp_path / "missing.txt")
    with pytest.raises(RunError, match="it does not exist"):
        read_file(tmp_path / "missing.txt", None)


def all_at_once(first: Path, second: Path) -> None:
    write_files({first: b"a2", second: b"b2"})


def one_by_one(first: Path, second: Path) -> None:
    def write(path: Path) -> None:
        path.write_bytes(b"a2")

    write_with_checksum(first, write)
    write_file(second, b"b2")


@pytest.mark.parametrize("write", [all_at_once, one_by_one])
@pytest.mark.parametrize("dies_at", [0, 1, 2])
def test_a_crash_between_two_writes_is_no_damage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dies_at: int,
    write: Callable[[Path, Path], None],
) -> None:
    """The machine dies before the checksums, before the first file, and after it."""
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    write_files({first: b"a1", second: b"b1"})
    replace, calls = atomic.os.replace, []

    def dying(source: Path, target: Path) -> None:
        if len(calls) == dies_at:
            raise PowerLossError
        calls.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", dying)
        with pytest.raises(PowerLossError):
            write(first, second)
    assert read_file(first, None) == (b"a2" if dies_at == 2 else b"a1")
    assert read_file(second, None) == b"b1"
    # Written again after the crash, what stood there before it is not forgotten either.
    write_files({first: b"a3", second: b"b3"})
    assert (read_file(first, None), read_file(second, None)) == (b"a3", b"b3")


def test_damage_is_not_made_good_by_the_next_write_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"one")
    path.write_bytes(b"onf")
    with monkeypatch.context() as patch:
        patch.setattr(checksums.atomic, "write_bytes", raise_power_loss)
        with pytest.raises(PowerLossError):
            write_file(path, b"two")
    with pytest.raises(RunError, match="is damaged"):
        read_file(path, None)


def test_a_writer_between_two_readings_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"one")
    read, versions = checksums._read, iter([b"two", b"three"])

    def read_then_written(at: Path, most: int | None) -> bytes:
        content = read(at, most)
        for version in versions:  # twice: the digest of what was read is listed no more
            write_file(at, version)
        return content

    monkeypatch.setattr(checksums, "_read", read_then_written)
    assert read_file(path, None) == b"three"


def raise_power_loss(*_: object) -> None:
    raise PowerLossError
