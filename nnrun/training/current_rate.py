"""The current learning rate of an optimizer, set by a number, a callback or a schedule."""

from typing import Any

import keras


def has_schedule(optimizer: Any) -> bool:
    """Whether the learning rate is a function of the step and not a variable."""
    return isinstance(
        _inner(optimizer)._learning_rate, keras.optimizers.schedules.LearningRateSchedule
    )


def constant_schedule(rate: float) -> Any:
    """A constant schedule, for optimizers with a schedule: these don't accept a plain number."""
    return keras.optimizers.schedules.ExponentialDecay(rate, decay_steps=1, decay_rate=1.0)


def rate_of_last_step(optimizer: Any) -> Any:
    """The rate of the last step, a scalar; `learning_rate` is already that of the next one."""
    if not has_schedule(optimizer):
        return keras.ops.convert_to_tensor(optimizer.learning_rate)
    inner = _inner(optimizer)
    return inner._learning_rate(inner._iterations - 1)


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)
