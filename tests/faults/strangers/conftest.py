"""What the tests of strangers' files share: a secret, and traces that code of theirs would leave."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CONTENT = "the-secret-of-the-user"
MEMORY = 1_500_000_000
"""Bytes of addresses that a command without TensorFlow may have; NumPy alone takes a third."""
SECONDS = 60


@dataclass(frozen=True)
class Traps:
    """A file outside of all runs, and one that only code of a stranger's would make."""

    secret: Path
    ran: Path

    def untouched(self, *said: str) -> bool:
        """Whether nothing ran, and the secret was neither told nor changed."""
        kept = self.secret.read_text(encoding="utf-8") == f"{CONTENT}\n"
        return kept and not self.ran.exists() and CONTENT not in "".join(said)


@pytest.fixture
def traps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traps]:
    """The traps, which must be untouched when the test ends."""
    folder = tmp_path_factory.mktemp("outside")
    traps = Traps(folder / "secret.txt", folder / "ran")
    traps.secret.write_text(f"{CONTENT}\n", encoding="utf-8")
    yield traps
    assert traps.untouched()
    assert [path.name for path in folder.iterdir()] == ["secret.txt"]


@pytest.fixture
def in_time() -> Iterator[None]:
    """Fails the test instead of waiting for ever, for a pipe that nobody writes to."""

    def give_up(number: int, frame: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def bounded() -> None:
    """Gives the process that is about to start no more memory than a small run needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.fixture
def nnrun_bounded(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `nnrun ARGS…` as a process of little memory."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nnrun", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            preexec_fn=bounded,
            check=False,
        )

    return run


def make_sparse(path: Path, size: int = 4_000_000_000) -> None:
    """Make a file that claims to be huge and takes no room."""
    path.unlink(missing_ok=True)
    path.touch()
    os.truncate(path, size)
