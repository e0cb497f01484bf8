"""The optimizer with its learning rate, its schedule and its gradient clipping."""

from functools import partial
from typing import Any

import keras

from nnrun.config.adapting_layers import inner_components
from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component
from nnrun.config.rates import CLIPPING, PERFORMANCE
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Problem
from nnrun.models.momentum import cycle_momentum
from nnrun.models.own import check_saveable
from nnrun.models.schedules import OneCycle
from nnrun.objects import instantiate


def build_optimizer(experiment: Experiment, catalogue: Catalogue, steps_per_epoch: int) -> Any:
    """The Keras optimizer that the config declares.

    Args:
        experiment: The checked config.
        catalogue: Where the optimizer's default learning rate stands.
        steps_per_epoch: What `20 epochs` in a schedule is counted in.

    Raises:
        ConfigError: If its class refuses its arguments, or makes something else; likewise of its
            schedule, and if this one cannot be saved.
    """
    declared = experiment.optimizer
    complete = complete_optimizer(experiment, catalogue)
    optimizer = instantiate(complete, steps_per_epoch=steps_per_epoch)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        problem = Problem(
            f"{complete.name} does not make a Keras optimizer", declared.place, declared.path
        )
        raise ConfigError([problem])
    rate = complete.arguments.get("learning_rate")
    if isinstance(rate, Component):
        _check_schedule(optimizer, rate)
    _cycle(getattr(optimizer, "inner_optimizer", optimizer), declared)
    return optimizer


def complete_optimizer(experiment: Experiment, catalogue: Catalogue) -> Component:
    """The optimizer with the settings from elsewhere in the config: schedule and clipping."""
    declared = experiment.optimizer
    entry = catalogue.find("optimizers", declared.name)
    known = {} if entry is None else entry.arguments
    floats = {name for name, one in known.items() if isinstance(one.default, float)}
    arguments = dict(declared.arguments)
    for name in {"learning_rate", *floats} & arguments.keys():
        if isinstance(arguments[name], int):  # which Keras refuses for a rate or a momentum
            arguments[name] = float(arguments[name])
    if experiment.schedule is not None and experiment.schedule.name != PERFORMANCE:
        arguments["learning_rate"] = complete_schedule(
            experiment.schedule, base_rate(experiment, catalogue), catalogue
        )
    clip = experiment.regularization.clip
    for ours, keras_name in CLIPPING.items():
        if getattr(clip, ours) is not None:
            arguments.setdefault(keras_name, getattr(clip, ours))
    module, name = declared.module, declared.name
    if entry is not None:
        module, name = entry.module, entry.name
    return Component(name, "optimizers", module, arguments, declared.place, declared.path)


def _check_schedule(optimizer: Any, declared: Component) -> None:
    """See that a schedule is one, and can be saved with the model.

    Raises:
        ConfigError: One of the user's own is not or cannot.
    """
    schedule = getattr(optimizer, "_learning_rate", None)
    named = [declared, *inner_components(declared.arguments.values())]
    own = next((component for component in named if component.is_users_own), declared)
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        message = f"{declared.name} does not make a learning-rate schedule"
        hint = "derive it from keras.optimizers.schedules.LearningRateSchedule"
        raise ConfigError([Problem(message, declared.place, declared.path, hint)])
    check_saveable(own, partial(keras.optimizers.schedules.serialize, schedule))


def _cycle(optimizer: Any, declared: Component) -> None:
    """Connect a schedule that changes the momentum as well.

    Raises:
        ConfigError: The optimizer has no momentum.
    """
    schedule = getattr(optimizer, "_learning_rate", None)
    if not isinstance(schedule, OneCycle) or schedule.momentum is None:
        return
    if not cycle_momentum(optimizer, schedule):
        message = f"OneCycle moves the momentum, and {declared.name} has none"
        hint = "write `momentum: null` into OneCycle to move the rate alone"
        raise ConfigError([Problem(message, declared.place, declared.path, hint)])


def base_rate(experiment: Experiment, catalogue: Catalogue) -> float | None:
    """The optimizer's constant learning rate: the declared one or the class's default."""
    rate = experiment.optimizer.arguments.get("learning_rate")
    if isinstance(rate, int | float):
        return float(rate)
    entry = catalogue.find("optimizers", experiment.optimizer.name)
    argument = entry.arguments.get("learning_rate") if entry else None
    default = argument.default if argument else None
    return float(default) if isinstance(default, int | float) else None


def complete_schedule(schedule: Component, rate: float | None, catalogue: Catalogue) -> Component:
    """The schedule, starting from the optimizer's rate where it names no rate to start from.

    So does one that stands behind a warm-up.
    """
    entry = catalogue.find("schedules", schedule.name)
    arguments = dict(schedule.arguments)
    then = arguments.get("then")
    if isinstance(then, Component):
        arguments["then"] = complete_schedule(then, rate, catalogue)
    elif entry is not None and "then" in entry.arguments:
        arguments["then"] = rate if then is None else then
    if entry is not None and "initial_learning_rate" in entry.arguments and rate is not None:
        arguments.setdefault("initial_learning_rate", rate)
    return Component(
        schedule.name, "schedules", schedule.module, arguments, schedule.place, schedule.path
    )
