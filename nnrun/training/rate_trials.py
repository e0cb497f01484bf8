"""Trial trainings of one model at different learning rates.

Every one begins with the model as it is now and takes the steps that `nnrun train` takes with that
rate, bit for bit; the rate is a variable, so that one compiled program serves them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from nnrun.training.engines import never
from nnrun.training.events import EpochEnded, Position, Resumable, TrainingEnded
from nnrun.training.loop import Course, Programs, train_epochs
from nnrun.training.state import capture_state, restore_state

Figures = Mapping[str, float]


@dataclass
class _Standing:
    """How far the training at a rate has come."""

    epochs: list[Figures] = field(default_factory=list)
    diverged: bool = False
    position: Position = field(default_factory=Position)
    state: Mapping[str, np.ndarray] | None = None


class RateTrials:
    """Trial trainings of one model, which share its compiled program.

    Args:
        model: The compiled Keras model, as a training is to find it; good for nothing afterwards.
        programs: Its compiled parts.
        course: How it is trained; no trial is longer.
    """

    def __init__(self, model: Any, programs: Programs, course: Course) -> None:
        self._model, self._programs, self.course = model, programs, course
        self._start = capture_state(model)
        self._standing: dict[float, _Standing] = {}

    def train(
        self, rate: float, epochs: int, watch: Callable[[int, Figures], object]
    ) -> tuple[Sequence[Figures], bool]:
        """Train at a rate to a total number of epochs, continuing its earlier trial.

        Args:
            rate: The learning rate.
            epochs: The last epoch, from 1.
            watch: Called with the number and the figures of every epoch that is made.

        Returns:
            The figures of all its epochs: loss, metrics, `val_*`; and whether the epoch after them
            diverged.
        """
        standing = self._standing.setdefault(rate, _Standing())
        if not standing.diverged and len(standing.epochs) < epochs:
            self._advance(rate, standing, epochs, watch)
        return tuple(standing.epochs[:epochs]), standing.diverged and len(standing.epochs) < epochs

    def _advance(
        self, rate: float, standing: _Standing, epochs: int, watch: Callable[[int, Figures], object]
    ) -> None:
        def resume() -> Position:
            restore_state(self._model, self._start if standing.state is None else standing.state)
            self._model.optimizer.learning_rate = rate
            return standing.position

        course, callbacks = replace(self.course, epochs=epochs), self._no_callbacks(epochs)
        for event in train_epochs(
            self._model, self._programs, callbacks, course, never, resume=resume
        ):
            match event:
                case EpochEnded():
                    standing.epochs.append(event.figures)
                    watch(event.epoch, event.figures)
                case Resumable():
                    standing.position = event.position
                case TrainingEnded():
                    standing.diverged = event.reason == "diverged"
        whole = standing.diverged or epochs == self.course.epochs
        standing.state = None if whole else capture_state(self._model)

    def _no_callbacks(self, epochs: int) -> Any:
        steps = self._programs.training.steps
        return keras.callbacks.CallbackList(
            [], model=self._model, epochs=epochs, steps=steps, verbose=0
        )
