"""The second part of a training, in which layers that were frozen learn too."""

from typing import Any

import numpy as np

from nnrun.config.schema import Experiment
from nnrun.models.freezing import layers_to_unfreeze, unfreeze
from nnrun.training.current_rate import constant_schedule, has_schedule
from nnrun.training.events import FineTuningBegan, Position


class FineTuning:
    """The switch from the first part of a training to the second.

    The optimizer has had variables for the layers that learn later from the beginning, so a state
    of the training has the same arrays in both parts. When the second begins, the optimizer is as
    new, as if the model were compiled again.

    Args:
        model: The compiled model, before its first step.
        experiment: The checked config, with a `training.fine_tune`.
    """

    def __init__(self, model: Any, experiment: Experiment) -> None:
        tuned = experiment.training.fine_tune
        assert tuned is not None  # noqa: S101 nobody asks else
        self.after_epoch = tuned.after_epoch
        self.learning_rate = tuned.learning_rate
        self._model = model
        self._layers = layers_to_unfreeze(model, experiment)
        self._new = [np.array(variable.numpy()) for variable in model.optimizer.variables]

    @classmethod
    def of(cls, model: Any, experiment: Experiment) -> "FineTuning | None":
        """The fine-tuning that a config asks for, if any."""
        return None if experiment.training.fine_tune is None else cls(model, experiment)

    def is_due(self, epoch: int, step: int) -> bool:
        """Whether it begins at this point of the training."""
        return (epoch, step) == (self.after_epoch, 0)

    def is_under_way(self, position: Position) -> bool:
        """Whether a state saved at this point belongs to the second part."""
        return (position.epoch, position.step) > (self.after_epoch, 0)

    def last_epoch(self, epoch: int, last: int) -> int:
        """The last epoch that can be trained in one block with the one after `epoch`."""
        return min(last, self.after_epoch) if epoch < self.after_epoch else last

    def go_on(self) -> None:
        """Prepare the model for the second part; the caller restores the optimizer's state."""
        unfreeze(self._model, self._layers)
        if has_schedule(self._model.optimizer):
            self._model.optimizer.learning_rate = constant_schedule(self.learning_rate)

    def begin(self) -> FineTuningBegan:
        """Begin the second part."""
        self.go_on()
        optimizer = self._model.optimizer
        for variable, value in zip(optimizer.variables, self._new, strict=True):
            variable.assign(value)
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if type(inner).__name__ == "ScheduleFreeAdamW":  # which begins at the weights
            for average, weight in zip(inner._momentums, inner._trainable_variables, strict=True):
                average.assign(weight)
        if not has_schedule(optimizer):
            optimizer.learning_rate = self.learning_rate
        names = tuple(layer.name for layer in self._layers)
        return FineTuningBegan(self.after_epoch + 1, names, self.learning_rate)
