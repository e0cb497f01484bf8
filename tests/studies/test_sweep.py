"""`nnrun train --sweep`: each of some values of one option, as a study."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.analysis.study_report import StudyReport, TrialReport
from nnrun.analysis.sweep_view import best_value, judged_figures
from nnrun.errors import UserError
from nnrun.runs.index import list_studies
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord
from nnrun.runs.trial_table import TrialRow
from nnrun.studies.folds import Folds
from nnrun.studies.plans import read_plan
from nnrun.studies.seeds import Seeds
from nnrun.studies.sweep import Sweep, parse_sweep
from tests.conftest import TINY

Nnrun = Callable[..., Any]
SIZE = "training.batch_size"


def test_every_value_comes_with_every_seed() -> None:
    plan = Sweep(SIZE, [8, 16], Seeds([1, 2]))
    points = [plan.ask() for _ in range(plan.size + 1)]
    assert points.pop() is None
    assert [point.changes for point in points if point] == [
        (f"{SIZE}={size}", f"seed={seed}") for size in (8, 16) for seed in (1, 2)
    ]
    folded = Sweep("optimizer", ["SGD", {"Adam": {"learning_rate": 0.1}}], Folds(2, [1]))
    assert folded.size == 4
    assert folded.changes == ["optimizer=SGD", "optimizer={Adam: {learning_rate: 0.1}}"]


@pytest.mark.parametrize("each", [Seeds([1, 2]), Folds(3, [1])])
def test_it_is_kept_and_goes_on_with_values_at_the_end(each: Seeds | Folds, tmp_path: Path) -> None:
    plan = Sweep(SIZE, [8, 16], each)
    kept = read_plan(json.loads(json.dumps(plan.to_json())), StudyDirectory(tmp_path))
    assert kept.to_json() == plan.to_json()
    assert kept.size == plan.size
    longer = read_plan({**plan.to_json(), "values": [8, 16, 32]}, StudyDirectory(tmp_path))
    assert longer.going_on_from(plan.to_json()) is longer
    assert plan.going_on_from(longer.to_json()) is None
    assert plan.going_on_from(Seeds([1, 2]).to_json()) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("training.epochs", "names no option and its values"),
        ("training.epochs=", "names no option and its values"),
        ("=1,2", "names no option and its values"),
        ("training.epochs=1,2,1", "names the value 1 twice"),
        ("training.epochs=1,]", "--sweep training.epochs=1,]"),
        ("training.epochs=" + ",".join(map(str, range(1, 102))), "names 101 values, at most 100"),
    ],
)
def test_what_is_no_sweep_is_refused(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_sweep(text)
    assert says in caught.value.message


def report(values: dict[int, list[float]]) -> StudyReport:
    """A sweep of which only the accuracies are known."""
    rows = [(size, value) for size, found in values.items() for value in found]
    trials = [
        TrialReport(
            TrialRow(number, "finished", value, {SIZE: size, "seed": number}, 1, 1.0, "", ""),
            None,
            {"accuracy": value, "val_accuracy": value, "last.val_accuracy": 0.0, "test_auc": 1.0},
        )
        for number, (size, value) in enumerate(rows)
    ]
    plan = Sweep(SIZE, list(values), Seeds([1])).to_json()
    record = StudyRecord("s", plan, "val_accuracy", "finished", "", "", 1, 1, {})
    return StudyReport(StudyDirectory(Path("s")), record, "finished", tuple(trials))


def test_the_sentence_says_whether_the_best_is_told_from_the_next() -> None:
    """Two seeds each: the interval of the difference by Welch and Student, worked out by hand."""
    far = report({8: [0.5, 0.52], 16: [0.9, 0.92], 32: [0.6, 0.62]})
    assert judged_figures(far) == ["accuracy", "val_accuracy", "test_auc"]
    # The errors are sqrt(0.0002 / 2 * 2); t(0.975, 2) is 4.3027.
    assert best_value(far, SIZE) == (
        "val_accuracy is best with batch_size = 16: 0.9100, a difference of 0.3000 from 32 (0.6100), "
        "95 % interval 0.2392 to 0.3608."
    )
    near = best_value(report({8: [0.5, 0.7], 16: [0.6, 0.9]}), SIZE)
    assert near.endswith("so the two cannot be told apart.")
    single = best_value(report({8: [0.5], 16: [0.6]}), SIZE)
    assert single == (
        "val_accuracy is best with batch_size = 16: 0.6000, before 8 (0.5000); more seeds would show "
        "how much of that is chance."
    )


def test_a_sweep_is_a_study_with_a_table_and_a_picture(
    nnrun: Nnrun,
    write_config: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_config(TINY.replace("epochs: 2", "epochs: 1"))
    wrong = nnrun("train", "tiny.yaml", "--sweep", f"{SIZE}=8,0,many")
    assert wrong.code == 2
    assert wrong.err.count(f"--set {SIZE}=") == 2
    assert not Path("runs").exists()
    done = nnrun("train", "tiny.yaml", "--sweep", f"{SIZE}=8,64")
    assert done.code == 0, done.err
    (study,) = list_studies(Path("runs"))
    assert study.sweep.read_bytes().startswith(b"\x89PNG")
    (head,) = [line for line in done.out.splitlines() if line.lstrip().startswith("batch_size ")]
    assert head.split()[1:3] == ["loss", "val_loss"]
    assert "val_loss is best with batch_size = " in done.out
    assert " finished" in done.out
