"""Loss and metrics follow from the task and the output, and say the right numbers."""

import numpy as np
import pytest

from nnrun.tasks.targets import TargetColumn, TargetSpec

from .conftest import NUMBER, TEN_CLASSES, TWO_CLASSES, Build

ITS_INPUT = TargetSpec("autoencoder", width=3, input="x", shape=(3,))
PAIR = TargetSpec("binary", ("no", "yes"), width=2, one_hot=True)
TEN_ONE_HOT = TargetSpec("multiclass", TEN_CLASSES.classes, width=10, one_hot=True)


@pytest.mark.parametrize(
    ("output", "target", "loss", "from_logits"),
    [
        ("1", NUMBER, "MeanSquaredError", None),
        ("{units: 1, activation: sigmoid}", TWO_CLASSES, "BinaryCrossentropy", False),
        ("1", TWO_CLASSES, "BinaryCrossentropy", True),
        ("{units: 2, activation: softmax}", TWO_CLASSES, "SparseCategoricalCrossentropy", False),
        ("2", TWO_CLASSES, "SparseCategoricalCrossentropy", True),
        ("{units: 10, activation: softmax}", TEN_CLASSES, "SparseCategoricalCrossentropy", False),
        ("10", TEN_CLASSES, "SparseCategoricalCrossentropy", True),
        ("{units: 10, activation: softmax}", TEN_ONE_HOT, "CategoricalCrossentropy", False),
        ("10", TEN_ONE_HOT, "CategoricalCrossentropy", True),
        ("{units: 2, activation: sigmoid}", PAIR, "BinaryCrossentropy", False),
        ("{units: 1, activation: Heaviside}", TWO_CLASSES, "HalfSquaredError", None),
        ("{units: 10, activation: Heaviside}", TEN_ONE_HOT, "HalfSquaredError", None),
        ("{units: 3, activation: sigmoid}", ITS_INPUT, "MeanSquaredError", None),
    ],
)
def test_the_loss_follows_from_task_and_output(
    build: Build, output: str, target: TargetSpec, loss: str, from_logits: bool | None
) -> None:
    model = build(f"architecture: [Dense: {output}]", (3,), target)
    assert type(model.loss).__name__ == loss
    assert model.loss.get_config().get("from_logits") == from_logits


def test_a_declared_loss_and_declared_metrics_are_kept(build: Build) -> None:
    text = "architecture: [Dense: 1]\nloss: {Huber: {delta: 0.5}}\nmetrics: [mse, RootMeanSquaredError]"
    model = build(text)
    x, y = np.ones((1, 3), "float32"), np.zeros((1, 1), "float32")
    model.layers[0].set_weights([np.ones((3, 1)), np.zeros(1)])
    figures = model.evaluate(x, y, verbose=0, return_dict=True)
    assert figures == {
        "loss": 0.5 * (3 - 0.5 * 0.5),
        "mse": 9.0,
        "root_mean_squared_error": 3.0,
    }


def test_an_alias_that_keras_knows_is_a_loss(build: Build) -> None:
    model = build("architecture: [Dense: 1]\nloss: mae\nmetrics: []")
    x, y = np.zeros((2, 3), "float32"), np.array([[1], [-4]], "float32")
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": 2.5}


@pytest.mark.parametrize("metrics", ["", "metrics: [acc]", "metrics: [BinaryAccuracy]"])
def test_the_accuracy_of_logits_counts_from_zero(build: Build, metrics: str) -> None:
    model = build(f"architecture: [Dense: 1]\n{metrics}", (1,), TWO_CLASSES)
    model.layers[0].set_weights([np.ones((1, 1)), np.zeros(1)])
    x = np.array([[0.2], [0.4], [-0.2], [0.7]], "float32")
    figures = model.evaluate(x, np.array([1, 1, 0, 0]), verbose=0, return_dict=True)
    name = {"": "accuracy", "metrics: [acc]": "acc"}.get(metrics, "binary_accuracy")
    assert figures[name] == 0.75
    assert figures["loss"] == pytest.approx(
        np.mean([np.log(1 + np.exp(-z)) for z in (0.2, 0.4, 0.2, -0.7)]), rel=1e-6
    )


def test_numbers_get_the_mean_absolute_error(build: Build) -> None:
    model = build("architecture: [Dense: 1]")
    x, y = np.zeros((2, 3), "float32"), np.array([[1], [-4]], "float32")
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": 8.5, "mae": 2.5}


LABELS = TargetSpec(
    "multilabel", width=2, columns=(TargetColumn("a", ("0", "1")), TargetColumn("b", ("0", "1")))
)


@pytest.mark.parametrize("metrics", ["", "metrics: [accuracy]", "metrics: [BinaryAccuracy]"])
@pytest.mark.parametrize("output", ["2", "{units: 2, activation: sigmoid}"])
def test_labels_are_measured_one_by_one(build: Build, metrics: str, output: str) -> None:
    labels = "dataset: {csv: rows.csv, target: [a, y], task: multilabel}\n"
    model = build(f"{labels}architecture: [Dense: {output}]\n{metrics}", (1,), LABELS)
    model.layers[0].set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    x = np.array([[0.2], [0.4]], "float32")
    figures = model.evaluate(x, np.array([[1, 0], [1, 1]]), verbose=0, return_dict=True)
    name = "accuracy" if metrics == "metrics: [accuracy]" else "binary_accuracy"
    assert figures[name] == 0.75  # not 0.5 or 1, as of the largest of two units
    assert figures["loss"] == pytest.approx(
        np.mean([np.log(1 + np.exp(-z)) for z in (0.2, 0.2, 0.4, -0.4)]), rel=1e-6
    )
