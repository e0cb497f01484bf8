"""One writer a run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs.locking import RunLock, is_locked

HOLD = """
import sys
from pathlib import Path
from nnrun.runs.locking import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(run: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        assert is_locked(tmp_path)
        with pytest.raises(RunError, match=rf"another process \(pid {process.pid}\)"):
            RunLock(tmp_path).acquire()
        assert is_locked(tmp_path)


@pytest.mark.faults
def test_kill_minus_nine_frees_the_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert not is_locked(tmp_path)
        with RunLock(tmp_path):
            assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_lasts_as_long_as_the_block(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    with RunLock(tmp_path):
        assert is_locked(tmp_path)
        with pytest.raises(RunError, match="another process"), RunLock(tmp_path):
            pass
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    with RunLock(tmp_path):
        pass


def test_a_look_at_the_lock_does_not_refuse_its_taker(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        pass
    for _ in range(100):
        assert not is_locked(tmp_path)
        with RunLock(tmp_path):
            pass


def test_a_directory_that_cannot_hold_a_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot lock"):
        RunLock(tmp_path / "file").acquire()
    assert not is_locked(tmp_path / "missing")
