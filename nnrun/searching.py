"""One search for a learning rate: a prepared experiment and its model, from the range test to its report."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any

from nnrun.config.components import Component
from nnrun.config.editing import with_learning_rate
from nnrun.config.loading import load_experiment
from nnrun.errors import UserError
from nnrun.reports.lr_report import SearchReport
from nnrun.runs.atomic import check_writable, describe_cause, write_text, write_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nnrun.data.prepared import Prepared
    from nnrun.reports.lr_curve import Curve
    from nnrun.reports.lr_suggestions import Advice
    from nnrun.training.lr_search import RateTest

    Watcher = Callable[["SearchStep"], None]

FEWEST_STEPS = 10
_ANY_RATE = 0.0123


@dataclasses.dataclass(frozen=True)
class SearchStep:
    """A training step of a search was made.

    Attributes:
        doing: What it belongs to, the range test or a trial of a rate, in words.
        number: Which step of it, from 1.
        loss: The loss of its batch.
    """

    doing: str
    number: int
    loss: float


@dataclasses.dataclass(frozen=True)
class SearchRange:
    """The rates that a search tries.

    Attributes:
        lowest: The rate of the first step.
        highest: The rate of the last one.
        steps: Training steps (batches).
    """

    lowest: float = 1e-5
    highest: float = 10.0
    steps: int = 500

    def __post_init__(self) -> None:
        """Refuse what is no range.

        Raises:
            UserError: If the rates do not grow from above zero, or the steps are too few.
        """
        if not 0 < self.lowest < self.highest < math.inf:
            message = f"--min {self.lowest:g} and --max {self.highest:g} are not a range"
            raise UserError(message, hint="--min must be above 0, and --max above --min")
        if self.steps < FEWEST_STEPS:
            message = f"--steps {self.steps} is too few to see a curve"
            raise UserError(message, hint=f"at least {FEWEST_STEPS}; 500 serve most models")


def with_constant_rate(prepared: Prepared) -> tuple[Prepared, tuple[str, ...]]:
    """The experiment without what would change the rate, and what that was, in a sentence each."""
    experiment, notes = prepared.experiment, []
    optimizer = experiment.optimizer
    rate = optimizer.arguments.get("learning_rate")
    if experiment.schedule is not None:
        notes.append(
            f"the schedule {experiment.schedule.name} was taken out: this is the rate to start it from"
        )
    if isinstance(rate, Component):
        notes.append(f"the schedule {rate.name} of the optimizer was taken out")
        arguments = {k: value for k, value in optimizer.arguments.items() if k != "learning_rate"}
        optimizer = dataclasses.replace(optimizer, arguments=arguments)
    constant = dataclasses.replace(experiment, optimizer=optimizer, schedule=None)
    return dataclasses.replace(prepared, experiment=constant), tuple(notes)


def check_target(prepared: Prepared, target: Path) -> None:
    """Find out before the search whether its rate can be written to a file.

    Raises:
        UserError: If another file stands there, or the rate cannot be changed in the config's text.
    """
    config, optimizer = prepared.config, prepared.experiment.optimizer
    if target.exists() and not target.samefile(config):
        hint = f"name a new file, or {config} itself"
        raise UserError(f"--apply would overwrite {target}", hint=hint)
    if not target.parent.is_dir():
        raise UserError(f"cannot write {target}: its directory does not exist")
    declared = load_experiment(config).optimizer.name
    if declared != optimizer.name:
        message = f"--apply writes to {config}, whose optimizer is {declared}, not {optimizer.name}"
        raise UserError(message, hint="write the optimizer into the config, without --set")
    with_learning_rate(config, target, _ANY_RATE)


def apply_rate(report: SearchReport, config: Path, target: Path) -> SearchReport:
    """Write the config with the recommended rate, if there is one; the report says whether."""
    rate = report.advice.recommended
    if rate is None:
        return report
    write_text(target.resolve(), with_learning_rate(config, target, rate))
    return dataclasses.replace(report, applied=str(target))


def search(
    prepared: Prepared,
    model: Any,
    tried: SearchRange,
    *,
    out_dir: Path,
    notes: tuple[str, ...],
    watch: Watcher,
) -> SearchReport:
    """Make the range test and try its rate, and write the curve to `<name>.png` and `<name>.csv`.

    Args:
        prepared: The experiment, its rate constant.
        model: Its compiled model, which is good for nothing afterwards.
        tried: The rates to try.
        out_dir: Where the two files are written; made if it is missing.
        notes: What is to be said besides.
        watch: Called with every step.

    Raises:
        UserError: If the loss is not finite at the very first step, or nothing can be written.
    """
    from nnrun.reports.lr_plot import draw_curve
    from nnrun.training.choosing import engine_of

    experiment = prepared.experiment
    engine = engine_of(prepared, model)
    with _folder(out_dir):
        started = time.perf_counter()
        test = _rate_test(prepared, model, tried.steps, engine.name)
        curve, advice = _make(test, tried, watch)
        seconds = time.perf_counter() - started
        plot, table = (out_dir / f"{experiment.name}{suffix}" for suffix in (".png", ".csv"))
        write_with(plot, lambda path: draw_curve(curve, advice, path, title=experiment.name))
        write_text(table, curve.to_csv())
    return SearchReport(
        name=experiment.name,
        optimizer=experiment.optimizer.name,
        curve=curve,
        advice=advice,
        notes=(*notes, *advice.notes),
        plot=str(plot),
        csv=str(table),
        seconds=seconds,
        engine=dataclasses.asdict(engine),
        warnings=prepared.warnings,
    )


def _make(test: RateTest, tried: SearchRange, watch: Watcher) -> tuple[Curve, Advice]:
    """Make the range test, and then try what it advises."""
    from nnrun.reports.lr_curve import growing_rates, record_curve
    from nnrun.reports.lr_suggestions import advise
    from nnrun.reports.lr_trial import prove

    rates = growing_rates(tried.lowest, tried.highest, tried.steps)
    curve = record_curve(rates, _watched(test, rates, "range test", watch))
    _check_start(curve)

    def try_rate(rate: float) -> Iterator[float]:
        return _watched(test, [rate] * tried.steps, f"trial at {rate:.2g}", watch)

    return curve, prove(advise(curve), curve, try_rate)


def _rate_test(prepared: Prepared, model: Any, steps: int, engine: str) -> RateTest:
    from nnrun.training.lr_search import RateTest
    from nnrun.training.weighting import make_resident_training

    splits, options = prepared.splits, prepared.experiment.training
    return RateTest(
        model,
        make_resident_training(splits, options.class_weight),
        batch_size=options.batch_size,
        steps=steps,
        engine=engine,
        seed=prepared.experiment.seed,
        shuffle=options.shuffle,
    )


def _watched(test: RateTest, rates: Sequence[float], doing: str, watch: Watcher) -> Iterator[float]:
    """The loss of every step, as it is made."""
    for number, loss in enumerate(test.losses(rates), start=1):
        watch(SearchStep(doing, number, loss))
        yield loss


def _check_start(curve: Curve) -> None:
    if not curve.losses.size:
        raise UserError(
            "the loss is not finite at the first step, before anything was learned",
            hint="the rate is not to blame: look for missing values or unscaled inputs, "
            "and whether the loss fits the last layer",
        )


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """A folder to write into, known to be writable; taken away again where the block fails."""
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
