"""The network: an architecture of any form as named nodes, with nothing left implied."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nnrun.config.components import Component
from nnrun.config.graphs import GraphLayer
from nnrun.config.outline import Outline
from nnrun.config.schema import Experiment
from nnrun.data.splits import InputSpec
from nnrun.errors import Place
from nnrun.models import presets
from nnrun.models.regularization import regularize
from nnrun.models.stand_ins import stand_in
from nnrun.tasks.lookup import find_task
from nnrun.tasks.targets import TargetSpec


@dataclass(frozen=True)
class Node:
    """A node of a network.

    Attributes:
        parts: Its layers, applied one after another: the one that the config declares, and what
            regularization adds. Empty if it shares another node's layers or takes those of a run.
        declared: The node in the outline: what it is applied to, and whose layers it shares.
        place: Where the config declares it.
        path: Its path in the config.
    """

    parts: tuple[Component, ...]
    declared: GraphLayer
    place: Place | None
    path: str

    @classmethod
    def of(
        cls, experiment: Experiment, parts: Sequence[Component], node: GraphLayer, path: str
    ) -> "Node":
        """A node of these parts at the place of its layer; without a layer, at the place of a path."""
        layer = node.layer
        place, path = (layer.place, layer.path) if layer else (experiment.place_of(path), path)
        return cls(tuple(parts), node, place, path)


@dataclass(frozen=True)
class Network:
    """What a model is built from and a script is written from, whatever the architecture's form.

    Attributes:
        nodes: The nodes by name, in the order in which they are applied.
        outline: What the config declares, with any preset unfolded.
    """

    nodes: Mapping[str, Node]
    outline: Outline

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        inputs: Mapping[str, InputSpec],
        targets: Mapping[str, TargetSpec],
    ) -> "Network":
        """The network of an experiment, with its regularization and precision in the layers.

        Args:
            experiment: The checked config.
            inputs: Shapes of the inputs, by name.
            targets: What is predicted, by name.
        """
        outline = unfolded(experiment.outline, next(iter(inputs.values())), targets)
        parts = {name: _own_parts(node) for name, node in outline.nodes.items()}
        regularize(outline, parts, experiment.regularization)
        for name in outline.outputs if experiment.runtime.precision != "float32" else ():
            own = parts[outline.outputs[name].shared or name]
            own[-1:] = [_in_float32(part) for part in own[-1:]]
        if outline.names_nodes:
            for name, own in parts.items():
                own[:] = _named(name, own, name in outline.outputs)
        nodes = {
            name: Node.of(experiment, parts[name], node, outline.path_of(name))
            for name, node in outline.in_order()
        }
        return cls(nodes, outline)

    @property
    def is_chain(self) -> bool:
        """Whether the nodes follow each other in a line, as in everything but a graph."""
        return not self.outline.names_nodes

    @property
    def components(self) -> list[Component]:
        """The layers, in the order in which they are applied."""
        return [part for node in self.nodes.values() for part in node.parts]

    def with_parts(self, change: Callable[[Component], Component]) -> "Network":
        """The same network with every layer changed."""
        nodes = {
            name: dataclasses.replace(node, parts=tuple(map(change, node.parts)))
            for name, node in self.nodes.items()
        }
        return dataclasses.replace(self, nodes=nodes)

    def parts_of(self, name: str) -> Sequence[Component]:
        """The layers of a node, even if they are another's. An input has none."""
        node = self.nodes.get(name)
        if node is None:
            return ()
        return self.nodes[node.declared.shared].parts if node.declared.shared else node.parts

    def lines(self) -> Iterator[Sequence[Component]]:
        """The layers of each node, after those of the node that it is applied to if there is only one."""
        for name, node in self.nodes.items():
            source = node.declared.from_
            before = self.parts_of(source) if isinstance(source, str) else ()
            yield [*before, *self.parts_of(name)]


def unfolded(outline: Outline, spec: InputSpec, targets: Mapping[str, TargetSpec]) -> Outline:
    """An outline with the layers that its preset stands for, if it has one.

    Args:
        outline: The outline.
        spec: The shape of the input.
        targets: What is predicted, by name.
    """
    preset = outline.preset
    if preset is None:
        return outline
    (target,) = targets.values()
    units, activation = find_task(target.task).ending(target)
    stack = getattr(presets, preset.name)(**preset.arguments).layers(
        units=units, ending=activation, rank=len(spec.shape), shape=target.shape
    )
    return Outline.of(
        tuple(
            Component(name, "layers", "keras.layers", arguments, preset.place, preset.path)
            for name, arguments in stack
        )
    )


def ending(experiment: Experiment, output: str, target: TargetSpec) -> list[Component]:
    """The declared layers that an output ends with, with any preset unfolded.

    They go back to where several layers are joined, or to the layers of a run.

    Args:
        experiment: The checked config.
        output: The output.
        target: What it predicts.
    """
    spec = InputSpec(target.shape or (1,), "float32")
    outline = unfolded(experiment.outline, spec, {output: target})
    return [
        part for layer in outline.last_components(output) for part in with_own_activation(layer)
    ]


def with_own_activation(layer: Component) -> list[Component]:
    """Split a layer whose activation is itself a layer, such as LeakyReLU, into two."""
    activation = layer.arguments.get("activation")
    if not isinstance(activation, Component) or activation.module is None:
        return [layer]
    rest = {name: value for name, value in layer.arguments.items() if name != "activation"}
    after = dataclasses.replace(activation, group="layers", place=layer.place, path=layer.path)
    return [dataclasses.replace(layer, arguments=rest), after]


def _own_parts(node: GraphLayer) -> list[Component]:
    if node.layer is None:
        return []
    if node.layer.group == "presets":  # a class of the user's own, which is the whole model
        return [dataclasses.replace(node.layer, group="layers")]
    return with_own_activation(stand_in(node.layer))


def _in_float32(output: Component) -> Component:
    """The output layer in float32, as half precision cannot hold probabilities close to 0."""
    if output.is_users_own:
        return output
    return dataclasses.replace(output, arguments={"dtype": "float32", **output.arguments})


def _named(name: str, parts: Sequence[Component], is_output: bool) -> Iterator[Component]:
    """The parts with names: the layer gets the node's name; in an output, the last part does."""
    own = len(parts) - 1 if is_output else 0
    for index, part in enumerate(parts):
        called = name if index == own else f"{name}_{part.name.lower()}"
        yield dataclasses.replace(part, arguments={**part.arguments, "name": called})
