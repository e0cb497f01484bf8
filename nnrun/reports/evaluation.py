"""An evaluation of a run: its figures, as data and as a table."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.reports.scores import (
    LEVEL,
    ClassScores,
    Interval,
    Statistic,
    bootstrap,
    class_scores,
    classification_statistics,
    entropy,
    number_of_resamples,
    regression_statistics,
)
from nnrun.reports.tables import fact_lines, format_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Group
    from rich.table import Table

    from nnrun.reports.predictions import Predictions

FORMAT = 1
SHOWN_CLASSES = 20


@dataclass(frozen=True)
class Evaluation:
    """How good the predictions of a run are on a split.

    Attributes:
        run: The run's name.
        split: `train`, `validation`, `test`, or the name of a file's rows.
        rows: How many rows were predicted.
        task: `regression`, `binary` or `multiclass`.
        epoch: The epoch whose weights were used.
        headline: The metrics of the whole split: `value`, and `low` and `high` of the 95 %
            bootstrap interval.
        bootstrap: `level`, `resamples` and `seed` of the intervals.
        recorded: Loss and metrics of the config, as Keras reckons them.
        classes: Of each class `name`, `precision`, `recall`, `f1`, `support`, `roc_auc` and
            `average_precision`; empty for a regression.
        uncertainty: What draws of dropout said; None where none were made.
        where: The directory with all of it.
    """

    run: str
    split: str
    rows: int
    task: str
    epoch: int
    headline: Mapping[str, Interval]
    bootstrap: Mapping[str, float]
    recorded: Mapping[str, float]
    classes: Sequence[ClassScores]
    uncertainty: Mapping[str, float] | None
    where: str

    def to_json(self) -> dict[str, Any]:
        """The evaluation as it stands in `metrics.json`; null for what is not defined."""
        plain: dict[str, Any] = _defined({"format": FORMAT, **dataclasses.asdict(self)})
        return plain


def score(
    predictions: Predictions,
    *,
    run: str,
    split: str,
    task: str,
    epoch: int,
    seed: int,
    recorded: Mapping[str, float],
    where: str,
) -> Evaluation:
    """Reckon every figure of predictions whose targets are known.

    Args:
        predictions: Of a split's rows.
        run: The run's name.
        split: The split's name.
        task: `regression`, `binary` or `multiclass`.
        epoch: The epoch whose weights were used.
        seed: Of the bootstrap.
        recorded: Loss and metrics of the config.
        where: The directory that the evaluation is written to.
    """
    statistics = _statistics(predictions.truth, predictions.outputs, predictions.classes)
    scores: Sequence[ClassScores] = ()
    if predictions.classes:
        scores = class_scores(predictions.truth, predictions.outputs, predictions.classes)
    return Evaluation(
        run=run,
        split=split,
        rows=predictions.rows,
        task=task,
        epoch=epoch,
        headline=bootstrap(statistics, predictions.rows, seed=seed),
        bootstrap={
            "level": LEVEL,
            "resamples": number_of_resamples(predictions.rows),
            "seed": seed,
        },
        recorded=recorded,
        classes=scores,
        uncertainty=_uncertainty(predictions),
        where=where,
    )


def evaluation_view(evaluation: Evaluation) -> Group:
    """The evaluation as something that a rich console prints."""
    from rich.console import Group
    from rich.text import Text

    title = Text.assemble(
        (evaluation.run, "bold"),
        f" on {evaluation.rows:,} {evaluation.split} rows, weights of epoch {evaluation.epoch}",
    )
    parts: list[Any] = [title, "", _headline_table(evaluation)]
    if evaluation.classes:
        parts += ["", _class_table(evaluation.classes)]
    facts = {}
    if evaluation.uncertainty is not None:
        told = (f"{name} {format_figure(value)}" for name, value in evaluation.uncertainty.items())
        facts["dropout"] = ", ".join(told).replace("_", " ")
    facts["files"] = evaluation.where
    return Group(*parts, "", fact_lines(facts))


def _statistics(
    targets: np.ndarray, outputs: np.ndarray, classes: Sequence[str]
) -> dict[str, Statistic]:
    if classes:
        return classification_statistics(targets, outputs)
    return regression_statistics(targets, outputs)


def _uncertainty(predictions: Predictions) -> dict[str, float] | None:
    """Figures of the mean of the draws, and how they scatter."""
    sampled = predictions.sampled
    if sampled is None:
        return None
    targets = predictions.truth
    once = np.ones((1, predictions.rows))
    statistics = _statistics(targets, sampled.mean, predictions.classes)
    figures = {"draws": sampled.draws, "mean_std": float(sampled.deviation.mean())}
    if not predictions.classes:
        figures |= {name: float(statistics[name](once)[0]) for name in ("mae", "rmse")}
        within = np.abs(targets - sampled.mean) <= 2 * sampled.deviation
        return {**figures, "within_2_std": float(within.mean())}
    figures |= {name: float(statistics[name](once)[0]) for name in ("accuracy", "log_loss")}
    right, spread = sampled.mean.argmax(axis=1) == targets, entropy(sampled.mean)
    return {
        **figures,
        "entropy": float(spread.mean()),
        "entropy_right": _mean(spread[right]),
        "entropy_wrong": _mean(spread[~right]),
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _headline_table(evaluation: Evaluation) -> Table:
    table = _table("", "value", "95 % interval")
    for name, item in evaluation.headline.items():
        interval = f"{_figure(item.low)} to {_figure(item.high)}"
        table.add_row(name.replace("_", " "), _figure(item.value), interval)
    return table


def _class_table(classes: Sequence[ClassScores]) -> Table:
    from rich.text import Text

    left_out = max(0, len(classes) - SHOWN_CLASSES)
    shown = classes
    if left_out:
        shown = sorted(classes, key=lambda scores: scores.f1)[:SHOWN_CLASSES]
    table = _table("class", "precision", "recall", "F1", "ROC AUC", "rows")
    for one in shown:
        figures = (one.precision, one.recall, one.f1, one.roc_auc)
        table.add_row(Text(one.name), *map(_figure, figures), f"{one.support:,}")
    if left_out:
        table.add_row(Text(f"and {left_out} with a higher F1", style="dim"))
    return table


def _table(first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _figure(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.6g}"  # noqa: PLR2004


def _defined(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _defined(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
