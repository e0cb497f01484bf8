"""NaN and infinity in loss, gradient, weights, validation: the run says where, and keeps none."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.experiments.api import train
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.runs.outcome import Outcome
from nnrun.training.events import Doubted

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_undrawn")]

REGRESSION = """\
dataset: {name: diabetes, split: {validation: 42}}
architecture: [{Dense: {units: 4, activation: tanh}}, {Dense: 1}]
optimizer: {SGD: {learning_rate: 1e-3}}
training: {epochs: 4, batch_size: 100}
runtime: {engine: graph}
"""
LOGGED = "callbacks: [{CSVLogger: {filename: log.csv}}]\n"

OWN = '''\
import keras
import tensorflow as tf


class RaiseRate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            self.model.optimizer.learning_rate = 1e30


class Burst(keras.layers.Layer):
    """Gives back what it is given; in the seventh training step its gradient is infinite."""

    def build(self, shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

    def call(self, x, training=False):
        if training:
            self.steps.assign_add(1.0)
        factor = tf.where(self.steps == 7.0, float("inf"), 1.0)

        @tf.custom_gradient
        def same(x):
            return tf.identity(x), lambda upstream: upstream * factor

        return same(x)


class NanInValidation(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        rows = tf.shape(y_true)[0]
        super().update_state(tf.where(rows == 42, float("nan"), 1.0))
'''

Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.syspath_prepend(tmp_path)

    def run(text: str, **seen: Any) -> Outcome:
        config = tmp_path / "regression.yaml"
        config.write_text(text)
        return train(config, run_dir=tmp_path / "run", **seen)

    return run


def own(tmp_path: Path, name: str, text: str = OWN) -> None:
    (tmp_path / f"{name}.py").write_text(text)


def check_diverged(outcome: Outcome, epochs: int) -> None:
    """The run diverged after so many epochs, and holds only what is finite."""
    assert (outcome.status, outcome.exit_code, outcome.epochs) == ("diverged", 1, epochs)
    assert f"in epoch {epochs + 1}" in outcome.stop_reason
    directory = Path(outcome.run_dir)
    store = CheckpointStore(directory / "checkpoints")
    for name in filter(store.has, ("best", "last")):
        for checkpoint in store.load_all(name):
            arrays = {
                path: array
                for path, array in checkpoint.arrays.items()
                if not path.startswith(("metrics/", "callback/"))
            }
            assert all(np.isfinite(array).all() for array in arrays.values())
    assert store.has("best") == (epochs > 0)
    assert (directory / "model.keras").exists() == (epochs > 0)
    if epochs:
        history = History.read(directory / "history.csv")
        assert history.column("epoch") == list(range(1, epochs + 1))
        assert np.isfinite(history.column("val_loss")).all()


@pytest.mark.parametrize("more", ["", LOGGED], ids=["blocks", "epochs"])
def test_a_rate_too_high_from_the_first_step(run: Run, more: str) -> None:
    told: list[Any] = []
    outcome = run(REGRESSION.replace("1e-3", "1e30") + more, watch=told.append)
    check_diverged(outcome, 0)
    # 1e30 times a gradient is still a float; the second step squares it.
    assert re.search(
        r"in epoch 1: after step 2 of 4 .* not finite; before it the largest weight was "
        r"\d\.\d+e\+3\d, in ",
        outcome.stop_reason,
    )
    assert told[-1].hint.startswith(
        "Try a learning rate of 1e+29 instead of 1e+30, clip the gradients with "
        "`regularization.clip.norm: 1`, or let `nnrun lr-find "
    )


def test_a_schedule_that_rises_too_far(run: Run) -> None:
    schedule = (
        "schedule: {PiecewiseConstantDecay: {boundaries: [1 epochs], values: [1e-3, 1e30]}}\n"
    )
    outcome = run(REGRESSION + schedule)
    check_diverged(outcome, 1)
    assert re.search(r"in epoch 2: after step [23] of 4 ", outcome.stop_reason)


def test_a_callback_that_raises_the_rate(run: Run, tmp_path: Path) -> None:
    own(tmp_path, "raising")
    told: list[Any] = []
    outcome = run(REGRESSION + "callbacks: ['raising:RaiseRate']\n", watch=told.append)
    check_diverged(outcome, 2)
    assert re.search(r"in epoch 3: after step 2 of 4 ", outcome.stop_reason)
    assert "1e+29 instead of 1e+30" in told[-1].hint


@pytest.mark.parametrize("more", ["", LOGGED], ids=["blocks", "epochs"])
def test_an_infinite_gradient_is_traced_to_its_step(run: Run, tmp_path: Path, more: str) -> None:
    own(tmp_path, "bursting")
    text = REGRESSION.replace("}, {Dense: 1}", "}, 'bursting:Burst', {Dense: 1}")
    outcome = run(text + more)
    check_diverged(outcome, 1)
    # Four steps an epoch. What lies behind the layer gets no gradient through it, and stays finite.
    assert re.search(
        r"in epoch 2: after step 3 of 4 \S*dense/kernel and \S*dense/bias are not finite; before ",
        outcome.stop_reason,
    )


CAUSES = {
    "poisson": (
        REGRESSION.replace("units: 4, activation: tanh", "units: 4").replace(
            "{Dense: 1}", "{Dense: 1}, 'causing:Same'"
        )
        + "loss: Poisson\n",
        r"the loss poisson has no value for negative predictions, such as -\d",
        "activation: softplus",
    ),
    "adafactor": (
        "dataset: {name: digits, split: {validation: 300}}\narchitecture: {MLP: {hidden: [16]}}\n"
        "optimizer: {Adafactor: {learning_rate: 0.01}}\ntraining: {epochs: 2}\n"
        "runtime: {engine: graph}\n",
        "the loss and its gradient are finite, and Adafactor makes weights of them that are not",
        "Try another optimizer",
    ),
    "root": (
        REGRESSION + "loss: 'causing:RootLoss'\n",
        "the loss is finite and its gradient is not",
        "Look for a root",
    ),
    "logarithm": (
        REGRESSION.replace("}, {Dense: 1}", "}, 'causing:Log', {Dense: 1}"),
        "what the model gives is not finite, though its weights and inputs are",
        "a logarithm",
    ),
    "loss": (
        REGRESSION + "loss: 'causing:NoLoss'\n",
        "the loss no_loss is not finite, though the predictions are",
        "which labels",
    ),
}
CAUSING = '''\
import keras
import tensorflow as tf


class Same(keras.layers.Layer):
    def call(self, x):
        return x


class Log(keras.layers.Layer):
    def call(self, x):
        return tf.math.log(x)


class RootLoss(keras.losses.Loss):
    """The slope of a root is infinite at 0, where all labels are taken to be met."""

    def call(self, y_true, y_pred):
        return tf.sqrt(tf.abs(y_pred - tf.stop_gradient(y_pred)))


class NoLoss(keras.losses.Loss):
    def __init__(self, **more):
        super().__init__(name="no_loss")

    def call(self, y_true, y_pred):
        return tf.math.log(-tf.square(y_pred) - 1)
'''


@pytest.mark.parametrize("kind", CAUSES)
def test_what_no_learning_rate_is_to_blame_for(run: Run, tmp_path: Path, kind: str) -> None:
    text, cause, advice = CAUSES[kind]
    own(tmp_path, "causing", CAUSING)
    told: list[Any] = []
    outcome = run(text, watch=told.append)
    check_diverged(outcome, 0)
    assert re.search(cause, outcome.stop_reason), outcome.stop_reason
    assert advice in told[-1].hint
    assert "learning rate of" not in told[-1].hint
    (finding,) = outcome.diagnosis
    assert re.search(f"diverged in epoch 1: {cause}", finding["text"])
    assert finding["advice"] == told[-1].hint


@pytest.mark.parametrize("more", ["", LOGGED], ids=["blocks", "epochs"])
def test_a_metric_that_is_not_finite_ends_nothing(run: Run, tmp_path: Path, more: str) -> None:
    own(tmp_path, "spoiling")
    seen: list[Any] = []
    outcome = run(
        REGRESSION + "metrics: [mae, 'spoiling:NanInValidation']\n" + more, watch=seen.append
    )
    assert (outcome.status, outcome.exit_code, outcome.epochs) == ("finished", 0, 4)
    assert outcome.warnings[-1] == "val_mean was not finite in any of the 4 epochs"
    assert [event.warning for event in seen if isinstance(event, Doubted)] == [
        "val_mean is not finite in epoch 1; the loss and the weights are, so the training continues"
    ]
    directory = Path(outcome.run_dir)
    history = History.read(directory / "history.csv")
    assert np.isnan(history.column("val_mean")).all()
    assert np.isfinite(history.column("mean")).all()
    assert outcome.best_epoch == history.best("val_loss")["epoch"]
    assert Metrics.read(directory / "metrics.json").best["val_mean"] is None
    assert outcome.to_json()["metrics"]["best"]["val_mean"] is None
    assert tuple(outcome.warnings) == RunRecord.read(directory / "run.json").warnings


@pytest.mark.parametrize("more", ["", LOGGED], ids=["blocks", "epochs"])
def test_what_is_monitored_is_never_finite(run: Run, tmp_path: Path, more: str) -> None:
    own(tmp_path, "spoiling")
    watched = "{monitor: val_mean, mode: min}"
    stopping = f"callbacks: [EarlyStopping: {watched[:-1]}, patience: 3}}]\n"
    if more:
        stopping = stopping.replace("callbacks: [", more.strip()[:-1] + ", ")
    text = REGRESSION.replace("{epochs: 4", f"{watched[:-1]}, epochs: 9")
    outcome = run(text + "metrics: ['spoiling:NanInValidation']\n" + stopping)
    assert (outcome.status, outcome.stop_reason) == ("finished", "stopped by EarlyStopping")
    assert (outcome.epochs, outcome.best_epoch) == (3, 3)
    assert outcome.warnings[-1] == (
        "no epoch is the best, since val_mean was never finite: "
        "the saved model is that of the last epoch"
    )
    directory = Path(outcome.run_dir)
    store = CheckpointStore(directory / "checkpoints")
    assert store.load("best").facts["epoch"] == 3
    assert (directory / "model.keras").exists()
