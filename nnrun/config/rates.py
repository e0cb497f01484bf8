"""Rules on what sets the learning rate, and the momentum with it."""

from collections.abc import Iterator

from nnrun.config.components import Component
from nnrun.config.subject import Subject
from nnrun.errors import Problem

PERFORMANCE = "PerformanceSchedule"
"""The schedule that follows the epochs' figures, and is carried out by a callback."""
CYCLE = "OneCycle"
"""The schedule that moves the momentum as well."""
WARMUP = "Warmup"
MOMENTUM = ("momentum", "beta_1")
"""What Keras's optimizers call their momentum."""


def one_hand_on_the_rate(subject: Subject) -> Iterator[Problem]:
    """The learning rate is set by one schedule, or by ReduceLROnPlateau."""
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
                message = f"ReduceLROnPlateau is what {PERFORMANCE} is carried out by"
            yield subject.problem_of(callback, message, "remove one of the two")


def schedule_values(subject: Subject) -> Iterator[Problem]:
    """A piecewise schedule has one value more than boundaries."""
    schedule = subject.experiment.schedule
    if schedule is None or schedule.name != "PiecewiseConstantDecay":
        return
    boundaries = len(schedule.arguments.get("boundaries") or ())
    values = len(schedule.arguments.get("values") or ())
    if values != boundaries + 1:
        yield subject.problem_of(
            schedule,
            f"there must be one value more than boundaries, not {values} to {boundaries}",
            "the first value holds up to the first boundary, the last one after the last",
            argument="values",
        )


def nested_schedules(subject: Subject) -> Iterator[Problem]:
    """What is more than a function of the step stands under `schedule` alone."""
    schedule = subject.experiment.schedule
    rate = subject.experiment.optimizer.arguments.get("learning_rate")
    for outer in (schedule, rate):
        then = outer.arguments.get("then") if isinstance(outer, Component) else None
        if isinstance(then, Component) and then.name == CYCLE:
            message = f"{CYCLE} begins with a warm-up of its own"
            yield subject.problem_of(then, message, f"write it in place of {WARMUP}")
    then = schedule.arguments.get("then") if schedule is not None else None
    for inner in (rate, then, rate.arguments.get("then") if isinstance(rate, Component) else None):
        if isinstance(inner, Component) and inner.name == PERFORMANCE:
            message = f"{PERFORMANCE} follows the epochs' figures, not the steps"
            yield subject.problem_of(inner, message, f"write `schedule: {{{PERFORMANCE}: …}}`")


def cycled_momentum(subject: Subject) -> Iterator[Problem]:
    """A schedule that moves the momentum has one to move, which nobody else sets."""
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
        message = f"{CYCLE} moves the momentum, and {entry.name} has none"
        hint = "write `momentum: null` to move the rate alone"
        yield subject.problem_of(cycle, message, hint, argument="momentum")
    elif name in optimizer.arguments:
        message = f"{CYCLE} moves the momentum, so that this {name} would not count"
        hint = f"remove it, or write `momentum: null` into {CYCLE}"
        yield subject.problem_of(optimizer, message, hint, argument=name)
