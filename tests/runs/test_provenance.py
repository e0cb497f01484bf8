"""What the record says of the repository around a config."""

import os
import subprocess
from pathlib import Path

from nnrun.runs.provenance import git_state


def git(folder: Path, *arguments: str | bytes) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """Branches, settings and files of a repository are bytes to git, in any encoding."""
    git(tmp_path, "init", "--initial-branch=main")
    git(tmp_path, "commit", "--allow-empty", "--message=first")
    git(tmp_path, "checkout", "-b", b"caf\xe9")
    git(tmp_path, "config", b"branch.caf\xe9.description", b"d\xe9j\xe0 vu")
    git(tmp_path, "config", "core.quotePath", "false")
    state = git_state(tmp_path)
    assert state is not None
    assert state["dirty"] is False
    assert len(state["commit"]) == 40
    (tmp_path / os.fsdecode(b"no\xebl.txt")).touch()
    assert git_state(tmp_path) == {**state, "dirty": True}
