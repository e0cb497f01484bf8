"""Scores of several columns against numbers worked out by hand, and against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from nnrun.analysis.bootstrap import Statistic, bootstrap
from nnrun.analysis.column_scores import (
    label_scores,
    label_statistics,
    target_scores,
    target_statistics,
)
from nnrun.tasks.probabilities import as_label_probabilities

TRUE = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], float)
GIVEN = np.array([[0.9, 0.2], [0.4, 0.7], [0.3, 0.5], [0.8, 0.1]])
"""Above a half: 1 0, 0 1, 0 0, 1 0; the first row alone has, and the second lacks, a label."""


def values(statistics: dict[str, Statistic], rows: int) -> dict[str, float]:
    return {name: float(statistic(np.ones((1, rows)))[0]) for name, statistic in statistics.items()}


def random_labels(seed: int, rows: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    true = (generator.random((rows, labels)) < generator.random(labels)).astype(float)
    true[0], true[1] = 0, 1  # so that every area is defined
    # Few distinct values, so that there are ties.
    return true, np.round(0.3 * true + 0.7 * generator.random((rows, labels)), 1)


def test_labels_by_hand() -> None:
    first, second = label_scores(TRUE, GIVEN, ("a", "b"))
    assert (first.name, first.support, first.accuracy) == ("a", 2, 0.5)
    assert (first.precision, first.recall, first.f1) == (0.5, 0.5, 0.5)
    assert first.roc_auc == 3 / 4  # 0.9 beats both, 0.4 beats 0.3
    assert first.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (second.precision, second.recall, second.accuracy) == (1, 0.5, 0.75)
    assert second.f1 == pytest.approx(2 / 3)
    assert (second.roc_auc, second.average_precision) == (1, 1)


def test_the_headline_of_labels_by_hand() -> None:
    found = values(label_statistics(TRUE, GIVEN), 4)
    assert found["subset_accuracy"] == 1 / 4
    assert found["hamming_loss"] == 3 / 8
    assert found["macro_precision"] == 3 / 4
    assert found["micro_precision"] == 2 / 3
    assert found["macro_recall"] == found["micro_recall"] == 1 / 2
    assert found["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found["micro_f1"] == pytest.approx(2 * 2 / (3 + 4))
    given = (0.9, 0.8, 0.4, 0.7, 0.7, 0.5, 0.2, 0.9)
    assert found["log_loss"] == pytest.approx(-sum(map(math.log, given)) / 8)
    assert found["macro_roc_auc"] == pytest.approx((3 / 4 + 1) / 2)
    assert 0 < found["ece"] < 1


def test_the_calibration_error_of_labels_by_hand() -> None:
    """Each label has its own: what is too much of one does not make up for too little of another."""
    true, given = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.5, 0.95], [0.5, 0.95]])
    assert [one.ece for one in label_scores(true, given, ("a", "b"))] == pytest.approx([0.5, 0.45])
    assert values(label_statistics(true, given), 2)["ece"] == pytest.approx((0.5 + 0.45) / 2)
    given[:] = 0.75  # of four pairs three hold
    assert values(label_statistics(true, given), 2)["ece"] == pytest.approx(0.25)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 40), st.integers(2, 5))
def test_labels_agree_with_scikit_learn(seed: int, rows: int, labels: int) -> None:
    true, given = random_labels(seed, rows, labels)
    predicted = given > 0.5
    found = values(label_statistics(true, given), rows)
    expected = {"subset_accuracy": sk.accuracy_score(true, predicted)}
    expected["hamming_loss"] = sk.hamming_loss(true, predicted)
    for average in ("macro", "micro"):
        options = {"average": average, "zero_division": 0}
        expected[f"{average}_precision"] = sk.precision_score(true, predicted, **options)
        expected[f"{average}_recall"] = sk.recall_score(true, predicted, **options)
        expected[f"{average}_f1"] = sk.f1_score(true, predicted, **options)
        expected[f"{average}_roc_auc"] = sk.roc_auc_score(true, given, average=average)
        area = sk.average_precision_score(true, given, average=average)
        expected[f"{average}_average_precision"] = area
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    for column, one in enumerate(label_scores(true, given, tuple("abcde"[:labels]))):
        side = true[:, column], predicted[:, column]
        assert one.accuracy == pytest.approx(sk.accuracy_score(*side), abs=1e-6)
        assert one.f1 == pytest.approx(sk.f1_score(*side, zero_division=0), abs=1e-6)
        area = sk.average_precision_score(true[:, column], given[:, column])
        assert one.average_precision == pytest.approx(area, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_row_that_counts_twice_is_a_row_that_stands_twice(seed: int) -> None:
    true, given = random_labels(seed, 12, 3)
    counts = np.random.default_rng(seed).integers(0, 3, 12)
    counts[:2] = 1
    again = np.repeat(np.arange(12), counts)
    repeated = values(label_statistics(true[again], given[again]), len(again))
    for name, statistic in label_statistics(true, given).items():
        counted = float(statistic(counts[None].astype(float))[0])
        assert counted == pytest.approx(repeated[name], abs=1e-9), name


def test_every_headline_of_labels_has_an_interval_but_the_calibration_error() -> None:
    true, given = random_labels(5, 200, 3)
    for name, item in bootstrap(label_statistics(true, given), 200, seed=1).items():
        assert item.low < item.value < item.high or name == "ece", name
        assert bool(item.reason) == (name == "ece"), name


def test_labels_of_few_rows_have_reasons_instead_of_intervals() -> None:
    true, given = random_labels(5, 60, 2)
    true[:, 1] = np.arange(60) < 9
    found = bootstrap(label_statistics(true, given), 60, seed=1)
    few = "too few rows (9) of a label to say"
    assert found["macro_recall"].reason == found["macro_roc_auc"].reason == few
    assert not found["micro_recall"].reason
    assert not found["subset_accuracy"].reason


def test_several_numbers_have_intervals_where_each_has_one() -> None:
    generator = np.random.default_rng(0)
    true = generator.normal(size=(150, 2))
    taken = true + generator.normal(size=(150, 2))
    for name, item in bootstrap(target_statistics(true, taken), 150, seed=1, width=2).items():
        assert item.low < item.value < item.high, name
    taken[:, 1] = true[:, 1] + generator.lognormal(0, 2, 150)
    found = bootstrap(target_statistics(true, taken), 150, seed=1, width=2)
    assert found["rmse"].reason == found["r2"].reason == "a few large errors decide it"


def test_a_label_of_one_side_has_no_areas_and_leaves_the_means_defined() -> None:
    true, given = random_labels(3, 10, 2)
    true[:, 0] = 0
    first, _ = label_scores(true, given, ("a", "b"))
    assert math.isnan(first.roc_auc)
    assert math.isnan(first.average_precision)
    found = values(label_statistics(true, given), 10)
    assert found["macro_roc_auc"] == pytest.approx(sk.roc_auc_score(true[:, 1], given[:, 1]))


def test_numbers_by_hand() -> None:
    true = np.array([[1.0, 10.0], [3.0, 30.0]])
    taken = np.array([[2.0, 10.0], [3.0, 26.0]])
    first, second = target_scores(true, taken, ("x", "y"))
    assert (first.name, first.mae, first.r2) == ("x", 0.5, 1 - 1 / 2)
    assert first.rmse == pytest.approx(math.sqrt(1 / 2))
    assert (second.mae, second.r2) == (2, pytest.approx(1 - 16 / 200))
    found = values(target_statistics(true, taken), 2)
    assert found["mae"] == 1.25
    assert found["rmse"] == pytest.approx((math.sqrt(1 / 2) + math.sqrt(8)) / 2)
    assert found["r2"] == pytest.approx((0.5 + 0.92) / 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(2, 6))
def test_numbers_agree_with_scikit_learn(seed: int, rows: int, width: int) -> None:
    generator = np.random.default_rng(seed)
    true = generator.normal(size=(rows, width)) * generator.uniform(0.1, 100, width)
    taken = true + generator.normal(size=(rows, width))
    assert values(target_statistics(true, taken), rows) == pytest.approx(
        {
            "mae": sk.mean_absolute_error(true, taken),
            "rmse": sk.root_mean_squared_error(true, taken),
            "r2": sk.r2_score(true, taken),
        },
        abs=1e-6,
    )


def test_logits_of_labels_become_probabilities_one_by_one() -> None:
    logits = np.array([[0.0, math.log(3)], [-1000.0, 1000.0]], np.float32)
    expected = [[0.5, 0.75], [0.0, 1.0]]
    assert as_label_probabilities(logits, logits=True) == pytest.approx(np.array(expected))
    assert as_label_probabilities(np.array([[0.2, 1.1]]), logits=False).tolist() == [[0.2, 1]]
