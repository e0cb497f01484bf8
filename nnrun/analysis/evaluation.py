"""An evaluation of a run: its figures, as data and as a table."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nnrun.analysis.bootstrap import RESAMPLES, Estimate, bootstrap
from nnrun.analysis.column_scores import (
    LabelScores,
    TargetScores,
    label_scores,
    target_scores,
)
from nnrun.analysis.headline import figures_of_draws, headline_statistics
from nnrun.analysis.run_summary import stored_picture
from nnrun.analysis.scores import (
    ClassScores,
    class_scores,
)
from nnrun.analysis.significance import LEVEL
from nnrun.config.figures import Figure
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS
from nnrun.pages.document import Block, Cell, Document, Facts, Heading, Lines, Sheet
from nnrun.pages.numbers import format_decimals, format_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nnrun.analysis.predictions import Predictions

FORMAT = 1
SHOWN_CLASSES = 20
_CAPTIONS = {
    "most_wrong": "The most confidently wrong",
    "precision_recall": "Precision against recall",
    "roc": "ROC curves",
}
"""Of plots whose file does not say it in words."""

Scores = TypeVar("Scores")


@dataclass(frozen=True)
class Evaluation:
    """How good the predictions of a run are on a split.

    Attributes:
        run: The run's name.
        split: `train`, `validation`, `test`, or the name of a file's rows.
        rows: The number of rows predicted.
        task: The task, by its name in the config.
        epoch: The epoch whose weights were used; None for the models of several runs.
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
    epoch: int | None
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
        """The evaluation as it stands in `metrics.json`."""
        return {"format": FORMAT, **dataclasses.asdict(self)}


def score(
    predictions: Predictions,
    *,
    run: str,
    split: str,
    task: str,
    epoch: int | None,
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
        epoch: The epoch whose weights were used; None for several models.
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


def recorded_of(recorded: Mapping[str, float], output: str) -> dict[str, float]:
    """Keras's metrics of one output, without its name; all of them if there is only one."""
    figures = {Figure.trained(name, [output]): value for name, value in recorded.items()}
    return {figure.name: value for figure, value in figures.items() if figure.output == output}


def evaluations_to_json(evaluations: Mapping[str, Evaluation]) -> dict[str, Any]:
    """The evaluation of the one output; of several outputs `outputs`, each by its name."""
    if len(evaluations) == 1:
        return next(iter(evaluations.values())).to_json()
    return {"format": FORMAT, "outputs": {name: one.to_json() for name, one in evaluations.items()}}


def evaluations_view(evaluations: Mapping[str, Evaluation]) -> Document:
    """The evaluation of every output as a document."""
    blocks: list[Block] = []
    for name, evaluation in evaluations.items():
        if len(evaluations) > 1:
            blocks.append(Heading(f"output {name}"))
        blocks += _evaluation_blocks(evaluation)
    first = next(iter(evaluations.values()))
    title = f"{first.run} on {first.split} rows"
    return Document(title, blocks, lambda: evaluations_to_json(evaluations))


def _evaluation_blocks(evaluation: Evaluation) -> list[Block]:
    title = f" on {evaluation.rows:,} {evaluation.split} rows"
    if evaluation.epoch is not None:
        title += f", weights of epoch {evaluation.epoch}"
    tables = (
        _headline_sheet(evaluation),
        _class_sheet(evaluation.classes),
        _label_sheet(evaluation.labels),
        _target_sheet(evaluation.targets),
    )
    facts: dict[str, str | Path] = {}
    if evaluation.uncertainty is not None:
        told = (f"{name} {format_figure(value)}" for name, value in evaluation.uncertainty.items())
        facts["dropout"] = ", ".join(told).replace("_", " ")
    folder = Path(evaluation.where)
    facts["files"] = folder
    return [
        Lines([[Cell(evaluation.run, "strong"), title]]),
        *(table for table in tables if table.rows),
        Facts(facts),
        *(
            stored_picture(
                _CAPTIONS.get(file.stem) or file.stem.replace("_", " ").capitalize(), file
            )
            for file in sorted(folder.glob("*.png"))
        ),
    ]


def _headline_sheet(evaluation: Evaluation) -> Sheet:
    rows = [
        [
            name.replace("_", " "),
            _figure(item.value),
            item.reason or f"{_figure(item.low)} to {_figure(item.high)}",
        ]
        for name, item in evaluation.headline.items()
    ]
    return Sheet("", ["", "value", "95 % interval"], rows)


def _class_sheet(classes: Sequence[ClassScores]) -> Sheet:
    rows = [
        [
            item.name,
            *map(_figure, (item.precision, item.recall, item.f1, item.roc_auc)),
            f"{item.support:,}",
        ]
        for item in _worst(classes, by=lambda scores: scores.f1)
    ]
    columns = ["class", "precision", "recall", "F1", "ROC AUC", "rows"]
    return Sheet("", columns, rows, note=_left_out(classes, "F1"))


def _label_sheet(labels: Sequence[LabelScores]) -> Sheet:
    rows = [
        [
            item.name,
            *map(_figure, (item.precision, item.recall, item.f1, item.accuracy)),
            *map(_figure, (item.roc_auc, item.average_precision)),
            f"{item.support:,}",
        ]
        for item in _worst(labels, by=lambda scores: scores.f1)
    ]
    columns = ["label", "precision", "recall", "F1", "accuracy", "ROC AUC", "AP", "rows"]
    return Sheet("", columns, rows, note=_left_out(labels, "F1"))


def _target_sheet(targets: Sequence[TargetScores]) -> Sheet:
    rows = [
        [item.name, *map(_figure, (item.mae, item.rmse, item.r2))]
        for item in _worst(targets, by=lambda scores: scores.r2)
    ]
    return Sheet("", ["target", "MAE", "RMSE", "R2"], rows, note=_left_out(targets, "R2"))


def _worst(scores: Sequence[Scores], *, by: Callable[[Scores], float]) -> Sequence[Scores]:
    """All scores, or of very many those that are lowest by a figure."""
    return scores if len(scores) <= SHOWN_CLASSES else sorted(scores, key=by)[:SHOWN_CLASSES]


def _left_out(scores: Sequence[Any], figure: str) -> str:
    left_out = len(scores) - SHOWN_CLASSES
    return f"and {left_out} with a higher {figure}" if left_out > 0 else ""


def _figure(value: float) -> str:
    return "undefined" if math.isnan(value) else format_decimals(value)
