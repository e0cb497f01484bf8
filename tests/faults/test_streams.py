"""Standard streams that are closed, full or no longer read, and too little memory: no tracebacks."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY

from nnrun.errors import is_out_of_memory
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord

pytestmark = pytest.mark.faults

Shell = Callable[[str], subprocess.CompletedProcess[str]]
LOST = "nnrun: some output was lost on standard output: "


@pytest.fixture
def shell(tmp_path: Path, write_config: Callable[..., Path]) -> Shell:
    """Runs a line of a shell in which `nnrun` is this nnrun, in a folder with a config."""
    write_config()

    def run(line: str) -> subprocess.CompletedProcess[str]:
        text = f'set -o pipefail; nnrun() {{ {sys.executable} -m nnrun "$@"; }}; {line}'
        command = ["bash", "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        return done

    return run


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("nnrun list >&-", 1, f"{LOST}it is closed\n"),
        ("nnrun --help >/dev/full", 1, f"{LOST}no space left on device\n"),
        ("nnrun schema | head -c 1 >/dev/null", 0, ""),
        ("nnrun schema | true", 0, ""),
        ("nnrun validate tiny.yaml >&-", 0, f"{LOST}it is closed\n"),
        ("nnrun validate tiny.yaml <&- >&- 2>&-", 0, ""),
        ("nnrun validate none.yaml 2>&-", 2, ""),
        ("nnrun validate none.yaml >&- 2>/dev/full", 2, ""),
        ("nnrun validate tiny.yaml --json >/dev/full", 1, f"{LOST}no space left on device\n"),
        ("nnrun rm latest --runs-dir . <&-", 2, None),
    ],
)
def test_streams_that_take_nothing(shell: Shell, line: str, code: int, told: str | None) -> None:
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert told is None or done.stderr == told


@pytest.mark.parametrize(
    "streams",
    ["<&- >&- 2>&-", pytest.param(">/dev/full 2>/dev/full", marks=pytest.mark.campaign)],
)
def test_a_training_without_streams_is_kept(shell: Shell, streams: str, tmp_path: Path) -> None:
    done = shell(f"nnrun train tiny.yaml --run-dir run {streams}")
    run = RunDirectory(tmp_path / "run")
    assert (done.returncode, RunRecord.read(run.record).status) == (0, "finished")
    assert run.model.is_file()


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    """Else what is printed would be written to it."""
    code = """
from nnrun.cli.streams import hold_streams
hold_streams()
import os, sys
precious = os.open("precious", os.O_RDWR | os.O_CREAT)
print("a line")
print("another", file=sys.stderr)
sys.stdout.flush()
os._exit(precious)
"""

    def close_all() -> None:
        for number in range(3):
            os.close(number)

    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, check=False, preexec_fn=close_all)
    assert done.returncode > 2
    assert (tmp_path / "precious").read_bytes() == b""


def limited(kilobytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (kilobytes * 1000, kilobytes * 1000))


HUGE = TINY.replace("hidden: [8]", "hidden: [30000, 30000]")


@pytest.mark.parametrize(
    ("text", "kilobytes"),
    [
        pytest.param(TINY, 500_000, id="to import"),
        pytest.param(HUGE, 5_000_000, id="to train", marks=pytest.mark.campaign),
    ],
)
def test_too_little_memory_is_a_sentence(
    text: str, kilobytes: int, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nnrun", "train", write_config(text), "--run-dir", "run", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited(kilobytes),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("nnrun: there is too little memory\n  Give the process more")
    assert "Traceback" not in done.stderr


def test_what_memory_is_told_by() -> None:
    class ResourceExhaustedError(Exception):
        """As TensorFlow calls it."""

    wrapped = ImportError("numpy failed")
    wrapped.__cause__ = ImportError("x.so: failed to map segment from shared object")
    for error in (MemoryError(), OSError(12, "no"), ResourceExhaustedError(), wrapped):
        assert is_out_of_memory(error)
    for other in (ValueError("no"), ImportError("no module named x"), OSError(28, "full")):
        assert not is_out_of_memory(other)


def test_the_command_hears_what_ends_it_and_leaves_ignored_signals(
    nnrun: Callable[..., object],
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        nnrun("--version")
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert callable(signal.getsignal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGHUP, before)
