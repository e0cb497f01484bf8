"""Diagnoses a run at its end from its curves, layers and rows."""

from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.analysis.diagnosis import FEW_EPOCHS, diagnose
from nnrun.analysis.evidence import ClassFound, Evidence
from nnrun.analysis.findings import Finding, as_plain
from nnrun.analysis.guessing import Answers, Guess
from nnrun.analysis.layer_health import read_layers
from nnrun.config.figures import Figure
from nnrun.config.tasks import NUMBERS
from nnrun.errors import RunError
from nnrun.runs.history import History
from nnrun.training.choosing import inner_layers
from nnrun.training.constant_answers import find_references, output_width, penalty_of
from nnrun.training.layer_monitor import LayerMonitor
from nnrun.training.prediction import CompiledPrediction
from nnrun.training.pruning import pruned_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Part
    from nnrun.experiments.prepared import Prepared
    from nnrun.runs.run_writer import RunWriter
    from nnrun.tasks.targets import TargetSpec
    from nnrun.training.events import TrainingEnded
    from nnrun.training.recording import Recorder

MOST_PREDICTED = 100_000
"""The most validation rows that are predicted to see which classes are found."""

_UNEVEN = 0.5
"""A class with less than this fraction of an even share is rare."""


def diagnose_run(
    prepared: Prepared,
    model: Any,
    writer: RunWriter,
    ended: TrainingEnded,
    recorders: Sequence[Recorder],
) -> tuple[dict[str, str], ...]:
    """The diagnosis of a run, as in `run.json`.

    Args:
        prepared: The experiment and its data.
        model: The model, with the weights of its best epoch if there is one.
        writer: The writer of the run.
        ended: How the training ended.
        recorders: The callbacks that observed the model.
    """
    evidence = gather(prepared, model, writer, ended, recorders)
    history, best = evidence.history, evidence.best_epoch
    remarks = [said for one in recorders if best for said in one.says(history, best)]
    return as_plain([*diagnose(evidence), *(Finding(kind, text) for kind, text in remarks)])


def gather(
    prepared: Prepared,
    model: Any,
    writer: RunWriter,
    ended: TrainingEnded,
    recorders: Sequence[Recorder],
) -> Evidence:
    """Gather what a diagnosis needs; the arguments are those of `diagnose_run`."""
    history, best_epoch = writer.history, writer.best.epoch if writer.best else None
    experiment, parts = prepared.experiment, prepared.splits
    rows, classes, guesses = _Rows(prepared, model), [], []
    if len(history) >= FEW_EPOCHS and best_epoch and ended.reason != "diverged":
        classes = rows.classes()
        guesses = list(rows.guesses(history.rows[best_epoch - 1]))
    return Evidence(
        history=history,
        status="finished" if ended.reason == "stopped" else ended.reason,
        stopped=ended.reason == "stopped",
        best_epoch=best_epoch,
        epochs=experiment.training.epochs,
        first=_first_of_the_last_part(experiment, recorders),
        rows=parts.train.rows,
        validation_rows=parts.validation.rows if parts.validation else 0,
        rate=rate_key(experiment),
        random=_is_random(model),
        weighted=experiment.training.class_weight is not None,
        unscaled=any(
            target.can_be_scaled and not target.scale for target in parts.targets.values()
        ),
        classes=classes,
        guesses=guesses,
        layers=[layer for one in recorders for layer in _monitored(one)],
        cause=ended.cause,
        advice=ended.hint,
    )


def rate_key(experiment: Experiment) -> str:
    """The config key that sets the learning rate."""
    if experiment.schedule is not None:
        return f"the rate of schedule.{experiment.schedule.name}"
    return f"optimizer.{experiment.optimizer.name}.learning_rate"


def _first_of_the_last_part(experiment: Experiment, recorders: Sequence[Recorder]) -> int:
    """The first epoch of fine-tuning or of the pruned model, otherwise 1."""
    tuned = experiment.training.fine_tune
    return max(pruned_from(recorders) or 1, tuned.after_epoch + 1 if tuned else 1)


def _is_random(model: Any) -> bool:
    """Whether layers draw random numbers in training: dropout, noise, augmented pictures."""
    inner = (one for layer in model.layers for one in inner_layers(layer))
    return any(getattr(one, "seed_generator", None) is not None for one in inner)


class _Rows:
    """The rows of the monitored loss, and the saved model's predictions for them."""

    def __init__(self, prepared: Prepared, model: Any) -> None:
        self._splits, self._model = prepared.splits, model
        self._outputs = prepared.experiment.outline.outputs
        self._weighted = prepared.experiment.training.class_weight is not None

    def classes(self) -> list[ClassFound]:
        """The classes of the validation rows, and how many rows of each are found if one is rare.

        Only for a single output that predicts one class, since only there classes can be weighted.
        """
        rows, targets = self._splits.validation, self._splits.targets
        if len(targets) != 1 or rows is None:
            return []
        ((name, target),) = targets.items()
        if not target.classes:
            return []
        many = len(target.classes)
        trained = np.bincount(_labels(self._splits.train.targets[name]), minlength=many)
        labels = _labels(rows.targets[name])
        counts = found = np.bincount(labels, minlength=many)
        shares = trained / trained.sum()
        if shares.min() < _UNEVEN / many and self._can_predict:
            found = np.bincount(labels[self._predicted == labels], minlength=many)
        told = zip(target.classes, counts.tolist(), found.tolist(), shares.tolist(), strict=True)
        return [ClassFound(*one) for one in told]

    def guesses(self, best: Mapping[str, float]) -> Iterator[Guess]:
        """The losses of the best epoch compared with guessing the same answer for all rows.

        Args:
            best: The row of the history.
        """
        train, watched = self._splits.train, self._splits.validation or self._splits.train
        alone = len(self._splits.targets) == 1
        penalty = penalty_of(self._model) if alone else 0.0
        if not getattr(self._model, "outputs", None):
            return
        if watched.weights is not None or (watched is train and self._weighted):
            return
        for name, target in self._splits.targets.items():
            figure = self._figure(name, "loss")
            loss = self._model.loss if alone else self._model.loss[name]
            width = output_width(self._model, name)
            if figure not in best or penalty is None or self._is_multiplied(name):
                continue
            labels = train.targets[name], watched.targets[name]
            references = find_references(loss, target, width, *labels)
            if references is None:
                continue
            guess = Guess(
                figure,
                best[figure] - penalty,
                references.guess,
                references.perfect,
                watched.rows,
                penalty,
            )
            # A model of classes can be surer of itself than it is right: its loss accuses none.
            if target.predicts == NUMBERS or not guess.looks_like_guessing:
                yield guess
            elif answers := self._answers(name, target, best):
                yield dataclasses.replace(guess, answers=answers)

    def _figure(self, output: str, name: str) -> str:
        part = "validation" if self._splits.validation else "train"
        return str(Figure(name, part, output if len(self._splits.targets) > 1 else ""))

    def _is_multiplied(self, name: str) -> bool:
        """Whether the loss is that of one output times a weight."""
        return len(self._splits.targets) == 1 and self._outputs[name].weight != 1

    def _answers(self, name: str, target: TargetSpec, best: Mapping[str, float]) -> Answers | None:
        """The predicted classes of the monitored rows; None if they are unknown."""
        watched = self._splits.validation or self._splits.train
        if not target.classes:
            shares = watched.targets[name].mean(axis=0)
            likeliest = float(np.maximum(shares, 1 - shares).mean())
            return _told(
                watched.rows, best.get(self._figure(name, "binary_accuracy")), likeliest, 2
            )
        labels = _labels(watched.targets[name])
        counts = np.bincount(labels, minlength=len(target.classes))
        there = counts > 0
        likeliest, many = float(counts.max() / len(labels)), int(there.sum())
        if not self._can_predict:
            return _told(len(labels), best.get(self._figure(name, "accuracy")), likeliest, many)
        right = self._predicted == labels
        found = np.bincount(labels[right], minlength=len(counts))
        recall = float((found[there] / counts[there]).mean())
        return Answers(len(labels), float(right.mean()), likeliest, recall, many)

    @property
    def _can_predict(self) -> bool:
        rows = self._splits.validation
        return len(self._splits.targets) == 1 and rows is not None and rows.rows <= MOST_PREDICTED

    @functools.cached_property
    def _predicted(self) -> np.ndarray:
        """The predicted class of each validation row."""
        assert self._splits.validation is not None  # noqa: S101 nobody asks else
        return _predicted(self._model, self._splits.validation)


def _told(rows: int, right: float | None, likeliest: float, classes: int) -> Answers | None:
    """Answers of which only the accuracy is known, if at all."""
    if right is None or not math.isfinite(right):
        return None
    return Answers(rows, right, likeliest, 1 / classes, classes)


def _labels(target: np.ndarray) -> np.ndarray:
    """The integer labels of a target of classes, whether one-hot or not."""
    several = target.ndim == 2 and target.shape[1] > 1  # noqa: PLR2004 - rows and classes
    labels: np.ndarray = target.argmax(axis=1) if several else target.reshape(-1).astype(int)
    return labels


def _predicted(model: Any, rows: Part) -> np.ndarray:
    """The predicted class of each row."""
    outputs = CompiledPrediction(model, rows.rows, "graph").run(rows.inputs)
    if outputs.shape[1] > 1:
        largest: np.ndarray = np.argmax(outputs, axis=1)
        return largest
    logits = outputs.min() < 0 or outputs.max() > 1
    return np.asarray(outputs[:, 0] > (0 if logits else 0.5), int)


def _monitored(recorder: Recorder) -> list[Any]:
    """The layers that a `LayerMonitor` measured."""
    file = Path(recorder.filename)
    if not isinstance(recorder, LayerMonitor) or not file.exists():
        return []
    try:
        return list(read_layers(History.read(file)))
    except RunError:  # damaged, and gone on with all the same: it tells nothing
        return []
