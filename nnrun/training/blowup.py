"""Where a training blew up: the first step after which a figure or a variable is not finite.

The engine is deterministic, so the epoch that went wrong can be made again from the last good state,
in chunks, and the chunk that spoils it halved until a single step is left.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnrun.training.engines import ChunkSize
from nnrun.training.placing import AnyTraining
from nnrun.training.state import capture_state, not_finite, restore_state

SEARCH_SECONDS = 10.0
"""What the search may take: a training that is over should not go on much longer."""


@dataclass(frozen=True)
class Blowup:
    """The first step that went wrong.

    Attributes:
        step: The step of the epoch, from 1.
        steps: Steps in the epoch.
        spoiled: The paths of the variables that are not finite after it; empty where the weights
            are finite and only the loss is not.
        largest: The path of the variable that held the greatest value before it.
        value: That value, without its sign.
    """

    step: int
    steps: int
    spoiled: tuple[str, ...]
    largest: str
    value: float

    def __str__(self) -> str:
        where = f"step {self.step} of {self.steps}"
        before = f"before it the largest weight was {self.value:.3g}, in {self.largest}"
        if not self.spoiled:
            return f"the loss of {where} is the first that is not finite; {before}"
        first, *others = self.spoiled
        more = f" and {len(others)} more variables" if len(others) > 1 else ""
        more = f" and {others[0]}" if len(others) == 1 else more
        spoiled = f"{first}{more} {'are' if others else 'is'} not finite"
        return f"after {where} {spoiled}; {before}"


@dataclass
class BlowupSearch:
    """The search in one epoch; the model stands as it was before the step that was found.

    A learning rate that a callback sets within the epoch counts from the epoch's first step.

    Args:
        model: The compiled model.
        training: Its training steps.
        order: The order in which the epoch visits the rows.
        should_stop: Asked after every chunk; True gives the search up.
        seconds: What it may take.
    """

    model: Any
    training: AnyTraining
    order: np.ndarray
    should_stop: Callable[[], bool]
    seconds: float = SEARCH_SECONDS
    _good: Mapping[str, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def run(self, start: Mapping[str, np.ndarray], step: int) -> Blowup | None:
        """Search for the first bad step, starting from a good state.

        Args:
            start: The state, as `capture_state` took it.
            step: Steps of the epoch that are done in it.

        Returns:
            What was found; None where the steps all go well, or the search takes too long.
        """
        self._deadline = time.monotonic() + self.seconds
        rate = _constant_rate(self.model)
        restore_state(self.model, start)
        if rate is not None:
            self.model.optimizer.learning_rate = rate
        if step == 0:
            self.model.reset_metrics()
        self._good = capture_state(self.model, metrics=True)
        self.training.begin_epoch(self.order)
        bounds = self._advance(step)
        while bounds is not None and bounds[1] - bounds[0] > 1:
            bounds = self._halve(*bounds)
        return None if bounds is None else self._describe(bounds[0])

    def _advance(self, low: int) -> tuple[int, int] | None:
        """The first and last step of the first chunk after which the state is no longer finite."""
        chunk = ChunkSize()
        while low < self.training.steps and not self._is_over():
            high = min(low + chunk.steps, self.training.steps)
            with chunk.measured(high - low):
                good = self._goes_well(low, high)
            if not good:
                return low, high
            self._good, low = capture_state(self.model, metrics=True), high
        return None

    def _halve(self, low: int, high: int) -> tuple[int, int] | None:
        if self._is_over():
            return None
        middle = (low + high) // 2
        self._return_to_good()
        if not self._goes_well(low, middle):
            return low, middle
        self._good = capture_state(self.model, metrics=True)
        return middle, high

    def _describe(self, low: int) -> Blowup:
        self._return_to_good()
        greatest = {weight.path: _greatest(weight) for weight in self.model.weights}
        largest = max(greatest, key=greatest.__getitem__)
        self._goes_well(low, low + 1)
        spoiled = tuple(not_finite(self.model))
        self._return_to_good()
        return Blowup(low + 1, self.training.steps, spoiled, largest, greatest[largest])

    def _return_to_good(self) -> None:
        restore_state(self.model, self._good)
        self.training.begin_epoch(self.order)

    def _goes_well(self, low: int, high: int) -> bool:
        figures = self.training.run(low, high)
        return bool(np.isfinite(figures["loss"])) and not any(not_finite(self.model))

    def _is_over(self) -> bool:
        return time.monotonic() > self._deadline or self.should_stop()


def remedy(rate: float, config: str, *, clipped: bool) -> str:
    """What to try after a training has diverged, in a sentence.

    >>> remedy(0.1, "digits.yaml", clipped=True)
    'Try a learning rate of 0.01 instead of 0.1, or let `nnrun lr-find digits.yaml` find one.'

    Args:
        rate: The learning rate it diverged with.
        config: The config file.
        clipped: Whether gradients are clipped already.
    """
    clip = "" if clipped else " clip the gradients with `regularization.clip.norm: 1`,"
    return (
        f"Try a learning rate of {rate / 10:.3g} instead of {rate:.3g},{clip} "
        f"or let `nnrun lr-find {config}` find one."
    )


def _constant_rate(model: Any) -> float | None:
    """The present learning rate; None where a schedule gives it."""
    optimizer = model.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    scheduled = not hasattr(optimizer._learning_rate, "assign")
    return None if scheduled else float(optimizer.learning_rate)


def _greatest(weight: Any) -> float:
    return float(np.abs(weight.numpy()).max(initial=0.0))
