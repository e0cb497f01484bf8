"""Layers that adapt to the training rows before the first step (Keras's `adapt`)."""

from collections.abc import Iterator, Sequence

from nnrun.config.components import Component
from nnrun.config.subject import Subject
from nnrun.errors import Problem

ADAPTING = {
    "Normalization": ("mean", "variance"),
    "Discretization": ("bin_boundaries",),
    "IntegerLookup": ("vocabulary",),
}
"""The layers, with the arguments that they would learn; if these are given, nothing is learned."""


def adapts(layer: Component) -> bool:
    """Whether a layer must be adapted to the training rows before it can be used."""
    learnt = ADAPTING.get(layer.name, ()) if layer.module == "keras.layers" else ()
    return bool(learnt) and all(layer.arguments.get(name) is None for name in learnt)


def only_in_a_list(subject: Subject) -> Iterator[Problem]:
    """Layers that adapt belong directly in a list, not in a wrapper or a graph, or after a run."""
    in_list = subject.experiment.outline.is_list
    for layer in subject.layers:
        inner = list(inner_components(layer.arguments.values()))
        for component in inner if in_list else [layer, *inner]:
            if adapts(component):
                names = " and ".join(f"`{name}`" for name in ADAPTING[component.name])
                message = f"{component.name} adapts to the training rows in a list of layers only"
                yield subject.problem_of(component, message, f"give it {names}")


def inner_components(values: object) -> Iterator[Component]:
    """All components in arguments, including nested ones."""
    if isinstance(values, Component):
        yield values
        yield from inner_components(list(values.arguments.values()))
    elif isinstance(values, Sequence) and not isinstance(values, str):
        for value in values:
            yield from inner_components(value)
    elif hasattr(values, "__iter__") and not isinstance(values, str):
        yield from inner_components(list(values))
