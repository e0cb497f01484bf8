"""The outputs of a model: what each gives, what it is measured by, and whether that fits its target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

from nnrun.config.components import Component
from nnrun.config.graphs import Graph
from nnrun.config.relations import find_output_layer
from nnrun.config.roles import view_of
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.errors import Problem
from nnrun.models.architecture import expand_architecture, with_own_activation
from nnrun.models.components import instantiate
from nnrun.models.losses import choose_loss, choose_metrics
from nnrun.models.misfits import show_shape


def gives_logits(experiment: Experiment, name: str, target: TargetSpec) -> bool:
    """Whether an output of a model ends without the sigmoid or softmax of a classifier.

    Args:
        experiment: The checked config.
        name: The output.
        target: What it predicts.
    """
    if not target.classes and target.task != "multilabel":
        return False
    view = view_of(experiment, name)
    declared = view.loss is not None and view.loss.arguments.get("from_logits") is True
    output = find_output_layer(last_layers(view, target))
    return declared or (output is not None and output.activation == "linear")


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
        tensor = model.output[name] if len(model.outputs) > 1 else model.outputs[0]
        view = view_of(experiment, name)
        layers = last_layers(view, target)
        output = find_output_layer(layers)
        activation = output.activation if output else "unknown"
        graph = experiment.architecture
        last = graph.layer_of(name) if isinstance(graph, Graph) else layers[-1]
        return cls(name, view, target, tuple(tensor.shape[1:]), last, activation)

    @property
    def loss(self) -> Component:
        """Its loss."""
        return choose_loss(self.view, self.target, self._units, self.activation)

    @property
    def metrics(self) -> list[Any]:
        """Its metrics."""
        chosen = choose_metrics(self.view, self.target, self._units, self.activation)
        return [instantiate(metric) for metric in chosen]

    @property
    def _units(self) -> int:
        return self.shape[-1] or 0 if self.shape else 0

    def problems(self) -> Iterator[Problem]:
        """What is wrong with an output that the loss would stretch over the target without a word."""
        target = self.target
        wanted = target.shape or (len(target.classes) or target.width,)
        one_for_two = len(target.classes) == 2 and not target.one_hot  # noqa: PLR2004 two classes
        if self.shape == wanted or (one_for_two and self.shape == (1,)):
            return
        has, hint = self._wanted(wanted)
        message = f"the model gives {show_shape(self.shape)} for a row, but the target is {has}"
        yield Problem(message, self.last.place, self.last.path, hint)

    def _wanted(self, shape: tuple[int, ...]) -> tuple[str, str]:
        """The target in words, and how to come to its shape."""
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
        return f"{width} {'labels' if target.task == 'multilabel' else unit}", hint


def last_layers(view: Experiment, target: TargetSpec) -> Sequence[Component]:
    """The layers that an output ends in, presets unfolded."""
    if isinstance(view.architecture, Component):
        spec = InputSpec(target.shape or (1,), "float32")
        return expand_architecture(view, spec, target)
    if isinstance(view.architecture, tuple):
        return [part for layer in view.architecture for part in with_own_activation(layer)]
    return ()
