"""The story: what happens between a config and a run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun import __version__
from nnrun.config.catalogue import load_catalogue
from nnrun.config.facts import DataFacts
from nnrun.config.loading import load_experiment
from nnrun.config.relations import check_relations
from nnrun.config.schema import Expectation, Experiment
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError, UserError
from nnrun.runs.checkpoints import NonFiniteError
from nnrun.runs.directory import RunDirectory, create_run, create_run_at
from nnrun.runs.history import metric_mode
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord
from nnrun.runs.writing import RunWriter, utc_now

if TYPE_CHECKING:
    from nnrun.data.preprocessing import Step
    from nnrun.data.splits import Splits
    from nnrun.reports.card import Card
    from nnrun.training.events import Event, TrainingEnded
    from nnrun.training.signals import StopRequest

Watcher = Callable[["Event"], None]

RESULT_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An experiment with its data at hand, checked against each other.

    Attributes:
        experiment: The checked config.
        splits: The rows.
        steps: The preprocessing, fitted on the training rows, by input.
        warnings: What is doubtful about the data, in words.
        config_bytes: The config file as it was written.
    """

    experiment: Experiment
    splits: Splits
    steps: Mapping[str, Sequence[Step]]
    warnings: tuple[str, ...]
    config_bytes: bytes

    @property
    def steps_per_epoch(self) -> int:
        """Training steps (batches) in an epoch, a partial last one counted."""
        return math.ceil(self.splits.train.rows / self.experiment.training.batch_size)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run came out.

    Attributes:
        run_dir: Where it lies.
        status: `finished`, `interrupted` or `diverged`.
        stop_reason: Why it ended before its last epoch; empty where it did not.
        epochs: Epochs that were trained.
        best_epoch: The epoch whose weights `model.keras` holds; None where no epoch ended.
        metrics: `best`, `last` and `test` figures.
        expectations: What was expected, with the value reached and whether it held.
        seconds: What the training took.
        engine: The engine's name and why it was chosen.
        signal: The signal that interrupted it, if one did.
    """

    run_dir: str
    status: str
    stop_reason: str
    epochs: int
    best_epoch: int | None
    metrics: Mapping[str, Any]
    expectations: Sequence[Mapping[str, Any]]
    seconds: float
    engine: Mapping[str, Any]
    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """0; 1 where the run diverged or missed an expectation; 128 + signal where interrupted."""
        if self.signal is not None:
            return 128 + self.signal
        missed = any(not expectation["held"] for expectation in self.expectations)
        return 1 if self.status == "diverged" or missed else 0

    def to_json(self) -> dict[str, Any]:
        """The outcome as `nnrun train --json` prints it; null for what is not finite."""
        fields = dataclasses.asdict(self)
        del fields["signal"]
        return {
            "format": RESULT_FORMAT,
            **json.loads(json.dumps(fields), parse_constant=lambda _: None),
        }


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
    experiment = load(config, overrides)
    # Last, so that a file beside the config cannot take the place of an installed module.
    sys.path.append(str(config.parent.resolve()))
    from nnrun.data.loading import load_splits
    from nnrun.data.preprocessing import fit
    from nnrun.data.quality import inspect

    splits = load_splits(experiment.dataset, seed=experiment.seed)
    problems = check_relations(experiment, load_catalogue(), _facts(splits))
    if problems:
        raise ConfigError(problems)
    steps = fit(experiment.dataset.preprocess, splits)
    warnings = tuple(inspect(splits, steps))
    return Prepared(experiment, splits, steps, warnings, config.read_bytes())


def build(prepared: Prepared) -> Any:
    """The compiled Keras model of a prepared experiment.

    Raises:
        ConfigError: If the layers do not fit each other or the data.
        UserError: If the device asked for is not there.
    """
    from nnrun.device import import_tensorflow

    runtime = prepared.experiment.runtime
    import_tensorflow(runtime.device)
    from nnrun.device import make_deterministic
    from nnrun.models.building import build_model

    if runtime.deterministic:
        make_deterministic()
    return build_model(
        prepared.experiment,
        inputs=prepared.splits.inputs,
        targets=prepared.splits.targets,
        steps=prepared.steps,
        catalogue=load_catalogue(),
        steps_per_epoch=prepared.steps_per_epoch,
    )


def describe(config: str | Path, *, overrides: Sequence[str] = ()) -> Card:
    """What a config would run; a few steps are made to tell the time, and thrown away.

    Raises:
        UserError: For mistakes in the config or the data.
    """
    prepared = prepare(Path(config), overrides)
    model = build(prepared)
    from nnrun.device import device_name, on_gpu
    from nnrun.reports.card import Card, LayerRow
    from nnrun.training.engines import choose_engine
    from nnrun.training.estimating import estimate_memory, estimate_seconds, learning_rates

    experiment, splits = prepared.experiment, prepared.splits
    engine = choose_engine(experiment.runtime.engine, model.layers, on_gpu=on_gpu())
    steps = prepared.steps_per_epoch
    (target,) = splits.targets.values()
    return Card(
        experiment=experiment,
        task=target.task,
        classes=target.classes,
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
        seconds=estimate_seconds(model, splits, experiment.training, engine.name),
        warnings=prepared.warnings,
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
    model = build(prepared)
    directory = _claim(prepared, model, Path(runs_dir), run_dir)
    # Only its holder may throw the directory away: without the lock it is another process's run.
    with RunLock(directory.path):
        try:
            return _Run(prepared, model, directory, command).train(watch or _ignore)
        except BaseException:
            directory.discard()
            raise


class _Run:
    """One run, from its claimed directory to its outcome."""

    def __init__(
        self, prepared: Prepared, model: Any, directory: RunDirectory, command: Sequence[str]
    ) -> None:
        from nnrun.device import on_gpu
        from nnrun.training.engines import choose_engine

        self.prepared = prepared
        self.experiment = prepared.experiment
        self.model = model
        self.directory = directory
        self.engine = choose_engine(self.experiment.runtime.engine, model.layers, on_gpu=on_gpu())
        self.writer = RunWriter(directory, self._record(command))

    def train(self, watch: Watcher) -> Outcome:
        """Train to the end, whatever the end is, and write everything."""
        from nnrun.training.events import EpochEnded, TrainingEnded
        from nnrun.training.signals import StopRequest
        from nnrun.training.state import capture_state

        started = time.perf_counter()
        self.writer.begin(self.prepared.config_bytes, experiment_to_yaml(self.experiment))
        ended = TrainingEnded("finished", 0)
        with StopRequest() as request:
            for event in self._events(request.is_made):
                if isinstance(event, EpochEnded):
                    try:
                        self.writer.add_epoch(
                            event.epoch,
                            event.figures,
                            event.seconds,
                            improved=event.improved,
                            arrays=capture_state(self.model),
                        )
                    except NonFiniteError as error:
                        detail = f"{error.array} is not finite in epoch {event.epoch}"
                        ended = TrainingEnded("diverged", event.epoch - 1, detail)
                        watch(ended)
                        break
                if isinstance(event, TrainingEnded):
                    ended = event
                watch(event)
            self.writer.commit()
            return self._end(ended, time.perf_counter() - started, request)

    def _events(self, should_stop: Callable[[], bool]) -> Iterator[Event]:
        """The events of the training, the first of them that it starts."""
        import keras

        from nnrun.device import device_name
        from nnrun.training.callbacks import build_callbacks
        from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
        from nnrun.training.events import TrainingStarted
        from nnrun.training.loop import Plan, train_epochs
        from nnrun.training.tensorboard import TensorBoardWriter
        from nnrun.training.weighting import row_weights

        splits, options = self.prepared.splits, self.experiment.training
        ((name, target),) = splits.targets.items()
        weights = row_weights(splits.train.targets[name], target, options.class_weight)
        training = CompiledTraining(
            self.model, make_resident(splits.train, weights), options.batch_size, self.engine.name
        )
        validation = None
        if splits.validation is not None:
            resident = make_resident(splits.validation)
            validation = CompiledEvaluation(self.model, resident, self.engine.name)
        monitor, mode = _monitored(self.experiment, list(self.model.get_metrics_result()))
        plan = Plan(options.epochs, self.experiment.seed, options.shuffle, monitor, mode)
        own = TensorBoardWriter(
            self.directory.tensorboard, self.experiment.tensorboard.histogram_freq
        )
        declared = build_callbacks(self.experiment.callbacks, self.directory.callbacks)
        callbacks = keras.callbacks.CallbackList(
            [own, *declared],
            model=self.model,
            epochs=options.epochs,
            steps=training.steps,
            verbose=0,
        )
        yield TrainingStarted(
            where=str(self.directory.path),
            epochs=options.epochs,
            steps=training.steps,
            rows={part: rows.rows for part, rows in splits.parts.items()},
            parameters=self.model.count_params(),
            engine=f"{self.engine.name}: {self.engine.reason}",
            device=device_name(),
            warnings=self.prepared.warnings,
        )
        yield from train_epochs(self.model, training, validation, callbacks, plan, should_stop)

    def _end(self, ended: TrainingEnded, seconds: float, request: StopRequest) -> Outcome:
        """Save the best model, evaluate it, draw the curves, and write how it came out."""
        from nnrun.runs.atomic import write_with
        from nnrun.training.state import restore_state, use_averaged_weights

        test = None
        if self.writer.best is not None:
            restore_state(self.model, self.writer.best.arrays)
            use_averaged_weights(self.model)
            write_with(self.directory.model, self.model.save)
            test = self._test_figures()
            self._draw()
        metrics = self.writer.metrics(test)
        expectations = _judge(self.experiment.expect, metrics, self.model.count_params())
        status = "finished" if ended.reason == "stopped" else ended.reason
        stop_reason = f"stopped by {ended.detail}" if ended.reason == "stopped" else ended.detail
        self.writer.end(
            metrics,
            status=status,
            seconds=round(seconds, 3),
            stop_reason=stop_reason,
            expectations=tuple(expectations),
        )
        return Outcome(
            run_dir=str(self.directory.path),
            status=status,
            stop_reason=stop_reason,
            epochs=len(self.writer.history),
            best_epoch=self.writer.record.best_epoch,
            metrics=dataclasses.asdict(metrics),
            expectations=expectations,
            seconds=round(seconds, 3),
            engine=dataclasses.asdict(self.engine),
            signal=request.signal if status == "interrupted" else None,
        )

    def _test_figures(self) -> dict[str, float] | None:
        from nnrun.training.engines import CompiledEvaluation, make_resident

        if self.prepared.splits.test is None:
            return None
        resident = make_resident(self.prepared.splits.test)
        return CompiledEvaluation(self.model, resident, self.engine.name).run()

    def _draw(self) -> None:
        from nnrun.reports.curves import draw_learning_curves, draw_learning_rate
        from nnrun.runs.atomic import write_with

        history, best = self.writer.history, self.writer.best
        write_with(
            self.directory.learning_curves,
            lambda path: draw_learning_curves(
                history, path, best_epoch=best.epoch if best else None, title=self.experiment.name
            ),
        )
        write_with(self.directory.learning_rate, lambda path: draw_learning_rate(history, path))

    def _record(self, command: Sequence[str]) -> RunRecord:
        from nnrun.device import device_name

        splits = self.prepared.splits
        return RunRecord(
            name=self.experiment.name,
            status="running",
            # A file name need not be text, but the record is.
            command=shlex.join(command).encode(errors="backslashreplace").decode(),
            seed=self.experiment.seed,
            created=utc_now(),
            versions=_versions(),
            host=platform.node(),
            device=device_name(),
            engine=dataclasses.asdict(self.engine),
            git=_git_state(Path.cwd()),
            data={
                "fingerprint": splits.fingerprint,
                "source": splits.source,
                "rows": {name: part.rows for name, part in splits.parts.items()},
            },
            parameters=self.model.count_params(),
        )


def _claim(
    prepared: Prepared, model: Any, runs_dir: Path, run_dir: str | Path | None
) -> RunDirectory:
    """A directory of this run's own, with room for its checkpoints."""
    needed = 3 * 3 * 4 * model.count_params() + 10_000_000
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


def _monitored(experiment: Experiment, recorded: Sequence[str]) -> tuple[str, str]:
    """The figure that tells which epoch is best, and its better direction.

    Raises:
        UserError: If no such figure is recorded.
    """
    has_validation = experiment.dataset.split.validation is not None
    known = [*recorded, *(f"val_{name}" for name in recorded if has_validation)]
    monitor, mode = experiment.training.monitor, "auto"
    for callback in experiment.callbacks:
        if callback.name == "EarlyStopping" and monitor is None:
            monitor = callback.arguments.get("monitor", "val_loss")
            mode = callback.arguments.get("mode", "auto")
    monitor = monitor or ("val_loss" if has_validation else "loss")
    if monitor not in known:
        raise UserError(
            f"'{monitor}' is monitored, but not recorded", hint=f"recorded: {', '.join(known)}"
        )
    return monitor, mode if mode in ("min", "max") else metric_mode(monitor)


def _judge(
    expect: Mapping[str, float | Expectation], metrics: Any, parameters: int
) -> list[dict[str, Any]]:
    """Each expectation with the value reached and whether it held."""
    test = {f"test_{name}": value for name, value in (metrics.test or {}).items()}
    reached = {"params": parameters, **metrics.best, **test}
    judged = []
    for figure, wanted in expect.items():
        value = reached.get(figure)
        bounds = (
            {key: bound for key, bound in dataclasses.asdict(wanted).items() if bound is not None}
            if isinstance(wanted, Expectation)
            else {"equals": wanted}
        )
        judged.append({"figure": figure, "value": value, "held": _holds(value, bounds), **bounds})
    return judged


def _holds(value: float | None, bounds: Mapping[str, float]) -> bool:
    if value is None or not math.isfinite(value):
        return False
    return (
        bounds.get("min", -math.inf) <= value <= bounds.get("max", math.inf)
        and bounds.get("equals", value) == value
    )


def _versions() -> dict[str, str]:
    import keras
    import numpy as np
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        "nnrun": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def _git_state(folder: Path) -> dict[str, Any] | None:
    """The commit that is checked out and whether files differ from it; None outside a repository."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    return None


def _ignore(event: Event) -> None:
    del event
