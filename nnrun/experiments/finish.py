"""Finishes a run: saves and evaluates its best model, draws the curves, and writes the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnrun.analysis.run_plots import draw_run
from nnrun.experiments.diagnose import diagnose_run
from nnrun.models.in_front import with_transforms_in_front
from nnrun.models.label_scaling import loadable_by_keras
from nnrun.runs.checksums import write_with_checksum
from nnrun.runs.expectations import figures_reached, judge_expectations
from nnrun.runs.manifest import PAUSED
from nnrun.runs.outcome import Outcome
from nnrun.training.engines import EvaluationStoppedError
from nnrun.training.recording import callback_figures
from nnrun.training.state import restore_state, use_averaged_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from nnrun.experiments.prepared import Prepared
    from nnrun.runs.run_writer import RunWriter
    from nnrun.training.events import TrainingEnded
    from nnrun.training.recording import Recorder


def finish(
    prepared: Prepared,
    model: Any,
    writer: RunWriter,
    ended: TrainingEnded,
    recorders: Sequence[Recorder],
    *,
    evaluate: Callable[[], Mapping[str, float] | None],
    warnings: Sequence[str],
    seconds: Callable[[], float],
    draws: bool,
) -> Outcome:
    """Save the best model, evaluate it, draw the curves, and write the outcome.

    Args:
        prepared: The experiment and its data.
        model: The trained model.
        writer: The writer of the run.
        ended: How the training ended.
        recorders: The callbacks that observed the model.
        evaluate: Computes the metrics of the test rows; None if there are none.
        warnings: Warnings about the run.
        seconds: Returns how long it has taken.
        draws: Whether the curves are drawn.
    """
    status = "finished" if ended.reason == "stopped" else ended.reason
    test = figures = None
    if writer.best is not None:
        restore_state(model, writer.best.arrays)
        use_averaged_weights(model)
        save_model(prepared, model, writer.directory.model)
        try:
            test = evaluate()
        except EvaluationStoppedError:
            status = "interrupted"
        if draws:
            _draw(prepared, writer, writer.best.epoch)
        figures = callback_figures(recorders)
    metrics = writer.metrics(test, figures)
    reached = figures_reached(metrics, model.count_params())
    writer.end(
        metrics,
        status=status,
        stop_reason=f"stopped by {ended.detail}" if ended.reason == "stopped" else ended.detail,
        expectations=tuple(judge_expectations(prepared.experiment.expect, reached)),
        warnings=tuple(warnings),
        diagnosis=diagnose_run(prepared, model, writer, ended, recorders),
        seconds=seconds(),  # last, so that they hold all of this
    )
    return Outcome.of(writer.directory, writer.record, metrics)


def pause(writer: RunWriter, *, warnings: Sequence[str], seconds: float) -> Outcome:
    """Write the outcome of a run that pauses: its figures so far, without a model or a test."""
    metrics = writer.metrics(None)
    writer.end(metrics, status=PAUSED, stop_reason="", warnings=tuple(warnings), seconds=seconds)
    return Outcome.of(writer.directory, writer.record, metrics)


def _draw(prepared: Prepared, writer: RunWriter, best: int) -> None:
    title, scaled = prepared.experiment.name, bool(writer.record.loss_of)
    draw_run(writer.directory, writer.history, best, title=title, scaled=scaled)


def save_model(prepared: Prepared, model: Any, path: Path) -> None:
    """Save the model in the form to use: it takes raw rows, including text."""
    whole = with_transforms_in_front(model, prepared.transforms, prepared.splits.inputs)
    with loadable_by_keras(model, whole):
        write_with_checksum(path, whole.save)
