"""Layers that read text: they belong at an input, and turn it into numbers before the training.

Operations on strings can't be compiled into the training, and their results don't depend on the
weights. So text is converted once, and the training only sees numbers.
"""

from collections.abc import Iterator

from nnrun.config.adapting_layers import inner_components
from nnrun.config.components import Component
from nnrun.config.outline import Outline
from nnrun.config.sources import name_of_source
from nnrun.config.subject import Subject
from nnrun.config.tasks import predicts_input
from nnrun.errors import Problem

TEXT_LAYERS = {
    "TextVectorization": ("ragged", "sparse"),
    "StringLookup": ("sparse", "invert"),
}
"""The layers, with arguments that would make them return something other than rows of numbers."""


def reads_text(layer: Component) -> bool:
    """Whether a layer takes text."""
    return layer.module == "keras.layers" and layer.name in TEXT_LAYERS


def text_layers(outline: Outline) -> dict[str, Component]:
    """The layers that read text, by the name of the input that each reads."""
    return dict(text_nodes(outline).values())


def text_nodes(outline: Outline) -> dict[str, tuple[str, Component]]:
    """The layers that read text, by node name, each with the input it reads."""
    return {
        name: (node.from_, node.layer)
        for name, node in outline.nodes.items()
        if node.layer is not None
        and reads_text(node.layer)
        and isinstance(node.from_, str)
        and node.from_ in outline.entries
        and not (outline.names_nodes and name in outline.outputs)
    }


def text_embeddings(outline: Outline) -> Iterator[tuple[Component, Component]]:
    """Pairs of a layer that reads text and an `Embedding` of its output."""
    readers = text_nodes(outline)
    for node in outline.nodes.values():
        layer, source = node.layer, node.from_
        if layer is None or layer.module != "keras.layers" or layer.name != "Embedding":
            continue
        if isinstance(source, str) and source in readers:
            yield readers[source][1], layer


def text_at_inputs(subject: Subject) -> Iterator[Problem]:
    """A layer that reads text is the first of a list, or applied to an input of a graph."""
    outline = subject.experiment.outline
    known = {layer.path for layer in text_layers(outline).values()}
    for layer in subject.layers:
        for component in [layer, *inner_components(layer.arguments.values())]:
            if reads_text(component) and component.path not in known:
                hint = "put it first"
                if outline.names_nodes:
                    hint = "put it under `layers`, `from` an input of its own"
                yield subject.problem_of(
                    component, f"{component.name} reads text, and only inputs are text", hint
                )
    yield from _readers_of_text(subject, outline)


def _readers_of_text(subject: Subject, outline: Outline) -> Iterator[Problem]:
    """Anything else applied to a text input, or sharing the layer that reads it."""
    nodes = text_nodes(outline)
    readers = {source: name for name, (source, _) in nodes.items()}
    for name, node in outline.nodes.items():
        if name in readers.values():
            continue
        for source in node.sources:
            if source in readers:
                message = f"'{source}' is text, which only '{readers[source]}' reads"
                hint = f"use '{readers[source]}'"
                yield subject.problem(f"{outline.path_of(name)}.from", message, hint)
        if node.shared in nodes:
            message = f"'{node.shared}' reads the text of one input, and cannot be shared"
            path = f"{outline.path_of(name)}.shared"
            yield subject.problem(path, message, "write the layer once more")


def text_to_numbers(subject: Subject) -> Iterator[Problem]:
    """A layer that reads text returns rows of numbers, and its input is text."""
    experiment = subject.experiment
    for layer in text_layers(experiment.outline).values():
        for argument in TEXT_LAYERS[layer.name]:
            if layer.arguments.get(argument):
                message = f"{layer.name} is to give rows of numbers, all of one length"
                hint = f"leave `{argument}` out"
                yield subject.problem_of(layer, message, hint, argument=argument)
        if experiment.dataset.is_named:
            message = (
                f"{layer.name} reads text, and '{name_of_source(experiment.dataset)}' holds numbers"
            )
            yield subject.problem_of(layer, message, "text comes from the columns of a CSV file")
        in_graph = experiment.outline.names_nodes  # where each output has a task
        if predicts_input(experiment.dataset.task) and not in_graph:
            message = f"{layer.name} reads text, which an autoencoder cannot reconstruct"
            yield subject.problem_of(layer, message, "name a target, and another task")


def text_is_not_scaled(subject: Subject) -> Iterator[Problem]:
    """Numeric preprocessing requires numeric inputs."""
    outline = subject.experiment.outline
    texts = text_layers(outline)
    if not texts or set(outline.entries) - set(texts):
        return
    for option in ("scale", "standardize", "minmax", "transforms"):
        if getattr(subject.experiment.dataset.preprocess, option):
            path, hint = f"dataset.preprocess.{option}", "leave it out"
            verb = "are" if option == "transforms" else "is"
            message = f"{option} {verb} for numbers, and the inputs are text"
            yield subject.problem(path, message, hint)
