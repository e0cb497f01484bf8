"""Sets up a run: its first record, its compiled parts, and the course of its training."""

from __future__ import annotations

import platform
import shlex
from typing import TYPE_CHECKING, Any

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.figures import on_validation
from nnrun.config.label_scales import LABEL_SCALES
from nnrun.config.monitoring import directions
from nnrun.device import device_name, processor_name, thread_count
from nnrun.errors import UserError
from nnrun.runs.manifest import RunRecord
from nnrun.runs.provenance import git_state, installed_versions
from nnrun.runs.run_writer import utc_now
from nnrun.training.batch_hooks import watches_evaluation
from nnrun.training.blocks import Blocks, fits_blocks
from nnrun.training.directions import told_directions
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.loop import Course, Programs
from nnrun.training.placing import make_evaluation, make_training
from nnrun.training.pruning import pruned_from
from nnrun.training.weighting import make_resident_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.modes import Directions, Mode
    from nnrun.experiments.prepared import Prepared
    from nnrun.training.placing import Placement
    from nnrun.training.recording import Recorder


def first_record(
    prepared: Prepared,
    *,
    command: Sequence[str],
    engine: Mapping[str, Any],
    parameters: int,
    warnings: Sequence[str],
) -> RunRecord:
    """The record of a new run.

    Args:
        prepared: The experiment and its data.
        command: The command line.
        engine: The engine that trains it.
        parameters: The number of parameters in the model.
        warnings: Warnings about it.
    """
    splits = prepared.splits
    return RunRecord(
        name=prepared.experiment.name,
        status="running",
        # A file name need not be text, but the record is.
        command=shlex.join(command).encode(errors="backslashreplace").decode(),
        seed=prepared.experiment.seed,
        created=utc_now(),
        versions=installed_versions(),
        host=platform.node(),
        device=device_name(),
        processor=processor_name(),
        threads=thread_count(),
        engine=dict(engine),
        git=git_state(prepared.config.parent),
        data={
            "fingerprint": splits.fingerprint,
            "source": splits.source,
            "rows": {name: part.rows for name, part in splits.parts.items()},
        },
        from_run=prepared.base.to_json() if prepared.base else None,
        parameters=parameters,
        loss_of=LABEL_SCALES.get(prepared.experiment.dataset.preprocess.target or "", ""),
        warnings=tuple(warnings),
    )


def find_directions(prepared: Prepared, model: Any) -> dict[str, Mode]:
    """Whether each metric is better when low or high, according to the metric or the config.

    Args:
        prepared: The experiment.
        model: The compiled model, whose metrics are built.
    """
    return directions(prepared.experiment, told_directions(model))


def makes_many_epochs(
    prepared: Prepared, model: Any, callbacks: Sequence[Any], placement: Placement
) -> bool:
    """Whether many epochs are trained in one call: see `fits_blocks`."""
    alone = placement.replicas == 1 and placement.rows == "resident"
    if prepared.experiment.tensorboard.histogram_freq or not alone:
        return False
    rows = {name: part.rows for name, part in prepared.splits.parts.items()}
    return fits_blocks(model, rows["train"], callbacks, validation_rows=rows.get("validation", 0))


def compile_parts(
    prepared: Prepared,
    model: Any,
    callbacks: Sequence[Any],
    *,
    engine: str,
    rows: str,
    many_epochs: bool,
) -> Programs:
    """The compiled parts of a training.

    Args:
        prepared: The experiment and its data.
        model: The compiled model.
        callbacks: The callbacks that the config declares.
        engine: `xla` or `graph`.
        rows: `resident` or `streaming`.
        many_epochs: Whether many tiny epochs are trained in one call.
    """
    splits, options = prepared.splits, prepared.experiment.training
    training = make_training(model, splits, options, engine, rows)
    validation = None
    if splits.validation is not None:
        # Whoever counts the batches of an evaluation is to find those of `model.fit`.
        batch = options.batch_size if watches_evaluation(callbacks) else None
        validation = make_evaluation(model, splits.validation, engine, rows, batch)
    if not (
        many_epochs
        and isinstance(training, CompiledTraining)
        and isinstance(validation, CompiledEvaluation | None)
    ):
        return Programs(training, validation)
    seed, shuffle = prepared.experiment.seed, options.shuffle
    blocks = Blocks(model, training, validation, engine, seed=seed, shuffle=shuffle)
    return Programs(training, validation, blocks)


def begin_again(programs: Programs, prepared: Prepared) -> bool:
    """Have compiled parts train another experiment of the same programs: its rows, in its order.

    Args:
        programs: The parts, as `compile_parts` made them.
        prepared: The other experiment and its data.

    Returns:
        Whether they can: those that stream their rows cannot.
    """
    splits, experiment = prepared.splits, prepared.experiment
    training, validation = programs.training, programs.validation
    if not isinstance(training, CompiledTraining):
        return False
    training.take_rows(make_resident_training(splits, experiment.training.class_weight))
    if isinstance(validation, CompiledEvaluation) and splits.validation is not None:
        validation.take_rows(make_resident(splits.validation))
    if programs.blocks is not None:
        programs.blocks.begin_again(experiment.seed)
    return True


def find_course(
    prepared: Prepared, model: Any, recorders: Sequence[Recorder], directions: Directions
) -> Course:
    """How long a model is trained, and which metric determines the best epoch.

    Args:
        prepared: The experiment and its data.
        model: The compiled model.
        recorders: The callbacks that observe it.
        directions: Whether each metric is better low or high; metrics left out go by their names.

    Raises:
        UserError: The monitored metric is not recorded.
    """
    experiment, options = prepared.experiment, prepared.experiment.training
    has_validation = prepared.splits.validation is not None
    monitor, mode = monitored_figure(
        options.monitor,
        [(callback.name, callback.arguments) for callback in experiment.callbacks],
        directions,
        has_validation=has_validation,
    )
    recorded = list(model.get_metrics_result())
    known = [*recorded, *(on_validation(name) for name in recorded if has_validation)]
    if monitor not in known:
        message = f"'{monitor}' is monitored, but not recorded"
        raise UserError(message, hint=f"recorded: {', '.join(known)}")
    anew = pruned_from(recorders)
    return Course(options.epochs, experiment.seed, options.shuffle, monitor, mode, anew)
