"""Metrics against numbers worked out by hand, and against scikit-learn on the same predictions."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from nnrun.analysis import bootstrap as bootstrap_module
from nnrun.analysis import scores
from nnrun.analysis.bootstrap import Statistic, bootstrap, number_of_groups
from nnrun.analysis.scores import (
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
    told_probability,
)
from nnrun.tasks.probabilities import as_probabilities

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


def test_two_classes_are_calibrated_by_the_second() -> None:
    """Ten times too much of it where it is rare, and too little where it is not, are no balance."""
    given = np.repeat([0.1, 0.9], [1000, 1000])
    labels = np.r_[np.arange(1000) < 10, np.arange(1000) < 990].astype(int)
    true, told = told_probability(labels, np.column_stack([1 - given, given]))
    assert (true == labels).all()
    assert (told == given).all()
    found = values(classification_statistics(labels, np.column_stack([1 - given, given])), 2000)
    assert found["ece"] == pytest.approx((0.1 - 0.01 + 0.99 - 0.9) / 2)
    labels = np.r_[np.arange(1000) < 10, np.arange(1000) < 810].astype(int)
    found = values(classification_statistics(labels, np.column_stack([1 - given, given])), 2000)
    assert found["ece"] == pytest.approx(0.09)
    right = found[
        "accuracy"
    ]  # 0.99 and 0.81, which are 0.9 together as told of the class predicted
    assert right == pytest.approx(0.9)


def test_several_classes_are_calibrated_by_the_one_predicted() -> None:
    true, told = told_probability(LABELS, PROBABILITIES)
    assert true.tolist() == [True, True, False, True, False, True]
    assert told.tolist() == [0.7, 0.6, 0.8, 0.5, 0.4, 0.8]


def test_the_interval_of_a_share_is_the_exact_one() -> None:
    right = np.r_[np.ones(8), np.zeros(2)]
    (interval,) = bootstrap({"a": scores.share_of(right > 0)}, 10, seed=1).values()
    exact = binomtest(8, 10).proportion_ci(method="exact")
    assert interval.value == 0.8
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))
    (perfect,) = bootstrap({"a": scores.share_of(np.ones(20, bool))}, 20, seed=1).values()
    assert (perfect.low, perfect.high) == (pytest.approx(0.025 ** (1 / 20)), 1)


def test_the_interval_of_many_errors_is_that_of_the_normal_distribution() -> None:
    sizes = np.abs(np.random.default_rng(0).normal(size=5000))
    (interval,) = bootstrap({"a": scores.error_of(sizes)}, 5000, seed=1).values()
    error = sizes.std() / math.sqrt(5000)
    assert interval.low == pytest.approx(sizes.mean() - 1.960 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(sizes.mean() + 2.326 * error, abs=0.15 * error)  # 1 %


def test_the_intervals_of_areas_and_f1_are_as_wide_as_their_variances() -> None:
    labels, given = random_problem(3, 4000, 2)
    found = bootstrap(classification_statistics(labels, given), 4000, seed=0)
    generator = np.random.default_rng(1)
    drawn = generator.multinomial(4000, np.full(4000, 1 / 4000), 1500).astype(float)
    for name in ("macro_f1", "roc_auc"):
        deviation = classification_statistics(labels, given)[name](drawn).std()
        assert found[name].high - found[name].low == pytest.approx(3.92 * deviation, rel=0.08)


def test_the_same_seed_draws_the_same_whatever_else_is_asked_for() -> None:
    generator = np.random.default_rng(2)
    targets = generator.normal(size=120)
    statistics = regression_statistics(targets, targets + generator.normal(size=120))
    alone = bootstrap({"mae": statistics["mae"]}, 120, seed=3)["mae"]
    found = bootstrap(statistics, 120, seed=3)
    assert (found["mae"].low, found["mae"].high) == pytest.approx((alone.low, alone.high))
    assert found == bootstrap(statistics, 120, seed=3)
    other = bootstrap(statistics, 120, seed=4)
    assert other["mae"].value == alone.value
    assert other["mae"] != alone


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = regression_statistics(np.arange(150.0), np.arange(150.0) ** 1.1)
    at_once = bootstrap(statistics, 150, seed=0)
    monkeypatch.setattr(bootstrap_module, "CHUNK", 7 * 150)
    in_chunks = bootstrap(statistics, 150, seed=0)
    for name, interval in at_once.items():
        assert dataclasses.astuple(in_chunks[name]) == pytest.approx(dataclasses.astuple(interval))


def test_large_sets_are_left_out_in_groups() -> None:
    found = [number_of_groups(rows) for rows in (1, 999, 20_000, 50_000, 10**7)]
    assert found == [1, 999, 1000, 400, 200]


def test_groups_give_the_interval_of_single_rows() -> None:
    targets = np.random.default_rng(5).normal(size=3000)
    statistics = regression_statistics(
        targets, targets + np.random.default_rng(6).normal(size=3000)
    )
    grouped, alone = (bootstrap(statistics, 3000, seed=1, width=width) for width in (1, 10**4))
    for name, interval in grouped.items():
        width = interval.high - interval.low
        assert alone[name].low == pytest.approx(interval.low, abs=0.2 * width)
        assert alone[name].high == pytest.approx(interval.high, abs=0.2 * width)


def reasons(statistics: dict[str, Statistic], rows: int) -> dict[str, str]:
    found = bootstrap(statistics, rows, seed=0)
    for interval in found.values():
        assert math.isnan(interval.low) == math.isnan(interval.high) == bool(interval.reason)
    return {name: interval.reason for name, interval in found.items()}


def test_few_rows_have_a_reason_instead_of_an_interval() -> None:
    told = reasons(classification_statistics(LABELS, PROBABILITIES), 6)
    few = "too few rows (1) of a class to say"
    assert told == {
        "accuracy": "",
        "macro_f1": few,
        "log_loss": "too few rows (6) to say",
        "roc_auc": few,
        "ece": "none: it is biased upwards",
    }
    numbers = np.array([1.0, 2.0, 2.1])
    assert set(reasons(regression_statistics(numbers, numbers + 0.1), 3).values()) == {
        "too few rows (3) to say"
    }


def test_a_log_loss_needs_wrong_rows() -> None:
    labels = np.arange(200) % 2
    given = np.where(labels[:, None] == [0, 1], 0.9, 0.1)
    given[:9] = given[:9, ::-1]
    told = reasons(classification_statistics(labels, given), 200)
    assert told["log_loss"] == "too few wrong rows (9) to say"
    given[9] = given[9, ::-1]
    assert not reasons(classification_statistics(labels, given), 200)["log_loss"]


def test_errors_of_which_a_few_decide_have_no_interval() -> None:
    errors = np.random.default_rng(0).lognormal(0, 2, 300)
    told = reasons(regression_statistics(np.arange(300.0), np.arange(300.0) + errors), 300)
    assert set(told.values()) == {"a few large errors decide it"}


def test_errors_that_are_all_alike_have_no_interval() -> None:
    told = reasons(regression_statistics(np.arange(200.0), np.arange(200.0) + 1), 200)
    assert told["mae"] == told["rmse"] == "nearly all rows have the same error"
    right = reasons(regression_statistics(np.arange(200.0), np.arange(200.0)), 200)
    assert right["mae"] == right["r2"] == "nearly all rows have the same error"


def test_what_is_not_defined_has_no_interval() -> None:
    constant = reasons(regression_statistics(np.full(200, 0.1), np.arange(200.0)), 200)
    assert constant["r2"] == "undefined"
    one_sided = np.tile([0.9, 0.1], (30, 1))
    told = reasons(classification_statistics(np.zeros(30, int), one_sided), 30)
    assert told["roc_auc"] == told["macro_f1"] == "too few rows (0) of a class to say"


def test_a_resample_without_variance_leaves_r2_undefined() -> None:
    targets = np.r_[np.full(199, 0.1), 0.7]
    statistic = regression_statistics(targets, targets + 0.1)["r2"]
    without = np.r_[np.ones(199), 0.0]
    assert math.isnan(statistic(without[None])[0])
    assert math.isfinite(statistic(np.ones((1, 200)))[0])


@pytest.mark.parametrize("rows", [100, 1000])
def test_every_value_lies_in_its_interval(rows: int) -> None:
    labels, given = random_problem(1, rows, 3)
    for name, interval in bootstrap(classification_statistics(labels, given), rows, seed=0).items():
        assert interval.low < interval.value < interval.high or interval.reason, name
    generator = np.random.default_rng(rows)
    targets = generator.normal(size=rows)
    predicted = targets + generator.normal(size=rows)
    for name, interval in bootstrap(
        regression_statistics(targets, predicted), rows, seed=0
    ).items():
        assert interval.low < interval.value < interval.high, name


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
