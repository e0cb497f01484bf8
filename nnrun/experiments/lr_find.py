"""Searches for a learning rate, from a prepared experiment through the range test to the report."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.analysis.lr_conclusion import conclude
from nnrun.analysis.lr_curve import growing_rates, record_curve
from nnrun.analysis.lr_measures import Criterion, RateTrial
from nnrun.analysis.lr_plot import draw_curve
from nnrun.analysis.lr_report import SearchReport
from nnrun.analysis.lr_suggestions import FEWEST_LOSSES, start_of, suggest_rates
from nnrun.analysis.lr_trials import FULL_BUDGET, Budget, RateSearch
from nnrun.errors import UserError
from nnrun.experiments.setup import (
    compile_parts,
    find_course,
    find_directions,
    makes_many_epochs,
)
from nnrun.runs.atomic import check_writable, describe_cause, write_text, write_with
from nnrun.training.choosing import engine_of
from nnrun.training.estimating import work_of_epoch
from nnrun.training.lr_search import RateTest
from nnrun.training.placing import place
from nnrun.training.rate_trials import RateTrials
from nnrun.training.state import capture_state, restore_state
from nnrun.training.weighting import make_resident_training

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nnrun.analysis.lr_curve import RangeCurve
    from nnrun.analysis.lr_suggestions import Advice
    from nnrun.analysis.lr_trials import TrialResults
    from nnrun.experiments.lr_request import SearchRange
    from nnrun.experiments.prepared import Prepared

    Watcher = Callable[["SearchStep"], None]

TRIAL_WORK = 20_000_000_000
"""The default budget of trials, in multiplications: ten to thirty seconds on two cores."""
TRIAL_EPOCHS = 10
"""The smallest default budget of trials, in epochs, for short but slow trainings."""


@dataclasses.dataclass(frozen=True)
class SearchStep:
    """Progress: a step of the range test, or an epoch of a trial.

    Attributes:
        doing: The range test or a trial of a rate, in words.
        number: The step or epoch, from 1.
        total: The largest number of steps or epochs.
        loss: The training loss: of the batch, or of the epoch.
    """

    doing: str
    number: int
    total: int
    loss: float


def search(
    prepared: Prepared,
    model: Any,
    tried: SearchRange,
    *,
    budget: int | None,
    out_dir: Path,
    notes: tuple[str, ...],
    watch: Watcher,
) -> SearchReport:
    """Run the range test and trials, and write the curve to `<name>.png` and `<name>.csv`.

    Args:
        prepared: The experiment with a constant rate.
        model: Its compiled model, which can't be used afterwards.
        tried: The rates to try.
        budget: Epochs for all trials together; None leaves it to `trial_budget`.
        out_dir: The folder for the two files; created if missing.
        notes: Further notes for the report.
        watch: Called with every step of the range test and every epoch of a trial.

    Raises:
        UserError: If the loss is not finite at the very first step, or the files can't be written.
    """
    name = prepared.experiment.name
    engine = engine_of(prepared.experiment, model, prepared.splits.train)
    with _folder(out_dir):
        started = time.perf_counter()
        allowed = trial_budget(prepared, model, budget)
        finder = RateFinder(prepared, model, tried, engine.name, watch)
        curve, advice, outcome = finder.run(allowed)
        report = SearchReport(
            name=name,
            optimizer=prepared.experiment.optimizer.name,
            curve=curve,
            advice=advice,
            outcome=outcome,
            epochs=allowed.epochs,
            notes=(*notes, *advice.notes),
            plot=str(out_dir / f"{name}.png"),
            csv=str(out_dir / f"{name}.csv"),
            seconds=time.perf_counter() - started,
            engine=dataclasses.asdict(engine),
            warnings=prepared.warnings,
        )
        _write_curve(report)
    return report


def _write_curve(report: SearchReport) -> None:
    near = report.outcome.as_well if report.outcome else ()

    def draw(path: Path) -> None:
        draw_curve(report.curve, report.advice, path, as_well=near, title=report.name)

    write_with(Path(report.plot), draw)
    write_text(Path(report.csv), report.curve.to_csv())


def trial_budget(prepared: Prepared, model: Any, asked: int | None = None) -> Budget:
    """The budget of the trials; computed, not timed, so that the same config gives the same rate.

    Args:
        prepared: The experiment.
        model: Its model.
        asked: Epochs for all trials together, if the user set them.
    """
    epochs = epochs_at_the_rate(prepared)
    if asked is not None:
        return Budget(epochs, asked)
    batch_size = prepared.experiment.training.batch_size
    work = epochs * work_of_epoch(model, prepared.splits, batch_size)
    trainings = min(FULL_BUDGET, max(1.0, TRIAL_WORK / work))
    return Budget(epochs, max(TRIAL_EPOCHS, int(trainings * epochs)))


def epochs_at_the_rate(prepared: Prepared) -> int:
    """The number of epochs with the optimizer's rate, before any fine-tuning."""
    options = prepared.experiment.training
    tuned = options.fine_tune
    return options.epochs if tuned is None else min(options.epochs, tuned.after_epoch)


@dataclasses.dataclass(frozen=True)
class RateFinder:
    """The range test of a model, and its trials.

    Attributes:
        prepared: The experiment with a constant rate.
        model: Its compiled model, which can't be used afterwards.
        tried: The rates to try.
        engine: `xla` or `graph`.
        watch: Called with every step of the range test and every epoch of a trial.
    """

    prepared: Prepared
    model: Any
    tried: SearchRange
    engine: str
    watch: Watcher

    def run(self, budget: Budget) -> tuple[RangeCurve, Advice, TrialResults | None]:
        """The curve, the advice, and the results of the trials, if there were any."""
        curve = self.range_test()
        advice = suggest_rates(curve)
        outcome = self.try_rates(curve, advice, budget)
        if outcome is not None:
            advice = conclude(advice, curve, outcome, budget.epochs)
        return curve, advice, outcome

    def range_test(self) -> RangeCurve:
        """Run the range test; the model is restored afterwards.

        Raises:
            UserError: If the loss is not finite at the very first step.
        """
        rates = growing_rates(self.tried.lowest, self.tried.highest, self.tried.steps)
        test = self._rate_test()
        start = capture_state(self.model)
        curve = record_curve(rates, _watched(test, rates, self.watch))
        _check_start(curve)
        batches = min(self.tried.steps, self.prepared.steps_per_epoch)
        untrained = statistics.fmean(itertools.islice(test.losses([0.0] * len(rates)), batches))
        restore_state(self.model, start)
        return dataclasses.replace(curve, untrained=untrained)

    def try_rates(self, curve: RangeCurve, advice: Advice, budget: Budget) -> TrialResults | None:
        """Train at a few rates below the turning point; None if there is nothing to try."""
        if len(curve.losses) < FEWEST_LOSSES or not budget.total:
            return None
        course = self.trials.course
        start = start_of(curve) if curve.untrained is None else curve.untrained
        fall = start - float(curve.smoothed.min())
        criterion = Criterion(course.monitor, course.mode, start, fall)
        highest = advice.turning or float(curve.rates[-1])
        lowest = float(curve.rates[0])
        return RateSearch(self.train, criterion, lowest, highest, budget).run()

    def train(self, rate: float, epochs: int) -> RateTrial:
        """Train at a rate to a total number of epochs."""

        def tell(epoch: int, figures: Mapping[str, float]) -> None:
            self.watch(SearchStep(f"trial at {rate:g}", epoch, epochs, figures["loss"]))

        return RateTrial(rate, *self.trials.train(rate, epochs, tell))

    @functools.cached_property
    def trials(self) -> RateTrials:
        """The trials, which train at one rate after another."""
        prepared, model = self.prepared, self.model
        placement = place(model, prepared.splits, prepared.experiment.runtime)
        parts = compile_parts(
            prepared,
            model,
            (),
            engine=self.engine,
            rows=placement.rows,
            many_epochs=makes_many_epochs(prepared, model, (), placement),
        )
        course = find_course(prepared, model, (), find_directions(prepared, model))
        epochs = epochs_at_the_rate(prepared)
        return RateTrials(model, parts, dataclasses.replace(course, epochs=epochs))

    def _rate_test(self) -> RateTest:
        splits, options = self.prepared.splits, self.prepared.experiment.training
        return RateTest(
            self.model,
            make_resident_training(splits, options.class_weight),
            batch_size=options.batch_size,
            steps=self.tried.steps,
            engine=self.engine,
            seed=self.prepared.experiment.seed,
            shuffle=options.shuffle,
        )


def _watched(test: RateTest, rates: Sequence[float], watch: Watcher) -> Iterator[float]:
    """Yield the loss of every step, and report progress."""
    for number, loss in enumerate(test.losses(rates), start=1):
        watch(SearchStep("range test", number, len(rates), loss))
        yield loss


def _check_start(curve: RangeCurve) -> None:
    if not curve.losses.size:
        raise UserError(
            "the loss is not finite at the first step, before anything was learned",
            hint="the rate is not to blame: look for missing values or unscaled inputs, "
            "and whether the loss fits the last layer",
        )


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """A writable folder; if it is new, it is removed again if the block fails."""
    existed = path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create {path}: {describe_cause(error)}") from error
    try:
        check_writable(path)
        yield
    except BaseException:
        if not existed:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise
