"""The provenance of a run: software versions, and the state of the config's repository."""

import contextlib
import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("nnrun", "tensorflow", "keras", "numpy")
"""The packages whose versions affect the bits."""
_REPOSITORYS = ("local", "worktree")
_PROGRAM = re.compile(r"filter\.|core\.fsmonitor$|extensions\.partialclone$|remote\..*\.promisor$")
_WITHOUT_HOOKS = ("--no-optional-locks", "-c", f"core.hooksPath={os.devnull}")


def installed_versions() -> dict[str, str]:
    """The versions of Python, nnrun and the packages that compute its results."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions


def git_state(folder: Path) -> dict[str, Any] | None:
    """The current commit and whether files differ from it; None outside a repository.

    Whether files differ is unknown (None) if the repository's settings name programs.
    """

    def git(*arguments: str) -> str:
        command = ["git", *_WITHOUT_HOOKS, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=10)
        return done.stdout.decode(errors="replace").strip()  # names are bytes to git

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        commit = git("rev-parse", "HEAD")
        # The settings of a repository may name programs, which `git status` would run.
        named = git("config", "--list", "--name-only", "--show-scope").splitlines()
        settings = (line.split("\t")[-1] for line in named if line.startswith(_REPOSITORYS))
        if any(_PROGRAM.match(setting) for setting in settings):
            return {"commit": commit, "dirty": None}
        changed = git("status", "--porcelain", "--ignore-submodules=all")
        return {"commit": commit, "dirty": bool(changed)}
    return None
