"""A finished run looked into: its model on known rows, and on new ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.errors import DataError, UserError
from nnrun.reports.evaluation import Evaluation, score
from nnrun.reports.predictions import Predictions, Sampled
from nnrun.reports.scores import (
    as_label_probabilities,
    as_probabilities,
    calibration,
    confusion_matrix,
)
from nnrun.runs.atomic import write_json, write_text, write_with
from nnrun.runs.predictions import table_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.data.splits import InputSpec, Part, Splits, TargetSpec
    from nnrun.runs.directory import EvaluationDirectory, RunDirectory

SPLITS = ("test", "validation", "train")
"""The parts of a data set, in the order in which one is chosen where none is named."""
MOST_WRONG = 100
"""Most rows in the table of the most confidently wrong ones."""
_FACTS_BYTES = 10_000_000


@dataclass(frozen=True)
class OpenRun:
    """A run with the model of its best epoch.

    Attributes:
        directory: The run.
        experiment: Its config.
        signature: What the model takes and gives.
        splits: The data it was trained on; None where they are not needed.
        model: The compiled Keras model, with the weights meant for use.
        engine: The engine that its steps are compiled with, `xla` or `graph`.
        epoch: The epoch that the weights are of.
        logits: Whether the model gives logits instead of probabilities.
    """

    directory: RunDirectory
    experiment: Experiment
    signature: Signature
    splits: Splits | None
    model: Any
    engine: str
    epoch: int
    logits: bool

    @property
    def input(self) -> tuple[str, InputSpec]:
        """The model's input with its name."""
        (item,) = self.signature.inputs.items()
        return item

    @property
    def target(self) -> tuple[str, TargetSpec]:
        """What is predicted, with its name."""
        (item,) = self.signature.targets.items()
        return item

    def outputs(self, raw: np.ndarray) -> np.ndarray:
        """What the model gives, as probabilities `(rows, classes)` or as values `(rows,)`.

        Of several columns, as probabilities or as values `(rows, columns)`.
        """
        target = self.target[1]
        if target.classes:
            return as_probabilities(raw, logits=self.logits)
        if target.task == "multilabel":
            return as_label_probabilities(raw, logits=self.logits)
        values = raw.astype(np.float64)
        return values if target.columns else values.reshape(len(raw))

    def predictions(
        self,
        outputs: np.ndarray,
        targets: np.ndarray | None = None,
        *,
        files: tuple[str, ...] = (),
        sampled: Sampled | None = None,
    ) -> Predictions:
        """Outputs with what they mean."""
        target = self.target[1]
        labels = target.task == "multilabel"
        return Predictions(
            outputs, target.classes, targets, files, sampled, target.names, are_labels=labels
        )


def choose_part(run: OpenRun, split: str | None) -> tuple[str, Part]:
    """The rows of a split; of the test where none is named, or else of the next that there is.

    Args:
        run: The run, with its data.
        split: The part's name.

    Raises:
        UserError: The run has no such rows.
    """
    parts = run.splits.parts if run.splits else {}
    name = split or next(name for name in SPLITS if name in parts)
    if name not in parts:
        known = ", ".join(parts)
        what = f"has no {name} rows" if name in SPLITS else f"has no split '{name}'"
        raise UserError(f"{run.directory.name} {what}", hint=f"It has: {known}.")
    return name, parts[name]


def split_of_file(file: Path) -> str:
    """The name under which the rows of a file are evaluated: its own, without the suffix."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", file.stem).lstrip(".")[:64] or "file"
    # The rows of a file `test.csv` need not be those of the run's own test.
    return f"{name}-file" if name in SPLITS else name


def predict_rows(
    run: OpenRun,
    part: Part,
    *,
    batch_size: int | None = None,
    draws: int | None = None,
) -> Predictions:
    """Predict rows whose targets are known.

    Args:
        run: The run.
        part: The rows.
        batch_size: Rows in a batch; None for as many as fit well.
        draws: How many draws of dropout to make as well.

    Raises:
        UserError: Draws are asked for, and the model has no dropout.
    """
    name, target = run.target
    known = part.targets[name]
    if target.classes:
        targets = known.argmax(axis=1) if target.one_hot else known.reshape(-1)
    else:
        targets = (known if target.columns else known.reshape(-1)).astype(np.float64)
    return run.predictions(
        _predict(run, part.inputs, batch_size),
        targets,
        sampled=_sample(run, part.inputs, batch_size, draws) if draws else None,
    )


def predict_file(run: OpenRun, file: Path) -> Predictions:
    """Predict rows whose targets nobody knows.

    Args:
        run: The run.
        file: A CSV file; for image models, a picture file or a folder of them.

    Raises:
        DataError: The file cannot be used.
    """
    from nnrun.data.loading import load_inputs
    from nnrun.data.pictures import SUFFIXES, find_pictures, read_pictures

    name, spec = run.input
    files: tuple[str, ...] = ()
    if spec.features:
        if file.suffix.lower() in SUFFIXES:
            raise DataError(f"{run.directory.name} predicts rows of a table, not pictures")
        inputs = load_inputs(run.experiment.dataset, run.signature, str(file))
    else:
        pictures = find_pictures(file)
        # What stands for white: 255 mostly, but 16 in the digits that nnrun carries.
        inputs = read_pictures(pictures, spec.shape, run.signature.greatest[name])
        files = tuple(map(str, pictures))
    return run.predictions(_predict(run, {name: inputs}, None), files=files)


def evaluate_rows(
    run: OpenRun, split: str, part: Part, *, batch_size: int | None, draws: int | None
) -> Evaluation:
    """Predict rows, reckon every figure, and write all of it below the run's directory.

    Raises:
        UserError: Draws are asked for, and the model has no dropout.
        RunError: A file cannot be written.
    """
    from nnrun.training.engines import CompiledEvaluation, make_resident

    predictions = predict_rows(run, part, batch_size=batch_size, draws=draws)
    recorded = CompiledEvaluation(run.model, make_resident(part), run.engine, batch_size).run()
    files = run.directory.evaluation(split)
    evaluation = score(
        predictions,
        run=run.directory.name,
        split=split,
        task=run.target[1].task,
        epoch=run.epoch,
        seed=run.experiment.seed,
        recorded=recorded,
        where=str(files.path),
    )
    files.make()
    predictions.write(files.predictions)
    if predictions.classes:
        _write_classification(run, part, predictions, evaluation, files)
    elif predictions.are_labels:
        _write_curves(predictions, evaluation, files)
    else:
        _write_regression(predictions, files)
    # Last: where the figures stand, all that belongs to them does.
    write_json(files.metrics, evaluation.to_json())
    return evaluation


def _predict(run: OpenRun, inputs: Mapping[str, np.ndarray], batch_size: int | None) -> np.ndarray:
    from nnrun.training.evaluation import CompiledPrediction

    rows = len(next(iter(inputs.values())))
    prediction = CompiledPrediction(run.model, rows, run.engine, batch_size)
    return run.outputs(prediction.run(inputs))


def _sample(
    run: OpenRun, inputs: Mapping[str, np.ndarray], batch_size: int | None, draws: int
) -> Sampled:
    from nnrun.training.evaluation import sample

    samples = sample(
        run.model,
        inputs,
        draws=draws,
        engine=run.engine,
        batch_size=batch_size,
        transform=run.outputs,
    )
    return Sampled(draws, samples.mean, samples.deviation)


def _write_classification(
    run: OpenRun,
    part: Part,
    predictions: Predictions,
    evaluation: Evaluation,
    files: EvaluationDirectory,
) -> None:
    from nnrun.reports import evaluation_plots as plots

    classes, labels, targets = predictions.classes, predictions.labels, predictions.truth
    matrix = confusion_matrix(targets, labels, len(classes))
    cells = ([name, *row] for name, row in zip(classes, matrix.tolist(), strict=True))
    write_text(files.confusion_matrix, table_text(["true", *classes], cells))
    write_with(
        files.confusion_plot, lambda path: plots.draw_confusion_matrix(matrix, classes, path)
    )
    _write_curves(predictions, evaluation, files)
    name, spec = run.input
    inputs, worst = part.inputs[name], most_wrong(predictions)
    if _are_pictures(spec):
        write_with(
            files.most_wrong_plot,
            lambda path: plots.draw_most_wrong(predictions, worst, inputs, path),
        )
    else:
        write_text(files.most_wrong, _wrong_table(predictions, worst, inputs, spec))


def _write_curves(
    predictions: Predictions, evaluation: Evaluation, files: EvaluationDirectory
) -> None:
    from nnrun.reports import evaluation_plots as plots

    write_with(files.roc, lambda path: plots.draw_roc(predictions, path))
    write_with(files.precision_recall, lambda path: plots.draw_precision_recall(predictions, path))
    if predictions.are_labels:
        right, sure = predictions.truth.ravel(), predictions.outputs.ravel()
        words = plots.OF_LABELS
    else:
        right, sure = predictions.labels == predictions.truth, predictions.confidence
        words = plots.OF_CLASSES
    bins, error = calibration(right, sure), evaluation.headline["ece"].value
    write_with(files.calibration, lambda path: plots.draw_calibration(bins, error, path, words))


def most_wrong(predictions: Predictions) -> list[int]:
    """The rows predicted wrongly, those of the greatest confidence first; 100 at most."""
    wrong = np.flatnonzero(predictions.labels != predictions.truth)
    order = np.argsort(-predictions.confidence[wrong], kind="stable")
    rows: list[int] = wrong[order][:MOST_WRONG].tolist()
    return rows


def _wrong_table(
    predictions: Predictions, rows: list[int], inputs: np.ndarray, spec: InputSpec
) -> str:
    classes, outputs, targets = predictions.classes, predictions.outputs, predictions.truth

    def records() -> Iterator[list[Any]]:
        for row in rows:
            true = int(targets[row])
            said = [classes[true], classes[int(predictions.labels[row])]]
            sure = [float(predictions.confidence[row]), float(outputs[row, true])]
            yield [row, *said, *sure, *inputs[row].ravel().tolist()]

    head = ["row", "target", "predicted", "confidence", "p_target"]
    features = spec.features or tuple(f"x{index}" for index in range(inputs[0].size))
    return table_text([*head, *features], records())


def _are_pictures(spec: InputSpec) -> bool:
    if spec.features:
        return False
    return len(spec.shape) == 2 or (len(spec.shape) == 3 and spec.shape[2] in (1, 3))  # noqa: PLR2004


def _write_regression(predictions: Predictions, files: EvaluationDirectory) -> None:
    from nnrun.reports import evaluation_plots as plots

    targets, predicted, names = predictions.truth, predictions.outputs, predictions.columns
    write_with(files.residuals, lambda path: plots.draw_residuals(targets - predicted, path, names))
    write_with(
        files.predicted_against_true,
        lambda path: plots.draw_predicted_against_true(targets, predicted, path, names),
    )
