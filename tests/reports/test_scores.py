"""Metrics against numbers worked out by hand, and against scikit-learn on the same predictions."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from nnrun.reports import bootstrap as bootstrap_module
from nnrun.reports import scores
from nnrun.reports.bootstrap import Statistic, bootstrap, number_of_resamples
from nnrun.reports.scores import (
    as_probabilities,
    average_precision,
    calibration,
    class_scores,
    classification_statistics,
    confusion_matrix,
    entropy,
    precision_recall_curve,
    regression_statistics,
    roc_auc,
    roc_curve,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.6, 0.3, 0.1],
        [0.1, 0.8, 0.1],
        [0.2, 0.5, 0.3],
        [0.4, 0.35, 0.25],
        [0.1, 0.1, 0.8],
    ]
)
"""Predicted 0 0 1 1 0 2: four of six right."""


def values(statistics: dict[str, Statistic], rows: int) -> dict[str, float]:
    return {name: float(statistic(np.ones((1, rows)))[0]) for name, statistic in statistics.items()}


def random_problem(seed: int, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=rows)
    labels[:classes] = range(classes)
    weights = generator.random((rows, classes)) + np.eye(classes)[labels] * generator.random()
    # Few distinct values, so that there are ties.
    weights = np.round(weights, 1) + 0.05
    return labels, weights / weights.sum(axis=1, keepdims=True)


def test_the_confusion_matrix_by_hand() -> None:
    matrix = confusion_matrix(LABELS, PROBABILITIES.argmax(axis=1), 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_the_scores_of_classes_by_hand() -> None:
    first, second, third = class_scores(LABELS, PROBABILITIES, ("a", "b", "c"))
    assert (first.precision, first.recall, first.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (second.precision, second.recall, second.f1) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert (third.precision, third.recall, third.f1) == (1, 1, 1)
    assert [one.support for one in (first, second, third)] == [3, 2, 1]
    # Of the 9 pairs of a row that is `a` and one that is not, these are won or half won:
    # 0.7 and 0.6 beat 0.2, 0.4 and 0.1; 0.1 ties with 0.1.
    assert first.roc_auc == pytest.approx((3 + 3 + 0.5) / 9)


def test_the_headline_by_hand() -> None:
    found = values(classification_statistics(LABELS, PROBABILITIES), 6)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    given = (0.7, 0.6, 0.1, 0.5, 0.35, 0.8)
    assert found["log_loss"] == pytest.approx(-sum(map(math.log, given)) / 6)
    assert "top_5_accuracy" not in found  # of three classes it says nothing


def test_the_calibration_error_by_hand() -> None:
    # Tops 0.7 0.6 0.8 0.5 0.4 0.8; right but for the third and the fifth. Bins of 1/15:
    # 0.8 is the upper end of its bin, which both rows share: right once, 0.8 each.
    found = values(classification_statistics(LABELS, PROBABILITIES), 6)["ece"]
    gaps = [abs(1 - 0.7), abs(1 - 0.6), abs(1 - 1.6), abs(1 - 0.5), abs(0 - 0.4)]
    assert found == pytest.approx(sum(gaps) / 6)


def test_the_calibration_bins() -> None:
    bins = calibration(np.array([True, False, True]), np.array([1.0, 0.97, 0.5]))
    assert bins.rows.tolist() == [0] * 7 + [1] + [0] * 6 + [2]
    assert (bins.confidence[14], bins.accuracy[14]) == pytest.approx((0.985, 0.5))
    assert np.isnan(bins.confidence[0])


def test_curves_by_hand() -> None:
    positive, given = np.array([True, False, True, False]), np.array([0.9, 0.8, 0.8, 0.1])
    assert [part.tolist() for part in roc_curve(positive, given)] == [
        [0, 0, 0.5, 1],
        [0, 0.5, 1, 1],
    ]
    recall, precision = precision_recall_curve(positive, given)
    assert recall.tolist() == [0, 0.5, 1, 1]
    assert precision.tolist() == pytest.approx([1, 1, 2 / 3, 2 / 4])
    assert average_precision(positive, given) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert roc_auc(positive, given) == pytest.approx((2 + 1.5) / 4)


def test_one_side_alone_has_no_area() -> None:
    everything = np.array([True, True])
    assert math.isnan(roc_auc(everything, np.array([0.1, 0.2])))
    assert math.isnan(average_precision(everything, np.array([0.1, 0.2])))
    assert math.isnan(average_precision(~everything, np.array([0.1, 0.2])))


def test_regression_by_hand() -> None:
    targets, predicted = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 3.0, 3.0, 4.0])
    found = values(regression_statistics(targets, predicted), 4)
    # Errors 0 -1 0 2; the targets' squares around their mean 3 are 4 + 1 + 0 + 9.
    assert found == pytest.approx({"mae": 3 / 4, "rmse": math.sqrt(5 / 4), "r2": 1 - 5 / 14})


def test_a_constant_target_has_no_r2() -> None:
    found = values(regression_statistics(np.array([2.0, 2.0]), np.array([1.0, 2.0])), 2)
    assert math.isnan(found["r2"])


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_classification_agrees_with_scikit_learn(seed: int, classes: int) -> None:
    labels, given = random_problem(seed, 200, classes)
    predicted, names = given.argmax(axis=1), [str(label) for label in range(classes)]
    found = values(classification_statistics(labels, given), len(labels))
    score = given[:, 1] if classes == 2 else given
    expected = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "macro_f1": sk.f1_score(labels, predicted, average="macro"),
        "log_loss": sk.log_loss(labels, given),
        "roc_auc": sk.roc_auc_score(labels, score, multi_class="ovr"),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert (
        confusion_matrix(labels, predicted, classes) == sk.confusion_matrix(labels, predicted)
    ).all()
    table = sk.precision_recall_fscore_support(labels, predicted, zero_division=0)
    for label, one in enumerate(class_scores(labels, given, names)):
        mine = (one.precision, one.recall, one.f1, one.support)
        assert mine == pytest.approx(tuple(column[label] for column in table), abs=1e-6)
        area = sk.average_precision_score(labels == label, given[:, label])
        assert one.average_precision == pytest.approx(area, abs=1e-6)


def test_the_top_five_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    labels, given = generator.integers(9, size=300), generator.dirichlet(np.ones(9), 300)
    found = values(classification_statistics(labels, given), 300)["top_5_accuracy"]
    expected = sk.top_k_accuracy_score(labels, given, k=5, labels=range(9))
    assert found == pytest.approx(expected, abs=1e-6)


def test_curves_agree_with_scikit_learn() -> None:
    labels, given = random_problem(4, 150, 2)
    mine, theirs = (
        roc_curve(labels == 1, given[:, 1]),
        sk.roc_curve(labels, given[:, 1], drop_intermediate=False),
    )
    assert mine.x == pytest.approx(theirs[0], abs=1e-6)
    assert mine.y == pytest.approx(theirs[1], abs=1e-6)
    precision, recall, _ = sk.precision_recall_curve(labels, given[:, 1])
    ours = precision_recall_curve(labels == 1, given[:, 1])
    assert ours.x == pytest.approx(recall[::-1], abs=1e-6)
    assert ours.y == pytest.approx(precision[::-1], abs=1e-6)


def test_regression_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    targets = generator.normal(50, 2, 300)
    predicted = targets + generator.normal(0, 1, 300)
    found = values(regression_statistics(targets, predicted), 300)
    expected = {
        "mae": sk.mean_absolute_error(targets, predicted),
        "rmse": sk.root_mean_squared_error(targets, predicted),
        "r2": sk.r2_score(targets, predicted),
    }
    assert found == pytest.approx(expected, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 4))
def test_counts_mean_repeated_rows(seed: int, classes: int) -> None:
    """A row that counts twice is that row standing twice; one that counts 0 is not there."""
    labels, given = random_problem(seed, 12, classes)
    counts = np.random.default_rng(seed + 1).integers(0, 3, 12)
    counts[:classes] = 1
    weighted = classification_statistics(labels, given)
    repeated = classification_statistics(
        np.repeat(labels, counts), np.repeat(given, counts, axis=0)
    )
    for name, expected in values(repeated, int(counts.sum())).items():
        assert weighted[name](counts[None].astype(float))[0] == pytest.approx(expected), name


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    right = np.r_[np.ones(320), np.zeros(80)]
    (interval,) = bootstrap({"a": scores.mean_of(right)}, 400, seed=1).values()
    deviation = math.sqrt(0.8 * 0.2 / 400)
    assert interval.value == 0.8
    assert interval.low == pytest.approx(0.8 - 1.96 * deviation, abs=0.006)
    assert interval.high == pytest.approx(0.8 + 1.96 * deviation, abs=0.006)


def test_the_same_seed_draws_the_same_whatever_else_is_asked_for() -> None:
    statistics = classification_statistics(LABELS, PROBABILITIES)
    alone = bootstrap({"accuracy": statistics["accuracy"]}, 6, seed=3)["accuracy"]
    assert bootstrap(statistics, 6, seed=3)["accuracy"] == alone
    assert bootstrap(statistics, 6, seed=4)["accuracy"].value == alone.value
    assert (
        bootstrap(statistics, 6, seed=4)["log_loss"] != bootstrap(statistics, 6, seed=3)["log_loss"]
    )


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = regression_statistics(np.arange(50.0), np.arange(50.0) ** 1.1)
    at_once = bootstrap(statistics, 50, seed=0, resamples=30)
    monkeypatch.setattr(bootstrap_module, "CHUNK", 7 * 50)
    in_chunks = bootstrap(statistics, 50, seed=0, resamples=30)
    for name, interval in at_once.items():
        assert dataclasses.astuple(in_chunks[name]) == pytest.approx(dataclasses.astuple(interval))


def test_large_sets_get_fewer_resamples() -> None:
    found = [number_of_resamples(rows) for rows in (1, 20_000, 50_000, 10**7)]
    assert found == [1000, 1000, 400, 200]


def test_resamples_of_one_class_leave_the_area_out() -> None:
    labels, given = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    interval = bootstrap(classification_statistics(labels, given), 2, seed=0)["roc_auc"]
    assert (interval.value, interval.low, interval.high) == (1, 1, 1)


def test_outputs_become_probabilities() -> None:
    one = as_probabilities(np.array([[0.0], [-800.0], [math.log(3)]]), logits=True)
    assert one == pytest.approx(np.array([[0.5, 0.5], [1, 0], [0.25, 0.75]]))
    several = as_probabilities(np.array([[0.0, math.log(3)], [900.0, 0.0]]), logits=True)
    assert several == pytest.approx(np.array([[0.25, 0.75], [1, 0]]))
    assert as_probabilities(np.array([[0.25]]), logits=False).tolist() == [[0.75, 0.25]]
    sigmoids = as_probabilities(np.array([[0.6, 0.9], [0.0, 0.0]]), logits=False)
    assert sigmoids == pytest.approx(np.array([[0.4, 0.6], [0.5, 0.5]]))


def test_entropy() -> None:
    found = entropy(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert found.tolist() == pytest.approx([0, math.log(2)])
