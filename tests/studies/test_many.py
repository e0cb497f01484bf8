"""`nnrun train --seeds`: many runs as one study, that goes on, grows and says what it came to."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest

import nnrun as package
from nnrun.analysis.study_report import StudyReport, read_study
from nnrun.runs.directory import RunDirectory
from nnrun.runs.index import find_run, list_runs, list_studies
from nnrun.runs.settings import read_run_config
from tests.conftest import TINY
from tests.same_run import assert_same_run

SHORT = TINY.replace("epochs: 2", "epochs: 1")
Nnrun = Callable[..., Any]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(table: str) -> list[list[str]]:
    """The cells of a table of trials, without the seconds."""
    lines = [line.split(",") for line in table.splitlines()]
    place = lines[0].index("seconds")
    return [[*line[:place], *line[place + 1 :]] for line in lines]


def test_seeds_are_a_study_that_grows_and_whose_trials_are_ordinary_runs(
    nnrun: Nnrun, write_config: Callable[..., Path]
) -> None:
    write_config(SHORT + "seeds: 2\nexpect: {val_accuracy: {min: 0}, val_loss: {max: 0}}\n")
    done = nnrun("train", "tiny.yaml")
    (study,) = list_studies(Path("runs"))
    lines = done.out.splitlines()
    assert done.code == 1, "no loss is at most 0"
    assert lines[0] == str(study.path)
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["trial", "seed"], ["0", "42"], ["1", "43"],
    ]  # fmt: skip
    assert not set(done.out) & {"\x1b", "\r", "\b"}

    more = nnrun("train", "tiny.yaml", "--seeds", 3, "--json", "--out", "study.html")
    assert "Trial" not in more.out
    report = json.loads(more.out)
    assert report["study_dir"] == str(study.path)
    assert [trial["settings"] for trial in report["trials"]] == [
        {"seed": 42}, {"seed": 43}, {"seed": 44},
    ]  # fmt: skip
    losses = [trial["figures"]["val_loss"] for trial in report["trials"]]
    assert [trial["value"] for trial in report["trials"]] == losses
    (group,) = report["groups"]
    spread = group["figures"]["val_loss"]
    reach = 4.302653 * stdev(losses) / 3**0.5  # Student's t of two degrees of freedom
    assert spread["mean"] == pytest.approx(fmean(losses))
    assert spread["deviation"] == pytest.approx(stdev(losses))
    assert spread["high"] == pytest.approx(fmean(losses) + reach)
    assert [item["held"] for item in group["expectations"]] == [True, False]
    assert "tiny-" in Path("study.html").read_text()

    assert list_runs(Path("runs")) == [], "its runs lie in the study"
    run = find_run(f"{study.name[:10]}/1", Path("runs"))
    assert run.name == f"{study.name}/1"
    assert "seeds" not in read_run_config(run)
    alone = RunDirectory(Path("alone"))
    single = nnrun("train", "tiny.yaml", "--seeds", 1, "--seed", 43, "--run-dir", alone.path, "-q")
    assert single.code == 1
    assert_same_run(run, alone)

    table = study.table.read_text()
    again = package.train("tiny.yaml", seeds=3)
    assert isinstance(again, StudyReport)
    assert study.table.read_text() == table, "nothing is trained twice"
    fresh = package.train("tiny.yaml", seeds=2, fresh=True, overrides=["expect={}"])
    assert isinstance(fresh, StudyReport)
    assert fresh.exit_code == 0
    assert fresh.directory != study
    assert rows(fresh.directory.table.read_text()) == rows(table)[:3]


STOPPING = """\
import signal

import keras


class StopOnce(keras.callbacks.Callback):
    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        StopOnce.epochs += 1
        if StopOnce.epochs == 3:
            signal.raise_signal(signal.SIGINT)
"""


def test_an_interrupted_study_goes_on_where_it_was(
    nnrun: Nnrun, write_config: Callable[..., Path], tmp_path: Path
) -> None:
    """Ctrl-C comes after the first epoch of the second trial, which then goes on."""
    (tmp_path / "stopping_trials.py").write_text(STOPPING)
    write_config(TINY + "callbacks: [stopping_trials:StopOnce]\nseeds: 2\n")
    done = nnrun("train", "tiny.yaml")
    assert done.code == 130
    (study,) = list_studies(Path("runs"))
    report = read_study(study)
    assert (report.status, len(report.trials)) == ("interrupted", 1)
    assert "interrupted" in done.out
    assert nnrun("train", "tiny.yaml", "-q").code == 0
    report = read_study(study)
    assert report.status == "finished"
    assert [trial.record.resumes != () for trial in report.trials if trial.record] == [False, True]
    nnrun("train", "tiny.yaml", "--fresh", "-q")
    whole = list_studies(Path("runs"))
    assert len(whole) == 2
    assert rows(whole[0].table.read_text()) == rows(whole[1].table.read_text())


def test_mistakes_leave_nothing_behind(nnrun: Nnrun, write_config: Callable[..., Path]) -> None:
    write_config("dataset: {csv: none.csv, target: x}\narchitecture: {MLP: {hidden: [4]}}\n")
    wrong = nnrun("train", "tiny.yaml", "--seeds", 2)
    assert (wrong.code, wrong.out) == (2, "")
    Path("rows.csv").write_text("x,y\n1,2\n2,\n")
    write_config("dataset: {csv: rows.csv, target: x}\narchitecture: {MLP: {hidden: [4]}}\n")
    wrong = nnrun("train", "tiny.yaml", "--seeds", 2, "-q")
    assert wrong.code == 2
    assert "rows.csv" in wrong.err
    assert list_studies(Path("runs")) == []
    assert list(Path("runs/studies").iterdir()) == []
