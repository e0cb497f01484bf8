"""Files are written whole or not at all."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnrun.errors import RunError
from nnrun.runs import atomic

from . import names_in


def test_it_replaces_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")
    atomic.write_text(path, "né\r\n")
    assert path.read_bytes() == "né\r\n".encode()
    assert names_in(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failing_call_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(RunError) as caught:
        atomic.write_text(path, "new")
    assert "\n" not in caught.value.message
    assert ("the disk is full" in caught.value.message) == (code == errno.ENOSPC)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_the_directory_is_synced_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda d: (calls.append("fsync"), fsync(d))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b))[1])
    atomic.write_bytes(tmp_path / "a", b"1")
    atomic.write_with(tmp_path / "b", lambda path: path.write_bytes(b"2") and None)
    assert calls == ["fsync", "replace", "fsync"] * 2


@pytest.mark.faults
def test_a_real_limit_on_the_file_size_is_told_in_a_line(tmp_path: Path) -> None:
    code = f"""
import resource, signal
from pathlib import Path
from nnrun.errors import RunError
from nnrun.runs.atomic import write_bytes
path = Path({str(tmp_path / "a")!r})
write_bytes(path, b"old")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY}))
try:
    write_bytes(path, bytes(100_000))
except RunError as error:
    print(error.message)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip().endswith("the file would be larger than is allowed")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names_in(tmp_path) == ["a"]


def test_a_path_below_a_file_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="a part of its path is a file"):
        atomic.write_text(tmp_path / "file" / "a", "")
    with pytest.raises(RunError, match="does not exist"):
        atomic.write_text(tmp_path / "missing" / "a", "")


def test_a_library_writes_under_a_name_of_the_same_suffix(tmp_path: Path) -> None:
    suffixes = []

    def write(path: Path) -> None:
        suffixes.append(path.suffix)
        path.write_text("model")

    atomic.write_with(tmp_path / "model.keras", write)
    assert suffixes == [".keras"]
    assert names_in(tmp_path) == ["model.keras"]


def test_a_library_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        path.write_text("half")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        atomic.write_with(tmp_path / "model.keras", write)
    assert names_in(tmp_path) == []


def test_json_is_of_plain_numbers(tmp_path: Path) -> None:
    value = {
        "a": np.float32(0.5),
        "b": [float("nan"), -float("inf")],
        "c": np.int64(3),
        4: Path("x"),
    }
    value |= {"d": np.array([1.5, np.nan]), "e": True, "f": None, "g": np.float64(0.1)}
    atomic.write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "a": 0.5, "b": [None, None], "c": 3, "4": "x", "d": [1.5, None], "e": True, "f": None, "g": 0.1,
    }  # fmt: skip


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    left = atomic.temporary_path(tmp_path / "checkpoints" / "last-1.npz")
    kept = [tmp_path / ".lock", tmp_path / "a.tmp"]
    for path in (left, *kept):
        path.touch()
    atomic.remove_leftovers(tmp_path)
    assert not left.exists()
    assert all(path.exists() for path in kept)


def test_a_directory_is_tried_before_anything_starts(tmp_path: Path) -> None:
    atomic.check_writable(tmp_path)
    assert names_in(tmp_path) == []
    with pytest.raises(RunError, match="cannot write"):
        atomic.check_writable(tmp_path / "missing")
