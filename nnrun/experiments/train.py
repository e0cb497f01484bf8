"""Trains one run, from a claimed directory to the outcome."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from nnrun.config.diagnostics import in_one_line
from nnrun.config.monitoring import watchers_by_figure
from nnrun.config.writer import experiment_to_yaml
from nnrun.device import device_name
from nnrun.errors import RunError
from nnrun.experiments.finish import finish, pause
from nnrun.experiments.run_options import USUAL, RunOptions
from nnrun.experiments.setup import (
    find_course,
    find_directions,
    first_record,
    makes_many_epochs,
)
from nnrun.experiments.warm import warm_model
from nnrun.models.freezing import nothing_learns
from nnrun.runs.manifest import PAUSED
from nnrun.runs.run_writer import RunWriter, Snapshot
from nnrun.runs.undefined import UndefinedFigures
from nnrun.training import events as kinds
from nnrun.training.batch_hooks import slow_callbacks
from nnrun.training.blowup import BlowupSearch
from nnrun.training.blowup_causes import explain
from nnrun.training.callback_state import (
    appended_files,
    capture_callbacks,
    model_arrays,
    prepare_callbacks,
    restore_callbacks,
)
from nnrun.training.callbacks import all_callbacks, build_callbacks
from nnrun.training.choosing import Engine
from nnrun.training.directions import guide
from nnrun.training.events import Position, TrainingStarted
from nnrun.training.fine_tuning import FineTuning
from nnrun.training.loop import train_epochs
from nnrun.training.order import epoch_order
from nnrun.training.placing import place, placing_warnings
from nnrun.training.recording import Recorder
from nnrun.training.signals import StopRequest
from nnrun.training.state import (
    capture_state,
    first_not_finite,
    restore_state,
)

if TYPE_CHECKING:
    from nnrun.experiments.kept import Kept
    from nnrun.experiments.prepared import Prepared
    from nnrun.runs.directory import RunDirectory
    from nnrun.runs.manifest import RunRecord
    from nnrun.runs.outcome import Outcome
    from nnrun.runs.saved import Resumed
    from nnrun.training.events import Event, TrainingEnded
    from nnrun.training.loop import Course, Programs

Watcher = Callable[["Event"], None]


class Run:
    """One run, from its claimed directory to its outcome.

    Args:
        prepared: The experiment and its data.
        model: Its compiled Keras model.
        directory: The run's directory, locked by the caller.
        command: The command line, for the record.
        resumed: The state of a run to continue; None for a new one.
        options: What is asked of it beside its config.
        kept: What the process keeps from one run to the next, if it trains many.
    """

    def __init__(
        self,
        prepared: Prepared,
        model: Any,
        directory: RunDirectory,
        command: Sequence[str],
        resumed: Resumed | None = None,
        *,
        options: RunOptions = USUAL,
        kept: Kept | None = None,
    ) -> None:
        self.prepared = prepared
        self.experiment = prepared.experiment
        self.warm = warm_model(kept, prepared, model)
        self.model = model = self.warm.model
        self.directory = directory
        self.resumed = resumed
        self.engine = (
            self.warm.engine(prepared)
            if resumed is None
            else Engine(resumed.record.engine["name"], resumed.record.engine["reason"])
        )
        self.placement = place(model, prepared.splits, self.experiment.runtime)
        self.fine_tuning = FineTuning.of(model, self.experiment)
        components = all_callbacks(self.experiment)
        self.declared = build_callbacks(components, directory.callbacks, prepared.steps_per_epoch)
        steps = self.experiment.training.epochs * prepared.steps_per_epoch
        doubtful = (
            *nothing_learns(model, self.experiment),
            *slow_callbacks(components, self.declared, steps),
        )
        asked = placing_warnings(model, self.experiment.runtime)
        doubts = resumed.doubts if resumed else ()
        self.warnings = (*doubts, *prepared.warnings, *asked, *map(in_one_line, doubtful))
        self.recorders = [one for one in self.declared if isinstance(one, Recorder)]
        for recorder in self.recorders:
            recorder.attach(model, prepared.splits.train)
        self.many_epochs = makes_many_epochs(prepared, model, self.declared, self.placement)
        self.writer = RunWriter(directory, resumed.record if resumed else self._record(command))
        self._initial: Mapping[str, Any] = {}
        self._resolved = resumed.resolved if resumed else experiment_to_yaml(self.experiment)
        self.options = options
        self._started = time.perf_counter()
        self._before = 0.0 if resumed is None else resumed.seconds

    def train(self, watch: Watcher) -> Outcome:
        """Train until the run ends, however it ends, and write everything."""
        with self.writer, StopRequest() as request:
            signature = self.prepared.signature.to_json()
            if self.resumed is None:
                config = self.prepared.config.read_bytes()
                if self.prepared.base is not None:
                    self.prepared.base.keep(self.directory)
                self.writer.begin(config, self._resolved, signature)
            else:
                self.writer.resume(self.resumed.saved, self._resolved, signature)
            with contextlib.closing(self._events(request.is_made)) as events:
                ended = self._follow(events, watch, request)
            outcome = self._pause() if ended.reason == PAUSED else self._finish(ended, request)
        return dataclasses.replace(outcome, signal=request.signal)

    def _pause(self) -> Outcome:
        self.writer.commit()
        return pause(self.writer, warnings=self.warnings, seconds=self.seconds)

    def _finish(self, ended: TrainingEnded, request: StopRequest) -> Outcome:
        is_last = self.writer.keep_last_for_want_of_best()
        doubts = self._undefined.summary(self.writer.history, for_want_of_best=is_last)
        self.warnings = (*self.warnings, *doubts)
        self.writer.commit()
        return finish(
            self.prepared,
            self.model,
            self.writer,
            ended,
            self.recorders,
            evaluate=lambda: self._test_figures(request.is_made),
            warnings=self.warnings,
            seconds=lambda: self.seconds,
            draws=self.options.draws,
        )

    def record_failure(self, error: BaseException) -> None:
        """Record why the run failed, if the record can still be written."""
        reason = str(error).strip() or type(error).__name__
        with contextlib.suppress(RunError):
            self.writer.fail(reason.splitlines()[0])

    @property
    def seconds(self) -> float:
        """How long the run has trained, over all resumes."""
        return round(self._before + time.perf_counter() - self._started, 3)

    def _record(self, command: Sequence[str]) -> RunRecord:
        how = {**dataclasses.asdict(self.engine), **dataclasses.asdict(self.placement)}
        return first_record(
            self.prepared,
            command=command,
            engine={**how, "many_epochs_a_call": self.many_epochs},
            parameters=self.model.count_params(),
            warnings=self.warnings,
        )

    def _follow(
        self, events: Iterator[Event], watch: Watcher, request: StopRequest
    ) -> TrainingEnded:
        """Save what each event brings and pass it on, until the training ends."""
        for original in events:
            event, doubt = original, ""
            if isinstance(original, kinds.TrainingEnded) and original.reason == "diverged":
                event = self._explained(original, request.is_made)
            match event:
                case kinds.EpochEnded():
                    self.writer.add_epoch(event.epoch, event.figures, event.seconds)
                    doubt = self._undefined.take_in(event.epoch, event.figures)
                case kinds.BestReached():
                    self.writer.keep_best(Snapshot(event.epoch, capture_state(self.model)))
                case kinds.FineTuningBegan():
                    self._initial = capture_state(self.model)
                case kinds.Resumable():
                    self._keep(event.position, now=request.is_made())
            watch(event)
            if doubt:
                watch(kinds.Doubted(doubt))
            if isinstance(event, kinds.TrainingEnded):
                return event
        raise RuntimeError("the events of a training end with its end")

    def _explained(self, ended: TrainingEnded, should_stop: Callable[[], bool]) -> TrainingEnded:
        """How the training diverged: in which step, if that can be found, and what to do."""
        seed, shuffle = self.experiment.seed, self.experiment.training.shuffle
        order = epoch_order(self._training.rows, seed=seed, epoch=ended.epoch + 1, shuffle=shuffle)
        search = BlowupSearch(self.model, self._training, order, should_stop)
        train, config = self.prepared.splits.train, self.prepared.config
        return explain(ended, search, self.experiment, train, self._last_good(), config=config)

    def _last_good(self) -> tuple[Mapping[str, Any], int]:
        """The last variables known to be good, and the steps done in that epoch."""
        last = self.writer.last
        if last is None or self._initial:
            return self._initial, 0
        return model_arrays(last.arrays), last.facts["position"]["step"]

    def _keep(self, position: Position, *, now: bool) -> None:
        """Save the state after an epoch; between two steps only if it is due."""
        early = position.step > 0
        if early and not now and not self.writer.is_overdue():
            return
        if position.epoch == position.step == 0:
            return  # of a training that diverged at once: there is nothing to go on from
        if early and first_not_finite(self.model):
            return  # the loss does not show it yet; the epoch's end will
        self._initial = {}
        states, arrays = capture_callbacks(self.declared)
        facts = {
            "position": dataclasses.asdict(position),
            "callbacks": states,
            "appended": appended_files(self.declared, states, self.directory.path),
            "config": self._resolved,
            "seconds": self.seconds,
        }
        arrays |= capture_state(self.model, metrics=True)
        frequency = self.experiment.tensorboard.histogram_freq
        if frequency and position.step == 0 and position.epoch % frequency == 0:
            weights = [(variable.path, variable.numpy()) for variable in self.model.weights]
            self.writer.add_histograms(position.epoch, weights)
        for recorder in self.recorders:
            for epoch, figures in recorder.take_points():
                self.writer.add_points(epoch, figures)
        # Last, since a commit that follows from it is to hold the histograms of its epoch.
        self.writer.keep_last(Snapshot(position.epoch, arrays, facts))

    def _position(self) -> Position:
        """Restore the saved state of model and callbacks; returns its position."""
        last = None if self.resumed is None else self.resumed.saved.last
        if last is None:
            return Position()
        try:
            restore_state(self.model, model_arrays(last.arrays))
            restore_callbacks(self.declared, last.facts["callbacks"], last.arrays)
            position = Position(**last.facts["position"])
            if position.step >= self._training.steps:
                raise ValueError(f"an epoch has no step {position.step + 1}")
            return position
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            message = f"{self.directory.path} cannot be resumed: {error}"
            hint = f"Train it again: nnrun train {self.directory.resolved}"
            raise RunError(message, hint=hint) from error

    def _events(self, should_stop: Callable[[], bool]) -> Generator[Event]:
        """The events of the training, beginning with its start."""
        options = self.experiment.training
        programs = self._compiled()
        course = self._course()
        self._training, self._initial = programs.training, capture_state(self.model)
        if self.resumed is not None:
            nothing: list[dict[str, Any]] = [{} for _ in self.declared]
            prepare_callbacks(self.declared, self.resumed.saved.facts.get("callbacks", nothing))
        callbacks = keras.callbacks.CallbackList(
            self.declared,
            model=self.model,
            epochs=options.epochs,
            steps=programs.training.steps,
            verbose=0,
        )
        yield TrainingStarted(
            where=str(self.directory.path),
            epochs=options.epochs,
            steps=programs.training.steps,
            rows={part: rows.rows for part, rows in self.prepared.splits.parts.items()},
            parameters=self.model.count_params(),
            engine=f"{self.engine.name}: {self.engine.reason}",
            device=device_name(),
            warnings=self.warnings,
            done=len(self.writer.history),
        )
        yield from train_epochs(
            self.model,
            programs,
            callbacks,
            course,
            should_stop,
            resume=self._position,
            fine_tuning=self.fine_tuning,
        )

    def _compiled(self) -> Programs:
        """The compiled parts of the training."""
        return self.warm.programs(
            self.prepared,
            self.declared,
            engine=self.engine.name,
            rows=self.placement.rows,
            many_epochs=self.many_epochs,
        )

    def _course(self) -> Course:
        """The course of the training; needs the built metrics, which know their direction."""
        if self.resumed is None or self.resumed.saved.last is None:
            self.writer.note(directions=find_directions(self.prepared, self.model))
        # A run of an older nnrun goes on by the names of its figures, as it began.
        directions = self.writer.record.directions
        guide(self.declared, directions)
        course = find_course(self.prepared, self.model, self.recorders, directions)
        course = dataclasses.replace(course, until=self.options.until)
        self._undefined = UndefinedFigures(
            self.writer.history, course.monitor, watchers_by_figure(self.experiment)
        )
        return course

    def _test_figures(self, should_stop: Callable[[], bool]) -> dict[str, float] | None:
        test = self.prepared.splits.test
        if test is None or not self.options.tests:
            return None
        evaluation = self.warm.test(test, engine=self.engine.name, rows=self.placement.rows)
        return evaluation.run(should_stop)
