"""A run as nnrun wrote it while `signature.json` had format 1, with text and scaled labels.

`format_1/` holds what commit 9bfb8e6 left of a training of three epochs, without its plots, its
older checkpoints and `model.keras`; and the history that it gave when all six were trained.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.device import processor_name
from nnrun.runs.checksums import write_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import RunRecord
from nnrun.runs.provenance import PACKAGES, installed_versions

KEPT = Path(__file__).with_name("format_1")
TRAINED_AT = "/tmp/nnrun/rooms.csv"
LOSSES = {"loss": 1.2934334, "mae": 302.3544}
RENTS = [1045.59423828125, 566.057373046875]
Nnrun = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A copy of the run, whose data lie beside it now."""
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    found = RunDirectory(tmp_path / "rooms")
    resolved = found.resolved.read_text()
    assert TRAINED_AT in resolved
    write_file(found.resolved, resolved.replace(TRAINED_AT, str(tmp_path / "rooms.csv")).encode())
    return found


def test_it_is_shown_and_compared(run: RunDirectory, nnrun: Nnrun) -> None:
    shown = nnrun("show", "rooms")
    assert (shown.code, shown.err) == (0, "")
    assert "damaged: model.keras\n" in shown.out  # which is not kept here
    shutil.copytree("rooms", "again")
    compared = nnrun("compare", "rooms", "again")
    assert (compared.code, compared.err) == (0, "")
    assert "val_mae" in compared.out


def test_it_is_evaluated_and_predicts(run: RunDirectory, nnrun: Nnrun) -> None:
    evaluated = nnrun("eval", "rooms", "--json")
    assert json.loads(evaluated.out)["recorded"] == pytest.approx(LOSSES, rel=1e-5)
    Path("new.csv").write_text("note,size,age\nbright roof,40,5\nunheard word,90,60\n")
    predicted = nnrun("predict", "rooms", "new.csv", "--json")
    rents = [row["predicted"] for row in json.loads(predicted.out)["rows"]]
    assert rents == pytest.approx(RENTS, rel=1e-5)


def test_it_goes_on_with_the_same_bits(run: RunDirectory, nnrun: Nnrun) -> None:
    before, now = RunRecord.read(run.record), installed_versions()
    changed = nnrun("resume", "rooms", "--epochs", 6)
    assert (changed.code, "dataset.csv.path: " in changed.err) == (2, True)
    done = nnrun("resume", "rooms", "--epochs", 6, "--anyway")
    assert done.code == 0, done.err
    assert json.loads(run.signature.read_text())["format"] == 2
    figures = [
        {name: value for name, value in row.items() if name != "seconds"}
        for row in History.read(run.history).rows
    ]
    expected = History.read(Path("longer.csv")).rows
    is_same_machine = before.processor == processor_name()
    is_same = is_same_machine and all(before.versions[name] == now[name] for name in PACKAGES)
    assert figures == [pytest.approx(row, rel=0 if is_same else 1e-4, abs=0) for row in expected]
