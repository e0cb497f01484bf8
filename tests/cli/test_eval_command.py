"""`nnrun eval` and `nnrun predict`: the model of a finished run on known and on new rows."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TINY
from PIL import Image

from nnrun.experiments.api import open_run, train
from nnrun.experiments.prepare import prepare
from nnrun.runs.checksums import write_file
from nnrun.runs.directory import RunDirectory
from nnrun.runs.index import find_run
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.sources.finding import named_dataset

Nnrun = Callable[..., Any]
IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
DROPOUT = """\
dataset: {name: digits, split: {validation: 0.1, test: 0.1}, preprocess: {scale: 16}}
architecture:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - BatchNormalization
  - Dropout: 0.3
  - Dense: 10
optimizer: {Adam: {learning_rate: 0.01, use_ema: true, ema_momentum: 0.9}}
training: {epochs: 2}
runtime: {engine: graph}
"""
FLATS = """\
dataset: {csv: flats.csv, target: price, split: {validation: 6}, preprocess: {standardize: true}}
architecture: [Dense: 4, Dropout: 0.5, Dense: 1]
training: {epochs: 2}
runtime: {engine: graph}
"""
COIN = """\
dataset: {name: xor}
architecture: [Dense: 4, Dense: {units: 1, activation: sigmoid}]
training: {epochs: 1}
runtime: {engine: graph}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that the tests of this module read: digits, flats and coin."""
    folder = tmp_path_factory.mktemp("runs")
    lines = [f"{size},{size % 7},{size * 3 + size % 7}.5" for size in range(20, 60)]
    (folder / "flats.csv").write_text("\n".join(["area,rooms,price", *lines]) + "\n")
    for name, text in {"digits": DROPOUT, "flats": FLATS, "coin": COIN}.items():
        (folder / f"{name}.yaml").write_text(text)
        train(folder / f"{name}.yaml", run_dir=folder / name)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def evaluated(nnrun: Nnrun, *arguments: object) -> dict[str, Any]:
    done = nnrun("eval", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)  # type: ignore[no-any-return]


def test_the_figures_are_those_of_the_training(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    told = evaluated(nnrun, tiny_run.path)
    recorded = Metrics.read(tiny_run.metrics)
    assert told["recorded"] == recorded.test
    assert (told["split"], told["rows"], told["task"]) == ("test", 30, "multiclass")
    assert told["epoch"] == RunRecord.read(tiny_run.record).best_epoch
    assert told["headline"]["accuracy"]["value"] == pytest.approx(told["recorded"]["accuracy"])
    assert told["headline"]["log_loss"]["value"] == pytest.approx(told["recorded"]["loss"])
    validation = evaluated(nnrun, tiny_run.path, "--split", "validation")["recorded"]
    assert validation == {name: recorded.best[f"val_{name}"] for name in ("loss", "accuracy")}


def test_what_is_written_agrees_with_itself(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    told = evaluated(nnrun, tiny_run.path)
    files = tiny_run.evaluation("test")
    assert json.loads(files.metrics.read_text()) == told
    assert sorted(path.name for path in files.path.iterdir()) == [
        "calibration.png", "confusion_matrix.csv", "confusion_matrix.png", "metrics.json",
        "most_wrong.csv", "precision_recall.png", "predictions.csv", "roc.png",
    ]  # fmt: skip
    rows = table(files.predictions)
    assert list(rows[0]) == [
        "row",
        "target",
        "predicted",
        "p_setosa",
        "p_versicolor",
        "p_virginica",
    ]
    assert [row["row"] for row in rows] == [str(number) for number in range(30)]
    target = prepare(tiny_run.resolved).splits.test.targets["targets"]
    names = ("setosa", "versicolor", "virginica")
    assert [row["target"] for row in rows] == [names[label] for label in target]
    for row in rows:
        given = {name: float(row[f"p_{name}"]) for name in names}
        assert sum(given.values()) == pytest.approx(1)
        assert row["predicted"] == max(given, key=given.__getitem__)
    right = np.mean([row["target"] == row["predicted"] for row in rows])
    assert told["headline"]["accuracy"]["value"] == pytest.approx(right)
    matrix = table(files.confusion_matrix)
    assert [sum(int(row[name]) for name in names) for row in matrix] == [10, 10, 10]
    wrong = table(files.most_wrong)
    assert len(wrong) == 30 - sum(int(row[row["true"]]) for row in matrix)
    sure = [float(row["confidence"]) for row in wrong]
    assert sure == sorted(sure, reverse=True)
    assert list(wrong[0])[:5] == ["row", "target", "predicted", "confidence", "p_target"]


def test_again_is_the_same_bytes(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    evaluated(nnrun, tiny_run.path)
    files = sorted(tiny_run.evaluation("test").path.iterdir())
    before = [path.read_bytes() for path in files]
    evaluated(nnrun, tiny_run.path, "--batch-size", 7)
    predicted = [table(path) for path in files if path.name == "predictions.csv"]
    evaluated(nnrun, tiny_run.path)
    assert [path.read_bytes() for path in files] == before
    assert len(predicted[0]) == 30


def test_the_screen(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    done = nnrun("eval", tiny_run.path)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "tiny_run on 30 test rows, weights of epoch 2"
    assert lines[2].split() == ["value", "95", "%", "interval"]
    assert [line.split()[0] for line in lines if line.startswith(("setosa", "virg"))] == [
        "setosa",
        "virginica",
    ]
    assert lines[-1] == f"files  {tiny_run.evaluation('test').path}"


def test_averaged_weights_logits_and_pictures(nnrun: Nnrun, runs: Path) -> None:
    """The model of this run gives logits, and its optimizer keeps an average of the weights."""
    told = evaluated(nnrun, "digits", "--runs-dir", runs)
    assert told["recorded"] == Metrics.read(runs / "digits" / "metrics.json").test
    assert told["headline"]["log_loss"]["value"] == pytest.approx(
        told["recorded"]["loss"], rel=1e-5
    )
    files = RunDirectory(runs / "digits").evaluation("test")
    assert files.most_wrong_plot.read_bytes().startswith(b"\x89PNG")
    assert not files.most_wrong.exists()


def test_draws_of_dropout(nnrun: Nnrun, runs: Path) -> None:
    told = evaluated(nnrun, "digits", "--runs-dir", runs, "--split", "train", "--mc-samples", 4)
    spread = told["uncertainty"]
    assert spread["draws"] == 4
    assert 0 < spread["entropy_right"] < spread["entropy_wrong"] < np.log(10)
    rows = table(RunDirectory(runs / "digits").evaluation("train").predictions)
    assert list(rows[0])[-1] == "mc_entropy"
    assert sum(float(rows[0][f"mc_mean_{label}"]) for label in range(10)) == pytest.approx(1)
    numbers = evaluated(nnrun, runs / "flats", "--mc-samples", 4)["uncertainty"]
    assert set(numbers) == {"draws", "mean_std", "mae", "rmse", "within_2_std"}


def test_a_regression_without_test_rows(nnrun: Nnrun, runs: Path) -> None:
    told = evaluated(nnrun, "flats", "--runs-dir", runs)
    assert (told["split"], told["rows"], told["classes"]) == ("validation", 6, [])
    rows = table(RunDirectory(runs / "flats").evaluation("validation").predictions)
    assert list(rows[0])[:3] == ["row", "target", "predicted"]
    errors = [float(row["target"]) - float(row["predicted"]) for row in rows]
    assert told["headline"]["mae"]["value"] == pytest.approx(np.mean(np.abs(errors)))
    assert told["headline"]["rmse"]["value"] ** 2 == pytest.approx(told["recorded"]["loss"])


def test_training_rows_where_there_are_no_others(nnrun: Nnrun, runs: Path) -> None:
    told = evaluated(nnrun, "coin", "--runs-dir", runs)
    assert (told["split"], told["rows"], told["task"]) == ("train", 4, "binary")
    refused = nnrun("eval", "coin", "--runs-dir", runs, "--split", "test")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "nnrun: coin has no test rows\n  It has: train.\n"


def test_the_rows_of_a_file(nnrun: Nnrun, tiny_run: RunDirectory, tmp_path: Path) -> None:
    data = prepare(tiny_run.resolved).splits
    names = data.targets["targets"].classes
    lines = [
        [*row, names[label]]
        for row, label in zip(
            data.test.inputs["inputs"].tolist(), data.test.targets["targets"], strict=True
        )
    ]
    with (tmp_path / "test.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [[*data.inputs["inputs"].features, named_dataset("iris").target], *lines]
        )
    told = evaluated(nnrun, tiny_run.path, "--data", "test.csv")
    assert told["split"] == "test-file"
    expected = evaluated(nnrun, tiny_run.path)
    assert told["headline"] == expected["headline"]
    assert told["where"] != expected["where"]


def test_new_rows_of_a_table(nnrun: Nnrun, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("note,rooms,area\nx,2,30\ny,5,40\n")
    done = nnrun("predict", "flats", "new.csv", "--runs-dir", runs, "--out", "out.csv", "--json")
    assert (done.code, done.err) == (0, "")
    told = [row["predicted"] for row in json.loads(done.out)["rows"]]
    model = open_run(RunDirectory(runs / "flats")).model
    expected = model.predict(np.array([[30, 2], [40, 5]], np.float32), verbose=0)[:, 0]
    assert told == pytest.approx(expected.tolist(), rel=1e-5)
    assert [float(row["predicted"]) for row in table(tmp_path / "out.csv")] == pytest.approx(told)
    shown = nnrun("predict", "flats", "new.csv", "--runs-dir", runs).out.splitlines()
    assert shown[0].split() == ["row", "predicted"]


def test_new_rows_by_draws_of_dropout(
    nnrun: Nnrun, runs: Path, tiny_run: RunDirectory, tmp_path: Path
) -> None:
    """Rows that are known are predicted as `nnrun eval` does, draw by draw."""
    splits = prepare(runs / "flats" / "resolved.yaml").splits
    rows = splits.validation.inputs["inputs"].tolist()
    with (tmp_path / "new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([splits.inputs["inputs"].features, *rows])
    evaluated(nnrun, runs / "flats", "--mc-samples", 4)
    known = table(RunDirectory(runs / "flats").evaluation("validation").predictions)
    command = ("predict", runs / "flats", "new.csv", "--mc-samples", 4)
    done = nnrun(*command, "--out", "out.csv", "--json")
    assert (done.code, done.err) == (0, "")
    written = table(tmp_path / "out.csv")
    assert list(written[0]) == ["row", "predicted", "mc_mean", "mc_std"]
    for row, line, expected in zip(json.loads(done.out)["rows"], written, known, strict=True):
        for name in ("predicted", "mc_mean", "mc_std"):
            assert line[name] == expected[name]
            assert row[name] == pytest.approx(float(expected[name]))
        assert row["mc_std"] > 0
    assert "standard deviation of 4 draws" in nnrun(*command).out
    features = prepare(tiny_run.resolved).splits.inputs["inputs"].features
    (tmp_path / "iris.csv").write_text(f"{','.join(features)}\n5,3,1,0.2\n")
    refused = nnrun("predict", tiny_run.path, "iris.csv", "--mc-samples", 4)
    assert (refused.code, "has no dropout layer" in refused.err) == (2, True)


def test_new_rows_need_no_training_data(nnrun: Nnrun, runs: Path, tmp_path: Path) -> None:
    """The run tells what its model takes; the rows it was trained on may be gone."""
    shutil.copytree(runs, tmp_path / "moved")
    data = tmp_path / "more.csv"
    data.write_text("area,rooms,price\n30,2,1.5\n40,5,2.5\n")
    commands = [("predict", "flats", data, "--json"), ("eval", "flats", "--data", data, "--json")]
    expected = [nnrun(*command, "--runs-dir", runs).out for command in commands]
    resolved = tmp_path / "moved" / "flats" / "resolved.yaml"
    write_file(resolved, resolved.read_text().replace("flats.csv", "gone.csv").encode())
    assert "gone.csv" in resolved.read_text()
    for command, told in zip(commands, expected, strict=True):
        done = nnrun(*command, "--runs-dir", tmp_path / "moved")
        assert (done.code, done.err) == (0, "")
        assert done.out.replace(str(tmp_path / "moved"), str(runs)) == told
    refused = nnrun("eval", "flats", "--runs-dir", tmp_path / "moved")
    assert refused.code == 2
    assert "gone.csv" in refused.err


def test_a_run_without_a_signature_has_the_same_one(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    told = evaluated(nnrun, tiny_run.path)
    tiny_run.signature.unlink()
    assert evaluated(nnrun, tiny_run.path) == told


def test_pictures(nnrun: Nnrun, runs: Path, tmp_path: Path) -> None:
    """A picture of a training row is predicted as that row is."""
    splits = prepare(runs / "digits" / "resolved.yaml").splits
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        pixels = splits.test.inputs["inputs"][number] * (255 / 16)
        Image.fromarray(pixels.round().astype(np.uint8)).save(f"pictures/{number}.png")
    done = nnrun("predict", "digits", "pictures", "--runs-dir", runs, "--json")
    evaluated(nnrun, "digits", "--runs-dir", runs)
    known = table(RunDirectory(runs / "digits").evaluation("test").predictions)
    rows = json.loads(done.out)["rows"]
    assert [row["file"] for row in rows] == [f"pictures/{number}.png" for number in range(3)]
    for row, expected in zip(rows, known, strict=False):
        for label, given in row["probabilities"].items():
            assert given == pytest.approx(float(expected[f"p_{label}"]), abs=0.02)


def spoil_weights(run: RunDirectory) -> None:
    for path in run.checkpoints.glob("best-*.npz"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def change_data(run: RunDirectory) -> None:
    record = json.loads(run.record.read_text())
    record["data"]["fingerprint"] = "0" * 64
    write_file(run.record, json.dumps(record).encode())


def change_model(run: RunDirectory) -> None:
    text = run.resolved.read_text()
    assert "8" in text
    write_file(run.resolved, text.replace("[8]", "[9]").replace("- 8\n", "- 9\n").encode())


SPOILED = {
    "the record is gone": (lambda run: run.record.unlink(), "is not a run"),
    "the record is damaged": (lambda run: run.record.write_text("{"), "its content is not what was written"),
    "the config is gone": (lambda run: run.resolved.unlink(), "it has no resolved.yaml"),
    "the config is wrong": (lambda run: write_file(run.resolved, b"name: 3\n"), "nothing was run"),
    "no epoch ended": (lambda run: shutil.rmtree(run.checkpoints), "ended before its first epoch did"),
    "a bit of the weights flipped": (spoil_weights, "no checkpoint 'best' is whole"),
    "the data are others": (change_data, "the data are not those that tiny_run was trained on"),
    "the signature is damaged": (lambda run: write_file(run.signature, b'{"format": 1}'), "it tells no inputs and targets"),
    "the model is another": (change_model, "do not fit the model of its config"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILED)
def test_a_damaged_run_is_told_in_words(nnrun: Nnrun, tiny_run: RunDirectory, what: str) -> None:
    spoil, told = SPOILED[what]
    spoil(tiny_run)
    done = nnrun("eval", tiny_run.path)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err
    assert not tiny_run.evaluations.exists()


def test_code_of_the_users_own_runs_only_with_trust(nnrun: Nnrun, tmp_path: Path) -> None:
    (tmp_path / "eval_layers.py").write_text(
        "import keras, pathlib\n"
        "pathlib.Path('ran').touch()\n"
        "class Same(keras.layers.Layer):\n    def call(self, x):\n        return x\n"
    )
    hidden = "[Dense: 4, 'eval_layers:Same', Dense: {units: 3, activation: softmax}]"
    config = tmp_path / "own.yaml"
    config.write_text(TINY.replace("{MLP: {hidden: [8]}}", hidden))
    train(config, run_dir=tmp_path / "own")
    (tmp_path / "ran").unlink()
    refused = nnrun("eval", "own", "--runs-dir", ".")
    assert refused.code == 2
    assert "--trust" in refused.err
    assert not (tmp_path / "ran").exists()
    assert nnrun("eval", "own", "--runs-dir", ".", "--trust").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["eval", "nothing"], "there is no run 'nothing'"),
        (["eval", "coin", "--split", "other"], "coin has no split 'other'"),
        (["eval", "coin", "--split", "train", "--data", "x.csv"], "different rows"),
        (["eval", "coin", "--data", "missing.csv"], "there is no file missing.csv"),
        (["eval", "digits", "--data", "x.csv"], "pictures of 8 x 8 pixels, not tables"),
        (["eval", "coin", "--mc-samples", "3"], "no dropout layer"),
        (["eval", "coin", "--mc-samples", "1"], "Invalid value for '--mc-samples'"),
        (["predict", "coin", "missing.csv"], "there is no file missing.csv"),
        (["predict", "coin", "x.png"], "coin predicts rows of a table, not pictures"),
        (["predict", "digits", "missing.png"], "there is no file missing.png"),
    ],
)
def test_mistakes(nnrun: Nnrun, runs: Path, arguments: list[str], told: str) -> None:
    done = nnrun(*arguments, "--runs-dir", runs)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_run_is_found_by_name(runs: Path) -> None:
    assert find_run("dig", runs).path == runs / "digits"


def test_predictions_do_not_replace_the_rows(
    nnrun: Nnrun, tiny_run: RunDirectory, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n")
    done = nnrun("predict", tiny_run.path, rows, "--out", tmp_path / "." / "rows.csv")
    assert (done.code, "which would be overwritten" in done.err) == (2, True)
    assert rows.read_text() == "a,b\n"


LABELS = """\
dataset:
  csv: films.csv
  target: [drama, horror, comedy]
  split: {validation: 10, test: 10}
architecture: {MLP: {hidden: [8]}}
regularization: {dropout: 0.2}
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 3}
runtime: {engine: graph}
"""
SEVERAL = LABELS.replace("[drama, horror, comedy]", "[length, budget]")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that predict several columns: labels, others (their like) and numbers."""
    folder = tmp_path_factory.mktemp("several")
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(60, 2))
    lines = ["a,b,drama,horror,comedy,length,budget"]
    for a, b in rows:
        labels = f"{int(a > 0)},{int(b > 0.5)},{'yes' if a + b > 0 else 'no'}"
        lines.append(f"{a:.4f},{b:.4f},{labels},{a - b:.4f},{a + 2 * b:.4f}")
    (folder / "films.csv").write_text("\n".join(lines) + "\n")
    (folder / "labels.yaml").write_text(
        LABELS.replace("dataset:\n", "dataset:\n  features: [a, b]\n")
    )
    (folder / "numbers.yaml").write_text(
        SEVERAL.replace("dataset:\n", "dataset:\n  features: [a, b]\n")
    )
    train(folder / "labels.yaml", run_dir=folder / "labels")
    train(folder / "labels.yaml", overrides=["training.epochs=1"], run_dir=folder / "others")
    train(folder / "numbers.yaml", run_dir=folder / "numbers")
    return folder


def test_labels_are_evaluated_one_by_one_and_together(nnrun: Nnrun, several: Path) -> None:
    told = evaluated(nnrun, several / "labels", "--mc-samples", 3)
    files = RunDirectory(several / "labels").evaluation("test")
    assert sorted(path.name for path in files.path.iterdir()) == [
        "calibration.png", "metrics.json", "precision_recall.png", "predictions.csv", "roc.png",
    ]  # fmt: skip
    assert (told["task"], told["classes"], told["targets"]) == ("multilabel", [], [])
    assert [one["name"] for one in told["labels"]] == ["drama", "horror", "comedy"]
    headline = {name: item["value"] for name, item in told["headline"].items()}
    assert headline["log_loss"] == pytest.approx(told["recorded"]["loss"], rel=1e-5)
    accuracy = told["recorded"]["binary_accuracy"]
    assert 1 - headline["hamming_loss"] == pytest.approx(accuracy, rel=1e-5)
    assert {"draws", "subset_accuracy", "hamming_loss"} <= set(told["uncertainty"])
    rows, names = table(files.predictions), ("drama", "horror", "comedy")
    kinds = ("target", "predicted", "p", "mc_mean", "mc_std")
    assert list(rows[0]) == ["row", *(f"{kind}_{name}" for kind in kinds for name in names)]
    for row in rows:
        for name in names:
            assert row[f"predicted_{name}"] == str(int(float(row[f"p_{name}"]) > 0.5))
    right = [all(row[f"target_{n}"] == row[f"predicted_{n}"] for n in names) for row in rows]
    assert headline["subset_accuracy"] == pytest.approx(np.mean(right))


def test_labels_of_a_file_and_of_new_rows(nnrun: Nnrun, several: Path) -> None:
    text = "comedy,b,a,drama,horror\nyes,2,3,1,1\nno,-2,-3,0,0\n"
    (several / "more.csv").write_text(text)
    told = evaluated(nnrun, several / "labels", "--data", several / "more.csv")
    assert (told["split"], told["rows"]) == ("more", 2)
    assert [one["support"] for one in told["labels"]] == [1, 1, 1]
    done = nnrun("predict", several / "labels", several / "more.csv", "--json")
    first = json.loads(done.out)["rows"][0]
    assert first["row"] == 0
    assert list(first["predicted"]) == list(first["probabilities"]) == ["drama", "horror", "comedy"]
    assert first["predicted"] == {n: int(p > 0.5) for n, p in first["probabilities"].items()}
    screen = nnrun("predict", several / "labels", several / "more.csv").out.splitlines()
    assert screen[0].split() == ["row", "drama", "horror", "comedy"]
    assert screen[1].split()[1] == f"{first['probabilities']['drama']:.1%}"


def test_several_numbers_are_evaluated_each_and_on_average(nnrun: Nnrun, several: Path) -> None:
    told = evaluated(nnrun, several / "numbers", "--mc-samples", 2)
    files = RunDirectory(several / "numbers").evaluation("test")
    assert files.residuals.is_file()
    assert files.predicted_against_true.is_file()
    assert [one["name"] for one in told["targets"]] == ["length", "budget"]
    assert told["labels"] == told["classes"] == []
    mae = told["headline"]["mae"]["value"]
    assert mae == pytest.approx(np.mean([one["mae"] for one in told["targets"]]))
    assert mae == pytest.approx(told["recorded"]["mae"], rel=1e-5)
    rows = table(files.predictions)
    errors = [abs(float(row["target_length"]) - float(row["predicted_length"])) for row in rows]
    assert told["targets"][0]["mae"] == pytest.approx(np.mean(errors))
    done = nnrun("predict", several / "numbers", several / "films.csv", "--json")
    assert list(json.loads(done.out)["rows"][0]["predicted"]) == ["length", "budget"]


def test_runs_of_labels_are_compared_row_by_row(nnrun: Nnrun, several: Path) -> None:
    for name in ("labels", "others"):
        evaluated(nnrun, several / name)
    pair = (several / "labels", several / "others")
    done = nnrun("compare", *pair, "--metric", "val_binary_accuracy")
    assert (done.code, done.err) == (0, "")
    told = " ".join(done.out.split())
    assert "a row being right where all of its 3 labels are" in told
    told = " ".join(nnrun("compare", *pair).out.split())
    assert "in log loss on the same 10 test rows, over all 3 labels" in told
