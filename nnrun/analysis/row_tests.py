"""Two models on the same rows: what each row scores, and the test of the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnrun.analysis.comparison import direction
from nnrun.analysis.significance import Interval
from nnrun.config.modes import Directions
from nnrun.errors import RunError
from nnrun.runs.prediction_table import PredictionTable

if TYPE_CHECKING:
    import numpy as np

_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class RowTest:
    """The comparison of two models on the same rows.

    Attributes:
        metric: What a row scores: `accuracy`, `log loss`, `mae` or `rmse`.
        interval: The second model minus the first.
        test: What the test is called.
        alone: The rows that the first alone has right, and those that the second alone has; only of
            the accuracy.
        same: What the two have in common, in words, where no row's score differs.
        columns: How the columns of a row became one score, in words; empty where there is but one.
    """

    metric: str
    interval: Interval
    test: str
    alone: tuple[int, int] | None = None
    same: str = ""
    columns: str = ""


def compare_rows(metric: str, sides: Sequence[PredictionTable], directions: Directions) -> RowTest:
    """Test two models on the same rows by the score that is nearest to a figure.

    Args:
        metric: The figure.
        sides: Their predictions of the same rows.
        directions: Which way figures are better.

    Raises:
        RunError: The predictions hold what is not a number.
    """
    from nnrun.analysis.paired import paired_means, paired_shares

    first, second = sides
    name = _row_metric(metric, first, directions)
    scores = [_scores(side, name, metric) for side in sides]
    columns = _all_columns(name, first) if first.columns else ""
    if name == "accuracy":
        right, other = (score > 0 for score in scores)
        alone = int((right & ~other).sum()), int((other & ~right).sum())
        same = "" if any(alone) else "are right on the same rows"
        if first.predicted == second.predicted:
            same = "predict the same"
        interval = paired_shares(right, other)
        return RowTest(name, interval, "McNemar's exact test", alone, same, columns)
    reason = _too_few(name, sides, scores)
    interval = paired_means(*scores, root=name == "rmse", reason=reason)
    same = f"have the same {name} on every row" if (scores[0] == scores[1]).all() else ""
    return RowTest(name, interval, "sign-flip test", None, same, columns)


def _too_few(name: str, sides: Sequence[PredictionTable], scores: Sequence["np.ndarray"]) -> str:
    """Why there can be no interval; empty if there can."""
    from nnrun.analysis import enough

    if name == "log loss":
        wrong = [_scores(side, "accuracy", "") == 0 for side in sides]
        return enough.of_losses(wrong[0] | wrong[1])
    limits: tuple[int, float] = (enough.FEWEST_SIZES_APART, enough.SKEWED)
    if name == "rmse":
        limits = enough.FEWEST_SQUARES_APART, enough.SKEWED_SQUARES_APART
    return next(filter(None, (enough.of_errors(score, *limits) for score in scores)), "")


def _all_columns(name: str, predictions: PredictionTable) -> str:
    """How the columns of a row were combined into one score, in words."""
    what = "labels" if predictions.probabilities else "columns"
    if name == "accuracy":
        return f"a row being right where all of its {len(predictions.columns)} {what} are"
    return f"over all {len(predictions.columns)} {what}"


def _row_metric(metric: str, predictions: PredictionTable, directions: Directions) -> str:
    """The score per row that is nearest to a figure."""
    if not predictions.probabilities:
        return "mae" if "mae" in metric or "absolute" in metric else "rmse"
    known = predictions.columns or set(predictions.targets) <= set(predictions.probabilities)
    return "log loss" if direction(metric, directions) == "min" and known else "accuracy"


def _scores(predictions: PredictionTable, name: str, metric: str) -> "np.ndarray":
    """The score of each row, `(rows,)`, whose mean (or its root) is the figure.

    Raises:
        RunError: The predictions hold what is not a number.
    """
    import numpy as np

    if name == "accuracy":
        pairs = zip(predictions.targets, predictions.predicted, strict=True)
        return np.array([float(target == predicted) for target, predicted in pairs])
    try:
        if predictions.errors:
            return np.array(predictions.errors["mae" if name == "mae" else "mse"], float)
        if name == "log loss":
            chosen = np.asarray(_given(predictions), float)
            return _by_row(-np.log(np.maximum(chosen, _LEAST_PROBABILITY)))
        errors = np.array(predictions.predicted, float) - np.array(predictions.targets, float)
    except ValueError as error:
        raise RunError(f"predictions to compare by {metric} hold what is not a number") from error
    return _by_row(np.abs(errors) if name == "mae" else errors**2)


def _given(predictions: PredictionTable) -> list[float] | list[list[float]]:
    """The predicted probability of the truth, for each row or for each of its labels."""
    columns = predictions.probabilities
    if not predictions.columns:
        return [float(columns[str(label)][row]) for row, label in enumerate(predictions.targets)]
    probabilities = zip(*(columns[name] for name in predictions.columns), strict=True)
    return [
        [float(p) if float(true) else 1 - float(p) for true, p in zip(*pair, strict=True)]
        for pair in zip(predictions.targets, probabilities, strict=True)
    ]


def _by_row(figures: "np.ndarray") -> "np.ndarray":
    """One score per row: the mean over its columns."""
    return figures.reshape(len(figures), -1).mean(axis=1)  # type: ignore[no-any-return]
