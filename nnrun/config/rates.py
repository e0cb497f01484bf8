"""Rules for what sets the learning rate and the momentum."""

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from nnrun.config.components import Component
from nnrun.config.subject import Subject
from nnrun.errors import Problem

PERFORMANCE = "PerformanceSchedule"
"""The schedule that reacts to the metrics of each epoch, implemented by a callback."""
CYCLE = "OneCycle"
"""The schedule that moves the momentum as well."""
WARMUP = "Warmup"
PIECEWISE = "PiecewiseConstantDecay"
LARGEST, SMALLEST = 10.0, 1e-8
"""Rates outside this range cause a warning."""
RATES = {
    "learning_rate",
    "initial_learning_rate",
    "max_learning_rate",
    "final_learning_rate",
    "end_learning_rate",
    "warmup_target",
    "values",
    "start",
    "then",
    "min_lr",
}
"""Arguments of optimizers, schedules and callbacks that are learning rates."""
FACTORS = {"alpha", "decay_rate", "factor", "m_mul", "t_mul"}
"""Arguments that multiply rates or lengths."""
LENGTHS = {"decay_steps", "first_decay_steps", "step_size", "steps"}
"""Arguments of schedules that divide steps."""
CLIPPING = {"norm": "clipnorm", "global_norm": "global_clipnorm", "value": "clipvalue"}
"""The options of `regularization.clip` with the optimizer's arguments that they set."""
MOMENTUM = ("momentum", "beta_1")
"""What Keras's optimizers call their momentum."""


def one_hand_on_the_rate(subject: Subject) -> Iterator[Problem]:
    """The learning rate is set either by one schedule or by ReduceLROnPlateau."""
    experiment = subject.experiment
    rate = experiment.optimizer.arguments.get("learning_rate")
    if experiment.schedule and isinstance(rate, Component):
        yield subject.problem_of(
            rate,
            "the optimizer has a schedule of its own",
            "keep one: `schedule`, or the optimizer's learning_rate",
        )
    schedule = experiment.schedule
    if schedule is None and not isinstance(rate, Component):
        return
    for callback in experiment.callbacks:
        if callback.name == "ReduceLROnPlateau":
            message = "ReduceLROnPlateau cannot change a rate that a schedule sets"
            if schedule is not None and schedule.name == PERFORMANCE:
                message = f"{PERFORMANCE} already uses ReduceLROnPlateau"
            yield subject.problem_of(callback, message, "remove one of the two")


def schedule_values(subject: Subject) -> Iterator[Problem]:
    """A piecewise schedule has one more value than boundaries."""
    schedule = subject.experiment.schedule
    if schedule is None or schedule.name != PIECEWISE:
        return
    boundaries = len(schedule.arguments.get("boundaries") or ())
    values = len(schedule.arguments.get("values") or ())
    if values != boundaries + 1:
        yield subject.problem_of(
            schedule,
            f"there must be one more value than boundaries, not {values} for {boundaries}",
            "the first value holds up to the first boundary, the last one after the last",
            argument="values",
        )


def nested_schedules(subject: Subject) -> Iterator[Problem]:
    """Schedules with state are only allowed under `schedule`."""
    schedule = subject.experiment.schedule
    rate = subject.experiment.optimizer.arguments.get("learning_rate")
    for outer in (schedule, rate):
        then = outer.arguments.get("then") if isinstance(outer, Component) else None
        if isinstance(then, Component) and then.name == CYCLE:
            message = f"{CYCLE} has its own warm-up"
            yield subject.problem_of(then, message, f"use it instead of {WARMUP}")
    then = schedule.arguments.get("then") if schedule is not None else None
    for inner in (rate, then, rate.arguments.get("then") if isinstance(rate, Component) else None):
        if isinstance(inner, Component) and inner.name == PERFORMANCE:
            message = f"{PERFORMANCE} follows the epochs' figures, not the steps"
            yield subject.problem_of(inner, message, f"write `schedule: {{{PERFORMANCE}: …}}`")


def cycled_momentum(subject: Subject) -> Iterator[Problem]:
    """A schedule that changes the momentum needs an optimizer with one, and is the only one to set it."""
    optimizer = subject.experiment.optimizer
    rate = optimizer.arguments.get("learning_rate")
    cycle = subject.experiment.schedule or rate
    if not isinstance(cycle, Component) or cycle.name != CYCLE:
        return
    entry = subject.catalogue.find("optimizers", optimizer.name)
    if entry is None or cycle.arguments.get("momentum", ()) is None:
        return
    name = next((name for name in MOMENTUM if name in entry.arguments), None)
    if name is None:
        message = f"{CYCLE} changes the momentum, but {entry.name} has none"
        hint = "write `momentum: null` to change only the rate"
        yield subject.problem_of(cycle, message, hint, argument="momentum")
    elif name in optimizer.arguments:
        message = f"{CYCLE} changes the momentum, so this {name} would have no effect"
        hint = f"remove it, or write `momentum: null` into {CYCLE}"
        yield subject.problem_of(optimizer, message, hint, argument=name)


def rates_that_descend(subject: Subject) -> Iterator[Problem]:
    """Rates never are or become negative, and schedules never divide by zero."""
    for part in parts_of_rate(subject):
        for name, value in part.arguments.items():
            numbers = [number for number in _listed(value) if _is_number(number)]
            lowest = min(numbers, default=1)
            if name in RATES and lowest < 0:
                message = f"a learning rate of {lowest:g} makes the loss grow"
                hint = "use one above 0"
            elif name in FACTORS and lowest < 0:
                message, hint = f"a {name} of {lowest:g} makes a rate negative", "use one above 0"
            elif name == "decay_rate" and lowest == 0 and part.name == "ExponentialDecay":
                message = "a decay_rate of 0 makes the rate 0 after the first step"
                hint = "use one between 0 and 1"
            elif name in LENGTHS and lowest == 0:
                message = f"{name} is 0, but a schedule takes at least one step"
                hint = "use at least 1"
            elif name == "factor" and lowest >= 1:
                message = f"a factor of {lowest:g} does not lower the rate"
                hint = "use one between 0 and 1"
            else:
                continue
            yield subject.problem_of(part, message, hint, argument=name)


def some_rate_is_above_zero(subject: Subject) -> Iterator[Problem]:
    """Some rate is above 0; otherwise nothing would be trained."""
    rates = _rates(subject)
    if rates and max(rate for _, _, rate in rates) == 0:
        part, name, _ = rates[0]
        message = "the learning rate is 0 in every step: the weights never change"
        yield subject.problem_of(part, message, "use one above 0", argument=name)


def unusual_rates(subject: Subject) -> Iterator[Problem]:
    """Unusual rates, as problems that are only warnings."""
    rates = _rates(subject)
    part, name, highest = max(rates, key=lambda found: found[2], default=(None, "", 1.0))
    if part is None or SMALLEST <= highest <= LARGEST or highest <= 0:
        return
    if highest > LARGEST:
        message = f"a learning rate of {highest:g} is almost always too large to train with"
    else:
        message = f"with a learning rate of {highest:g}, float32 weights hardly change"
    yield subject.problem_of(part, message, "use `nnrun lr-find` to find one", argument=name)


def _rates(subject: Subject) -> list[tuple[Component, str, float]]:
    """Every rate, given or Keras's default, with its component and argument."""
    schedule = subject.experiment.schedule
    parts = [part for part in parts_of_rate(subject) if part.group != "callbacks"]
    if schedule is not None and schedule.name == PIECEWISE:
        parts = [schedule]
    rates = []
    for part in parts:
        entry = subject.catalogue.find(part.group, part.name)
        for name in RATES & set(entry.arguments if entry else ()):
            default = entry.arguments[name].default if entry else None
            numbers = _listed(part.arguments.get(name, default))
            rates += [(part, name, float(number)) for number in numbers if _is_number(number)]
    return rates


def parts_of_rate(subject: Subject) -> Iterator[Component]:
    """The optimizer, the schedule and the callbacks that set a rate, with their nested components."""
    experiment = subject.experiment
    pending: list[object] = [experiment.optimizer, experiment.schedule]
    pending += [item for item in experiment.callbacks if item.name == "ReduceLROnPlateau"]
    while pending:
        part = pending.pop(0)
        if isinstance(part, Component) and not part.is_users_own:
            yield part
            pending += [part.arguments.get(name) for name in ("inner_optimizer", *RATES)]


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, tuple | list) else (value,)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def wrapped_optimizer(subject: Subject) -> Iterator[Problem]:
    """Keras leaves the rate and the clipping to the optimizer that LossScaleOptimizer wraps."""
    experiment, clip = subject.experiment, subject.experiment.regularization.clip
    inner = experiment.optimizer.arguments.get("inner_optimizer")
    if not isinstance(inner, Component):
        return
    outer, schedule = experiment.optimizer.name, experiment.schedule
    if schedule is not None and schedule.name != PERFORMANCE:
        message = f"the learning rate of {outer} is that of the {inner.name} in it"
        hint = f"write it there, as in `{inner.name}: {{learning_rate: {{{schedule.name}: …}}}}`"
        yield subject.problem_of(schedule, message, hint)
    for option, argument in CLIPPING.items():
        if (most := getattr(clip, option)) is not None:
            message = f"{outer} clips no gradients, but the {inner.name} in it can"
            hint = f"write it there, as in `{inner.name}: {{{argument}: {most:g}}}`"
            yield subject.problem(f"regularization.clip.{option}", message, hint)
