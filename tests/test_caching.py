"""The cache is the user's alone, and does without where it cannot be."""

import stat
from pathlib import Path

import pytest

from nnrun.caching import SWITCH, private_folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nnrun"


def test_nobody_else_can_look_into_it(root: Path) -> None:
    folder = private_folder("xla")
    assert folder == root / "xla"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_others_could_write_is_not_used(root: Path) -> None:
    folder = root / "xla"
    folder.mkdir(parents=True)
    folder.chmod(0o770)
    assert private_folder("xla") is None
    folder.chmod(0o700)
    assert private_folder("xla") == folder
    (root / "engines").symlink_to(folder)
    assert private_folder("engines") is None


def test_a_cache_that_cannot_be_made_is_done_without(root: Path) -> None:
    root.write_text("a file stands in its place")
    assert private_folder("xla") is None


def test_it_can_be_switched_off(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    assert private_folder("xla") is None
    assert not root.exists()
