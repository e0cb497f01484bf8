"""Write the golden screens anew: `python -m tests.cli.regenerate_screens`, then read the diff."""

import os
import sys
from pathlib import Path

import pytest

from .golden_screens.cases import FILES, FOLDER


def regenerate() -> int:
    """Let the tests write what every command shows now, and remove what belongs to no case."""
    for path in FOLDER.glob("*.txt"):
        if path.stem not in FILES:
            path.unlink()
    os.environ["REGENERATE_GOLDEN_SCREENS"] = "1"
    return pytest.main(["-q", str(Path(__file__).with_name("test_golden_screens.py"))])


if __name__ == "__main__":
    sys.exit(regenerate())
