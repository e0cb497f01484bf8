"""Graphs: models whose layers have names and say what they come from (Keras's Functional API)."""
# ruff: noqa: RUF009 - `option` makes a dataclass field

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnrun.config.components import Component
from nnrun.config.kinds import Number, Text
from nnrun.config.nested_kinds import ComponentOf, ListOf, MapOf, OneOf, SectionOf
from nnrun.config.options import REQUIRED, option
from nnrun.config.tasks import TASK

INPUT = "inputs"
"""The name of the single input, if an architecture names none."""
TARGET = "targets"
"""The name of the single target, if an architecture names no outputs."""

From = str | tuple[str, ...] | Mapping[str, str] | None


@dataclass(frozen=True)
class GraphInput:
    """An input of a graph."""

    features: tuple[str, ...] | None = option(
        "The columns it takes; a column can go to several inputs.",
        ListOf(Text(), minimum=1),
        default_says="`dataset.features`, else every column that no output predicts",
    )


@dataclass(frozen=True)
class GraphLayer:
    """A named layer of a graph, and what it comes from."""

    layer: Component | None = option(
        "The layer, by its class, as in `{Dense: {units: 30, activation: relu}, from: deep}`.",
        ComponentOf(("layers", "applications")),
        by_class=True,
    )
    shared: str | None = option(
        "Instead of a layer of its own, the name of another layer to apply once more, with the "
        "same weights.",
        Text(),
    )
    from_: From = option(
        "What the layer is applied to: the name of an input or a layer; a list for a layer that "
        "joins several, such as `Concatenate`; a mapping for one that takes several arguments, "
        "such as `MultiHeadAttention: {query: …, value: …}`.",
        OneOf((Text(), ListOf(Text(), minimum=1), MapOf(Text()))),
        REQUIRED,
    )

    @property
    def sources(self) -> tuple[str, ...]:
        """The names that the layer comes from."""
        if self.from_ is None:
            return ()
        if isinstance(self.from_, str):
            return (self.from_,)
        return tuple(self.from_.values() if isinstance(self.from_, Mapping) else self.from_)

    @property
    def needs(self) -> set[str]:
        """The names of everything that must be built before it."""
        return {*self.sources, *([self.shared] if self.shared else [])}


@dataclass(frozen=True)
class GraphOutput(GraphLayer):
    """An output of a graph: a layer and what it predicts."""

    target: str | tuple[str, ...] | None = option(
        "The column it predicts, or a list of them; for an autoencoder, the input.",
        OneOf((Text(), ListOf(Text(), minimum=1))),
        default_says="`dataset.target`",
    )
    task: str | None = option(
        "What is predicted, as in `dataset.task`.",
        TASK,
        default_says="`dataset.task` if `target` is left out, else `auto`",
    )
    loss: Component | None = option(
        "The loss of this output.",
        ComponentOf(("losses",)),
        default_says="the config's `loss`; without one, it follows from the task and the layer",
    )
    weight: float = option(
        "The weight of its loss in the sum of all losses.", Number(minimum=0.0), 1.0
    )
    metrics: tuple[Component, ...] | None = option(
        "What to measure for this output.",
        ListOf(ComponentOf(("metrics",))),
        default_says="the config's `metrics`; without any, they follow from the task",
    )


@dataclass(frozen=True)
class Graph:
    """A graph of layers with names; each layer says what it comes from, in any order."""

    inputs: Mapping[str, GraphInput] | None = option(
        "The inputs, by name.",
        MapOf(SectionOf(GraphInput)),
        default_says=f"one, named `{INPUT}`",
    )
    layers: Mapping[str, GraphLayer] = option(
        "The layers between the inputs and the outputs, by name.",
        MapOf(SectionOf(GraphLayer)),
        factory=dict,
    )
    outputs: Mapping[str, GraphOutput] = option(
        "The outputs, by name; if there are several, losses and metrics are recorded under these "
        "names.",
        MapOf(SectionOf(GraphOutput)),
        factory=dict,
    )

    @property
    def entries(self) -> Mapping[str, GraphInput]:
        """The inputs, even if the config leaves them out."""
        return {INPUT: GraphInput()} if self.inputs is None else self.inputs

    @property
    def nodes(self) -> dict[str, GraphLayer]:
        """Layers and outputs by name, in order."""
        return {**self.layers, **self.outputs}

    def path_of(self, name: str) -> str:
        """The path in the config of an input, a layer or an output."""
        for section in ("outputs", "layers", "inputs"):
            if name in (getattr(self, section) or {}):
                return f"architecture.{section}.{name}"
        return "architecture"

    @property
    def users(self) -> dict[str, list[str]]:
        """What uses or shares each input, layer or output, by its name."""
        users: dict[str, list[str]] = {}
        for name, node in self.nodes.items():
            for source in node.needs:
                users.setdefault(source, []).append(name)
        return users

    def in_order(self) -> Iterator[tuple[str, GraphLayer]]:
        """The layers and outputs in topological order, otherwise as written.

        Raises:
            ValueError: They form a loop, or come from an unknown name.
        """
        nodes, users, inputs = self.nodes, self.users, set(self.entries)
        names = list(nodes)
        missing = {name: node.needs - inputs for name, node in nodes.items()}
        place = {name: index for index, name in enumerate(names)}
        ready = [index for index, name in enumerate(names) if not missing[name]]
        done = 0
        while ready:
            name = names[heapq.heappop(ready)]
            done += 1
            yield name, nodes[name]
            for user in users.get(name, ()):
                missing[user].discard(name)
                if not missing[user]:
                    heapq.heappush(ready, place[user])
        if done < len(names):
            waiting = next(name for name in names if missing[name])
            raise ValueError(f"{waiting} waits for itself")
