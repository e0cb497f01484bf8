"""Runs of graphs and of autoencoders, from the command line to every command that looks into them."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from same_run import assert_same_run

from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History

GRAPH = """\
name: both
dataset: {name: iris, split: {validation: 30, test: 30, stratify: true}, preprocess: {standardize: true, target: symmetric}}
architecture:
  inputs: {sepals: {features: [sepal_length, sepal_width]}, petals: {features: [petal_length]}}
  layers:
    joined: {Concatenate: {}, from: [sepals, petals]}
    hidden: {Dense: {units: 6, activation: relu}, from: joined}
    dropped: {Dropout: 0.2, from: hidden}
  outputs:
    kind: {Dense: {units: 3, activation: softmax}, from: dropped}
    width: {Dense: {units: 1, activation: tanh}, from: dropped, target: petal_width, weight: 0.5}
training: {epochs: 3, batch_size: 32}
runtime: {engine: graph}
expect: {val_kind_accuracy: {min: 0}}
"""
Nnrun = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nnrun.experiments.api import train

    folder = tmp_path_factory.mktemp("graph")
    (folder / "both.yaml").write_text(GRAPH)
    train(folder / "both.yaml", run_dir=folder / "runs" / "both")
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RunDirectory(tmp_path / "runs" / "both")


def test_figures_are_recorded_by_output(run: RunDirectory) -> None:
    rows = History.read(run.history).rows
    own = ["loss", "kind_loss", "kind_accuracy", "width_loss", "width_mae"]
    assert set(rows[0]) >= {*own, *(f"val_{name}" for name in own)}
    for row in rows:
        assert row["val_loss"] == pytest.approx(
            row["val_kind_loss"] + 0.5 * row["val_width_loss"], rel=1e-4
        )
    signature = json.loads(run.signature.read_text())
    assert list(signature["inputs"]) == ["sepals", "petals"]
    assert signature["targets"]["kind"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert signature["targets"]["width"]["task"] == "regression"
    labels = signature["transforms"][-1]["labels"]
    assert labels.keys() == {"width"}
    assert labels["width"]["scale"] == pytest.approx([1.2])  # 0.1 to 2.5 cm


def test_each_output_is_evaluated(run: RunDirectory, nnrun: Nnrun) -> None:
    done = nnrun("eval", "both", "--json", "--mc-samples", 3)
    assert done.code == 0, done.err
    outputs = json.loads(done.out)["outputs"]
    recorded = json.loads(run.metrics.read_text())["test"]
    kind = outputs["kind"]
    assert kind["headline"]["accuracy"]["value"] == pytest.approx(
        recorded["kind_accuracy"], abs=1e-6
    )
    assert kind["recorded"]["accuracy"] == pytest.approx(recorded["kind_accuracy"], abs=1e-6)
    width = outputs["width"]["headline"]["mae"]["value"]
    assert width == pytest.approx(recorded["width_mae"], rel=1e-4)
    for name in ("kind", "width"):
        written = run.evaluation("test", name)
        assert json.loads(written.metrics.read_text()) == outputs[name]
        assert len(written.predictions.read_text().splitlines()) == 31
    assert "output kind" in nnrun("eval", "both").out


def test_new_rows_get_the_predictions_of_all_outputs(run: RunDirectory, nnrun: Nnrun) -> None:
    Path("new.csv").write_text("petal_length,sepal_width,sepal_length\n1.4,3.5,5.1\n5.6,3.1,6.7\n")
    done = nnrun("predict", "both", "new.csv", "--json", "--out", "out.csv")
    assert done.code == 0, done.err
    outputs = json.loads(done.out)["outputs"]
    with Path("out.csv").open() as file:
        first, second = csv.DictReader(file)
    assert list(first) == [
        "row", "kind", "kind_p_setosa", "kind_p_versicolor", "kind_p_virginica", "width",
    ]  # fmt: skip
    assert first["kind"] == outputs["kind"]["rows"][0]["predicted"]
    assert float(second["width"]) == pytest.approx(outputs["width"]["rows"][1]["predicted"])
    assert "width" in nnrun("predict", "both", "new.csv").out


def test_a_signature_of_other_outputs_is_refused(run: RunDirectory, nnrun: Nnrun) -> None:
    told = json.loads(run.signature.read_text())
    for by_output in (told["targets"], told["transforms"][-1]["labels"]):
        by_output["price"] = by_output.pop("width")
    run.signature.write_text(json.dumps(told))
    (run.path / "checksums.json").unlink()
    Path("new.csv").write_text("petal_length,sepal_width,sepal_length\n1.4,3.5,5.1\n")
    done = nnrun("predict", "both", "new.csv")
    assert (done.code, "not those of the config" in done.err) == (2, True)


def test_a_resumed_graph_is_the_one_that_never_broke_off(run: RunDirectory, nnrun: Nnrun) -> None:
    whole = nnrun("train", "both.yaml", "--set", "training.epochs=4", "--run-dir", "runs/whole")
    assert whole.code == 0, whole.err
    assert nnrun("resume", "both", "--epochs", 4).code == 0
    assert_same_run(RunDirectory(Path("runs/whole")), run)


def test_the_other_commands_know_several_outputs(run: RunDirectory, nnrun: Nnrun) -> None:
    card = json.loads(nnrun("show", "both.yaml", "--json").out)
    assert card["task"] == "several"
    assert [(one["name"], one["task"]) for one in card["outputs"]] == [
        ("kind", "multiclass"),
        ("width", "regression"),
    ]
    sources = {layer["name"]: layer["sources"] for layer in card["layers"]}
    assert sources["joined"] == ["sepals_standardize_0", "petals_standardize_0"]
    shown = nnrun("show", "both")
    assert (shown.code, "kind_accuracy" in shown.out) == (0, True)
    shutil.copytree(run.path, "runs/other")
    assert nnrun("compare", "both", "other").code == 0
    found = nnrun("lr-find", "both.yaml", "--steps", 100, "--json")
    assert found.code == 0, found.err


def test_an_autoencoder_of_a_table_is_evaluated_by_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nnrun: Nnrun
) -> None:
    monkeypatch.chdir(tmp_path)
    text = GRAPH.split("architecture", maxsplit=1)[0].replace(
        "name: iris", "name: iris, task: autoencoder"
    )
    text = text.replace(", stratify: true", "").replace(", target: symmetric", "")
    text += "architecture: {MLP: {hidden: [3]}}\n"
    Path("own.yaml").write_text(text + "training: {epochs: 1}\nruntime: {engine: graph}\n")
    done = nnrun("train", "own.yaml", "--run-dir", "runs/own", "--json")
    assert done.code == 0, done.err
    figures = json.loads(done.out)["metrics"]["test"]
    evaluated = json.loads(nnrun("eval", "own", "--json").out)
    assert evaluated["task"] == "autoencoder"
    assert [one["name"] for one in evaluated["targets"]] == [
        "sepal_length", "sepal_width", "petal_length", "petal_width",
    ]  # fmt: skip
    assert evaluated["headline"]["mae"]["value"] == pytest.approx(figures["mae"], rel=1e-4)


def test_an_autoencoder_of_pictures_is_evaluated_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nnrun: Nnrun
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(
        "dataset: {name: digits, task: autoencoder, split: {test: 100}, preprocess: {scale: 16}}\n"
        "architecture: {MLP: {hidden: [5]}}\ntraining: {epochs: 1}\nruntime: {engine: graph}\n"
    )
    done = nnrun("train", "own.yaml", "--run-dir", "runs/own", "--json")
    assert done.code == 0, done.err
    figures = json.loads(done.out)["metrics"]["test"]
    told = json.loads(nnrun("eval", "own", "--json").out)
    assert told["headline"]["mse"]["value"] == pytest.approx(figures["loss"], rel=1e-4)
    assert told["headline"]["mae"]["value"] == pytest.approx(figures["mae"], rel=1e-4)
    files = RunDirectory(Path("runs/own")).evaluation("test")
    with files.predictions.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    mean = sum(float(row["mse"]) for row in rows) / 100
    assert mean == pytest.approx(figures["loss"], rel=1e-4)
    assert files.reconstructions.is_file()
    refused = nnrun("eval", "own", "--mc-samples", 3)
    assert (refused.code, "reproduces images" in refused.err) == (2, True)
