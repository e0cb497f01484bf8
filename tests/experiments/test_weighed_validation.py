"""Validation and test rows that weigh: by hand, by Keras's own fit, and looked at again."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from nnrun.experiments.api import evaluate, train
from nnrun.experiments.diagnose import _Rows
from nnrun.experiments.prepare import build, prepare
from nnrun.export.script.writing import write_script
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History

CONFIG = """\
name: weighed
dataset:
  csv: rows.csv
  target: y
  sample_weight: {column: w, validation: true}
  split: {validation: 30, test: exam.csv}
architecture: [{Dense: {units: 4, activation: tanh}}, {Dense: 1}]
optimizer: {SGD: {learning_rate: 0.05}}
training: {epochs: 3, batch_size: 16, shuffle: false}
"""


def write_rows(path: Path, seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    x, weights = rng.normal(size=(rows, 2)), rng.uniform(0, 2, rows)
    y = x @ [1, -2] + rng.normal(size=rows) * 0.3
    np.savetxt(path, np.column_stack([x, weights, y]), delimiter=",", header="a,b,w,y", comments="")


def test_figures_are_those_of_hand_of_keras_and_of_a_second_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.csv", 1, 110)
    write_rows(tmp_path / "exam.csv", 2, 23)
    config = tmp_path / "weighed.yaml"
    config.write_text(CONFIG)
    train(config, run_dir=tmp_path / "run")
    directory = RunDirectory(tmp_path / "run")
    history = History.read(directory.history).rows
    metrics = json.loads(directory.metrics.read_text())

    prepared = prepare(config)
    capsys.readouterr()
    names: dict[str, object] = {"__name__": "script"}
    exec(write_script(prepared), names)
    fitted = names["history"].history
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert [row[name] for row in history] == pytest.approx(fitted[name], rel=1e-6)
    printed = dict(
        line.split(" ", 1) for line in capsys.readouterr().out.splitlines() if "{'loss'" in line
    )
    assert ast.literal_eval(printed["test"]) == pytest.approx(metrics["test"], rel=1e-6)

    best = {name: metrics["best"][f"val_{name}"] for name in ("loss", "mae")}
    for part, figures in (("validation", best), ("test", metrics["test"])):
        rows = prepared.splits.parts[part]
        errors = rows.targets["targets"] - names["model"].predict(rows.inputs["inputs"], verbose=0)
        loss = float(np.sum(rows.weights * errors[:, 0] ** 2) / rows.rows)
        by_hand = {"loss": loss, "mae": float(np.abs(errors).mean())}
        assert figures == pytest.approx(by_hand, rel=1e-5)
        (seen,) = evaluate(directory, split=part).values()
        assert seen.recorded == pytest.approx(figures, rel=1e-6)
    (seen,) = evaluate(directory, data=tmp_path / "exam.csv").values()
    assert seen.recorded == pytest.approx(metrics["test"], rel=1e-6)


@pytest.mark.parametrize(("weight", "guesses"), [("{column: w, validation: true}", 0), ("w", 1)])
def test_a_weighted_loss_is_not_compared_with_one_of_rows_that_are_not(
    tmp_path: Path, weight: str, guesses: int
) -> None:
    write_rows(tmp_path / "rows.csv", 1, 60)
    write_rows(tmp_path / "exam.csv", 2, 5)
    (tmp_path / "weighed.yaml").write_text(CONFIG)
    prepared = prepare(tmp_path / "weighed.yaml", (f"dataset.sample_weight={weight}",))
    rows = _Rows(prepared, build(prepared))
    assert len(list(rows.guesses({"val_loss": 1.0}))) == guesses
