"""The figures of all rows together: which ones there are follows from what is predicted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnrun.analysis.column_scores import label_statistics, target_statistics
from nnrun.analysis.reconstructions import Reconstructions
from nnrun.analysis.scores import classification_statistics, entropy, regression_statistics
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS

if TYPE_CHECKING:
    from nnrun.analysis.bootstrap import Statistic
    from nnrun.analysis.predictions import Predictions, Sampled


def headline_statistics(predictions: Predictions, outputs: np.ndarray) -> dict[str, Statistic]:
    """The figures of all rows, each as a function of how often each row counts.

    Args:
        predictions: Of rows whose targets are known.
        outputs: Theirs, or others of the same shape.
    """
    if isinstance(predictions, Reconstructions):
        return predictions.statistics()
    return _STATISTICS[predictions.predicts](predictions.truth, outputs)


def figures_of_draws(predictions: Predictions) -> dict[str, float] | None:
    """Figures of the mean of draws of dropout, and how they scatter; None where none were made."""
    sampled = predictions.sampled
    if sampled is None:
        return None
    names, scatter = _OF_DRAWS[predictions.predicts]
    statistics = headline_statistics(predictions, sampled.mean)
    once = np.ones((1, predictions.rows))
    return {
        "draws": sampled.draws,
        "mean_std": float(sampled.deviation.mean()),
        **{name: float(statistics[name](once)[0]) for name in names},
        **scatter(predictions.truth, sampled),
    }


def _number_statistics(targets: np.ndarray, predicted: np.ndarray) -> dict[str, Statistic]:
    several = targets.ndim > 1
    return (target_statistics if several else regression_statistics)(targets, predicted)


def _within(targets: np.ndarray, sampled: Sampled) -> dict[str, float]:
    within = np.abs(targets - sampled.mean) <= 2 * sampled.deviation
    return {"within_2_std": float(within.mean())}


def _entropies(labels: np.ndarray, sampled: Sampled) -> dict[str, float]:
    right, spread = sampled.mean.argmax(axis=1) == labels, entropy(sampled.mean)
    return {
        "entropy": float(spread.mean()),
        "entropy_right": _mean(spread[right]),
        "entropy_wrong": _mean(spread[~right]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


_STATISTICS = {
    NUMBERS: _number_statistics,
    LABELS: label_statistics,
    CLASSES: classification_statistics,
}
_OF_DRAWS = {
    NUMBERS: (("mae", "rmse"), _within),
    LABELS: (("subset_accuracy", "hamming_loss", "log_loss"), lambda *_: {}),
    CLASSES: (("accuracy", "log_loss"), _entropies),
}
"""Which figures are told of the mean of draws, and what tells how the draws scatter."""
