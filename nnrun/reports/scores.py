"""How good predictions are: metrics of rows, each a function of how often every row counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.reports.bootstrap import Statistic

CALIBRATION_BINS = 15
TOP_K = 5


class Curve(NamedTuple):
    """Points of a ROC or a precision-recall curve, from the highest threshold to the lowest."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class ClassScores:
    """How one class was told from all others.

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
    """The rows by the probability of the predicted class, in bins of equal width.

    Attributes:
        confidence: Mean probability in each bin; NaN where it is empty.
        accuracy: Share of right rows in each bin; NaN likewise.
        rows: Rows in each bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray


def as_probabilities(outputs: np.ndarray, *, logits: bool) -> np.ndarray:
    """What a classifier gives, as a probability for each class.

    Args:
        outputs: `(rows, classes)`, or `(rows, 1)` for the second of two classes.
        logits: Whether they still lack the sigmoid or the softmax.

    Returns:
        float64 `(rows, classes)`, every row with the sum 1.
    """
    if outputs.shape[1] == 1:
        second = as_label_probabilities(outputs, logits=logits)
        return np.hstack([1 - second, second])
    outputs = outputs.astype(np.float64)
    if logits:
        outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    total = outputs.sum(axis=1, keepdims=True)
    return divided(outputs, total, 1 / outputs.shape[1])


def as_label_probabilities(outputs: np.ndarray, *, logits: bool) -> np.ndarray:
    """What units that each stand for themselves give, as probabilities; float64 of the same shape.

    Args:
        outputs: Of any shape.
        logits: Whether they still lack the sigmoid.
    """
    outputs = outputs.astype(np.float64)
    # Not 1 / (1 + exp(-x)), which overflows for large negative x.
    return 0.5 * (1 + np.tanh(outputs / 2)) if logits else np.clip(outputs, 0, 1)


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Rows of each class (down) by the class they were taken for (across)."""
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


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> Curve:
    """False positive rate and true positive rate as the threshold falls, from (0, 0) to (1, 1)."""
    hits, misses = _cumulated(positive, scores)
    return Curve(np.r_[0.0, misses / max(misses[-1], 1)], np.r_[0.0, hits / max(hits[-1], 1)])


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve; NaN where only one side has rows."""
    return float(auc_statistic(positive, scores)(np.ones((1, len(scores))))[0])


def precision_recall_curve(positive: np.ndarray, scores: np.ndarray) -> Curve:
    """Recall and precision as the threshold falls; the first point is (0, 1)."""
    hits, misses = _cumulated(positive, scores)
    return Curve(np.r_[0.0, hits / max(hits[-1], 1)], np.r_[1.0, hits / (hits + misses)])


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Mean of the precisions, each weighted by the recall that it adds; NaN without both sides."""
    if positive.all() or not positive.any():
        return float("nan")
    recall, precision = precision_recall_curve(positive, scores)
    return float(np.sum(np.diff(recall) * precision[1:]))


def calibration(right: np.ndarray, confidence: np.ndarray) -> Calibration:
    """Sorts rows into bins of the predicted class's probability.

    Args:
        right: Whether each row was predicted rightly.
        confidence: The probability of the class predicted.
    """
    bins = bin_of(confidence)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    with np.errstate(invalid="ignore"):
        return Calibration(
            np.bincount(bins, confidence, CALIBRATION_BINS) / rows,
            np.bincount(bins, right, CALIBRATION_BINS) / rows,
            rows,
        )


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
    predicted, top = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = (predicted == labels).astype(np.float64)
    given = probabilities[np.arange(rows), labels]
    statistics = {
        "accuracy": mean_of(right),
        "macro_f1": _macro_f1(labels, predicted, classes),
        "log_loss": mean_of(-np.log(np.maximum(given, np.finfo(np.float64).eps))),
        "roc_auc": _macro_auc(labels, probabilities),
        "ece": _calibration_error(right, top),
    }
    if classes > TOP_K:
        better = (probabilities > given[:, None]).sum(axis=1)
        statistics[f"top_{TOP_K}_accuracy"] = mean_of((better < TOP_K).astype(np.float64))
    return statistics


def regression_statistics(targets: np.ndarray, predicted: np.ndarray) -> dict[str, Statistic]:
    """The headline metrics of a regression: MAE, RMSE and R², of `(rows,)` numbers each."""
    targets, predicted = targets.astype(np.float64), predicted.astype(np.float64)
    errors, centred = targets - predicted, targets - targets.mean()
    squares, mean_square = mean_of(errors**2), mean_of(centred**2)
    mean = mean_of(centred)

    def explained(counts: np.ndarray) -> np.ndarray:
        variance = mean_square(counts) - mean(counts) ** 2
        return 1 - divided(squares(counts), variance, np.nan)

    return {
        "mae": mean_of(np.abs(errors)),
        "rmse": lambda counts: np.sqrt(squares(counts)),
        "r2": explained,
    }


def mean_of(values: np.ndarray) -> Statistic:
    """The mean of a figure that each row has, `(rows,)`."""

    def mean(counts: np.ndarray) -> np.ndarray:
        return np.asarray(counts @ values / counts.sum(axis=1))

    return mean


def _macro_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> Statistic:
    is_label = _one_hot(labels, classes)
    is_predicted = _one_hot(predicted, classes)
    hit, either = is_label * is_predicted, is_label + is_predicted

    def macro_f1(counts: np.ndarray) -> np.ndarray:
        occurring = counts @ either
        scores = divided(2 * (counts @ hit), occurring, 0)
        return np.asarray(scores.sum(axis=1) / (occurring > 0).sum(axis=1))

    return macro_f1


def _macro_auc(labels: np.ndarray, probabilities: np.ndarray) -> Statistic:
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
    """What brings counts of rows, `(draws, rows)`, into the order of their scores.

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


def auc_statistic(positive: np.ndarray, scores: np.ndarray) -> Statistic:
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


def _calibration_error(right: np.ndarray, confidence: np.ndarray) -> Statistic:
    """Expected calibration error (Guo and others, 2017): the bins' gaps, weighted by their rows."""
    gaps = _one_hot(bin_of(confidence), CALIBRATION_BINS) * (right - confidence)[:, None]

    def error(counts: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(counts @ gaps).sum(axis=1) / counts.sum(axis=1))

    return error


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
    """A quotient; where the divisor is not positive, what is said instead."""
    instead = np.full(np.broadcast_shapes(over.shape, under.shape), float(otherwise))
    return np.asarray(np.divide(over, under, out=instead, where=under > 0))


def ratio(part: int, whole: int) -> float:
    """A share; 0 of nothing."""
    return float(part / whole) if whole else 0.0
