"""One run: a prepared experiment and its model, from a claimed directory to the outcome."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import platform
import shlex
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import RunError, UserError
from nnrun.runs.checkpoints import NonFiniteError
from nnrun.runs.expectations import judge
from nnrun.runs.history import metric_mode
from nnrun.runs.manifest import RunRecord
from nnrun.runs.provenance import git_state, installed_versions
from nnrun.runs.writing import RunWriter, utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from nnrun.config.schema import Experiment
    from nnrun.data.preprocessing import Step
    from nnrun.data.splits import Splits
    from nnrun.runs.directory import RunDirectory
    from nnrun.training.events import EpochEnded, Event, TrainingEnded
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
        config: The config file.
    """

    experiment: Experiment
    splits: Splits
    steps: Mapping[str, Sequence[Step]]
    warnings: tuple[str, ...]
    config: Path

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
        warnings: What is doubtful about the data, in words.
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
    warnings: Sequence[str]
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


class Run:
    """One run, from its claimed directory to its outcome."""

    def __init__(
        self, prepared: Prepared, model: Any, directory: RunDirectory, command: Sequence[str]
    ) -> None:
        from nnrun.training.engines import engine_for
        from nnrun.training.placing import place, placing_warnings

        self.prepared = prepared
        self.experiment = prepared.experiment
        self.model = model
        self.directory = directory
        self.engine = engine_for(model, self.experiment.runtime.engine)
        self.placement = place(model, prepared.splits, self.experiment.runtime)
        asked = placing_warnings(model, self.experiment.runtime)
        self.warnings = (*prepared.warnings, *asked)
        self.writer = RunWriter(directory, self._record(command))

    def train(self, watch: Watcher) -> Outcome:
        """Train to the end, whatever the end is, and write everything."""
        from nnrun.training.signals import StopRequest

        started = time.perf_counter()
        config = self.prepared.config.read_bytes()
        self.writer.begin(config, experiment_to_yaml(self.experiment))
        with StopRequest() as request:
            with contextlib.closing(self._events(request.is_made)) as events:
                ended = self._follow(events, watch)
            self.writer.commit()
            return self._end(ended, time.perf_counter() - started, request)

    def record_failure(self, error: BaseException) -> None:
        """Note in the record why the run broke off, where it can still be written."""
        told = str(error).strip() or type(error).__name__
        with contextlib.suppress(RunError):
            self.writer.fail(told.splitlines()[0])

    def _follow(self, events: Iterator[Event], watch: Watcher) -> TrainingEnded:
        """Commit every epoch and pass every event on, until the training ends."""
        from nnrun.training.events import EpochEnded, TrainingEnded

        for told in events:
            event = self._commit(told) if isinstance(told, EpochEnded) else told
            watch(event)
            if isinstance(event, TrainingEnded):
                return event
        raise RuntimeError("the events of a training end with its end")

    def _commit(self, epoch: EpochEnded) -> Event:
        """Take an epoch in; if its weights are not finite, that is how the training ended."""
        from nnrun.training.events import TrainingEnded
        from nnrun.training.state import capture_state

        try:
            self.writer.add_epoch(
                epoch.epoch,
                epoch.figures,
                epoch.seconds,
                improved=epoch.improved,
                arrays=capture_state(self.model),
            )
        except NonFiniteError as error:
            detail = f"{error.array} is not finite in epoch {epoch.epoch}"
            return TrainingEnded("diverged", epoch.epoch - 1, detail)
        return epoch

    def _events(self, should_stop: Callable[[], bool]) -> Generator[Event]:
        """The events of the training, the first of them that it starts."""
        import keras

        from nnrun.device import device_name
        from nnrun.training.callbacks import build_callbacks
        from nnrun.training.events import TrainingStarted
        from nnrun.training.loop import Plan, train_epochs
        from nnrun.training.placing import make_evaluation, make_training
        from nnrun.training.tensorboard import TensorBoardWriter

        splits, options = self.prepared.splits, self.experiment.training
        engine, data = self.engine.name, self.placement.rows
        training = make_training(self.model, splits, options, engine, data)
        validation = None
        if splits.validation is not None:
            validation = make_evaluation(self.model, splits.validation, engine, data)
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
            warnings=self.warnings,
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
        expectations = judge(self.experiment.expect, metrics, self.model.count_params())
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
            warnings=self.warnings,
            seconds=round(seconds, 3),
            engine=dataclasses.asdict(self.engine),
            signal=request.signal if status == "interrupted" else None,
        )

    def _test_figures(self) -> dict[str, float] | None:
        from nnrun.training.placing import make_evaluation

        test = self.prepared.splits.test
        if test is None:
            return None
        return make_evaluation(self.model, test, self.engine.name, self.placement.rows).run()

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
            versions=installed_versions(),
            host=platform.node(),
            device=device_name(),
            engine={**dataclasses.asdict(self.engine), **dataclasses.asdict(self.placement)},
            git=git_state(self.prepared.config.parent),
            data={
                "fingerprint": splits.fingerprint,
                "source": splits.source,
                "rows": {name: part.rows for name, part in splits.parts.items()},
            },
            parameters=self.model.count_params(),
            warnings=self.warnings,
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
