"""The outline of a model: what an architecture of any form declares, as a graph of named nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnrun.config.components import Component
from nnrun.config.from_run import FromRun
from nnrun.config.graphs import INPUT, TARGET, Graph, GraphLayer, GraphOutput


@dataclass(frozen=True)
class Outline(Graph):
    """An architecture of any form as a graph; the only place that asks which form it is.

    The nodes of a list are called `0`, `1`, … and the last `targets`; a preset, or a class of the
    user's own, is the one node that there is; layers taken over from a run are a node without a
    layer.

    Attributes:
        names_nodes: Whether the config names inputs, layers and outputs: it declares a graph.
        preset: The preset that stands for all layers.
        own: The class of the user's own that is the whole model.
        base: The run that the model begins with the layers of.
    """

    names_nodes: bool = False
    preset: Component | None = None
    own: Component | None = None
    base: FromRun | None = None

    @classmethod
    def of(cls, declared: Any) -> "Outline":
        """The outline of an architecture; of None, which a faulty config has, that of no layers."""
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
        """Whether the config lists all layers, each applied to what the one before it gives."""
        return not (self.names_nodes or self.preset or self.own or self.base)

    @property
    def components(self) -> Sequence[Component]:
        """The layers that the config lists, in its order; neither a preset nor an own class is one."""
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
        """The layers that follow each other at an output's end, back to where several are joined."""
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
    """Nodes that are each applied to the one before: all but the last, and the last as the output."""
    names = [*map(str, range(len(layers) - 1)), TARGET]
    nodes = dict(zip(names, zip(layers or [None], [INPUT, *names], strict=False), strict=True))
    layer, source = nodes.pop(TARGET)
    return (
        {name: GraphLayer(layer, from_=source) for name, (layer, source) in nodes.items()},
        {TARGET: GraphOutput(layer, from_=source)},
    )
