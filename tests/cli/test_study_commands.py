"""Studies in the commands that take runs, where the golden screens do not show it."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from nnrun.analysis.tensorboard import link_logs
from nnrun.cli.trials import TrialsDisplay
from nnrun.runs.index import find_either, find_run
from nnrun.runs.locking import RunLock
from nnrun.runs.selection import select_runs
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord
from nnrun.runs.trial_table import TrialTable
from nnrun.studies.conducting import TrialEnded
from nnrun.studies.opening import OpenStudy
from nnrun.studies.seeds import Seeds

Nnrun = Callable[..., Any]
RUNS = Path("runs")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyDirectory:
    monkeypatch.chdir(tmp_path)
    return write_study(RUNS, "seeds-20260307-120000-abcd", {1: [0.7, 0.8], 2: [0.75]})


def test_a_trial_goes_by_the_name_of_its_study_and_its_number(study: StudyDirectory) -> None:
    trial = study.trial(1)
    for text in (f"{study.name}/1", "seeds/1", "latest/1", f"{study.path}/1", str(trial.path)):
        assert find_run(text, RUNS) == trial
        assert find_run(text, RUNS).name == f"{study.name}/1"
    assert find_either("latest", RUNS) == study
    assert find_either(str(study.path), RUNS) == study


def test_a_study_stands_for_its_runs(study: StudyDirectory, tmp_path: Path) -> None:
    assert select_runs(["seeds*", "seeds/0"], RUNS) == ([study.trial(0), study.trial(1)], {})
    for run in (study.trial(0), study.trial(1)):
        run.tensorboard.mkdir()
    logs = tmp_path / "logs"
    logs.mkdir()
    link_logs([study.trial(0), study.trial(1)], logs)
    names = [f"{study.name}-0", f"{study.name}-1"]
    assert sorted(path.name for path in logs.iterdir()) == names
    assert [settings_in(logs / name) for name in names] == [{"seed": 1}, {"seed": 2}]


def settings_in(folder: Path) -> dict[str, float]:
    """What TensorBoard's page of hyperparameters reads there."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    (file,) = folder.glob("*tfevents*")
    (value,) = [
        value for event in EventFileLoader(str(file)).Load() for value in event.summary.value
    ]
    content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    found = content.session_start_info.hparams.items()
    return {name: one.number_value for name, one in found}


def test_a_study_is_removed_as_a_whole_and_not_while_it_is_written(
    study: StudyDirectory, nnrun: Nnrun
) -> None:
    with RunLock(study.trial(1).path):
        refused = nnrun("rm", "seeds", "--yes")
    assert (refused.code, study.path.exists()) == (2, True)
    assert "a process is writing" in refused.err
    done = nnrun("rm", "seeds", "--yes", "--json")
    assert json.loads(done.out)["removed"] == [str(study.path.resolve())]
    assert not study.path.exists()


def test_a_study_of_other_versions_does_not_go_on(study: StudyDirectory, nnrun: Nnrun) -> None:
    written = json.loads(study.record.read_text()) | {"status": "interrupted"}
    (study.path / "checksums.json").unlink()
    study.record.write_text(json.dumps(written))
    refused = nnrun("resume", "seeds")
    assert refused.code == 2
    assert "cannot go on, since this is not what its trials were trained with" in refused.err
    assert "keras: None → " in refused.err


def test_a_damaged_study_is_told_and_listed(study: StudyDirectory, nnrun: Nnrun) -> None:
    study.table.write_text("number\n")
    listed = nnrun("list", "--json")
    (entry,) = json.loads(listed.out)["studies"]
    assert entry["status"] == "damaged"
    shown = nnrun("show", "seeds")
    assert (shown.code, "trials.csv is damaged" in shown.err) == (2, True)


class _Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(("terminal", "left_out"), [(True, {"seconds", "epochs"}), (False, set())])
def test_rows_of_trials_fit_the_terminal_and_are_whole_elsewhere(
    study: StudyDirectory, monkeypatch: pytest.MonkeyPatch, terminal: bool, left_out: set[str]
) -> None:
    screen = _Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "xterm")
    opened = OpenStudy(study, StudyRecord.read(study.record), Seeds([1, 2]))
    with TrialsDisplay(silent=False) as display:
        for row in TrialTable.read(study.table).rows:
            display.follow(opened, TrialEnded(row, is_new=True))
    header, *rows = screen.getvalue().splitlines()
    every = {"trial", "seed", "val_loss", "val_accuracy", "epochs", "seconds", "state"}
    assert every - set(header.split()) == left_out
    assert len(rows) == 2
    assert {len(line) for line in rows} == {len(header)}
    assert not terminal or len(header) <= 48


def test_a_star_marks_each_new_best_of_trials_with_settings_of_their_own(
    study: StudyDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = OpenStudy(study, StudyRecord.read(study.record), Seeds([1, 2]))
    rows = TrialTable.read(study.table).rows
    with TrialsDisplay(silent=False) as display:
        for value in (0.5, 0.6, 0.4):
            row = replace(rows[0], settings={"training.epochs": 2}, value=value)
            display.follow(opened, TrialEnded(row, is_new=True))
        display.follow(opened, TrialEnded(replace(rows[1], value=0.1), is_new=True))
    lines = [line for line in capsys.readouterr().out.splitlines() if "finished" in line]
    assert [line.endswith("finished *") for line in lines] == [True, False, True, False]
