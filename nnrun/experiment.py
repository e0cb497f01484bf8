"""The story: what happens between a config and a run directory."""

from __future__ import annotations

import dataclasses
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import uses_own_code
from nnrun.config.facts import DataFacts
from nnrun.config.loading import load_experiment
from nnrun.config.relations import check_relations
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError, UserError
from nnrun.running import Outcome, Prepared, Run, Watcher
from nnrun.runs.directory import RunDirectory, check_place, create_run, create_run_at
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.signature import Signature
    from nnrun.data.splits import Splits
    from nnrun.evaluating import OpenRun
    from nnrun.reports.card import Card
    from nnrun.reports.evaluation import Evaluation
    from nnrun.reports.lr_report import SearchReport
    from nnrun.reports.predictions import Predictions
    from nnrun.training.events import Event


def load(config: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read and check a config, and whatever can be said of its data without reading the rows.

    Raises:
        ConfigError: With every problem found.
    """
    from nnrun.data.describing import check_source

    return load_experiment(config, overrides, check_source=check_source)


def prepare(config: Path, overrides: Sequence[str] = ()) -> Prepared:
    """Read and check a config, load its data, and check them against each other.

    TensorFlow is not needed for any of it.

    Raises:
        ConfigError: With all problems of the config.
        DataError: If the data cannot be used.
    """
    return _prepare(load(config, overrides), config)


def _prepare(experiment: Experiment, config: Path) -> Prepared:
    """Load an experiment's data, and check experiment and data against each other."""
    experiment = _with_own_code(experiment, config)
    from nnrun.data.loading import load_splits
    from nnrun.data.preprocessing import fit
    from nnrun.data.quality import inspect

    splits = load_splits(experiment.dataset, seed=experiment.seed)
    problems = check_relations(experiment, load_catalogue(), _facts(splits))
    if problems:
        raise ConfigError(problems)
    steps = fit(experiment.dataset.preprocess, splits)
    warnings = tuple(inspect(splits, steps))
    return Prepared(experiment, splits, steps, warnings, config)


def _with_own_code(experiment: Experiment, config: Path) -> Experiment:
    """An experiment that knows where its own classes lie, which can now be imported."""
    if not uses_own_code(experiment):
        return experiment
    modules = experiment.modules or str(config.parent.resolve())
    # Last, so that a file of the user's cannot take the place of an installed module.
    sys.path.append(modules)
    return dataclasses.replace(experiment, modules=modules)


def build(prepared: Prepared, strategy: str = "none") -> Any:
    """The compiled Keras model of a prepared experiment.

    Args:
        prepared: The experiment.
        strategy: `mirrored` for a model on all devices; all but a training needs one of them.

    Raises:
        ConfigError: If the layers do not fit each other or the data.
        UserError: If the device asked for is not there.
    """
    from nnrun.data.signature import Signature

    signature = Signature.of(prepared.splits, prepared.steps)
    return _build(prepared.experiment, signature, strategy)


def _build(experiment: Experiment, signature: Signature, strategy: str = "none") -> Any:
    """The compiled Keras model of an experiment, for data of this signature."""
    from nnrun.device import import_tensorflow

    runtime = experiment.runtime
    import_tensorflow(runtime.device)
    from nnrun.device import make_deterministic
    from nnrun.models.building import build_model

    if runtime.deterministic:
        make_deterministic()
    return build_model(
        experiment,
        inputs=signature.inputs,
        targets=signature.targets,
        steps=signature.steps,
        catalogue=load_catalogue(),
        steps_per_epoch=signature.steps_per_epoch(experiment.training.batch_size),
        strategy=strategy,
    )


def describe(config: str | Path, *, overrides: Sequence[str] = ()) -> Card:
    """What a config would run; a few steps are made to tell the time, and thrown away.

    Raises:
        UserError: For mistakes in the config or the data.
    """
    prepared = prepare(Path(config), overrides)
    model = build(prepared)
    from nnrun.device import device_name
    from nnrun.reports.card import Card, LayerRow
    from nnrun.training.choosing import engine_for
    from nnrun.training.estimating import estimate_memory, estimate_seconds, learning_rates
    from nnrun.training.placing import place, placing_warnings

    experiment, splits = prepared.experiment, prepared.splits
    engine = engine_for(
        model,
        experiment.runtime.engine,
        rows=splits.train,
        batch_size=experiment.training.batch_size,
    )
    placement = place(model, splits, experiment.runtime)
    steps = prepared.steps_per_epoch
    (target,) = splits.targets.values()
    return Card(
        experiment=experiment,
        task=target.task,
        classes=target.classes,
        targets=target.names,
        rows={name: part.rows for name, part in splits.parts.items()},
        source=splits.source,
        layers=[
            LayerRow(
                layer.name,
                type(layer).__name__,
                tuple(layer.output.shape[1:]),
                layer.count_params(),
            )
            for layer in model.layers
        ],
        parameters=model.count_params(),
        loss=getattr(model.loss, "name", None) or str(model.loss),
        steps=steps,
        memory=estimate_memory(model, splits, experiment.training.batch_size),
        engine=f"{engine.name}: {engine.reason}",
        device=device_name(),
        rates=learning_rates(model, steps * experiment.training.epochs),
        seconds=estimate_seconds(model, splits, experiment.training, engine.name, placement.rows),
        warnings=(*prepared.warnings, *placing_warnings(model, experiment.runtime)),
    )


def train(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = "runs",
    run_dir: str | Path | None = None,
    command: Sequence[str] = (),
    watch: Watcher | None = None,
) -> Outcome:
    """Train the experiment that a config declares, and write its run directory.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: Where a directory for the run is made.
        run_dir: Exactly where the run is written instead; missing or empty.
        command: The command line, for the record.
        watch: Called with every event of the training.

    Returns:
        How it came out; nothing is raised for a run that diverged or was interrupted.

    Raises:
        UserError: For mistakes in the config, the data or the place; nothing is left behind.
    """
    prepared = prepare(Path(config), overrides)
    model = build(prepared, prepared.experiment.runtime.strategy)
    directory = _claim(prepared, model, Path(runs_dir), run_dir)
    # Only its holder may throw the directory away: without the lock it is another process's run.
    with RunLock(directory.path):
        run = Run(prepared, model, directory, command)
        try:
            return run.train(watch or _ignore)
        except BaseException as error:
            if not directory.discard():
                run.record_failure(error)
            raise


def resume(
    directory: RunDirectory,
    *,
    epochs: int | None = None,
    anyway: bool = False,
    trust: bool = False,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """Go on with a run that broke off, or with a finished one for more epochs.

    The result is that of a run that never broke off, bit for bit.

    Args:
        directory: The run.
        epochs: Another last epoch than the config's.
        anyway: Go on even where config, data, versions or machine are not as they were; the run is
            marked as inexact.
        trust: Whether code of the user's own that the run names may run.
        watch: Called with every event of the training.
        tell: Called with sentences that say what going on for longer will do.

    Returns:
        How it came out; nothing is raised for a run that diverged or was interrupted.

    Raises:
        RunError: Another process trains it, it is damaged, there is nothing left to do, or
            something differs from what it was trained with.
        UserError: For mistakes in its config or data; the run is left as it was.
    """
    from nnrun.resuming import (
        check_unfinished,
        extension_notes,
        find_device_differences,
        find_differences,
        make_resumed,
        refuse_differences,
    )
    from nnrun.runs.saved import load_saved

    with RunLock(directory.path):
        record, saved = RunRecord.read(directory.record), load_saved(directory)
        for line in saved.refused:
            (tell or _ignore)(f"{line}; going on from the state before it.")
        check_unfinished(directory, record, saved, epochs)
        check_place(directory.path, _needed_bytes(record.parameters or 0))
        declared = _load_run(directory, trust=trust, epochs=epochs)
        prepared = _prepare(_as_it_ran(declared, record), directory.resolved)
        differences = find_differences(directory, record, saved, prepared)
        if differences and not anyway:
            refuse_differences(directory, differences)
        model = build(prepared, declared.runtime.strategy)
        differences += find_device_differences(record)
        if differences and not anyway:
            refuse_differences(directory, differences)
        if epochs is not None and saved.last is not None:
            for note in extension_notes(prepared, model, saved):
                (tell or _ignore)(note)
        resolved = experiment_to_yaml(declared)
        resumed = make_resumed(record, saved, differences, resolved, extended=epochs is not None)
        run = Run(prepared, model, directory, (), resumed)
        try:
            return run.train(watch or _ignore)
        except BaseException as error:
            run.record_failure(error)
            raise


def find_learning_rate(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 500,
    out_dir: str | Path = "lr-find",
    apply_to: str | Path | None = None,
) -> SearchReport:
    """Search a learning rate for a config by the range test; the model is thrown away.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.batch_size=64`; never written to `apply_to`.
        lowest: The rate of the first training step.
        highest: The rate of the last one.
        steps: How many steps there are.
        out_dir: Where the curve is written, as `<name>.png` and `<name>.csv`.
        apply_to: Where the config with the recommended rate is written: a new file, or the config.

    Returns:
        What every rule says, and the consensus.

    Raises:
        UserError: For mistakes in the config, the data or the range, a loss that is not finite at
            the first step, or a rate that cannot be applied; nothing is left behind.
    """
    from nnrun.searching import SearchRange, apply_rate, check_target, search, with_constant_rate

    tried = SearchRange(lowest, highest, steps)
    prepared, notes = with_constant_rate(prepare(Path(config), overrides))
    target = None if apply_to is None else Path(apply_to)
    if target is not None:
        check_target(prepared, target)
    report = search(prepared, build(prepared), tried, out_dir=Path(out_dir), notes=notes)
    return report if target is None else apply_rate(report, prepared.config, target)


def open_run(directory: RunDirectory, *, trust: bool = False, with_data: bool = True) -> OpenRun:
    """Build the model of a run anew, from its own config and the weights of its best epoch.

    Args:
        directory: The run.
        trust: Whether code of the user's own that its config names may run.
        with_data: Whether the data it was trained on are loaded as well; the model does without.

    Raises:
        RunError: The run is damaged, still trained, or has no weights.
        ConfigError: Its config is not one that this nnrun takes.
        DataError: The data are needed, and not there any more or others.
        UserError: It names code of its own and is not trusted.
    """
    from nnrun.evaluating import OpenRun
    from nnrun.opening import load_best, load_data, load_weights

    record, checkpoint = load_best(directory)
    experiment = _with_own_code(_load_run(directory, trust=trust), directory.resolved)
    signature, splits = load_data(directory, experiment, record, with_rows=with_data)
    model = _build(experiment, signature)
    from nnrun.models.building import gives_logits
    from nnrun.training.choosing import engine_for

    load_weights(model, checkpoint, record)
    engine = engine_for(model, experiment.runtime.engine)
    logits = gives_logits(experiment, signature.inputs, signature.targets)
    epoch = checkpoint.facts["epoch"]
    return OpenRun(directory, experiment, signature, splits, model, engine.name, epoch, logits)


def evaluate(
    directory: RunDirectory,
    *,
    split: str | None = None,
    data: Path | None = None,
    batch_size: int | None = None,
    mc_samples: int | None = None,
    trust: bool = False,
) -> Evaluation:
    """Evaluate a run's best model, and write `evaluation/<split>/` in its directory.

    Args:
        directory: The run.
        split: `train`, `validation` or `test`; None for the last of them that there is.
        data: A CSV file whose rows are evaluated instead.
        batch_size: Rows predicted at once; None for as many as fit well.
        mc_samples: How many times to predict with the dropout layers on, as well.
        trust: Whether code of the user's own that the run names may run.

    Raises:
        UserError: For a run that cannot be used, rows that it has not, and mistakes in the file.
    """
    if split is not None and data is not None:
        raise UserError("--split and --data name different rows", hint="Give one of them.")
    run = open_run(directory, trust=trust, with_data=data is None)
    from nnrun.evaluating import choose_part, evaluate_rows, split_of_file

    if data is None:
        name, part = choose_part(run, split)
    else:
        from nnrun.data.loading import load_rows

        name = split_of_file(data)
        part = load_rows(run.experiment.dataset, run.signature, str(data))
    return evaluate_rows(run, name, part, batch_size=batch_size, draws=mc_samples)


def predict(directory: RunDirectory, file: Path, *, trust: bool = False) -> Predictions:
    """Predict rows that nobody knows the targets of.

    Args:
        directory: The run.
        file: A CSV file with the features' columns; for pictures, a PNG or JPEG file or a folder
            of them.
        trust: Whether code of the user's own that the run names may run.

    Raises:
        UserError: For a run that cannot be used, and mistakes in the file.
    """
    run = open_run(directory, trust=trust, with_data=False)
    from nnrun.evaluating import predict_file

    return predict_file(run, file)


def _load_run(directory: RunDirectory, *, trust: bool, epochs: int | None = None) -> Experiment:
    """The config of a run, as it was run, or with another last epoch.

    Raises:
        ConfigError: It is not one that this nnrun takes.
        UserError: It names code of the user's own and is not trusted.
    """
    overrides = () if epochs is None else (f"training.epochs={epochs}",)
    experiment = load_experiment(directory.resolved, overrides)
    if uses_own_code(experiment) and not trust:
        raise UserError(
            f"{directory.resolved} names code of its own, which would run",
            hint="Read it, and add --trust if you trust it.",
        )
    return experiment


def _as_it_ran(experiment: Experiment, record: RunRecord) -> Experiment:
    """The experiment with the engine that was chosen when it began."""
    engine = record.engine.get("name", experiment.runtime.engine)
    runtime = dataclasses.replace(experiment.runtime, engine=engine)
    return dataclasses.replace(experiment, runtime=runtime)


def _needed_bytes(parameters: int) -> int:
    """Room for three checkpoints of weights and two averages each, and for the small files."""
    return 3 * 3 * 4 * parameters + 10_000_000


def _claim(
    prepared: Prepared, model: Any, runs_dir: Path, run_dir: str | Path | None
) -> RunDirectory:
    """A directory of this run's own, with room for its checkpoints."""
    needed = _needed_bytes(model.count_params())
    if run_dir is not None:
        return create_run_at(Path(run_dir), needed_bytes=needed)
    now = datetime.now().astimezone()
    return create_run(runs_dir, prepared.experiment.name, now, needed_bytes=needed)


def _facts(splits: Splits) -> DataFacts:
    """What the relations want to know, from the data themselves."""
    (spec,), (target,) = splits.inputs.values(), splits.targets.values()
    return DataFacts(
        task=target.task,
        classes=len(target.classes),
        class_names=target.classes,
        input_shape=spec.shape,
        target_width=1 if target.classes else target.width,
        train_rows=splits.train.rows,
        test_rows=splits.test.rows if splits.test else 0,
    )


def _ignore(told: Event | str) -> None:
    del told
