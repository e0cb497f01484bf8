"""Metrics of predictions, each as a function of how often every row counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnrun.analysis import enough
from nnrun.analysis.bootstrap import ERROR, EXPLAINED, ROOT, Counting, Statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALIBRATION_BINS = 15
TOP_K = 5
_ALIKE = 1e-12
BIASED = "none: it is biased upwards"
"""Of the calibration error: chance makes gaps in every bin, and none makes up for another's."""


class ThresholdCurve(NamedTuple):
    """Points of a ROC or a precision-recall curve, from the highest threshold to the lowest."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class ClassScores:
    """How well one class is distinguished from all others.

    Attributes:
        name: The class.
        precision: Share of the rows predicted as it that are it; 0 where none was.
        recall: Share of its rows that were predicted as it; 0 where it has none.
        f1: Harmonic mean of the two.
        support: Its rows.
        roc_auc: Area under the ROC curve of its probability, one against the rest; NaN where
            only one side has rows.
        average_precision: Area under its precision-recall curve, as steps; NaN likewise.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    roc_auc: float
    average_precision: float


@dataclass(frozen=True)
class Calibration:
    """The rows in bins of equal width by a predicted probability.

    Attributes:
        confidence: Mean probability in each bin; NaN where it is empty.
        accuracy: Share of rows in each bin of which it came true; NaN likewise.
        rows: Rows in each bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The number of rows of each class (down) by predicted class (across)."""
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def class_scores(
    labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]
) -> list[ClassScores]:
    """The scores of every class, in the order of the labels."""
    matrix = confusion_matrix(labels, probabilities.argmax(axis=1), len(names))
    right, support, taken = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScores(
            name,
            precision=ratio(right[label], taken[label]),
            recall=ratio(right[label], support[label]),
            f1=ratio(2 * right[label], support[label] + taken[label]),
            support=int(support[label]),
            roc_auc=roc_auc(labels == label, probabilities[:, label]),
            average_precision=average_precision(labels == label, probabilities[:, label]),
        )
        for label, name in enumerate(names)
    ]


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> ThresholdCurve:
    """False positive rate and true positive rate as the threshold falls, from (0, 0) to (1, 1)."""
    hits, misses = _cumulated(positive, scores)
    return ThresholdCurve(
        np.r_[0.0, misses / max(misses[-1], 1)], np.r_[0.0, hits / max(hits[-1], 1)]
    )


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; NaN where only one side has rows."""
    return float(auc_statistic(positive, scores)(np.ones((1, len(scores))))[0])


def precision_recall_curve(positive: np.ndarray, scores: np.ndarray) -> ThresholdCurve:
    """Recall and precision as the threshold falls; the first point is (0, 1)."""
    hits, misses = _cumulated(positive, scores)
    return ThresholdCurve(np.r_[0.0, hits / max(hits[-1], 1)], np.r_[1.0, hits / (hits + misses)])


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Mean of the precisions, each weighted by the recall that it adds; NaN without both sides."""
    if positive.all() or not positive.any():
        return float("nan")
    recall, precision = precision_recall_curve(positive, scores)
    return float(np.sum(np.diff(recall) * precision[1:]))


def calibration(true: np.ndarray, probability: np.ndarray) -> Calibration:
    """Sorts rows into bins of a probability.

    Args:
        true: Whether what the probability was of came true, `(rows,)`.
        probability: The probability that was given.
    """
    bins = bin_of(probability)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    with np.errstate(invalid="ignore"):
        return Calibration(
            np.bincount(bins, probability, CALIBRATION_BINS) / rows,
            np.bincount(bins, true, CALIBRATION_BINS) / rows,
            rows,
        )


def told_probability(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What calibration compares: whether the prediction was true, and its probability.

    Of two classes that is the second one. The probability of the class predicted would count a row
    of either class as sure, so that too much of one makes up for too little of the other. Of more
    classes, it is the class predicted.

    Args:
        labels: `(rows,)` integers.
        probabilities: `(rows, classes)`.
    """
    if probabilities.shape[1] == 2:  # noqa: PLR2004 - two classes mirror each other
        return labels == 1, probabilities[:, 1]
    return probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of each row's distribution, in nats: 0 where it is certain, at most log(classes)."""
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    result: np.ndarray = -(probabilities * logs).sum(axis=1) + 0.0
    return result


def classification_statistics(
    labels: np.ndarray, probabilities: np.ndarray
) -> dict[str, Statistic]:
    """The headline metrics of a classification: accuracy, macro F1, log loss, ROC AUC, ECE.

    With more than five classes, the top-5 accuracy too. Macro means are over the classes that
    occur; log loss counts probabilities below 2.2e-16 as that, as scikit-learn does.

    Args:
        labels: `(rows,)` integers.
        probabilities: `(rows, classes)`.
    """
    rows, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    right, likelihoods = predicted == labels, probabilities[np.arange(rows), labels]
    losses = -np.log(np.maximum(likelihoods, np.finfo(np.float64).eps))
    areas, of_each = _macro_auc(labels, probabilities), np.bincount(labels, minlength=classes)
    statistics = {
        "accuracy": share_of(right),
        "macro_f1": class_statistic(_macro_f1(labels, predicted, classes), of_each),
        "log_loss": Statistic(mean_of(losses), ERROR, reason=enough.of_losses(~right)),
        "roc_auc": class_statistic(areas, of_each, enough.FEWEST_FOR_AREA),
        "ece": Statistic(
            calibration_error(*told_probability(labels, probabilities)), reason=BIASED
        ),
    }
    if classes > TOP_K:
        better = (probabilities > likelihoods[:, None]).sum(axis=1)
        statistics[f"top_{TOP_K}_accuracy"] = share_of(better < TOP_K)
    return statistics


def class_statistic(
    of: Counting, rows: np.ndarray, fewest: int = enough.FEWEST_OF_CLASS
) -> Statistic:
    """A statistic of classes, counting as many rows as if all classes were as rare as the rarest.

    Args:
        of: The figure.
        rows: How many rows each class has, `(classes,)`.
        fewest: How many the rarest must have for an interval.
    """
    least = int(rows.min())
    trials = max(least * len(rows), 1)
    return Statistic(of, trials=trials, fewest=least, reason=enough.of_classes(least, fewest))


def regression_statistics(targets: np.ndarray, predicted: np.ndarray) -> dict[str, Statistic]:
    """The headline metrics of a regression: MAE, RMSE and R², of `(rows,)` numbers each."""
    targets, predicted = targets.astype(np.float64), predicted.astype(np.float64)
    errors, centred = targets - predicted, targets - targets.mean()
    squares, mean_square = mean_of(errors**2), mean_of(centred**2)
    mean = mean_of(centred)
    rounding = np.finfo(np.float64).eps ** 2 * np.square(targets).mean()

    def explained(counts: np.ndarray) -> np.ndarray:
        square = mean_square(counts)
        variance = square - mean(counts) ** 2
        # What is left of targets that are all alike is rounding.
        varies = variance > np.maximum(_ALIKE * square, rounding)
        return 1 - divided(squares(counts), np.where(varies, variance, 0), np.nan)

    reason = enough.of_errors(errors**2) or enough.of_errors(centred**2)
    return {
        "mae": error_of(np.abs(errors)),
        "rmse": root_of(errors**2),
        "r2": Statistic(explained, EXPLAINED, reason=reason),
    }


def share_of(hits: np.ndarray) -> Statistic:
    """The share of rows for which something is true, `(rows,)`."""
    return Statistic(mean_of(hits.astype(np.float64)))


def error_of(errors: np.ndarray) -> Statistic:
    """The mean of the sizes of errors, or of their squares, `(rows,)`."""
    return Statistic(mean_of(errors), ERROR, reason=enough.of_errors(errors))


def root_of(squares: np.ndarray) -> Statistic:
    """The root of the mean of squared errors, `(rows,)`."""
    mean = error_of(squares)
    return Statistic(lambda counts: np.sqrt(mean(counts)), ROOT, reason=mean.reason)


def mean_of(values: np.ndarray) -> Counting:
    """The mean of a figure that each row has, `(rows,)`."""

    def mean(counts: np.ndarray) -> np.ndarray:
        return np.asarray(counts @ values / counts.sum(axis=1))

    return mean


def _macro_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> Counting:
    is_label = _one_hot(labels, classes)
    is_predicted = _one_hot(predicted, classes)
    hit, either = is_label * is_predicted, is_label + is_predicted

    def macro_f1(counts: np.ndarray) -> np.ndarray:
        occurring = counts @ either
        scores = divided(2 * (counts @ hit), occurring, 0)
        return np.asarray(scores.sum(axis=1) / (occurring > 0).sum(axis=1))

    return macro_f1


def _macro_auc(labels: np.ndarray, probabilities: np.ndarray) -> Counting:
    """One against the rest, the mean over the classes; of two classes, that of the second."""
    classes = probabilities.shape[1]
    chosen = [1] if classes == 2 else range(classes)  # noqa: PLR2004 - two mirror each other
    each = [auc_statistic(labels == label, probabilities[:, label]) for label in chosen]

    def macro_auc(counts: np.ndarray) -> np.ndarray:
        areas = np.stack([statistic(counts) for statistic in each])
        defined = ~np.isnan(areas)
        total, number = np.where(defined, areas, 0).sum(axis=0), defined.sum(axis=0)
        return divided(total, number, np.nan)

    return macro_auc


def sort_by_score(
    positive: np.ndarray, scores: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A function that sorts counts of rows, `(draws, rows)`, by score.

    It returns how many rows with each score are positive, and how many there are, each
    `(draws, scores)`; rows with equal scores are one.
    """
    order = np.argsort(scores, kind="stable")
    is_positive = positive[order].astype(np.float64)
    starts = np.r_[0, np.flatnonzero(np.diff(scores[order])) + 1]

    def sort(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        taken = counts[:, order]
        hits = taken * is_positive
        if len(starts) == len(order):
            return hits, taken
        return np.add.reduceat(hits, starts, axis=1), np.add.reduceat(taken, starts, axis=1)

    return sort


def auc_statistic(positive: np.ndarray, scores: np.ndarray) -> Counting:
    """The share of pairs, one of each side, in which the positive row has the higher score."""
    sort = sort_by_score(positive, scores)

    def area(counts: np.ndarray) -> np.ndarray:
        hits, taken = sort(counts)
        misses = taken - hits
        pairs = hits.sum(axis=1) * misses.sum(axis=1)
        below = np.cumsum(misses, axis=1) - misses / 2  # a tie counts half
        won = np.einsum("ij,ij->i", hits, below)
        return divided(won, pairs, np.nan)

    return area


def calibration_error(true: np.ndarray, probability: np.ndarray) -> Counting:
    """Expected calibration error (Guo and others, 2017): the bins' gaps, weighted by their rows."""
    gaps = _one_hot(bin_of(probability), CALIBRATION_BINS) * (true - probability)[:, None]

    def error(counts: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(counts @ gaps).sum(axis=1) / counts.sum(axis=1))

    return error


def expected_calibration_error(true: np.ndarray, probability: np.ndarray) -> float:
    """The calibration error of all rows."""
    return float(calibration_error(true, probability)(np.ones((1, len(true))))[0])


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """The calibration bin of each probability."""
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(np.int64) - 1
    return np.asarray(bins.clip(0, CALIBRATION_BINS - 1))


def _cumulated(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positive and negative rows at or above each distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    hits = np.cumsum(positive[order])[last]
    return hits, last + 1 - hits


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.asarray(np.eye(classes)[labels])


def divided(over: np.ndarray, under: np.ndarray, otherwise: float) -> np.ndarray:
    """A quotient; a default if the divisor is not positive."""
    instead = np.full(np.broadcast_shapes(over.shape, under.shape), float(otherwise))
    return np.asarray(np.divide(over, under, out=instead, where=under > 0))


def ratio(part: int, whole: int) -> float:
    """A share; 0 of nothing."""
    return float(part / whole) if whole else 0.0
