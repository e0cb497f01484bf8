"""The outline of a model: an architecture of any form, as a graph of named nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import Component
from nnrun.config.from_run import FromRun
from nnrun.config.graphs import INPUT, TARGET, Graph, GraphLayer, GraphOutput


@dataclass(frozen=True)
class Outline(Graph):
    """An architecture of any form as a graph of named nodes.

    Only this class distinguishes the forms. The nodes of a list are named `0`, `1`, … and the last
    one `targets`. A preset or a user's own class is a single node. The layers taken from a run are
    a node without a layer.

    Attributes:
        names_nodes: Whether the config names its inputs, layers and outputs, as a graph does.
        preset: The preset for all layers, if any.
        own: The user's own class that is the whole model, if any.
        base: The run whose layers the model begins with, if any.
    """

    names_nodes: bool = False
    preset: Component | None = None
    own: Component | None = None
    base: FromRun | None = None

    @classmethod
    def of(cls, declared: Any) -> "Outline":
        """The outline of an architecture; None, as in a faulty config, has no layers."""
        match declared:
            case Graph():
                return cls(declared.inputs, declared.layers, declared.outputs, names_nodes=True)
            case FromRun():
                return cls(None, *_in_a_row([None, *declared.add]), base=declared)
            case Component() if declared.is_users_own:
                return cls(None, *_in_a_row([declared]), own=declared)
            case Component():
                return cls(None, *_in_a_row([declared]), preset=declared)
            case _:
                return cls(None, *_in_a_row(declared or ()))

    @property
    def is_list(self) -> bool:
        """Whether the config lists every layer of the model, one after another."""
        return not (self.names_nodes or self.preset or self.own or self.base)

    @property
    def components(self) -> Sequence[Component]:
        """The layers in the order of the config, without presets and models of the user's own."""
        if self.preset or self.own:
            return ()
        return [node.layer for node in self.nodes.values() if node.layer is not None]

    def path_of(self, name: str) -> str:
        """The path in the config of an input, a layer or an output."""
        if self.names_nodes:
            return super().path_of(name)
        layer = (self.layers.get(name) or self.outputs[name]).layer
        return layer.path if layer else "architecture.from_run"

    def last_components(self, output: str) -> Sequence[Component]:
        """The layers before an output, back to where several are joined, including its own."""
        layers: list[Component] = []
        nodes, seen, name = self.nodes, set[str](), output
        while name in nodes and name not in seen:
            seen.add(name)
            node = nodes[name]
            layer = nodes[node.shared].layer if node.shared in nodes else node.layer
            if layer is None:
                break
            layers.insert(0, layer)
            if not isinstance(node.from_, str):
                break
            name = node.from_
        return layers


def _in_a_row(
    layers: Sequence[Component | None],
) -> tuple[Mapping[str, GraphLayer], Mapping[str, GraphOutput]]:
    """The layers and the output of a graph in which each node is applied to the previous one."""
    *before, last = layers or [None]
    sources = [INPUT, *map(str, range(len(before)))]
    nodes = {
        name: GraphLayer(layer, from_=source)
        for name, layer, source in zip(sources[1:], before, sources, strict=False)
    }
    return nodes, {TARGET: GraphOutput(last, from_=sources[-1])}
