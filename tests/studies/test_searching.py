"""`nnrun search`: the trials of a search as a study, and its best settings as a config."""

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun import search
from nnrun.config.loading import load_experiment
from nnrun.runs.index import find_run, list_studies
from nnrun.runs.study_record import StudyRecord

Nnrun = Callable[..., Any]
CONFIG = """\
# What I try.
dataset: {name: iris, split: {validation: 0.2, seed: 1}}
architecture: {MLP: {hidden: [4]}}  # small
optimizer: {Adam: {learning_rate: 0.00001}}
training: {epochs: 1}
search:
  space:
    optimizer.Adam.learning_rate: {from: 0.01, to: 0.1, log: true}
  metric: val_accuracy
  method: random
  trials: 2
  confirm: {best: 0}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_search_is_a_study_that_grows_and_writes_its_best_config(nnrun: Nnrun) -> None:
    Path("search.yaml").write_text(CONFIG)
    done = nnrun("search", "search.yaml")
    assert done.code == 0, done.err
    (study,) = list_studies(Path("runs"))
    first = list(csv.DictReader(study.table.read_text().splitlines()))
    assert first[0]["optimizer.Adam.learning_rate"] == ""
    assert json.loads(study.record.read_text())["metric"] == "val_accuracy"
    more = nnrun("search", "search.yaml", "--trials", 3, "--json")
    assert more.code == 0, more.err
    report = json.loads(more.out)
    rows = list(csv.DictReader(study.table.read_text().splitlines()))
    assert rows[:2] == first
    assert len(rows) == len(report["trials"]) == 3
    rates = [float(row["optimizer.Adam.learning_rate"]) for row in rows[1:]]
    assert all(0.01 <= rate <= 0.1 for rate in rates)
    values = [float(row["value"]) for row in rows]
    best = load_experiment(study.best)
    wanted = [0.00001, *rates][values.index(max(values))]
    assert best.optimizer.arguments["learning_rate"] == wanted
    text = study.best.read_text()
    assert text.startswith("# What I try.\n")
    assert "# small" in text
    assert "  ".join(["val_accuracy", "settings"]) in done.out
    assert nnrun("show", study.path).code == 0


def test_trials_that_do_not_look_promising_pause(nnrun: Nnrun) -> None:
    Path("search.yaml").write_text(CONFIG.replace("epochs: 1", "epochs: 9"))
    fixed = "search.space={optimizer.Adam.learning_rate: [1e-9, 1e-8, 1e-7]}"
    changes = ("--set", fixed, "--set", "optimizer.Adam.learning_rate=0.05", "--trials", 4)
    done = nnrun("search", "search.yaml", *changes, "-q")
    assert done.code == 0, done.err
    (study,) = list_studies(Path("runs"))
    rows = list(csv.DictReader(study.table.read_text().splitlines()))
    assert [row["state"] for row in rows].count("paused") >= 1
    assert {row["epochs"] for row in rows if row["state"] == "paused"} <= {"1", "3"}
    assert rows[0]["state"] == "finished"
    assert load_experiment(study.best).optimizer.arguments["learning_rate"] == 0.05
    report = search("search.yaml", overrides=[*changes[1:4:2], "search.trials=4"])
    assert report.ranked[0].settings == {}
    assert list(csv.DictReader(study.table.read_text().splitlines())) == rows


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (["search=null"], "search.yaml says nothing about what to search"),
        (["search.metric=val_acuracy"], "val_acuracy"),
        (["dataset.split.validation=null"], "val_accuracy"),
    ],
)
def test_what_cannot_be_searched_is_refused(nnrun: Nnrun, changes: list[str], says: str) -> None:
    Path("search.yaml").write_text(CONFIG)
    sets = [word for change in changes for word in ("--set", change)]
    done = nnrun("search", "search.yaml", *sets)
    assert done.code == 2
    assert says in " ".join(done.err.split())
    assert not Path("runs").exists()


def test_the_best_settings_are_confirmed_with_other_seeds(nnrun: Nnrun) -> None:
    longer = CONFIG.replace("0.2, seed", "0.2, test: 0.2, seed").replace("epochs: 1", "epochs: 5")
    confirmed = "  stop_early: none\nexpect: {test_accuracy: {min: 0}}\n"
    longer = longer.replace("best: 0", "best: 1, seeds: 2")
    Path("search.yaml").write_text(longer + confirmed)
    done = nnrun("search", "search.yaml", "--trials", 3, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    (study,) = list_studies(Path("runs"))
    trials = report["trials"]
    assert not any("test_accuracy" in trial["figures"] for trial in trials)
    again = report["confirmation"]["trials"]
    best = max(trials, key=lambda trial: trial["value"])["settings"]
    assert [trial["settings"] for trial in again] == [
        settings | {"seed": seed} for seed in (43, 44) for settings in ({}, best)
    ]
    assert all("test_accuracy" in trial["figures"] for trial in again)
    table = study.confirmation.table.read_bytes()

    shown = nnrun("show", study.path)
    assert "With other seeds, " in " ".join(shown.out.split())
    assert "test_accuracy" in shown.out
    assert nnrun("show", f"{study.name}/confirmation/1").code == 0
    assert find_run("latest/confirmation/1", Path("runs")) == study.confirmation.trial(1)
    assert study.confirmation.trial(1).name == f"{study.name}/confirmation/1"

    more = nnrun("search", "search.yaml", "--trials", 5, "-q")
    assert more.code == 0, more.err
    assert study.confirmation.table.read_bytes().startswith(table)
    assert nnrun("search", "search.yaml", "--set", "search.confirm.best=0", "-q").code == 0


def test_a_resumed_search_writes_its_best_config_with_comments(nnrun: Nnrun) -> None:
    Path("search.yaml").write_text(CONFIG)
    assert nnrun("search", "search.yaml", "-q").code == 0
    (study,) = list_studies(Path("runs"))
    best, arguments = study.best.read_text(), load_experiment(study.best).optimizer.arguments
    for is_there in (True, False):
        if not is_there:
            Path("search.yaml").unlink()
        record = StudyRecord.read(study.record)
        dataclasses.replace(record, status="interrupted").write(study.record)
        done = nnrun("resume", study.path, "-q")
        assert done.code == 0, done.err
        if is_there:
            assert study.best.read_text() == best
        else:
            assert load_experiment(study.best).optimizer.arguments == arguments
