"""What a run shows, gathered from its curves, its layers and its classes as it ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.errors import RunError
from nnrun.reports.diagnosis import FEW_EPOCHS, ClassFound, Evidence, diagnose
from nnrun.reports.findings import Finding, as_plain
from nnrun.reports.layer_health import read_layers
from nnrun.runs.history import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.prepared import Prepared
    from nnrun.data.splits import Part
    from nnrun.runs.writing import RunWriter
    from nnrun.training.events import TrainingEnded
    from nnrun.training.recording import Recorder

MOST_PREDICTED = 100_000
"""Validation rows beyond this are not predicted to see which classes are found."""

_UNEVEN = 0.5
"""A class is rare that has less than this share of what it would have were all alike."""


def diagnose_run(
    prepared: Prepared,
    model: Any,
    writer: RunWriter,
    ended: TrainingEnded,
    recorders: Sequence[Recorder],
) -> tuple[dict[str, str], ...]:
    """What a run shows, in words, as `run.json` holds it.

    Args:
        prepared: The experiment and its data.
        model: The model, with the weights of its best epoch where there is one.
        writer: The run as it was written.
        ended: How the training ended.
        recorders: The callbacks that looked at the model.
    """
    experiment, parts = prepared.experiment, prepared.splits
    history, best_epoch = writer.history, writer.best.epoch if writer.best else None
    classes: list[ClassFound] = []
    if parts.validation is not None and len(history) >= FEW_EPOCHS and best_epoch:
        classes = find_classes(prepared, model, parts.validation)
    evidence = Evidence(
        history=history,
        status="finished" if ended.reason == "stopped" else ended.reason,
        stopped=ended.reason == "stopped",
        best_epoch=best_epoch,
        epochs=experiment.training.epochs,
        rows=parts.train.rows,
        rate=rate_key(experiment),
        weighted=experiment.training.class_weight is not None,
        classes=classes,
        layers=[layer for one in recorders for layer in _monitored(one)],
    )
    told = [said for one in recorders if best_epoch for said in one.says(history, best_epoch)]
    return as_plain([*diagnose(evidence), *(Finding(kind, text) for kind, text in told)])


def rate_key(experiment: Experiment) -> str:
    """The key of the config that sets the learning rate."""
    if experiment.schedule is not None:
        return f"the rate of schedule.{experiment.schedule.name}"
    return f"optimizer.{experiment.optimizer.name}.learning_rate"


def find_classes(prepared: Prepared, model: Any, rows: Part) -> list[ClassFound]:
    """The classes of some rows, and how many of each are found where one of them is rare.

    Args:
        prepared: The experiment; there is nothing to find but where one class is predicted, and
            classes can be weighted: not of several outputs.
        model: The model.
        rows: The rows.
    """
    targets = prepared.splits.targets
    if len(targets) != 1:
        return []
    ((name, target),) = targets.items()
    if not target.classes:
        return []
    labels = _labels(rows.targets[name])
    counts = np.bincount(labels, minlength=len(target.classes))
    rare = counts.min() < _UNEVEN * len(labels) / len(counts)
    found = counts
    if rare and len(labels) <= MOST_PREDICTED:
        right = labels[_predicted(model, rows) == labels]
        found = np.bincount(right, minlength=len(counts))
    told = zip(target.classes, counts.tolist(), found.tolist(), strict=True)
    return [ClassFound(*one) for one in told]


def _labels(target: np.ndarray) -> np.ndarray:
    """The integer labels of a target of classes, one-hot or not."""
    several = target.ndim == 2 and target.shape[1] > 1  # noqa: PLR2004 - rows and classes
    labels: np.ndarray = target.argmax(axis=1) if several else target.reshape(-1).astype(int)
    return labels


def _predicted(model: Any, rows: Part) -> np.ndarray:
    """The class that the model gives each row."""
    from nnrun.training.evaluation import CompiledPrediction

    outputs = CompiledPrediction(model, rows.rows, "graph").run(rows.inputs)
    if outputs.shape[1] > 1:
        largest: np.ndarray = np.argmax(outputs, axis=1)
        return largest
    logits = outputs.min() < 0 or outputs.max() > 1
    return np.asarray(outputs[:, 0] > (0 if logits else 0.5), int)


def _monitored(recorder: Recorder) -> list[Any]:
    """The layers that a `LayerMonitor` measured."""
    from nnrun.training.layer_monitor import LayerMonitor

    file = Path(recorder.filename)
    if not isinstance(recorder, LayerMonitor) or not file.exists():
        return []
    try:
        return list(read_layers(History.read(file)))
    except RunError:  # damaged, and gone on with all the same: it tells nothing
        return []
