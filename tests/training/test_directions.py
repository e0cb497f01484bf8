"""Which way a figure is better is read off Keras's objects, and its callbacks follow."""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.loading import load_experiment
from nnrun.config.monitoring import declared_directions
from nnrun.config.relations import subject_of
from nnrun.training.directions import guide, told_directions
from nnrun.training.engines import build_loss_and_metrics, make_resident

from .conftest import make_model, make_part

CATALOGUE = load_catalogue()
MODES = {name: CATALOGUE.find("metrics", name).mode for name in CATALOGUE.names("metrics")}


def compiled(metrics: list[Any]) -> Any:
    model = make_model(metrics=metrics)
    build_loss_and_metrics(model, make_resident(make_part()))
    return model


def test_a_name_of_its_own_changes_no_direction() -> None:
    metrics = [
        "accuracy",
        "acc",
        keras.metrics.SparseTopKCategoricalAccuracy(name="loss_of_top"),
        keras.metrics.SparseCategoricalCrossentropy(name="accuracy_of_bits"),
        keras.metrics.MeanMetricWrapper(lambda _, predicted: predicted[:, 0], name="neither"),
    ]
    assert told_directions(compiled(metrics)) == {
        "loss": "min",
        "accuracy": "max",
        "acc": "max",
        "loss_of_top": "max",
        "accuracy_of_bits": "min",
    }


def test_metrics_that_share_a_name_are_numbered() -> None:
    first = keras.metrics.SparseCategoricalAccuracy(name="same")
    second = keras.metrics.SparseCategoricalCrossentropy(name="same")
    told = told_directions(compiled([first, second]))
    assert told == {"loss": "min", "same": "max", "same_1": "min"}


GRAPH = """\
dataset: {name: iris, features: [sepal_length, sepal_width], split: {validation: 0.2}}
architecture:
  inputs: {flower: {}}
  layers:
    hidden: {Dense: {units: 4, activation: relu}, from: flower}
  outputs:
    kind:
      {Dense: {units: 3, activation: softmax}, from: hidden, target: species,
       metrics: [accuracy, {SparseCategoricalCrossentropy: {name: bits}}]}
    length: {Dense: 1, from: hidden, target: petal_length, metrics: [{R2Score: {name: fit}}]}
"""
OF_GRAPH = {
    "loss": "min",
    "kind_loss": "min",
    "kind_accuracy": "max",
    "kind_bits": "min",
    "length_loss": "min",
    "length_fit": "max",
}


def test_before_keras_is_imported_it_is_told_as_by_its_objects(tmp_path: Path) -> None:
    from nnrun.experiments.prepare import build, prepare

    config = tmp_path / "graph.yaml"
    config.write_text(GRAPH)
    declared = declared_directions(subject_of(load_experiment(config), CATALOGUE), tmp_path)
    assert declared == OF_GRAPH
    prepared = prepare(config)
    model = build(prepared)
    build_loss_and_metrics(model, make_resident(prepared.splits.train))
    assert told_directions(model) == OF_GRAPH


def test_the_catalogue_tells_what_most_metrics_tell() -> None:
    untold = {name for name, mode in MODES.items() if mode is None}
    counts = {
        f"{right}{side}" for right in ("True", "False") for side in ("Positives", "Negatives")
    }
    assert untold <= counts | {"Mean", "Sum"}
    assert MODES["AUC"] == MODES["CosineSimilarity"] == "max"
    assert MODES["KLDivergence"] == MODES["LogCoshError"] == "min"


def guided(name: str, monitor: str = "val_roc", **arguments: Any) -> Any:
    callback = getattr(keras.callbacks, name)(monitor=monitor, **arguments)
    guide([callback, keras.callbacks.TerminateOnNaN()], {"roc": "max"})
    model = make_model(keras.optimizers.SGD(0.1))
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    return callback


def test_callbacks_follow_the_direction() -> None:
    assert guided("EarlyStopping").mode == "max"
    assert guided("ReduceLROnPlateau", "val_loss").mode == "min"
    assert guided("EarlyStopping", mode="min").mode == "min"  # as the config says


def seen(callback: Any, figures: list[float]) -> list[bool]:
    """Whether the training is to stop after each of the epochs."""
    stopping = []
    for epoch, figure in enumerate(figures):
        callback.on_epoch_end(epoch, {"val_roc": figure})
        stopping.append(callback.model.stop_training)
    return stopping


def test_a_figure_that_is_not_finite_is_no_improvement() -> None:
    stopping = guided("EarlyStopping", patience=3)
    # With Keras alone, nothing is better than the NaN of the first epoch.
    assert seen(stopping, [math.nan, 0.1, 0.2, math.inf, 0.3, 0.4]) == [False] * 6
    assert stopping.best == 0.4
    assert seen(guided("EarlyStopping", patience=3), [math.nan] * 3) == [False, False, True]


def test_a_plateau_counts_epochs_without_a_finite_figure() -> None:
    plateau = guided("ReduceLROnPlateau", patience=2, factor=0.5)
    seen(plateau, [math.nan, 0.1, math.nan])
    assert float(plateau.model.optimizer.learning_rate) == pytest.approx(0.1)
    seen(plateau, [math.nan])
    assert float(plateau.model.optimizer.learning_rate) == pytest.approx(0.05)


def test_no_checkpoint_is_kept_of_an_epoch_without_a_finite_figure(tmp_path: Path) -> None:
    file = tmp_path / "best.weights.h5"
    keeping = guided(
        "ModelCheckpoint", filepath=str(file), save_best_only=True, save_weights_only=True
    )
    seen(keeping, [math.nan])
    assert not file.exists()
    seen(keeping, [0.5])
    assert file.exists()
    assert np.isfinite(keeping.best)
