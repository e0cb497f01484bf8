"""The outputs of a model: their losses and metrics, and whether they fit their targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import keras

from nnrun.config.components import Component
from nnrun.config.relations import find_output_layer
from nnrun.config.roles import view_of
from nnrun.config.schema import Experiment
from nnrun.config.tasks import LABELS, NUMBERS
from nnrun.errors import Problem
from nnrun.models.losses import choose_loss
from nnrun.models.metrics import choose_metrics
from nnrun.models.misfits import show_shape
from nnrun.models.network import ending
from nnrun.models.shapes import output_shape
from nnrun.tasks.targets import TargetSpec


def gives_logits(experiment: Experiment, name: str, target: TargetSpec, model: Any) -> bool:
    """Whether an output of a model ends without the sigmoid or softmax of a classifier.

    Args:
        experiment: The checked config.
        name: The output.
        target: What it predicts.
        model: The model.
    """
    if target.predicts == NUMBERS:
        return False
    view = view_of(experiment, name)
    declared = view.loss is not None and view.loss.arguments.get("from_logits") is True
    return declared or last_activation(model, ending(experiment, name, target)) == "linear"


def last_activation(model: Any, layers: Sequence[Component]) -> str:
    """The last activation of an output, from the config or else from the model; or `unknown`.

    Args:
        model: The model.
        experiment: The checked config.
        layers: The layers that the config lists before this output.
    """
    if layers:
        output = find_output_layer(layers)
        return output.activation if output else "unknown"
    last = model.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", "unknown")
    return "softmax" if isinstance(last, keras.layers.Softmax) else name


def taken_over(experiment: Experiment) -> Component:
    """A component to blame for layers that the config does not list."""
    path = "architecture.from_run"
    return Component("from_run", "", place=experiment.place_of(path), path=path)


@dataclass(frozen=True)
class Head:
    """An output of a model.

    Attributes:
        name: Its name.
        view: The experiment as this output sees it.
        target: What it predicts.
        shape: The shape of what it gives for a row.
        last: The layer that gives it.
        activation: The last activation; "linear" for logits, "unknown" where it cannot be told.
    """

    name: str
    view: Experiment
    target: TargetSpec
    shape: tuple[int | None, ...]
    last: Component
    activation: str

    @classmethod
    def of(cls, model: Any, experiment: Experiment, name: str, target: TargetSpec) -> Self:
        """The output of a model that predicts a target."""
        view, layers = view_of(experiment, name), ending(experiment, name, target)
        last = layers[-1] if layers else taken_over(experiment)
        activation = last_activation(model, layers)
        return cls(name, view, target, output_shape(model, name), last, activation)

    @property
    def loss(self) -> Component:
        """Its loss."""
        return choose_loss(self.view, self.target, self._units, self.activation)

    @property
    def metrics(self) -> Sequence[Component]:
        """Its metrics."""
        return choose_metrics(self.view, self.target, self._units, self.activation)

    @property
    def _units(self) -> int:
        return self.shape[-1] or 0 if self.shape else 0

    def problems(self) -> Iterator[Problem]:
        """Problems with an output's shape, which the loss would silently broadcast."""
        target = self.target
        wanted = target.shape or (len(target.classes) or target.width,)
        one_for_two = len(target.classes) == 2 and not target.one_hot  # noqa: PLR2004 two classes
        if self.shape == wanted or (one_for_two and self.shape == (1,)):
            return
        has, hint = self._wanted(wanted)
        message = f"the model gives {show_shape(self.shape)} for a row, but the target is {has}"
        yield Problem(message, self.last.place, self.last.path, hint)

    def _wanted(self, shape: tuple[int, ...]) -> tuple[str, str]:
        """The target in words, and how to get its shape."""
        target, width = self.target, prod(shape)
        if len(shape) > 1:
            back = f"`Reshape: {show_shape(shape)}`"
            fits = prod(size or 0 for size in self.shape) == width
            hint = f"end with {back}" if fits else f"end with `Dense: {width}` and {back}"
            return f"the input, {show_shape(shape)}", hint
        hint = f"end with `Dense: {width}`"
        if len(self.shape) > 1:
            hint = "is a `Flatten` missing before the Dense layers?"
        if target.input:
            return f"the input, {width} numbers", hint
        unit = "classes" if target.classes else "numbers" if width > 1 else "number"
        return f"{width} {'labels' if target.predicts == LABELS else unit}", hint
