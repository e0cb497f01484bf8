"""--out: what cannot be written is refused before any work, and data are not overwritten unasked."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.runs.directory import RunDirectory

Nnrun = Callable[..., Any]
# The run has no weights, and nobody is there to be compared: both would be said, were it not first.
COMMANDS = ["predict base rows.csv --out {}.csv", "compare base --out {}.csv", "plot no_run --out {}.png"]  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(
    tmp_path: Path, make_run: Callable[..., RunDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run("base", [0.5])
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("nowhere/x", "nnrun: --out: there is no folder nowhere\n  Make it first.\n"),
        ("folder", "is a folder\n  Name a file in it.\n"),
    ],
)
def test_a_place_that_cannot_be_is_refused_first(
    nnrun: Nnrun, command: str, out: str, told: str
) -> None:
    done = nnrun(*command.format(out).split())
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(told)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_folder_is_refused_first(nnrun: Nnrun, tmp_path: Path, command: str) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    done = nnrun(*command.format("closed/x").split())
    assert (done.code, done.err) == (2, "nnrun: cannot write closed: permission denied\n")


@pytest.mark.parametrize("command", ["compare base --out x.pdf", "plot base --out x.gif"])
def test_a_kind_that_cannot_be_is_refused(nnrun: Nnrun, command: str) -> None:
    done = nnrun(*command.split())
    assert done.code == 2
    assert "--out: cannot write x." in done.err
    assert "\n  End it in ." in done.err


def test_predictions_replace_a_file_only_when_asked(
    nnrun: Nnrun, tiny_run: RunDirectory, tmp_path: Path
) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    out.write_text("kept")
    command = ("predict", tiny_run.path, rows, "--out", out)
    done = nnrun(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err == (f"nnrun: --out: {out} already exists\n  Add --overwrite to replace it.\n")
    assert out.read_text() == "kept"
    assert nnrun(*command, "--overwrite").code == 0
    assert out.read_text().startswith("row,predicted,p_setosa")


def test_pictures_are_drawn_over(nnrun: Nnrun, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("old")
    assert nnrun("plot", "base", "--out", "x.png").code == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
