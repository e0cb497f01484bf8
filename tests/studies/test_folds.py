"""`nnrun train --folds`: a cross-validation as a study."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from nnrun.analysis.significance import t_quantile
from nnrun.analysis.study_report import Spread
from nnrun.runs.index import list_studies
from nnrun.runs.study_record import StudyRecord
from nnrun.studies.folds import Folds

Nnrun = Callable[..., Any]


def test_the_interval_of_a_mean_over_folds_allows_for_the_rows_they_share() -> None:
    """Five folds: a row validates for four that are learnt from; t(0.975, 4) is 2.776."""
    values = (0.80, 0.84, 0.82, 0.86, 0.78)
    low, high = Spread(values, 1 / 4).interval or (0.0, 0.0)
    half = 2.7764451 * stdev(values) * math.sqrt(1 / 5 + 1 / 4)
    assert (low, high) == pytest.approx((0.82 - half, 0.82 + half), abs=1e-6)
    plain = Spread(values).interval or (0.0, 0.0)
    assert high - low == pytest.approx((plain[1] - plain[0]) * math.sqrt(1 + 5 / 4))


def test_the_corrected_interval_holds_the_mean_more_often_than_the_plain_one() -> None:
    """Means of overlapping halves of one sample, as models that share training rows would score."""
    rng, folds, held = np.random.default_rng(0), 5, {0.0: 0, 1 / 4: 0}
    for _ in range(1000):
        shared = rng.normal(0, math.sqrt(1 / 4))
        values = tuple(shared + rng.normal(size=folds))
        for overlap in held:
            low, high = Spread(values, overlap).interval or (0.0, 0.0)
            held[overlap] += low <= 0 <= high
    assert held[0.0] / 1000 < 0.92
    assert held[1 / 4] / 1000 == pytest.approx(0.95, abs=0.02)


def test_each_fold_comes_once_with_each_seed() -> None:
    plan = Folds(3, [7, 8])
    points = [plan.ask() for _ in range(plan.size + 1)]
    assert points.pop() is None
    told = [point.changes for point in points if point]
    fold = "dataset.split.validation.fold"
    assert told == [(f"{fold}={n}", f"seed={seed}") for seed in (7, 8) for n in range(3)]
    assert plan.going_on_from(Folds(3, [7]).to_json()) is not None
    assert plan.going_on_from(Folds(4, [7]).to_json()) is None
    assert Folds(3, [8]).going_on_from(plan.to_json()) is None


def test_every_row_validates_once(
    nnrun: Nnrun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iris.yaml").write_text(
        "dataset: {name: iris, split: {stratify: true, test: 0.2}}\n"
        "architecture: {MLP: {hidden: [4]}}\n"
        "training: {epochs: 1}\n"
        "callbacks: [EarlyStopping: {monitor: val_loss}]\n"
        "folds: 3\n"
    )
    done = nnrun("train", "iris.yaml", "--json")
    assert done.code == 0, done.err
    (study,) = list_studies(Path("runs"))
    assert StudyRecord.read(study.record).metric == "val_loss"
    report = json.loads(done.out)
    runs = [
        json.loads(Path(trial["run_dir"], "run.json").read_text()) for trial in report["trials"]
    ]
    assert [run["data"]["rows"] for run in runs] == [
        {"train": 80, "validation": 40, "test": 30}
    ] * 3
    assert len({run["data"]["fingerprint"] for run in runs}) == 3
    (group,) = report["groups"]
    values = [trial["figures"]["val_loss"] for trial in report["trials"]]
    figure = group["figures"]["val_loss"]
    reach = t_quantile(0.975, 2) * stdev(values) * math.sqrt(1 / 3 + 40 / 80)
    assert figure["mean"] == pytest.approx(fmean(values))
    assert figure["high"] - figure["mean"] == pytest.approx(reach)
    shown = nnrun("train", "iris.yaml")
    assert shown.out.splitlines()[2].split()[:3] == ["trial", "fold", "seed"]
    assert "The intervals allow for the training rows that the folds share" in shown.out
    wrong = nnrun("train", "iris.yaml", "--run-dir", "there", "-q")
    assert "this is a study of 3" in wrong.err
