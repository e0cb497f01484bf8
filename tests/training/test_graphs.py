"""A graph made from a config is trained by the engine as by Keras's own `train_on_batch`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.experiments.prepare import build, prepare
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.layer_monitor import LayerMonitor
from nnrun.training.order import epoch_order
from nnrun.training.traces import Traces

from .conftest import every_variable

CONFIG = """\
dataset: {name: iris, split: {validation: 22}, preprocess: {standardize: true}}
architecture:
  inputs: {sepals: {features: [sepal_length, sepal_width]}, petals: {features: [petal_length]}}
  layers:
    one: {Dense: {units: 5, activation: tanh}, from: sepals}
    joined: {Concatenate: {}, from: [one, petals]}
    hidden: {Dense: {units: 6, activation: relu}, from: joined}
  outputs:
    species: {Dense: {units: 3, activation: softmax}, from: hidden, weight: 0.3}
    width: {Dense: 1, from: hidden, target: petal_width, loss: huber, metrics: [mae, mse]}
    again: {Dense: 2, from: one, task: autoencoder, target: sepals}
regularization: {l2: 0.01}
optimizer: {Adam: {learning_rate: 0.02}}
"""
BATCH = 40


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_an_epoch_of_several_inputs_and_outputs_equals_keras(engine: str, tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG)
    prepared = prepare(tmp_path / "iris.yaml")
    train, validation = prepared.splits.train, prepared.splits.validation
    assert validation is not None
    order = epoch_order(train.rows, seed=3, epoch=1)

    hand = build(prepared)
    for start in range(0, train.rows, BATCH):
        rows = order[start : start + BATCH]
        x = {name: array[rows] for name, array in train.inputs.items()}
        y = {name: array[rows] for name, array in train.targets.items()}
        hand.train_on_batch(x, y)
    expected = hand.evaluate(
        dict(validation.inputs), dict(validation.targets), verbose=0, return_dict=True
    )
    weights = every_variable(hand)

    mine = build(prepared)
    training = CompiledTraining(mine, make_resident(train), BATCH, engine)
    training.begin_epoch(order)
    mine.reset_metrics()
    training.run(0, training.steps)
    found: dict[str, Any] = CompiledEvaluation(mine, make_resident(validation), engine).run()
    assert set(found) == set(expected)
    assert {"species_accuracy", "width_mse", "again_mae", "again_loss"} <= set(found)
    assert found == pytest.approx(expected, rel=1e-4)
    for name, array in every_variable(mine).items():
        np.testing.assert_allclose(array, weights[name], rtol=1e-4, atol=2e-6, err_msg=name)


def test_traces_and_the_layer_monitor_see_every_branch_and_every_output(tmp_path: Path) -> None:
    (tmp_path / "iris.yaml").write_text(CONFIG)
    prepared = prepare(tmp_path / "iris.yaml")
    model, train = build(prepared), prepared.splits.train
    traces, monitor = Traces(rows=4), LayerMonitor(rows=8)
    for recorder in (traces, monitor):
        recorder.attach(model, train)
    found = traces.measure(0)
    followed = {name.split("/")[1] for name in found if name.startswith("hidden/")}
    assert followed == {"one", "hidden"}, "the layers before the outputs"
    predicted = model({name: array[:4] for name, array in train.inputs.items()})
    labels = np.eye(3)[train.targets["species"][:4]]
    errors = ((labels - np.asarray(predicted["species"])) ** 2).sum(axis=0)
    assert [found[f"squared_error/species/{one}"] for one in (1, 2, 3)] == pytest.approx(errors)
    again = ((train.targets["again"][:4] - np.asarray(predicted["again"])) ** 2).sum(axis=0)
    assert [found[f"squared_error/again/{one}"] for one in (1, 2)] == pytest.approx(again, rel=1e-5)
    figures = monitor.measure(0)
    assert all(figures[f"{name}/gradient_norm"] > 0 for name in ("one", "hidden", "width"))
    assert "hidden/dead" in figures
