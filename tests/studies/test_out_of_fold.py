"""`nnrun eval` of a cross-validation: each row is predicted by the run that did not learn from it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from nnrun.runs.index import list_studies
from nnrun.runs.study_directory import StudyDirectory
from tests.conftest import TINY

Nnrun = Callable[..., Any]
RUNS = Path("runs")
FOLDS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a cross-validation over three folds was trained, with two seeds."""
    import nnrun

    made = tmp_path_factory.mktemp("folds")
    (made / "tiny.yaml").write_text(TINY)
    overrides = ["training.epochs=5", "seeds=2"]
    nnrun.train(made / "tiny.yaml", folds=FOLDS, overrides=overrides, runs_dir=made / "runs")
    return made


@pytest.fixture
def study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StudyDirectory:
    monkeypatch.chdir(folder)
    (found,) = list_studies(RUNS)
    return found


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_every_row_is_predicted_once_by_its_own_fold(study: StudyDirectory, nnrun: Nnrun) -> None:
    done = nnrun("eval", study.path, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    rows = table(study.evaluations / "out-of-fold" / "predictions.csv")
    numbers = [int(row["row"]) for row in rows]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == told["rows"] == 120  # 30 of 150 are test rows
    # The 150 flowers are in the order of their species.
    species = ["setosa", "versicolor", "virginica"]
    assert [row["target"] for row in rows] == [species[number // 50] for number in numbers]

    by_fold = []
    for fold in range(FOLDS):
        assert nnrun("eval", study.trial(fold).path, "--split", "validation").code == 0
        by_fold += table(study.trial(fold).evaluation("validation").predictions)
    said = [[row[name] for name in row if name != "row"] for row in rows]
    assert sorted(said) == sorted([row[name] for name in row if name != "row"] for row in by_fold)

    right = [row["target"] == row["predicted"] for row in rows]
    assert told["headline"]["accuracy"]["value"] == pytest.approx(sum(right) / 120)
    assert told["recorded"]["accuracy"] == pytest.approx(sum(right) / 120)
    assert (told["run"], told["split"], told["epoch"]) == (study.name, "out-of-fold", None)


def test_a_fold_that_is_missing_is_named(study: StudyDirectory, nnrun: Nnrun) -> None:
    kept = study.table.read_text()
    (study.path / "checksums.json").rename(study.path / "aside.json")
    study.table.write_text(kept.replace("1,finished", "1,failed", 1))
    try:
        done = nnrun("eval", study.path)
    finally:
        study.table.write_text(kept)
        (study.path / "aside.json").rename(study.path / "checksums.json")
    assert done.code == 2
    assert "there is no finished run of fold 1" in done.err


def test_what_has_no_such_rows_is_refused(tmp_path: Path, nnrun: Nnrun) -> None:
    seeds = write_study(tmp_path / "runs", "seeds-20260307-120000-abcd", {1: [0.7], 2: [0.75]})
    done = nnrun("eval", seeds.path)
    assert (done.code, "is no cross-validation" in done.err) == (2, True)
    done = nnrun("eval", seeds.path, "--split", "test")
    assert (done.code, "name one of its runs" in " ".join(done.err.split())) == (2, True)
