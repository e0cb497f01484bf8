"""Write the golden files anew: `python -m tests.cli.regenerate_golden`, then read the diff."""

import tempfile
from pathlib import Path

from .golden.cases import CASES, FOLDER, run_case


def regenerate() -> None:
    """Write what the command says now about every case, and remove what belongs to none."""
    for path in FOLDER.glob("*.txt"):
        if path.stem not in CASES:
            path.unlink()
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            _, stderr = run_case(case, Path(folder))
        (FOLDER / f"{name}.txt").write_text(stderr, encoding="utf-8")


if __name__ == "__main__":
    regenerate()
