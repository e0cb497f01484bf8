"""A momentum that follows a schedule, in optimizers that take it as a number."""

from typing import Any

import keras
import tensorflow as tf

from nnrun.config.rates import MOMENTUM


def cycle_momentum(optimizer: Any, schedule: Any) -> bool:
    """Let the momentum of an optimizer follow a schedule; called before its variables are created.

    Args:
        optimizer: A Keras optimizer, or one that scales the loss around it.
        schedule: A schedule with `momentum` and `momentum_at`, such as OneCycle.

    Returns:
        Whether it has a momentum.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    name = next(
        (name for name in MOMENTUM if isinstance(getattr(optimizer, name, None), float)), None
    )
    if name is not None:
        setattr(optimizer, name, CycledMomentum(schedule, optimizer))
    return name is not None


class CycledMomentum(float):
    """A number that changes with every step, according to a schedule.

    Keras's optimizers read their momentum as a Python number, which a compiled program takes in
    once and for all. Wherever they make a tensor of this one or reckon with it, they get what the
    schedule says of the step, worked out within the program. Compared or written down, it is the
    momentum of the first step. It has no state of its own: it follows from the iterations, which
    are saved with the optimizer.

    Args:
        schedule: What says the momentum of a step.
        optimizer: Whose steps count.
    """

    dtype = "float32"

    def __new__(cls, schedule: Any, optimizer: Any) -> "CycledMomentum":
        """The number it equals outside of a computation."""
        momentum = super().__new__(cls, schedule.momentum[0])
        momentum._schedule = schedule
        momentum._optimizer = optimizer
        return momentum

    _schedule: Any
    _optimizer: Any

    def now(self) -> Any:
        """The momentum at the optimizer's current step, a float32 tensor."""
        # The iterations that its learning rate follows, with accumulated gradients too.
        return keras.ops.convert_to_tensor(self._schedule.momentum_at(self._optimizer._iterations))

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return tf.cast(self.now(), dtype or tf.float32, name=name)

    def __mul__(self, other: Any) -> Any:
        return self.now() * other

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        return self.now() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.now()
