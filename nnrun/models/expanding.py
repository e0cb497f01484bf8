"""The layers of a graph with nothing left implied: own activations, regularization, names."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nnrun.config.components import Component
from nnrun.config.graphs import Graph, GraphLayer
from nnrun.config.schema import Experiment
from nnrun.models.architecture import in_float32, with_own_activation
from nnrun.models.regularization import FOLLOWERS, PLAIN, regularize_one
from nnrun.models.stand_ins import stand_in


@dataclass(frozen=True)
class ExpandedLayer:
    """A named layer of a graph with nothing left implied.

    Attributes:
        parts: What it is made of, one applied to what the other gives: the layer itself, and what
            regularization puts after it. Empty where it shares another's.
        declared: What it comes from.
    """

    parts: tuple[Component, ...]
    declared: GraphLayer


def expand_graph(experiment: Experiment, graph: Graph) -> dict[str, ExpandedLayer]:
    """The layers and outputs in the order in which they are applied, with their regularization.

    What `regularization` says goes to the Dense and convolutional layers under `layers`, each
    together with the activations, BatchNormalization and dropout that follow it and it alone.
    """
    parts = {name: _own_parts(node) for name, node in graph.nodes.items()}
    for name in graph.layers:
        if parts[name] and parts[name][0].name in PLAIN:
            _regularize(parts, graph, name, experiment)
    for name in graph.outputs if experiment.runtime.precision != "float32" else ():
        shared = graph.outputs[name].shared or name
        parts[shared] = [*parts[shared][:-1], in_float32(parts[shared][-1])]
    named = {name: tuple(_named(name, own, name in graph.outputs)) for name, own in parts.items()}
    return {name: ExpandedLayer(named[name], node) for name, node in graph.in_order()}


def lines_of_graph(experiment: Experiment, graph: Graph) -> list[list[Component]]:
    """Each layer of a graph behind the one that it comes from, where it comes from one alone."""
    expanded = expand_graph(experiment, graph)
    parts = {
        name: one.parts or expanded[str(one.declared.shared)].parts
        for name, one in expanded.items()
    }
    return [
        [
            *(parts.get(one.declared.from_, ()) if isinstance(one.declared.from_, str) else ()),
            *parts[name],
        ]
        for name, one in expanded.items()
    ]


def _own_parts(node: GraphLayer) -> list[Component]:
    return [] if node.layer is None else list(with_own_activation(stand_in(node.layer)))


def _regularize(
    parts: dict[str, list[Component]], graph: Graph, name: str, experiment: Experiment
) -> None:
    """Put the penalties and what is to follow into a hidden layer and its followers."""
    owners = [name, *_followers(graph, name)]
    layer, *own_followers = parts[name]
    followers = [*own_followers, *(part for owner in owners[1:] for part in parts[owner])]
    owner_of = {id(part): owner for owner in owners for part in parts[owner]}
    first, *others = regularize_one(layer, followers, experiment.regularization)
    placed: dict[str, list[Component]] = {owner: [] for owner in owners}
    placed[name] = [first]
    here = name
    for part in others:
        here = owner_of.get(id(part), here)
        placed[here].append(part)
    parts.update(placed)


def _followers(graph: Graph, name: str) -> Iterator[str]:
    """The activations, BatchNormalization and dropout that come from a layer and from it alone."""
    shared = {node.shared for node in graph.nodes.values()}
    while True:
        users = [one for one, node in graph.nodes.items() if name in node.sources]
        if len(users) != 1 or users[0] not in graph.layers or users[0] in shared:
            return
        (name,) = users
        layer = graph.layers[name].layer
        if layer is None or layer.name not in FOLLOWERS:
            return
        yield name


def _named(name: str, parts: Sequence[Component], is_output: bool) -> Iterator[Component]:
    """The parts with names: the layer has that of the graph; of an output, its last part has it."""
    own = len(parts) - 1 if is_output else 0
    for index, part in enumerate(parts):
        called = name if index == own else f"{name}_{part.name.lower()}"
        yield dataclasses.replace(part, arguments={**part.arguments, "name": called})
