"""An evaluation of a run: its figures, as data and as a table."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nnrun.analysis.bootstrap import RESAMPLES, Estimate, bootstrap
from nnrun.analysis.column_scores import (
    LabelScores,
    TargetScores,
    label_scores,
    target_scores,
)
from nnrun.analysis.headline import figures_of_draws, headline_statistics
from nnrun.analysis.scores import (
    ClassScores,
    class_scores,
)
from nnrun.analysis.significance import LEVEL
from nnrun.analysis.tables import fact_lines, format_figure
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Group
    from rich.table import Table

    from nnrun.analysis.predictions import Predictions

FORMAT = 1
SHOWN_CLASSES = 20

Scores = TypeVar("Scores")


@dataclass(frozen=True)
class Evaluation:
    """How good the predictions of a run are on a split.

    Attributes:
        run: The run's name.
        split: `train`, `validation`, `test`, or the name of a file's rows.
        rows: The number of rows predicted.
        task: The task, by its name in the config.
        epoch: The epoch whose weights were used.
        warnings: Why these are not the weights of the run's best epoch; empty if they are.
        headline: The metrics of the whole split: `value`, and `low` and `high` of the 95 %
            interval; if there is none, `reason` says why.
        bootstrap: `level`, `resamples` and `seed` of the intervals.
        recorded: Loss and metrics of the config, as Keras computes them.
        classes: For each class `name`, `precision`, `recall`, `f1`, `support`, `roc_auc` and
            `average_precision`; empty unless each row belongs to one class.
        labels: The same for each label, and `accuracy` and `ece`; empty unless several may
            hold.
        targets: If several numbers are predicted, `name`, `mae`, `rmse` and `r2` for each;
            otherwise empty.
        uncertainty: What predictions with dropout on show; None if there were none.
        where: The directory the evaluation was written to.
    """

    run: str
    split: str
    rows: int
    task: str
    epoch: int
    warnings: Sequence[str]
    headline: Mapping[str, Estimate]
    bootstrap: Mapping[str, float]
    recorded: Mapping[str, float]
    classes: Sequence[ClassScores]
    labels: Sequence[LabelScores]
    targets: Sequence[TargetScores]
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
    warnings: Sequence[str] = (),
) -> Evaluation:
    """Reckon every figure of predictions whose targets are known.

    Args:
        predictions: Of a split's rows.
        run: The run's name.
        split: The split's name.
        task: The task, by its name in the config.
        epoch: The epoch whose weights were used.
        seed: Of the bootstrap.
        recorded: Loss and metrics of the config.
        where: The directory that the evaluation is written to.
        warnings: Why these are not the weights of the run's best epoch.
    """
    truth, outputs, columns = predictions.truth, predictions.outputs, predictions.columns
    width = max(1, len(columns))
    statistics, predicts = headline_statistics(predictions, outputs), predictions.predicts
    return Evaluation(
        run=run,
        split=split,
        rows=predictions.rows,
        task=task,
        epoch=epoch,
        warnings=warnings,
        headline=bootstrap(statistics, predictions.rows, seed=seed, width=width),
        bootstrap={"level": LEVEL, "resamples": RESAMPLES, "seed": seed},
        recorded=recorded,
        classes=class_scores(truth, outputs, predictions.classes) if predicts == CLASSES else (),
        labels=label_scores(truth, outputs, columns) if predicts == LABELS else (),
        targets=target_scores(truth, outputs, columns) if columns and predicts == NUMBERS else (),
        uncertainty=figures_of_draws(predictions),
        where=where,
    )


def evaluations_to_json(evaluations: Mapping[str, Evaluation]) -> dict[str, Any]:
    """The evaluation of the one output; of several outputs `outputs`, each by its name."""
    if len(evaluations) == 1:
        return next(iter(evaluations.values())).to_json()
    return {"format": FORMAT, "outputs": {name: one.to_json() for name, one in evaluations.items()}}


def evaluations_view(evaluations: Mapping[str, Evaluation]) -> Group:
    """The evaluation of every output as something that a rich console prints."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    for name, evaluation in evaluations.items():
        if len(evaluations) > 1:
            parts += [*([""] if parts else []), Text(f"output {name}", style="bold")]
        parts.append(evaluation_view(evaluation))
    return Group(*parts)


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
    if evaluation.labels:
        parts += ["", _label_table(evaluation.labels)]
    if evaluation.targets:
        parts += ["", _target_table(evaluation.targets)]
    facts = {}
    if evaluation.uncertainty is not None:
        told = (f"{name} {format_figure(value)}" for name, value in evaluation.uncertainty.items())
        facts["dropout"] = ", ".join(told).replace("_", " ")
    facts["files"] = evaluation.where
    return Group(*parts, "", fact_lines(facts))


def _headline_table(evaluation: Evaluation) -> Table:
    table = _table("", "value", "95 % interval")
    for name, item in evaluation.headline.items():
        interval = item.reason or f"{_figure(item.low)} to {_figure(item.high)}"
        table.add_row(name.replace("_", " "), _figure(item.value), interval)
    return table


def _class_table(classes: Sequence[ClassScores]) -> Table:
    from rich.text import Text

    table = _table("class", "precision", "recall", "F1", "ROC AUC", "rows")
    for one in _worst(classes, by=lambda scores: scores.f1):
        figures = (one.precision, one.recall, one.f1, one.roc_auc)
        table.add_row(Text(one.name), *map(_figure, figures), f"{one.support:,}")
    _tell_left_out(table, classes, "F1")
    return table


def _label_table(labels: Sequence[LabelScores]) -> Table:
    from rich.text import Text

    table = _table("label", "precision", "recall", "F1", "accuracy", "ROC AUC", "AP", "rows")
    for one in _worst(labels, by=lambda scores: scores.f1):
        figures = (one.precision, one.recall, one.f1, one.accuracy)
        areas = (one.roc_auc, one.average_precision)
        table.add_row(Text(one.name), *map(_figure, (*figures, *areas)), f"{one.support:,}")
    _tell_left_out(table, labels, "F1")
    return table


def _target_table(targets: Sequence[TargetScores]) -> Table:
    from rich.text import Text

    table = _table("target", "MAE", "RMSE", "R2")
    for one in _worst(targets, by=lambda scores: scores.r2):
        table.add_row(Text(one.name), *map(_figure, (one.mae, one.rmse, one.r2)))
    _tell_left_out(table, targets, "R2")
    return table


def _worst(scores: Sequence[Scores], *, by: Callable[[Scores], float]) -> Sequence[Scores]:
    """All scores, or of very many those that are lowest by a figure."""
    return scores if len(scores) <= SHOWN_CLASSES else sorted(scores, key=by)[:SHOWN_CLASSES]


def _tell_left_out(table: Table, scores: Sequence[Any], figure: str) -> None:
    from rich.text import Text

    if len(scores) > SHOWN_CLASSES:
        left_out = len(scores) - SHOWN_CLASSES
        table.add_row(Text(f"and {left_out} with a higher {figure}", style="dim"))


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
