"""A run killed while it begins, before each call that opens, syncs or renames: it can go, or begin."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Done

from nnrun.errors import RunError
from nnrun.runs.beginnings import is_unbegun
from nnrun.runs.directory import RunDirectory, create_run_at
from nnrun.runs.locking import RunLock

pytestmark = pytest.mark.faults

Nnrun = Callable[..., Done]
BEGIN = """\
import os, signal, sys
from pathlib import Path
from nnrun.config.loading import load_experiment
from nnrun.runs.directory import create_run_at
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord
from nnrun.runs.run_writer import RunWriter

left = int(sys.argv[2])
def counted(call):
    def inner(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return inner

record = RunRecord("tiny", "running", "", 1, "2026-03-01T12:00:00+00:00")
directory = create_run_at(Path(sys.argv[1]))
for name in ("open", "fsync", "replace", "mkdir"):
    setattr(os, name, counted(getattr(os, name)))
with RunLock(directory.path):
    directory.callbacks.mkdir()
    RunWriter(directory, record).begin(b"name: tiny\\n", "name: tiny\\n", {})
print(left)
"""


def begin(path: Path, calls: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGIN, str(path), str(calls)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What kills at every fourth call leave behind, and a kill just before the record."""
    folder = tmp_path_factory.mktemp("runs")
    whole = begin(folder / "whole", 1000)
    calls = 1000 - int(whole.stdout)
    assert calls > 15
    moments = [*range(1, calls - 3, 4), calls - 3]  # the last is the renaming of the record
    paths = []
    for moment in moments:
        path = folder / f"tiny-20260301-1200{moment:02}-abcd"
        assert begin(path, moment).returncode == -9
        paths.append(path)
    return paths


def test_what_was_left_can_be_seen_and_removed(left: list[Path], nnrun: Nnrun) -> None:
    names = set()
    for path in left:
        assert is_unbegun(path), list(path.iterdir())
        names |= {one.name for one in path.iterdir()}
        done = nnrun("resume", path)
        assert done.code == 2
        assert "it was killed before its training began, so there is nothing in it" in done.err
        assert f"nnrun train CONFIG --run-dir {path}" in done.err
    assert {"resolved.yaml", "signature.json", "checksums.json", "plots"} <= names
    runs = left[0].parent
    listed = nnrun("list", "--runs-dir", runs)
    assert listed.code == 0
    assert listed.out.count("died") >= len(left)
    assert "Traceback" not in listed.err
    for path in left[:2]:
        assert nnrun("rm", path, "--yes", "--runs-dir", runs).code == 0
        assert not path.exists()
    for path in left[2:]:
        run = create_run_at(path)
        assert [one.name for one in run.path.iterdir()] == [".lock"]


def test_a_run_that_is_just_about_to_begin_is_left_alone(tmp_path: Path, nnrun: Nnrun) -> None:
    path = tmp_path / "runs" / "a"
    path.mkdir(parents=True)
    with RunLock(path):
        (path / "checkpoints").mkdir()
        with pytest.raises(RunError, match="another process"):
            create_run_at(path)
        done = nnrun("rm", path, "--yes", "--runs-dir", path.parent)
        assert (done.code, "a process is writing" in done.err) == (2, True)
        assert "running" in nnrun("list", "--runs-dir", path.parent).out
    assert (path / "checkpoints").exists()


@pytest.mark.parametrize("name", ["notes.txt", "checkpoints/mine.npz", "run.json", "data"])
def test_what_holds_anything_else_is_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    with RunLock(RunDirectory(make(path)).path):
        pass
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).mkdir() if name == "data" else (path / name).write_text("{}")
    assert not is_unbegun(path)
    with pytest.raises(RunError, match=r"is not empty|already holds"):
        create_run_at(path)
    assert (path / name).exists()


def test_a_link_is_no_leftover(tmp_path: Path) -> None:
    path = make(tmp_path / "a")
    with RunLock(path):
        pass
    assert is_unbegun(path)
    precious = make(tmp_path / "precious")
    (precious / "config.yaml").write_text("mine")
    (path / "checkpoints").symlink_to(precious)
    assert not is_unbegun(path)
    with pytest.raises(RunError, match="is not empty"):
        create_run_at(path)
    assert (precious / "config.yaml").exists()


def make(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
