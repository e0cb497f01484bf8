"""The weights of rows and of classes, against numbers worked out by hand."""

import dataclasses

import numpy as np
import pytest

from nnrun.config.schema import Training
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.tasks.targets import TargetSpec
from nnrun.training.placing import make_evaluation, make_training
from nnrun.training.weighting import row_weights

THREE = TargetSpec("multiclass", ("ant", "bee", "cat"))
LABELS = np.array([0, 0, 0, 1, 1, 2], "int32")


def weights_of(
    class_weight: object, labels: np.ndarray = LABELS, target: TargetSpec = THREE
) -> list[float]:
    weights = row_weights(labels, target, class_weight)  # type: ignore[arg-type]
    assert weights is not None
    assert weights.dtype == np.float32
    return weights.tolist()


def test_nothing_asked_for_is_nothing_done() -> None:
    assert row_weights(LABELS, THREE, None) is None


def test_balanced_gives_each_class_the_same_say() -> None:
    # 6 rows / (3 classes * 3, 2 and 1 rows)
    assert weights_of("balanced") == pytest.approx([2 / 3] * 3 + [1, 1] + [2])


def test_a_class_without_training_rows_does_not_count() -> None:
    # 4 rows / (2 classes that there are * 3 and 1 rows)
    assert weights_of("balanced", np.array([0, 0, 0, 2])) == pytest.approx([2 / 3] * 3 + [2])


@pytest.mark.parametrize(
    ("class_weight", "expected"),
    [
        ({"bee": 5.0}, [1, 1, 1, 5, 5, 1]),
        ({"0": 0.5, "cat": 3.0}, [0.5, 0.5, 0.5, 1, 1, 3]),
        ({"cat": 0.0}, [1, 1, 1, 1, 1, 0]),
        ({}, [1] * 6),
    ],
)
def test_weights_go_by_name_or_label(class_weight: dict[str, float], expected: list[float]) -> None:
    assert weights_of(class_weight) == expected


def test_a_name_that_looks_like_a_label_is_a_name() -> None:
    swapped = TargetSpec("binary", ("1", "0"))
    assert weights_of({"1": 7.0}, np.array([0, 1]), swapped) == [7, 1]


def test_one_hot_labels_are_read() -> None:
    one_hot = TargetSpec("multiclass", THREE.classes, width=3, one_hot=True)
    rows = np.eye(3, dtype="float32")[LABELS]
    assert weights_of({"bee": 5.0}, rows, one_hot) == [1, 1, 1, 5, 5, 1]


THREE_ROWS = Part(
    {"x": np.array([[1], [2], [3]], "float32")},
    {"y": np.full((3, 1), 2, "float32")},
    weights=np.array([1, 0, 2], "float32"),
)


@pytest.mark.parametrize("engine", ["xla", "graph"])
@pytest.mark.parametrize("rows", ["resident", "streaming"])
def test_two_steps_with_weights_are_those_made_by_hand(engine: str, rows: str) -> None:
    import keras

    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["mse"])
    splits = Splits(
        inputs={"x": InputSpec((1,), "float32")},
        targets={"y": TargetSpec("regression")},
        train=THREE_ROWS,
        validation=None,
        test=None,
        fingerprint="",
        source="",
    )
    training = make_training(model, splits, Training(batch_size=2), engine, rows)
    training.begin_epoch(np.arange(3, dtype="int32"))
    first = training.run(0, 1)
    # w = 1: errors of -1 and 0, so the loss is (1 * 1 + 0 * 0) / 2 rows; the metric has no weights
    assert first["loss"] == pytest.approx((1 * (-1) ** 2 + 0 * 0**2) / 2)
    assert first["mse"] == pytest.approx(((-1) ** 2 + 0**2) / 2)
    slope = (1 * 2 * -1 * 1 + 0 * 2 * 0 * 2) / 2
    kernel = 1 - 0.1 * slope
    assert model.get_weights()[0].item() == pytest.approx(kernel)
    both = training.run(1, 2)
    error = 3 * kernel - 2
    assert both["loss"] == pytest.approx((2 * first["loss"] + 1 * (2 * error**2)) / 3, rel=1e-6)
    kernel -= 0.1 * (2 * 2 * error * 3) / 1
    assert model.get_weights()[0].item() == pytest.approx(kernel, rel=1e-6)
    # Looked at afterwards, they weigh what the part says; it says nothing where none is to weigh.
    seen = make_evaluation(model, THREE_ROWS, engine, rows, batch_size=2).run()
    squares = [(x * kernel - 2) ** 2 for x in (1, 2, 3)]
    loss = (1 * squares[0] + 0 * squares[1] + 2 * squares[2]) / 3
    assert seen == pytest.approx({"loss": loss, "mse": sum(squares) / 3}, rel=1e-6)
    alike = dataclasses.replace(THREE_ROWS, weights=None)
    seen = make_evaluation(model, alike, engine, rows).run()["loss"]
    assert seen == pytest.approx(sum(squares) / 3, rel=1e-6)


@pytest.mark.parametrize("rows", ["resident", "streaming"])
def test_weighed_rows_of_several_outputs_are_evaluated_as_keras_does(rows: str) -> None:
    import keras

    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 2)).astype("float32")
    y = {"price": x[:, :1] * 2, "kind": (x[:, 1] > 0).astype("int32")}
    weights = rng.uniform(0, 2, 24).astype("float32")
    keras.utils.set_random_seed(1)
    entry = keras.Input((2,), name="x")
    price = keras.layers.Dense(1, name="price")(entry)
    kind = keras.layers.Dense(2, activation="softmax", name="kind")(entry)
    model = keras.Model(entry, {"price": price, "kind": kind})
    model.compile(
        loss={"price": "mse", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"price": 0.25, "kind": 1.0},
        metrics={"price": ["mae"], "kind": ["accuracy"]},
    )
    # In Keras each output's own loss is a mean over batches, so these are all of one size.
    told = model.evaluate(x, y, sample_weight=weights, batch_size=8, verbose=0, return_dict=True)
    seen = make_evaluation(model, Part({"x": x}, y, weights), "graph", rows, batch_size=6).run()
    assert seen == pytest.approx(told, rel=1e-6)
