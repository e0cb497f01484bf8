"""What one answer for all rows, and right answers, make of a loss: by hand."""

import math
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.tasks.targets import TargetSpec
from nnrun.training.constant_answers import find_references, output_width, penalty_of

THREE = TargetSpec("multiclass", ("a", "b", "c"))
TWO = TargetSpec("binary", ("no", "yes"))
NUMBER = TargetSpec("regression")
LABELS = np.array([0] * 5 + [1] * 3 + [2] * 2)
SHARES = (0.5, 0.3, 0.2)
ENTROPY = -sum(share * math.log(share) for share in SHARES)
NUMBERS = np.array([[1.0], [2.0], [3.0], [10.0]], np.float32)


def references(loss: Any, target: TargetSpec, width: int, labels: np.ndarray) -> list[float]:
    found = find_references(loss, target, width, labels, labels)
    assert found is not None
    return [found.guess, found.perfect]


@pytest.mark.parametrize("logits", [False, True])
def test_the_entropy_of_the_classes(logits: bool) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    assert references(loss, THREE, 3, LABELS) == pytest.approx([ENTROPY, 0], abs=1e-5)
    one_hot = keras.losses.CategoricalCrossentropy(from_logits=logits)
    rows = np.eye(3, dtype=np.float32)[LABELS]
    assert references(one_hot, THREE, 3, rows) == pytest.approx([ENTROPY, 0], abs=1e-5)


@pytest.mark.parametrize("logits", [False, True])
def test_the_entropy_of_two_classes_with_one_unit(logits: bool) -> None:
    labels = np.array([1] * 9 + [0])
    entropy = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    loss = keras.losses.BinaryCrossentropy(from_logits=logits)
    assert references(loss, TWO, 1, labels) == pytest.approx([entropy, 0], abs=1e-5)


def test_smoothed_labels_are_not_met_by_being_sure() -> None:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.15)
    rows = np.eye(3, dtype=np.float32)[LABELS]
    guess, perfect = references(loss, THREE, 3, rows)
    least = -0.9 * math.log(0.9) - 0.1 * math.log(0.05)
    assert perfect == pytest.approx(least, abs=1e-4)
    smoothed = [0.85 * share + 0.05 for share in SHARES]
    best = -sum(one * math.log(share) for one, share in zip(smoothed, SHARES, strict=True))
    assert guess == pytest.approx(best, abs=1e-4)


def test_numbers_are_guessed_by_their_mean_or_median() -> None:
    assert references(keras.losses.MeanSquaredError(), NUMBER, 1, NUMBERS) == [12.5, 0]
    assert references(keras.losses.MeanAbsoluteError(), NUMBER, 1, NUMBERS) == [2.5, 0]


def test_a_loss_below_nought_has_its_perfect_value_there() -> None:
    guess, perfect = references(keras.losses.Poisson(), NUMBER, 1, NUMBERS)
    assert guess == pytest.approx(4 - 4 * math.log(4), abs=1e-4)
    own = [float(y - y * math.log(y)) for y in NUMBERS[:, 0]]
    assert perfect == pytest.approx(sum(own) / 4, abs=1e-4)
    cosine = keras.losses.CosineSimilarity()
    rows = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert references(cosine, NUMBER, 2, rows) == pytest.approx([-math.sqrt(0.5), -1], abs=1e-5)


def test_the_answer_comes_from_the_training_rows() -> None:
    asked = np.array([[4.0], [4.0]], np.float32)
    found = find_references(keras.losses.MeanSquaredError(), NUMBER, 1, NUMBERS, asked)
    assert found is None, "no number to tell the rows apart by"
    asked = np.array([[3.0], [5.0]], np.float32)
    found = find_references(keras.losses.MeanSquaredError(), NUMBER, 1, NUMBERS, asked)
    assert found is not None
    assert found.guess == 1.0


def test_hinge_wants_its_answers_at_minus_one_and_one() -> None:
    labels = np.array([1] * 9 + [0])
    assert references(keras.losses.Hinge(), TWO, 1, labels) == pytest.approx([0.2, 0])


def test_what_cannot_be_measured_is_not() -> None:
    def refuses(y_true: Any, y_pred: Any) -> Any:
        raise ValueError("not like this")

    assert find_references(refuses, NUMBER, 1, NUMBERS, NUMBERS) is None
    total = keras.losses.MeanSquaredError(reduction="sum")
    assert find_references(total, NUMBER, 1, NUMBERS, NUMBERS) is None


def test_the_penalty_of_weights() -> None:
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(3, kernel_initializer="ones", kernel_regularizer="l2"),
            keras.layers.Dense(1),
        ]
    )
    assert penalty_of(model) == pytest.approx(0.06)
    assert output_width(model, "targets") == 1
    model.add(keras.layers.Dense(1, activity_regularizer="l2"))
    assert penalty_of(model) is None
