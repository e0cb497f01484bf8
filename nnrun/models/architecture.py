"""What the config calls `architecture` → a flat list of layers, nothing left implied."""

import dataclasses
from collections.abc import Sequence

from nnrun.config.components import Component
from nnrun.config.from_run import FromRun
from nnrun.config.graphs import Graph
from nnrun.config.schema import Experiment
from nnrun.config.tasks import TASKS
from nnrun.data.splits import InputSpec, TargetSpec
from nnrun.models import presets
from nnrun.models.regularization import regularize
from nnrun.models.stand_ins import stand_in


def expand_architecture(
    experiment: Experiment, inputs: InputSpec, targets: TargetSpec
) -> list[Component]:
    """The layers of the model in order: presets unfolded, regularization put in.

    Of a model that begins with the layers of a run, they are those that come after them; a class
    of the user's own is the one layer that there is. A layer that reads text is done already.

    Args:
        experiment: The checked config.
        inputs: The input's shape.
        targets: What is predicted.
    """
    declared = experiment.architecture
    if isinstance(declared, Graph):
        raise TypeError("a graph is not a list of layers")
    if isinstance(declared, Component) and declared.is_users_own:
        return [dataclasses.replace(declared, group="layers")]
    if isinstance(declared, Component):
        layers = _unfold(declared, inputs, targets)
    else:
        listed = declared.add if isinstance(declared, FromRun) else declared
        layers = [part for layer in listed for part in with_own_activation(layer)]
    layers = regularize([stand_in(layer) for layer in layers], experiment.regularization)
    if experiment.runtime.precision != "float32" and layers:
        layers[-1] = in_float32(layers[-1])
    return layers


def in_float32(output: Component) -> Component:
    """The output layer in full precision: probabilities close to 0 do not fit into half of it."""
    if output.is_users_own:
        return output
    return dataclasses.replace(output, arguments={"dtype": "float32", **output.arguments})


def _unfold(preset: Component, inputs: InputSpec, targets: TargetSpec) -> list[Component]:
    task, classes = TASKS[targets.task], len(targets.classes)
    units, ending = task.ending(classes, targets.width, one_hot=targets.one_hot)
    stack = getattr(presets, preset.name)(**preset.arguments).layers(
        units=units, ending=ending, rank=len(inputs.shape), shape=targets.shape
    )
    layers = [
        Component(name, "layers", "keras.layers", arguments, preset.place, preset.path)
        for name, arguments in stack
    ]
    return [part for layer in layers for part in with_own_activation(layer)]


def with_own_activation(layer: Component) -> Sequence[Component]:
    """A layer whose activation is itself a layer, such as LeakyReLU, as the two that it is."""
    activation = layer.arguments.get("activation")
    if not isinstance(activation, Component) or activation.module is None:
        return [layer]
    rest = {name: value for name, value in layer.arguments.items() if name != "activation"}
    after = dataclasses.replace(activation, group="layers", place=layer.place, path=layer.path)
    return [dataclasses.replace(layer, arguments=rest), after]
