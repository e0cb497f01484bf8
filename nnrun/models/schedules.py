"""Learning-rate schedules that Keras lacks; each maps the number of a step to a rate.

Steps count from 0. In a config, lengths may also be given as `20 epochs`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from nnrun.config.components import Component

__all__ = ["CyclicalRate", "OneCycle", "PerformanceSchedule", "PowerDecay", "Warmup"]


def _between(start: Any, end: Any, share: Any) -> Any:
    """Interpolate linearly from `start` (share 0) to `end` (share 1)."""
    return start * (1.0 - share) + end * share  # exact at both ends


def _share(step: Any, steps: int) -> Any:
    """The share of steps that are done, from 0 to 1, as float32."""
    return ops.clip(ops.cast(step, "float32") / max(steps, 1), 0.0, 1.0)


def _check_steps(name: str, steps: int) -> int:
    if steps < 1:
        raise ValueError(f"{name} must be 1 or more, not {steps}")
    return int(steps)


@keras.saving.register_keras_serializable("nnrun")
class PowerDecay(LearningRateSchedule):
    """Power scheduling: the rate is initial / (1 + step / decay_steps) ** power.

    After `decay_steps` it is half the initial one, after as many again a third, and so on (Géron,
    Hands-On Machine Learning, chapter 11). With `power: 1` it is Keras's `InverseTimeDecay`.

    Args:
        initial_learning_rate: A float, the rate of the first step.
        decay_steps: Steps after which the denominator is 2.
        power: A float, the exponent.
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, power: float = 1.0) -> None:
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _check_steps("decay_steps", decay_steps)
        self.power = power

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        done = ops.cast(step, "float32") / self.decay_steps
        return self.initial_learning_rate / ops.power(1.0 + done, float(self.power))

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "power": self.power,
        }


@keras.saving.register_keras_serializable("nnrun")
class CyclicalRate(LearningRateSchedule):
    """A rate that climbs and falls between two values on straight lines, again and again.

    L. Smith, "Cyclical learning rates for training neural networks" (arXiv:1506.01186): the
    `triangular` policy, and `triangular2`, where the climb is halved after every cycle.

    Args:
        step_size: Steps from the lowest to the highest rate, half a cycle.
        initial_learning_rate: A float, the lowest rate, which the training begins with.
        max_learning_rate: A float, the highest rate; null takes four times the lowest.
        policy: `triangular` or `triangular2`.
    """

    def __init__(
        self,
        step_size: int,
        initial_learning_rate: float,
        max_learning_rate: float | None = None,
        policy: Literal["triangular", "triangular2"] = "triangular",
    ) -> None:
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.step_size = _check_steps("step_size", step_size)
        self.max_learning_rate = max_learning_rate
        self.policy = policy

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        lowest = self.initial_learning_rate
        highest = 4 * lowest if self.max_learning_rate is None else self.max_learning_rate
        half_cycles = ops.cast(step, "float32") / self.step_size
        cycle = ops.floor(half_cycles / 2)
        height = 1.0 - ops.absolute(half_cycles - 2 * cycle - 1.0)
        if self.policy == "triangular2":
            height = height / ops.power(2.0, cycle)
        return _between(lowest, highest, height)

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "step_size": self.step_size,
            "max_learning_rate": self.max_learning_rate,
            "policy": self.policy,
        }


@keras.saving.register_keras_serializable("nnrun")
class OneCycle(LearningRateSchedule):
    """One cycle over the whole training: the rate climbs, falls back, and fades out at the end.

    L. Smith, "A disciplined approach to neural network hyper-parameters" (arXiv:1803.09820), as
    Géron, Hands-On Machine Learning, chapter 11, has it. Over the first (steps - final_steps) / 2
    steps the rate climbs on a straight line from the initial to the highest one, over as many it
    comes back, and over the final steps it falls to the final one. The optimizer's momentum
    (`momentum`, or Adam's `beta_1`) goes the other way, down and up again, and stays up at the end.

    Args:
        steps: Steps of the whole cycle, usually the whole training.
        initial_learning_rate: A float, the rate of the first step.
        max_learning_rate: A float, the highest rate; null takes ten times the initial one.
        final_learning_rate: A float, the rate at the end; null takes a thousandth of the initial one.
        final_steps: Steps of the last fall; null takes a tenth of all.
        momentum: A list of two numbers, the momentum at the start and at the highest rate; null
            leaves the optimizer's momentum alone.
    """

    def __init__(
        self,
        steps: int,
        initial_learning_rate: float,
        *,
        max_learning_rate: float | None = None,
        final_learning_rate: float | None = None,
        final_steps: int | None = None,
        momentum: Sequence[float] | None = (0.95, 0.85),
    ) -> None:
        super().__init__()
        self.initial_learning_rate = initial_learning_rate
        self.steps = _check_steps("steps", steps)
        self.max_learning_rate = max_learning_rate
        self.final_learning_rate = final_learning_rate
        self.final_steps = final_steps
        if not 0 <= self._final < self.steps:
            raise ValueError(f"final_steps must be fewer than the {steps} steps, not {final_steps}")
        if momentum is not None and (
            len(momentum) != 2 or not all(0 < value < 1 for value in momentum)  # noqa: PLR2004
        ):
            raise ValueError(f"momentum must be two numbers between 0 and 1, not {momentum}")
        self.momentum = None if momentum is None else tuple(momentum)

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        step = ops.cast(step, "float32")
        first = self.initial_learning_rate
        highest = 10 * first if self.max_learning_rate is None else self.max_learning_rate
        last = first / 1000 if self.final_learning_rate is None else self.final_learning_rate
        cycled = _between(first, highest, self._height(step))
        # The last step, not the one after it, has the final rate.
        faded = _share(step - self._cycle, max(self._final - 1, 1))
        return ops.where(step < self._cycle, cycled, _between(first, last, faded))

    def momentum_at(self, step: Any) -> Any:
        """The momentum of a step, if it changes at all."""
        assert self.momentum is not None  # noqa: S101 asked before
        start, at_highest = self.momentum
        return _between(start, at_highest, self._height(step))

    @property
    def _final(self) -> int:
        return round(self.steps / 10) if self.final_steps is None else int(self.final_steps)

    @property
    def _cycle(self) -> int:
        """The numbers of steps up and down."""
        return self.steps - self._final

    def _height(self, step: Any) -> Any:
        """The position of a step between the lowest (0) and the highest (1) rate of the cycle."""
        return 1.0 - ops.absolute(2.0 * _share(step, self._cycle) - 1.0)

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "steps": self.steps,
            "max_learning_rate": self.max_learning_rate,
            "final_learning_rate": self.final_learning_rate,
            "final_steps": self.final_steps,
            "momentum": self.momentum,
        }


@keras.saving.register_keras_serializable("nnrun")
class Warmup(LearningRateSchedule):
    """A rate that climbs linearly to the start of a schedule, and then follows it.

    P. Goyal et al., "Accurate, large minibatch SGD" (arXiv:1706.02677). The schedule counts its own
    steps from the end of the climb. Without one the rate stays where it has come.

    Args:
        steps: Steps of the climb.
        then: The schedule after it, or a float, a constant rate; null takes the optimizer's rate.
        start: A float, the rate of the first step.
    """

    def __init__(
        self,
        steps: int,
        then: float | Callable[[Any], Any] | None = None,
        start: float = 0.0,
    ) -> None:
        super().__init__()
        if then is None:
            raise ValueError("the optimizer has no rate to warm up to: give `then` a number")
        self.steps = _check_steps("steps", steps)
        self.then = then
        self.start = start

    def __call__(self, step: Any) -> Any:
        """The rate of a step."""
        step = ops.cast(step, "float32")
        climbing = _between(
            self.start, self._afterwards(ops.zeros_like(step)), _share(step, self.steps)
        )
        following = self._afterwards(ops.maximum(step - self.steps, 0.0))
        return ops.where(step < self.steps, climbing, following)

    def _afterwards(self, step: Any) -> Any:
        return self.then(step) if callable(self.then) else self.then

    def get_config(self) -> dict[str, Any]:
        """The schedule's arguments."""
        then = self.then
        if isinstance(then, LearningRateSchedule):
            then = keras.optimizers.schedules.serialize(then)
        return {"steps": self.steps, "then": then, "start": self.start}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Warmup":
        """The schedule with the arguments from `get_config`."""
        then = config["then"]
        if isinstance(then, dict):
            then = keras.optimizers.schedules.deserialize(then)
        return cls(**{**config, "then": then})


class PerformanceSchedule:
    """The optimizer's rate, lowered whenever a metric stops improving.

    Performance scheduling (Géron, Hands-On Machine Learning, chapter 11). It follows the figures of
    the epochs, not the number of the step, and is therefore carried out by Keras's callback
    `ReduceLROnPlateau`, whose arguments it has; what that has counted is saved and resumed with a run.

    Args:
        factor: A float, what the rate is multiplied by.
        patience: An integer, the number of epochs without improvement to wait for.
        monitor: The metric to watch.
        min_delta: A float, the smallest change that counts as an improvement.
        cooldown: An integer, the epochs after a change before counting starts again.
        min_lr: A float, below which the rate never falls.
        mode: `min` or `max`: whether a low or a high value is better; `auto` asks the metric.
    """

    def __init__(
        self,
        *,
        factor: float = 0.5,
        patience: int = 5,
        monitor: str = "val_loss",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        mode: Literal["auto", "min", "max"] = "auto",
    ) -> None:
        self.arguments = {
            "factor": factor,
            "patience": patience,
            "monitor": monitor,
            "min_delta": min_delta,
            "cooldown": cooldown,
            "min_lr": min_lr,
            "mode": mode,
        }

    def as_callback(self, declared: Component) -> Component:
        """The callback that implements the schedule, with the schedule's place in the config."""
        return Component(
            "ReduceLROnPlateau",
            "callbacks",
            "keras.callbacks",
            self.arguments,
            declared.place,
            declared.path,
        )
