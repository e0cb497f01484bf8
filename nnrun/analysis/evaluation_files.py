"""What an evaluation writes beside its figures: tables and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.analysis.evaluation_plots import (
    draw_calibration,
    draw_confusion_matrix,
    draw_most_wrong,
    draw_precision_recall,
    draw_predicted_against_true,
    draw_residuals,
    draw_roc,
)
from nnrun.analysis.reconstructions import Reconstructions, draw_reconstructions
from nnrun.analysis.scores import confusion_matrix
from nnrun.runs.atomic import write_json, write_text, write_with
from nnrun.runs.prediction_table import table_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.analysis.evaluation import Evaluation
    from nnrun.analysis.predictions import Predictions
    from nnrun.runs.evaluation_directory import EvaluationDirectory

MOST_WRONG = 100
"""Most rows in the table of the most confidently wrong ones."""


def write_evaluation(
    predictions: Predictions,
    evaluation: Evaluation,
    files: EvaluationDirectory,
    *,
    inputs: Mapping[str, np.ndarray],
    columns: Mapping[str, tuple[str, ...]],
) -> None:
    """Write the predictions, the tables and plots that their task has, and the figures.

    Args:
        predictions: Of rows whose targets are known.
        evaluation: Their figures.
        files: Where they are written; the directory is made.
        inputs: The rows, by input.
        columns: The columns of a table that each input is made of; none for pictures.

    Raises:
        RunError: A file cannot be written.
    """
    files.make()
    predictions.write(files.predictions)
    if isinstance(predictions, Reconstructions):
        if are_pictures(predictions.truth.shape[1:]):
            made = predictions
            write_with(files.reconstructions, lambda path: draw_reconstructions(made, path))
    elif predictions.classes:
        _write_classification(predictions, evaluation, files, inputs, columns)
    elif predictions.are_labels:
        _write_curves(predictions, evaluation, files)
    else:
        _write_regression(predictions, files)
    # Last: where the figures stand, all that belongs to them does.
    write_json(files.metrics, evaluation.to_json())


def _write_classification(
    predictions: Predictions,
    evaluation: Evaluation,
    files: EvaluationDirectory,
    inputs: Mapping[str, np.ndarray],
    columns: Mapping[str, tuple[str, ...]],
) -> None:
    classes, labels, targets = predictions.classes, predictions.labels, predictions.truth
    matrix = confusion_matrix(targets, labels, len(classes))
    cells = ([name, *row] for name, row in zip(classes, matrix.tolist(), strict=True))
    write_text(files.confusion_matrix, table_text(["true", *classes], cells))
    write_with(files.confusion_plot, lambda path: draw_confusion_matrix(matrix, classes, path))
    _write_curves(predictions, evaluation, files)
    worst = most_wrong(predictions)
    pictures = next(
        (
            rows
            for name, rows in inputs.items()
            if not columns[name] and are_pictures(rows.shape[1:])
        ),
        None,
    )
    if pictures is not None:
        write_with(
            files.most_wrong_plot,
            lambda path: draw_most_wrong(predictions, worst, pictures, path),
        )
    else:
        write_text(files.most_wrong, _wrong_table(predictions, worst, _by_column(inputs, columns)))


def _write_curves(
    predictions: Predictions, evaluation: Evaluation, files: EvaluationDirectory
) -> None:
    write_with(files.roc, lambda path: draw_roc(predictions, path))
    write_with(files.precision_recall, lambda path: draw_precision_recall(predictions, path))
    error = evaluation.headline["ece"].value
    write_with(files.calibration, lambda path: draw_calibration(predictions, error, path))


def most_wrong(predictions: Predictions) -> list[int]:
    """The rows predicted wrongly, those of the greatest confidence first; 100 at most."""
    wrong = np.flatnonzero(predictions.labels != predictions.truth)
    order = np.argsort(-predictions.confidence[wrong], kind="stable")
    rows: list[int] = wrong[order][:MOST_WRONG].tolist()
    return rows


def _by_column(
    inputs: Mapping[str, np.ndarray], columns: Mapping[str, tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """The columns of all inputs, each once: `(rows,)` by name."""
    by_name: dict[str, np.ndarray] = {}
    for name, rows in inputs.items():
        flat = rows.reshape(len(rows), -1).T
        names = columns[name] or tuple(f"x{index}" for index in range(len(flat)))
        by_name |= dict(zip(names, flat, strict=True))
    return by_name


def _wrong_table(
    predictions: Predictions, rows: list[int], columns: Mapping[str, np.ndarray]
) -> str:
    classes, outputs, targets = predictions.classes, predictions.outputs, predictions.truth

    def records() -> Iterator[list[Any]]:
        for row in rows:
            true = int(targets[row])
            said = [classes[true], classes[int(predictions.labels[row])]]
            sure = [float(predictions.confidence[row]), float(outputs[row, true])]
            read = (column[row : row + 1].tolist()[0] for column in columns.values())
            yield [predictions.names[row], *said, *sure, *read]

    head = ["row", "target", "predicted", "confidence", "p_target"]
    return table_text([*head, *columns], records())


def are_pictures(shape: Sequence[int]) -> bool:
    """Whether rows of a shape can be drawn: grey, or with one or three channels."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))  # noqa: PLR2004


def _write_regression(predictions: Predictions, files: EvaluationDirectory) -> None:
    targets, predicted, names = predictions.truth, predictions.outputs, predictions.columns
    write_with(files.residuals, lambda path: draw_residuals(targets - predicted, path, names))
    write_with(
        files.predicted_against_true,
        lambda path: draw_predicted_against_true(targets, predicted, path, names),
    )
