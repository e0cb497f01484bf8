"""The compiled engine computes what Keras computes, to the last step, and twice the same bits."""

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from nnrun.data.splits import Part
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.order import epoch_order
from nnrun.training.state import restore_state

from .conftest import (
    BATCH,
    CLASSES,
    FEATURES,
    ROWS,
    assert_same_bits,
    dense_layers,
    every_variable,
    make_model,
    make_part,
)

EPOCHS = 3
PART = make_part()
WEIGHTS = np.linspace(0.25, 2, ROWS).astype("float32")


def normalized_layers() -> list[Any]:
    return [
        layers.Dense(8, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(momentum=0.8),
        layers.Dense(CLASSES, "softmax"),
    ]


def random_layers() -> list[Any]:
    return [
        layers.Dense(8, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.4),
        layers.GaussianNoise(0.1),
        layers.Dense(CLASSES, "softmax"),
    ]


def decaying_adamw() -> Any:
    schedule = optimizers.schedules.ExponentialDecay(0.01, decay_steps=5, decay_rate=0.5)
    return optimizers.AdamW(schedule, weight_decay=0.01)


def cosine_adam() -> Any:
    return optimizers.Adam(optimizers.schedules.CosineDecay(0.01, decay_steps=20))


CASES: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "sgd": (partial(optimizers.SGD, 0.1), dense_layers),
    "nesterov": (partial(optimizers.SGD, 0.05, momentum=0.9, nesterov=True), normalized_layers),
    "adam, cosine": (cosine_adam, normalized_layers),
    "adamw, exponential": (decaying_adamw, dense_layers),
    "rmsprop, clipnorm": (partial(optimizers.RMSprop, 0.01, clipnorm=0.1), dense_layers),
    "clipped globally": (partial(optimizers.SGD, 0.1, global_clipnorm=0.1), dense_layers),
    "averaged": (partial(optimizers.SGD, 0.1, use_ema=True, ema_momentum=0.9), dense_layers),
    "accumulated": (partial(optimizers.SGD, 0.1, gradient_accumulation_steps=3), dense_layers),
}


def orders(epochs: int = EPOCHS, rows: int = ROWS) -> list[np.ndarray]:
    return [epoch_order(rows, seed=5, epoch=epoch) for epoch in range(1, epochs + 1)]


def train(
    model: Any, engine: str = "xla", *, weights: Any = None, chunk: int = 99, epochs: int = EPOCHS
) -> list[dict[str, float]]:
    training = CompiledTraining(model, make_resident(PART, weights), BATCH, engine)
    figures = []
    for order in orders(epochs):
        training.begin_epoch(order)
        model.reset_metrics()
        starts = range(0, training.steps, chunk)
        figures.append([training.run(start, min(start + chunk, 4)) for start in starts][-1])
    return figures


@cache
def by_keras(case: str, *, weighted: bool) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Figures and variables of the same training with Keras's own `train_on_batch`.

    It tells each batch's figures; an epoch's are their mean by rows.
    """
    model = make_model(*CASES[case])
    figures = []
    for order in orders():
        sums = {"loss": 0.0, "accuracy": 0.0}
        for start in range(0, ROWS, BATCH):
            rows = order[start : start + BATCH]
            x, y = PART.inputs["x"][rows], PART.targets["y"][rows]
            weights = WEIGHTS[rows] if weighted else None
            batch = model.train_on_batch(x, y, weights, return_dict=True)
            sums = {name: total + len(rows) * float(batch[name]) for name, total in sums.items()}
        figures.append({name: total / ROWS for name, total in sums.items()})
    return figures, every_variable(model)


@pytest.mark.parametrize(
    ("case", "engine", "weighted"),
    [
        *((case, "xla", False) for case in CASES),
        ("sgd", "xla", True),
        ("sgd", "graph", True),
        ("adam, cosine", "graph", False),
        ("accumulated", "graph", False),
    ],
)
def test_training_equals_keras(case: str, engine: str, weighted: bool) -> None:
    figures, variables = by_keras(case, weighted=weighted)
    model = make_model(*CASES[case])
    mine = train(model, engine, weights=WEIGHTS if weighted else None)
    assert all(list(row) == ["loss", "accuracy"] for row in mine)
    for row, expected in zip(mine, figures, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)
    assert figures[0]["loss"] != pytest.approx(figures[-1]["loss"], rel=1e-3)
    trained = every_variable(model)
    assert trained.keys() == variables.keys()
    for name, array in variables.items():
        np.testing.assert_allclose(trained[name], array, rtol=1e-4, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_chunks_of_any_size_give_the_same_bits(engine: str) -> None:
    whole = make_model(cosine_adam, random_layers)
    start = every_variable(whole)
    training = CompiledTraining(whole, make_resident(PART), BATCH, engine)
    (order,) = orders(1)
    results = []
    for bounds in ((0, 4), (0, 1, 4), (0, 2, 3, 4), (0, 1, 2, 3, 4)):
        restore_state(whole, start)
        training.begin_epoch(order)
        whole.reset_metrics()
        for first, last in pairwise(bounds):
            figures = training.run(first, last)
        results.append((figures, every_variable(whole)))
    for figures, variables in results[1:]:
        assert figures == results[0][0]
        assert_same_bits(variables, results[0][1])


@pytest.fixture(scope="module")
def states() -> list[dict[str, Any]]:
    """The state before and after each of four epochs with all that is random or remembers."""
    model = make_model(cosine_adam, random_layers)
    training = CompiledTraining(model, make_resident(PART), BATCH, "xla")
    found = [every_variable(model)]
    for order in orders(4):
        training.begin_epoch(order)
        model.reset_metrics()
        training.run(0, training.steps)
        found.append(every_variable(model))
    return found


def test_two_runs_give_the_same_bits(states: list[dict[str, Any]]) -> None:
    again = make_model(cosine_adam, random_layers)
    train(again, chunk=2, epochs=4)
    assert_same_bits(every_variable(again), states[4])


def test_a_restored_state_goes_on_as_if_nothing_had_happened(states: list[dict[str, Any]]) -> None:
    later = make_model(cosine_adam, random_layers, seed=99)
    restore_state(later, states[2])
    training = CompiledTraining(later, make_resident(PART), BATCH, "xla")
    for order in orders(4)[2:]:
        training.begin_epoch(order)
        training.run(0, training.steps)
    assert_same_bits(every_variable(later), states[4])


def test_compiling_trains_nothing_and_draws_nothing() -> None:
    model = make_model(
        cosine_adam, random_layers, metrics=["accuracy", "sparse_categorical_crossentropy"]
    )
    before = every_variable(model)
    CompiledTraining(model, make_resident(PART), BATCH, "xla")
    CompiledEvaluation(model, make_resident(PART), "xla")
    assert_same_bits(every_variable(model), before)
    figures = model.get_metrics_result()  # whose names are known before the first step
    assert list(figures) == ["loss", "accuracy", "sparse_categorical_crossentropy"]
    assert all(float(value) == 0 for value in figures.values())


def test_a_second_training_and_evaluation_of_one_model_share_its_metrics() -> None:
    metrics = [
        "accuracy",
        "sparse_categorical_accuracy",
        keras.metrics.SparseCategoricalCrossentropy(),
    ]
    model = make_model(metrics=metrics)
    names = ["loss", "accuracy", "sparse_categorical_accuracy", "sparse_categorical_crossentropy"]
    for engine in ("xla", "graph"):
        assert list(train(model, engine, epochs=1)[0]) == names
        figures = CompiledEvaluation(model, make_resident(PART), engine).run()
        assert figures["loss"] == pytest.approx(figures["sparse_categorical_crossentropy"])
        assert figures["accuracy"] == figures["sparse_categorical_accuracy"]


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_evaluation_equals_keras(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnrun.training.engines.EVALUATION_VALUES", 8 * 20)
    part = make_part(53)  # prime: two batches of 20 and one of 13
    model = make_model(layers=random_layers)
    evaluation = CompiledEvaluation(model, make_resident(part), engine)
    assert (evaluation.batch_size, evaluation.steps) == (20, 3)
    expected = model.evaluate(part.inputs["x"], part.targets["y"], verbose=0, return_dict=True)
    before = every_variable(model)
    assert evaluation.run() == pytest.approx(expected, rel=1e-6)
    assert evaluation.run() == pytest.approx(expected, rel=1e-6)
    assert_same_bits(every_variable(model), before)


def test_evaluation_batches_divide_the_rows_where_they_can_and_stay_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make_model()
    assert CompiledEvaluation(model, make_resident(PART), "graph").batch_size == ROWS
    monkeypatch.setattr("nnrun.training.engines.EVALUATION_VALUES", 8 * 30)  # 8: the widest layer
    assert CompiledEvaluation(model, make_resident(PART), "graph").batch_size == 25


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_fewer_rows_than_a_batch_are_one_step(engine: str) -> None:
    part = make_part(4)
    model, twin = make_model(), make_model()
    training = CompiledTraining(model, make_resident(part), 32, engine)
    assert (training.full_steps, training.steps) == (0, 1)
    training.begin_epoch(np.arange(4, dtype="int32"))
    expected = twin.train_on_batch(part.inputs["x"], part.targets["y"], return_dict=True)
    assert training.run(0, 1) == pytest.approx({k: float(v) for k, v in expected.items()}, rel=1e-5)
    evaluated = CompiledEvaluation(model, make_resident(part), engine).run()
    wanted = model.evaluate(part.inputs["x"], part.targets["y"], verbose=0, return_dict=True)
    assert evaluated == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("targets", "output", "loss"),
    [
        (np.array([0, 1, 1, 0, 1], "int32"), (1, "sigmoid"), "binary_crossentropy"),
        (np.eye(3, dtype="float32")[[0, 1, 2, 1, 0]], (3, "softmax"), "categorical_crossentropy"),
        (np.array([[0.5], [1], [-1], [2], [3]], "float32"), (1, "linear"), "mean_squared_error"),
    ],
)
def test_targets_of_every_kind_meet_the_output(
    targets: np.ndarray, output: tuple[int, str], loss: str
) -> None:
    x = np.random.default_rng(3).normal(size=(5, FEATURES)).astype("float32")
    metric = "mae" if output[1] == "linear" else "accuracy"
    model = make_model(layers=lambda: [layers.Dense(*output)], loss=loss, metrics=[metric])
    resident = make_resident(Part({"x": x}, {"y": targets}))
    figures = CompiledEvaluation(model, resident, "xla").run()
    predicted = model.predict(x, verbose=0).astype("float64")
    column = targets.reshape(5, -1)
    if metric == "mae":
        expected = {
            "loss": np.mean((predicted - column) ** 2),
            "mae": np.mean(np.abs(predicted - column)),
        }
    elif output[0] == 1:
        chosen = np.where(column == 1, predicted, 1 - predicted)
        expected = {
            "loss": -np.log(chosen).mean(),
            "accuracy": np.mean((predicted > 0.5) == column),
        }
    else:
        hit = predicted.argmax(axis=1) == column.argmax(axis=1)
        expected = {"loss": -np.log(predicted[column == 1]).mean(), "accuracy": hit.mean()}
    assert figures == pytest.approx(expected, rel=1e-5)


def test_mixed_precision_trains_and_restores() -> None:
    momentum = partial(optimizers.SGD, 0.1, momentum=0.9)
    model = make_model(momentum, precision="mixed_float16")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    figures = train(model, epochs=2)
    assert figures[1]["loss"] < figures[0]["loss"]
    twin = make_model(momentum, seed=8, precision="mixed_float16")
    restore_state(twin, every_variable(model))
    assert_same_bits(every_variable(twin), every_variable(model))
    keras.config.set_dtype_policy("float32")


def test_the_state_of_another_model_is_refused() -> None:
    model, other = make_model(), make_model(layers=random_layers)
    with pytest.raises(ValueError, match="not the state of this model"):
        restore_state(model, every_variable(other))
