"""A run whose loss sees its labels scaled: what a person reads of it is in their own units."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.experiments.declare import load
from nnrun.experiments.prepare import build, prepare
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import Metrics
from tests.export.sameness import assert_same

CONFIG = """\
name: bounded
dataset:
  name: diabetes
  split: {validation: 0.2}
  preprocess: {standardize: true, target: minmax}
architecture: {MLP: {hidden: [8], output_activation: sigmoid}}
training: {epochs: 2}
runtime: {engine: graph}
"""
ON_TOP = """\
dataset:
  name: diabetes
  split: {validation: 0.2}
  preprocess: {target: minmax}
architecture: {from_run: run, keep_preprocessing: true}
"""
Nnrun = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nnrun.experiments.api import train

    folder, path = tmp_path_factory.mktemp("bounded"), list(sys.path)
    (folder / "bounded.yaml").write_text(CONFIG)
    train(folder / "bounded.yaml", run_dir=folder / "run")
    sys.path[:] = path
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RunDirectory(tmp_path / "run")


def test_the_saved_model_gives_what_the_figures_were_reckoned_from(run: RunDirectory) -> None:
    import keras

    splits = prepare(Path("bounded.yaml")).splits
    labels, rows = splits.train.targets["targets"], splits.validation
    least, most = float(labels.min()), float(labels.max())
    model = keras.models.load_model(run.model)
    errors = model.predict(rows.inputs["inputs"], verbose=0) - rows.targets["targets"]
    best = Metrics.read(run.metrics).best
    assert best["val_mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert best["val_loss"] == pytest.approx((errors**2).mean() / (most - least) ** 2, rel=1e-5)
    target = json.loads(run.signature.read_text())["transforms"][-1]["labels"]["targets"]
    assert (target["scale"], target["offset"]) == ([most - least], [least])


def words(screen: str) -> str:
    """What a screen says, wherever its lines break."""
    return " ".join(screen.split())


def test_every_screen_says_what_the_loss_is_of(run: RunDirectory, nnrun: Nnrun) -> None:
    told = "of labels scaled to lie between 0 and 1"
    assert f"{told}; metrics in the labels' own units" in words(nnrun("show", "run").out)
    assert f"mean_squared_error, {told}" in words(nnrun("show", "bounded.yaml").out)
    evaluated = json.loads(nnrun("eval", "run", "--json").out)
    assert evaluated["headline"]["mae"]["value"] == pytest.approx(evaluated["recorded"]["mae"])


def test_a_model_that_ends_as_the_run_does_learns_what_the_run_did(run: RunDirectory) -> None:
    import keras

    Path("more.yaml").write_text(ON_TOP)
    rows = prepare(Path("bounded.yaml")).splits.train.inputs["inputs"]
    saved = keras.models.load_model(run.model)
    again = build(prepare(Path("more.yaml")))
    assert [layer.name for layer in again.layers].count("own_units") == 1
    np.testing.assert_array_equal(again.predict(rows, verbose=0), saved.predict(rows, verbose=0))


@pytest.mark.parametrize("add", ["[]", "[{Dense: {units: 1, activation: sigmoid}}]"])
def test_a_script_that_builds_on_the_run_begins_where_nnrun_begins(
    add: str, run: RunDirectory
) -> None:
    Path("more.yaml").write_text(ON_TOP)
    assert_same(
        Path("more.yaml"), (f"architecture.add={add}", f"architecture.drop_last={int(add != '[]')}")
    )


@pytest.mark.parametrize(
    ("changes", "says", "hint"),
    [
        (["dataset.preprocess.target=null"], "learnt labels scaled to lie between 0 and 1", "`target: minmax`"),
        (["dataset.preprocess.target=symmetric"], "learnt labels scaled to lie between 0 and 1", "`target: minmax`"),
        (["dataset.preprocess.target=null", "architecture.drop_last=1", "architecture.add=[{Dense: 1}]"], "", ""),
    ],
)  # fmt: skip
def test_one_that_ends_so_and_learns_other_labels_is_refused(
    run: RunDirectory, changes: list[str], says: str, hint: str
) -> None:
    Path("more.yaml").write_text(ON_TOP)
    if not says:
        load(Path("more.yaml"), changes)
        return
    with pytest.raises(ConfigError) as caught:
        load(Path("more.yaml"), changes)
    (problem,) = caught.value.problems
    assert says in problem.message
    assert hint in problem.hint
    assert problem.path == "dataset.preprocess.target"
