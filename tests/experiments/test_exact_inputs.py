"""Runs of columns that float32 cannot hold, and of units that Keras's Normalization cannot divide by."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from same_run import assert_same_run

from nnrun.data.transforms import scaling
from nnrun.experiments.api import evaluate, predict, resume, train
from nnrun.experiments.prepare import build, prepare
from nnrun.export.script.writing import write_script
from nnrun.runs.directory import RunDirectory
from nnrun.sources import precision
from tests.export.sameness import figures, until_trained

CONFIG = """\
dataset:
  csv: rows.csv
  target: y
  split: {validation: 20}
  preprocess: {standardize: true}
architecture: [Dense: 1]
optimizer: {SGD: {learning_rate: 0.1}}
training: {epochs: 30, batch_size: 20}
runtime: {engine: graph}
"""
TIMES = 1600000000 + 10 * np.arange(80)


def write(folder: Path, cells: np.ndarray) -> Path:
    lines = [f"{cell!r},{row * 0.37}" for row, cell in enumerate(cells.tolist())]
    (folder / "rows.csv").write_text("\n".join(["t,y", *lines, ""]))
    (folder / "times.yaml").write_text(CONFIG)
    return folder / "times.yaml"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    folder, path = tmp_path_factory.mktemp("times"), list(sys.path)
    train(write(folder, TIMES), run_dir=folder / "run")
    sys.path[:] = path
    return RunDirectory(folder / "run")


def val_loss(run: RunDirectory) -> float:
    return float(json.loads(run.metrics.read_text())["best"]["val_loss"])


def test_a_line_of_the_time_is_learnt(trained: RunDirectory) -> None:
    assert val_loss(trained) < 1e-4  # of times in float32, no function has less than 1.8


def test_eval_and_predict_take_raw_rows_in_float64(trained: RunDirectory, lab: Path) -> None:
    (lab / "new.csv").write_text("t\n1600000001\n1600000002\n")
    (predicted,) = predict(trained, lab / "new.csv").values()
    assert predicted.outputs.reshape(-1) == pytest.approx([0.037, 0.074], abs=0.01)
    (lab / "known.csv").write_text("t,y\n1600000001,0.037\n1600000002,0.074\n1600000003,0.111\n")
    (told,) = evaluate(trained, data=lab / "known.csv").values()
    assert told.recorded["loss"] < 1e-4


def test_keras_alone_opens_the_saved_model(trained: RunDirectory) -> None:
    import keras

    model = keras.models.load_model(trained.model)
    rows = np.array([[1600000001.0], [1600000002.0]])
    given = np.asarray(model(rows))[:, 0]
    assert given == pytest.approx([0.037, 0.074], abs=0.01)
    # The warning says that `predict` makes rows float32; where Keras no longer does, it has to go.
    assert len(np.unique(model.predict(rows, verbose=0))) == 1


def test_streamed_and_resumed_rows_give_the_same_bits(trained: RunDirectory, lab: Path) -> None:
    streamed = ("training.epochs=10", "runtime.rows=streaming")
    train(write(lab, TIMES), overrides=streamed, run_dir=lab / "run")
    resume(RunDirectory(lab / "run"), epochs=30)
    assert val_loss(RunDirectory(lab / "run")) == val_loss(trained)


@pytest.mark.parametrize("unit", [1e-12, 1e25])
def test_any_unit_gives_the_same_model(unit: float, lab: Path) -> None:
    train(write(lab, (10 + np.arange(80.0)) * unit), run_dir=lab / "run")
    assert val_loss(RunDirectory(lab / "run")) < 1e-4


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        (TIMES, "standardize: true"),
        (TIMES, "minmax: true"),
        (TIMES, "standardize: true, scale: 10"),
        (np.arange(80) * 1e-12, "standardize: true"),
        (np.arange(80) * 1e25, "standardize: true, scale: 10"),
    ],
)
def test_a_script_does_the_same(cells: np.ndarray, how: str, lab: Path) -> None:
    prepared = prepare(write(lab, cells), (f"dataset.preprocess={{{how}}}",))
    theirs = until_trained(write_script(prepared))
    ours, part = build(prepared), prepared.splits.train
    is_exact = prepared.splits.inputs["inputs"].dtype == "float64"
    if is_exact:
        made = prepared.transforms.within(part.inputs)["inputs"]
        np.testing.assert_allclose(theirs["X_train"], made, atol=1e-6)
    rows, labels = part.inputs["inputs"], part.targets["targets"]
    expected = figures(ours, rows, labels)
    told = figures(theirs["model"], theirs["X_train"], theirs["y_train"])
    assert told == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.fixture
def before(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], RunDirectory]:
    """Makes a run as it was made before: float32, and Keras's Normalization whatever the unit."""

    def make(cells: np.ndarray) -> RunDirectory:
        config = write(lab, cells)
        with monkeypatch.context() as patched:
            patched.setattr(precision, "find_loss", lambda _: None)
            patched.setattr(scaling, "LEAST_DEVIATION", 0.0)
            train(config, overrides=("training.epochs=10",), run_dir=lab / "run")
            train(config, overrides=("training.epochs=20",), run_dir=lab / "whole")
        return RunDirectory(lab / "run")

    return make


@pytest.mark.parametrize("cells", [TIMES, np.arange(80) * 1e-12])
def test_runs_of_before_are_evaluated_and_resumed_as_they_were(
    cells: np.ndarray, before: Callable[[np.ndarray], RunDirectory], lab: Path
) -> None:
    run = before(cells)
    (told,) = evaluate(run, split="validation").values()
    assert told.recorded["loss"] == pytest.approx(val_loss(run), rel=1e-5)
    resume(run, epochs=20)
    assert_same_run(run, RunDirectory(lab / "whole"))
