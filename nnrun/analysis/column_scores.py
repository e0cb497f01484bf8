"""Scores for several predicted columns: labels, each true or false, and numbers.

As in `scores`, a metric is a function of how often each row counts; a row counts with all of its
columns, since they are of one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnrun.analysis import enough
from nnrun.analysis.bootstrap import CHUNK, ERROR, Counting, Statistic
from nnrun.analysis.scores import (
    BIASED,
    ClassScores,
    auc_statistic,
    average_precision,
    calibration_error,
    divided,
    error_of,
    expected_calibration_error,
    mean_of,
    ratio,
    regression_statistics,
    roc_auc,
    share_of,
    sort_by_score,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

THRESHOLD = 0.5
"""A label is predicted where its probability is above this."""


@dataclass(frozen=True)
class LabelScores(ClassScores):
    """How well rows with a label are distinguished from those without.

    Attributes:
        accuracy: Share of the rows for which the label was predicted rightly.
        ece: Expected calibration error of its probability.
    """

    accuracy: float
    ece: float


@dataclass(frozen=True)
class TargetScores:
    """How well one of several numbers is predicted.

    Attributes:
        name: The column.
        mae: Mean absolute error.
        rmse: Root of the mean squared error.
        r2: Share of the variance explained; NaN where the column does not vary.
    """

    name: str
    mae: float
    rmse: float
    r2: float


def label_scores(
    targets: np.ndarray, probabilities: np.ndarray, names: Sequence[str]
) -> list[LabelScores]:
    """The scores of every label, in the order of the columns.

    Args:
        targets: 0 or 1, `(rows, labels)`.
        probabilities: That a label holds, likewise.
        names: The labels.
    """
    predicted = probabilities > THRESHOLD
    return [
        _label_scores(name, targets[:, label] > 0, predicted[:, label], probabilities[:, label])
        for label, name in enumerate(names)
    ]


def _label_scores(
    name: str, true: np.ndarray, predicted: np.ndarray, probability: np.ndarray
) -> LabelScores:
    hits, support, taken = int((true & predicted).sum()), int(true.sum()), int(predicted.sum())
    return LabelScores(
        name,
        precision=ratio(hits, taken),
        recall=ratio(hits, support),
        f1=ratio(2 * hits, support + taken),
        support=support,
        roc_auc=roc_auc(true, probability),
        average_precision=average_precision(true, probability),
        accuracy=float((true == predicted).mean()),
        ece=expected_calibration_error(true, probability),
    )


def target_scores(
    targets: np.ndarray, predicted: np.ndarray, names: Sequence[str]
) -> list[TargetScores]:
    """The scores of every number, in the order of the columns.

    Args:
        targets: `(rows, columns)`.
        predicted: Likewise.
        names: The columns.
    """
    once = np.ones((1, len(targets)))
    return [
        TargetScores(name, **{metric: float(of(once)[0]) for metric, of in statistics.items()})
        for name, statistics in zip(names, _each_column(targets, predicted), strict=True)
    ]


def target_statistics(targets: np.ndarray, predicted: np.ndarray) -> dict[str, Statistic]:
    """The headline metrics of several numbers: MAE, RMSE and R², each the mean over the columns.

    Args:
        targets: `(rows, columns)`.
        predicted: Likewise.
    """
    each = list(_each_column(targets, predicted))
    errors = np.abs(targets.astype(np.float64) - predicted)
    several = {"mae": error_of(errors.mean(axis=1))}
    for name in ("rmse", "r2"):
        columns = [column[name] for column in each]
        reasons = [column.reason for column in columns if column.reason]
        several[name] = Statistic(
            _mean_over([column.of for column in columns]),
            columns[0].scale,
            reason="".join(reasons[:1]),
        )
    return several


def label_statistics(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, Statistic]:
    """The headline metrics of labels.

    Subset accuracy is the share of rows with every label right, Hamming loss the share of wrong
    labels. Macro figures are means over the labels (precision, recall and F1 are 0 where they are
    not defined, areas left out), micro figures those of all pairs of a row and a label. The log
    loss is over these pairs too, the calibration error the mean over the labels.

    Args:
        targets: 0 or 1, `(rows, labels)`.
        probabilities: That a label holds, likewise.
    """
    true, predicted = targets > 0, probabilities > THRESHOLD
    right = true == predicted
    likelihoods = np.where(true, probabilities, 1 - probabilities)
    losses = -np.log(np.maximum(likelihoods, np.finfo(np.float64).eps))
    columns = list(zip(true.T, probabilities.T, strict=True))
    pairs = true.ravel(), probabilities.ravel()
    areas = {
        "macro_roc_auc": _mean_over([auc_statistic(*column) for column in columns]),
        "micro_roc_auc": _of_pairs(auc_statistic(*pairs), true.shape[1]),
        "macro_average_precision": _mean_over([_precision_statistic(*sides) for sides in columns]),
        "micro_average_precision": _of_pairs(_precision_statistic(*pairs), true.shape[1]),
    }
    errors = [calibration_error(*column) for column in columns]
    few = enough.of_rows(len(true), enough.FEWEST_OF_CLASS)
    return {
        "subset_accuracy": share_of(right.all(axis=1)),
        "hamming_loss": Statistic(mean_of(1.0 - right.mean(axis=1)), trials=len(true), reason=few),
        **_agreement(true, predicted),
        "log_loss": Statistic(
            mean_of(losses.mean(axis=1)), ERROR, reason=enough.of_losses(~right.all(axis=1))
        ),
        **{
            name: _of_labels(of, true, ~true, micro=name.startswith("micro"))
            for name, of in areas.items()
        },
        "ece": Statistic(_mean_over(errors), reason=BIASED),
    }


def _of_labels(of: Counting, *sides: np.ndarray, micro: bool) -> Statistic:
    """A statistic of labels; each side, `(rows, labels)`, must have enough rows."""
    counted = [side.any(axis=1, keepdims=True) if micro else side for side in sides]
    fewest = min(int(side.sum(axis=0).min()) for side in counted)
    least = enough.FEWEST_FOR_AREA if sides[1:] else enough.FEWEST_OF_CLASS
    reason = enough.of_classes(fewest, least, "label")
    return Statistic(of, trials=max(fewest, 1), fewest=fewest, reason=reason)


def _agreement(true: np.ndarray, predicted: np.ndarray) -> dict[str, Statistic]:
    """Precision, recall and F1, macro and micro, from true and predicted labels."""
    both = true & predicted
    counted = [values.astype(np.float64) for values in (both, predicted, true)]
    ratios: dict[str, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
        "precision": lambda hits, taken, support: (hits, taken),  # noqa: ARG005
        "recall": lambda hits, taken, support: (hits, support),  # noqa: ARG005
        "f1": lambda hits, taken, support: (2 * hits, taken + support),
    }
    sides = {"precision": predicted, "recall": true, "f1": true}

    def statistic(name: str, *, micro: bool) -> Counting:
        def figure(counts: np.ndarray) -> np.ndarray:
            sums = [counts @ values for values in counted]
            if micro:
                sums = [values.sum(axis=1, keepdims=True) for values in sums]
            return np.asarray(divided(*ratios[name](*sums), 0).mean(axis=1))

        return figure

    return {
        f"{kind}_{name}": _of_labels(
            statistic(name, micro=kind == "micro"), sides[name], micro=kind == "micro"
        )
        for name in ratios
        for kind in ("macro", "micro")
    }


def _each_column(targets: np.ndarray, predicted: np.ndarray) -> Iterator[dict[str, Statistic]]:
    return (regression_statistics(*pair) for pair in zip(targets.T, predicted.T, strict=True))


def _mean_over(statistics: Sequence[Counting]) -> Counting:
    """The mean of those of several metrics that are defined."""

    def mean(counts: np.ndarray) -> np.ndarray:
        values = np.stack([statistic(counts) for statistic in statistics])
        defined = ~np.isnan(values)
        total = np.where(defined, values, 0).sum(axis=0)
        return divided(total, defined.sum(axis=0), np.nan)

    return mean


def _of_pairs(statistic: Counting, width: int) -> Counting:
    """A metric over all pairs of a row and a column; a pair counts as often as its row."""

    def figure(counts: np.ndarray) -> np.ndarray:
        at_once = max(1, CHUNK // (counts.shape[1] * width))
        parts = (counts[start : start + at_once] for start in range(0, len(counts), at_once))
        return np.concatenate([statistic(part.repeat(width, axis=1)) for part in parts])

    return figure


def _precision_statistic(positive: np.ndarray, scores: np.ndarray) -> Counting:
    """Average precision: the mean of the precisions, weighted by the recall that each adds."""
    sort = sort_by_score(positive, -scores)

    def area(counts: np.ndarray) -> np.ndarray:
        hits, rows = sort(counts)
        found, taken = np.cumsum(hits, axis=1), np.cumsum(rows, axis=1)
        won = np.einsum("ij,ij->i", hits, found / np.maximum(taken, 1))
        both_sides = found[:, -1] * (found[:, -1] < taken[:, -1])
        return divided(won, both_sides, np.nan)

    return area
