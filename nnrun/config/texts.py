"""Layers that read text: they stand at an input, and turn it into numbers before the training.

Keras's strings cannot be compiled together with a training, and what a text is turned into does
not change while the weights do. So it is turned once, and the training sees numbers alone.
"""

import itertools
from collections.abc import Iterator
from typing import TypeGuard

from nnrun.config.adapting import inner_components
from nnrun.config.components import Component
from nnrun.config.graphs import INPUT, Graph
from nnrun.config.subject import Subject
from nnrun.config.tasks import AUTOENCODER
from nnrun.errors import Problem

TEXT_LAYERS = {
    "TextVectorization": ("ragged", "sparse"),
    "StringLookup": ("sparse", "invert"),
}
"""The layers, with the arguments that would have them give something else than rows of numbers."""


def reads_text(layer: Component) -> bool:
    """Whether a layer takes text."""
    return layer.module == "keras.layers" and layer.name in TEXT_LAYERS


def text_layers(architecture: object) -> dict[str, Component]:
    """The layers that read text, by the name of the input that each reads.

    Args:
        architecture: That of an experiment, of any kind.
    """
    if isinstance(architecture, Graph):
        return dict(text_nodes(architecture).values())
    if isinstance(architecture, tuple) and reads_text(architecture[0]):
        return {INPUT: architecture[0]}
    return {}


def text_nodes(graph: Graph) -> dict[str, tuple[str, Component]]:
    """The layers of a graph that read text, by their names, each after the input that it reads."""
    return {
        name: (node.from_, node.layer)
        for name, node in graph.layers.items()
        if node.layer is not None
        and reads_text(node.layer)
        and isinstance(node.from_, str)
        and node.from_ in graph.entries
    }


def text_embeddings(architecture: object) -> Iterator[tuple[Component, Component]]:
    """Each layer that reads text with each `Embedding` of the numbers that it gives."""
    if isinstance(architecture, Graph):
        nodes = text_nodes(architecture)
        for node in architecture.layers.values():
            if isinstance(node.from_, str) and node.from_ in nodes and _embeds(node.layer):
                yield nodes[node.from_][1], node.layer
    elif isinstance(architecture, tuple):
        for first, second in itertools.pairwise(architecture[:2]):
            if reads_text(first) and _embeds(second):
                yield first, second


def _embeds(layer: Component | None) -> TypeGuard[Component]:
    return layer is not None and layer.module == "keras.layers" and layer.name == "Embedding"


def text_at_inputs(subject: Subject) -> Iterator[Problem]:
    """A layer that reads text is the first of a list, or applied to an input of a graph."""
    declared = subject.experiment.architecture
    known = {layer.path for layer in text_layers(declared).values()}
    for layer in subject.layers:
        for one in [layer, *inner_components(layer.arguments.values())]:
            if reads_text(one) and one.path not in known:
                hint = "put it first"
                if isinstance(declared, Graph):
                    hint = "put it under `layers`, `from` an input of its own"
                yield subject.problem_of(
                    one, f"{one.name} reads text, and only inputs are text", hint
                )
    if isinstance(declared, Graph):
        yield from _readers_of_text(subject, declared)


def _readers_of_text(subject: Subject, graph: Graph) -> Iterator[Problem]:
    """Whatever else is applied to an input of text, or shares the layer that reads it."""
    nodes = text_nodes(graph)
    readers = {source: name for name, (source, _) in nodes.items()}
    for name, node in graph.nodes.items():
        if name in readers.values():
            continue
        for source in node.sources:
            if source in readers:
                message = f"'{source}' is text, which only '{readers[source]}' reads"
                hint = f"use '{readers[source]}'"
                yield subject.problem(f"{graph.path_of(name)}.from", message, hint)
        if node.shared in nodes:
            message = f"'{node.shared}' reads the text of one input, and cannot be shared"
            path = f"{graph.path_of(name)}.shared"
            yield subject.problem(path, message, "write the layer once more")


def text_to_numbers(subject: Subject) -> Iterator[Problem]:
    """A layer that reads text gives rows of numbers, and finds text to read."""
    experiment = subject.experiment
    for layer in text_layers(experiment.architecture).values():
        for argument in TEXT_LAYERS[layer.name]:
            if layer.arguments.get(argument):
                message = f"{layer.name} is to give rows of numbers, all of one length"
                hint = f"leave `{argument}` out"
                yield subject.problem_of(layer, message, hint, argument=argument)
        if experiment.dataset.name is not None:
            message = f"{layer.name} reads text, and '{experiment.dataset.name}' holds numbers"
            yield subject.problem_of(layer, message, "text comes from the columns of a CSV file")
        is_graph = isinstance(experiment.architecture, Graph)  # of which each output has a task
        if experiment.dataset.task == AUTOENCODER and not is_graph:
            message = f"{layer.name} reads text, which an autoencoder cannot reconstruct"
            yield subject.problem_of(layer, message, "name a target, and another task")


def text_is_not_scaled(subject: Subject) -> Iterator[Problem]:
    """Preprocessing of numbers is asked for only where an input holds numbers."""
    architecture = subject.experiment.architecture
    texts = text_layers(architecture)
    inputs = architecture.entries if isinstance(architecture, Graph) else {INPUT: None}
    if not texts or set(inputs) - set(texts):
        return
    for option in ("scale", "standardize", "minmax"):
        if getattr(subject.experiment.dataset.preprocess, option):
            path, hint = f"dataset.preprocess.{option}", "leave it out"
            yield subject.problem(path, f"{option} is for numbers, and the inputs are text", hint)
