"""The current learning rate of an optimizer, set by a number, a callback or a schedule."""

from typing import Any

import keras
import tensorflow as tf


def schedule_of(optimizer: Any) -> Any:
    """The schedule that gives an optimizer its learning rate; None where that is a number."""
    rate = _inner(optimizer)._learning_rate
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


def has_schedule(optimizer: Any) -> bool:
    """Whether the learning rate is a function of the step and not a variable."""
    return schedule_of(optimizer) is not None


def schedule_variables(optimizer: Any) -> list[Any]:
    """The variables in which a user's own schedule keeps a state, those of inner schedules too.

    Keras does not count them among the optimizer's.
    """
    return _variables_of(schedule_of(optimizer))


def _variables_of(schedule: Any) -> list[Any]:
    held = keras.tree.flatten(list(vars(schedule).values())) if schedule is not None else []
    inner = [
        item for item in held if isinstance(item, keras.optimizers.schedules.LearningRateSchedule)
    ]
    variables = [item for item in held if isinstance(item, keras.Variable | tf.Variable)]
    return [*variables, *(variable for item in inner for variable in _variables_of(item))]


def constant_schedule(rate: float) -> Any:
    """A constant schedule, for optimizers with a schedule: these don't accept a plain number."""
    return keras.optimizers.schedules.ExponentialDecay(rate, decay_steps=1, decay_rate=1.0)


def rate_of_last_step(optimizer: Any) -> Any:
    """The rate of the last step, a scalar; `learning_rate` is already that of the next one."""
    schedule = schedule_of(optimizer)
    if schedule is None:
        return keras.ops.convert_to_tensor(optimizer.learning_rate)
    state = [(variable, tf.identity(variable)) for variable in _variables_of(schedule)]
    rate = schedule(_inner(optimizer)._iterations - 1)
    for variable, value in state:  # the question leaves no trace
        variable.assign(value)
    return rate


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)
