"""Models that begin with the layers of a run: what is taken over, frozen, fine-tuned, resumed and refused."""

import functools
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_run import assert_same_run

from nnrun.errors import ConfigError, RunError, UserError
from nnrun.experiments.api import evaluate, resume, train
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.saved import load_saved
from nnrun.training.events import FineTuningBegan, Resumable

pytestmark = pytest.mark.usefixtures("_undrawn")

CONFIG = """\
name: moved
dataset:
  name: iris
  classes: [virginica, setosa]
  split: {validation: 20}
  preprocess: {standardize: true}
architecture:
  from_run: tiny_run
  drop_last: 1
  freeze: all
  add: [{Dense: {units: 1, activation: sigmoid}}]
optimizer: {Adam: {learning_rate: 0.05}}
training:
  epochs: 4
  batch_size: 80 # one step an epoch
  fine_tune: {after_epoch: 2, learning_rate: 0.001}
runtime: {engine: graph}
"""


@pytest.fixture
def config(tiny_run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config that builds on the run beside it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "moved.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def moved_folder(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moved")
    shutil.copytree(_trained, folder / "tiny_run")
    (folder / "moved.yaml").write_text(CONFIG)
    path = list(sys.path)
    train(folder / "moved.yaml", run_dir=folder / "run")
    sys.path[:] = path
    return folder


@pytest.fixture
def moved(moved_folder: Path, tmp_path: Path) -> RunDirectory:
    """A copy of a finished run that was built on another, the test's own to spoil."""
    return RunDirectory(shutil.copytree(moved_folder / "run", tmp_path / "moved"))


def kernels(run: RunDirectory, name: str) -> dict[str, np.ndarray]:
    arrays = CheckpointStore(run.checkpoints).load(name).arrays
    return {
        key.split("/", 2)[2]: array for key, array in arrays.items() if key.startswith("model/")
    }


def states(config: Path, run: Path, *overrides: str) -> tuple[list[dict[str, np.ndarray]], Any]:
    """The model's variables after each epoch, and the event of the fine-tuning."""
    from nnrun.experiments.train import Run

    seen: list[dict[str, np.ndarray]] = []
    began = []
    kept = Run._keep

    def keep(self: Run, position: Any, *, now: bool) -> None:
        seen.append({one.path: np.array(one.numpy()) for one in self.model.variables})
        kept(self, position, now=now)

    def watch(event: Any) -> None:
        if isinstance(event, FineTuningBegan):
            began.append(event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "_keep", keep)
        # Blocks of one epoch, so that each is seen.
        patch.setattr("nnrun.training.blocks.MOST_EPOCHS", 1)
        train(config, run_dir=run, overrides=overrides, watch=watch)
    return seen, began


def test_layers_go_on_in_another_precision(config: Path, tiny_run: RunDirectory) -> None:
    """Of float16 the saved optimizer has a scale of its loss beside its own variables."""
    import keras

    from nnrun.experiments.prepare import build, prepare

    was = kernels(tiny_run, "best")["model/dense/kernel"]
    try:
        model = build(prepare(config, ["runtime.precision=mixed_float16"], tiny_run.path.parent))
    finally:
        keras.config.set_dtype_policy("float32")
    dense = model.get_layer("dense")
    assert dense.compute_dtype == "float16"
    assert np.array_equal(dense.kernel.numpy(), was)


def test_frozen_layers_stay_and_then_learn_as_with_a_new_optimizer(
    config: Path, tiny_run: RunDirectory, tmp_path: Path
) -> None:
    seen, began = states(config, tmp_path / "run")
    was = kernels(tiny_run, "best")["model/dense/kernel"]
    moved = [state["model/dense/kernel"] for state in seen]
    assert len(moved) == 4
    assert np.array_equal(was, moved[0])
    assert np.array_equal(was, moved[1])
    # The first step of Adam, as Kingma and Ba have it, goes `rate` along the sign of the gradient:
    # one whose moments are older, or whose steps are counted on, goes another way.
    for path in ("model/dense/kernel", "model/dense_2/kernel"):
        step = np.abs(seen[2][path] - seen[1][path])
        assert np.quantile(step, 0.7) == pytest.approx(0.001, rel=1e-3)
        assert step.max() <= 0.001 * (1 + 1e-3)
    assert began == [FineTuningBegan(3, ("dense",), 0.001)]


@pytest.mark.parametrize(
    "epoch", [*(pytest.param(epoch, marks=pytest.mark.campaign) for epoch in (1, 2)), 3]
)
def test_a_run_that_breaks_off_goes_on_in_its_part(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:

    monkeypatch.setattr("nnrun.training.blocks.MOST_EPOCHS", 1)
    monkeypatch.setattr("nnrun.experiments.finish.draw_run", lambda *_, **__: None)
    schedule = "schedule={ExponentialDecay: {decay_steps: 2, decay_rate: 0.5}}"

    def interrupt(event: Any) -> None:
        if isinstance(event, Resumable) and event.position.epoch == epoch:
            os.kill(os.getpid(), signal.SIGINT)

    whole, broken = RunDirectory(tmp_path / "whole"), RunDirectory(tmp_path / "broken")
    train(config, run_dir=whole.path, overrides=[schedule])
    train(
        config,
        run_dir=broken.path,
        overrides=[schedule],
        watch=interrupt,
        deliver_signals=False,
    )
    assert load_saved(broken).facts["epoch"] == epoch
    resume(broken)
    assert_same_run(broken, whole)


def test_a_run_needs_the_one_it_was_built_on_no_more(
    config: Path, moved: RunDirectory, moved_folder: Path, tmp_path: Path
) -> None:
    hidden = (moved_folder / "tiny_run").rename(moved_folder / "away")
    try:
        assert evaluate(moved, split="validation")["targets"].rows == 20
        assert resume(moved, epochs=5).epochs == 5
    finally:
        hidden.rename(moved_folder / "tiny_run")
    # And one that is built on it takes over what it took over.
    text = CONFIG.replace("tiny_run", "moved").replace("drop_last: 1", "drop_last: 0")
    config.write_text(text)
    overrides = ["architecture.add=[]", "architecture.freeze=1", "training={epochs: 1}"]
    assert train(config, run_dir=tmp_path / "again", overrides=overrides).epochs == 1
    assert (tmp_path / "again" / "from_run" / "from_run" / "resolved.yaml").exists()


OF_THE_RUN = {"tiny_run/run.json", "tiny_run/resolved.yaml", "tiny_run/signature.json"}
AS_KEPT = {"moved/from_run/resolved.yaml", "moved/from_run/signature.json"}
READ = {
    "validate moved.yaml": OF_THE_RUN,
    "train moved.yaml --quiet --set training.epochs=3": OF_THE_RUN,
    "show moved.yaml": OF_THE_RUN,
    "code moved.yaml": OF_THE_RUN | {"tiny_run/model.keras"},
    "lr-find moved.yaml --steps 10 --budget 0": OF_THE_RUN,
    "gallery moved.yaml --seeds 2 --epochs 3": OF_THE_RUN,
    "resume moved --epochs 5 --quiet": AS_KEPT | {"tiny_run/run.json"},
    "eval moved --split validation": AS_KEPT,
    "predict moved rows.csv": AS_KEPT,
    "show moved": AS_KEPT,
    "compare moved other": set(),
    "diff moved moved": set(),
}
_opened: list[str] = []


@functools.cache  # once for all tests: such a hook cannot be taken away
def _listen() -> None:
    sys.addaudithook(lambda event, args: _opened.append(str(args[0])) if event == "open" else None)


@pytest.mark.parametrize("command", READ)
def test_each_file_of_the_run_that_a_model_is_built_on_is_read_once(
    command: str,
    config: Path,
    moved: RunDirectory,
    nnrun: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(config.parent)
    rows = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"
    Path("rows.csv").write_text(rows)
    shutil.copytree(moved.path, "other")
    _listen()
    _opened.clear()
    done = nnrun(*command.split())
    assert done.code in {0, 1}, done.err  # so few steps find no learning rate
    names = (re.search(r"\b(?:tiny_run|moved/from_run)/.*", path) for path in _opened)
    found = Counter(name[0] for name in names if name and "checksums" not in name[0])
    # The weights are verified before anything else is done, and loaded into each model.
    models = 2 if "--seeds 2" in command else 1
    weights = {name: found.pop(name) for name in [*found] if "checkpoints" in name}
    assert found == dict.fromkeys(READ[command], 1)
    assert set(weights.values()) <= {1, 1 + models}


def test_changed_weights_are_noticed(
    moved: RunDirectory, moved_folder: Path, tmp_path: Path
) -> None:
    base = RunDirectory(moved_folder / "tiny_run")
    recorded = json.loads(moved.record.read_text())["from_run"]
    store = CheckpointStore(base.checkpoints)
    best = store.load("best")
    expected = {"run": str(base.path.resolve()), "weights": best.digest, "epoch": 2}
    assert recorded == expected
    kept = shutil.copytree(base.path, tmp_path / "kept")
    store.commit("best", {name: array * 2 for name, array in best.arrays.items()}, best.facts)
    try:
        with pytest.raises(RunError, match=r"the weights of .*tiny_run have changed"):
            resume(moved, epochs=5)
    finally:
        shutil.rmtree(base.path)
        shutil.copytree(kept, base.path)


def test_preprocessing_is_the_new_config_s_own_or_the_run_s(
    config: Path, tiny_run: RunDirectory, moved: RunDirectory, tmp_path: Path
) -> None:
    def mean(run: Path) -> list[float]:
        (scaling,) = json.loads((run / "signature.json").read_text())["transforms"]
        (step,) = scaling["scaling"]["inputs"]
        return list(step["standardize"]["mean"])

    kept = [
        "training={epochs: 1}",
        "dataset.preprocess.standardize=null",
        "architecture.keep_preprocessing=true",
    ]
    train(config, run_dir=tmp_path / "kept", overrides=kept)
    assert mean(tmp_path / "kept") == mean(tiny_run.path) != mean(moved.path)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("architecture.from_run=elsewhere", "there is no run 'elsewhere'"),
        ("architecture.drop_last=2", "the run has 2 layers, so that none is left"),
        ("architecture.freeze=2", "2 layers are asked for, and 1 layer is taken over"),
        ("architecture.freeze=[dens]", "there is no layer 'dens'"),
        ("architecture.freeze=0", "no layer is frozen that could learn later"),
        ("architecture={from_run: tiny_run, freeze: all}", "the model gives [3] for a row"),
        ("architecture.frezze=all", "unknown key 'frezze'"),
        ("training.fine_tune.after_epoch=4", "no epoch comes after it"),
        ("training.fine_tune.unfreeze=2", "2 layers are asked for, and 1 layer is frozen"),
        ("optimizer.Adam.use_ema=true", "averaged weights cannot start again"),
        ("architecture.keep_preprocessing=true", "prepares the rows already"),
        (
            "dataset={name: digits, classes: [1, 2]}",
            "the run takes rows of shape [4], and the data",
        ),
    ],
)
def test_what_cannot_be_built_is_told(config: Path, override: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        train(config, run_dir=config.with_name("run"), overrides=[override])
    assert told in refused.value.message
    assert not config.with_name("run").exists()


def test_a_run_is_found_by_the_name_of_its_experiment(
    config: Path, tiny_run: RunDirectory, tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    runs = tmp_path / "runs"
    for stamp in ("20260101-000000-abcd", "20260201-000000-abcd"):
        shutil.copytree(tiny_run.path, runs / f"tiny-{stamp}")
    changes = ["--set", "architecture.from_run=tiny", "--set", "training={epochs: 1}"]
    done = nnrun("train", config, "--runs-dir", runs, "--quiet", *changes)
    assert (done.code, done.err) == (0, "")
    (run,) = runs.glob("moved-*")
    assert "tiny-20260201-000000-abcd" in (run / "resolved.yaml").read_text()


OWN = """\
import keras


class Halved(keras.layers.Layer):
    def call(self, inputs):
        return inputs / 2
"""


def test_a_run_with_code_of_its_own_needs_trust(config: Path, tmp_path: Path) -> None:
    (tmp_path / "halving.py").write_text(OWN)
    base = tmp_path / "base.yaml"
    base.write_text(
        "dataset: {name: iris, split: {validation: 0.2}}\n"
        "architecture: ['halving:Halved', {Dense: {units: 3, activation: softmax}}]\n"
        "training: {epochs: 1}\nruntime: {engine: graph}\n"
    )
    train(base, run_dir=tmp_path / "base")
    overrides = ["architecture.from_run=base", "training={epochs: 1}"]
    run = RunDirectory(tmp_path / "run")
    with pytest.raises(UserError, match="names code of its own"):
        train(config, run_dir=run.path, overrides=overrides)
    train(config, run_dir=run.path, overrides=overrides, trust=True)
    with pytest.raises(UserError, match="names code of its own"):
        evaluate(run, split="validation")
    assert evaluate(run, split="validation", trust=True)["targets"].rows == 20


def test_a_link_in_a_run_is_not_followed(moved: RunDirectory, tmp_path: Path) -> None:
    moved.base.path.rename(tmp_path / "elsewhere")
    moved.base.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="is a link"):
        evaluate(moved, split="validation")
