"""Warnings about a config: what is allowed, but hardly ever intended."""

import dataclasses
from collections.abc import Iterator
from itertools import pairwise

from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component, Duration
from nnrun.config.facts import DataFacts
from nnrun.config.learning import ACCUMULATION, optimizers_of, training_steps
from nnrun.config.outline import Outline
from nnrun.config.rates import parts_of_rate, unusual_rates
from nnrun.config.schema import Experiment
from nnrun.config.subject import Subject, activation_name
from nnrun.errors import Problem

LINEAR = {
    "BatchNormalization",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Reshape",
}
"""Layers that are linear once the model is trained."""
DECAYING = {
    "CosineDecay": ("decay_steps", "alpha"),
    "PolynomialDecay": ("decay_steps", "end_learning_rate"),
}
"""Schedules that end, with the arguments for their length and their final share or rate."""
SPENT_SHARE = 0.5
"""The smallest share of the steps that such a schedule should last."""
LOST_SHARE = 0.1
"""The share of steps lost at the end above which there is a warning."""


def find_doubts(
    experiment: Experiment, catalogue: Catalogue, facts: DataFacts | None = None
) -> list[Problem]:
    """Warnings about a config, each with its position.

    Args:
        experiment: The config, without mistakes.
        catalogue: What Keras's classes take.
        facts: The known facts about the data.
    """
    subject = Subject(experiment, catalogue, facts)
    rules = (unusual_rates, _spent_rates, _linear_layers, _lost_steps)
    return [
        dataclasses.replace(doubt, severity="warning") for rule in rules for doubt in rule(subject)
    ]


def _spent_rates(subject: Subject) -> Iterator[Problem]:
    """Warn about a schedule that reaches 0 long before the training ends."""
    steps, epochs = training_steps(subject) or 0, subject.experiment.training.epochs
    for schedule in parts_of_rate(subject):
        argument, last = DECAYING.get(schedule.name, ("", ""))
        length = schedule.arguments.get(argument)
        entry = subject.catalogue.find(schedule.group, schedule.name)
        if not last or entry is None or schedule.arguments.get("cycle"):
            continue
        if isinstance(length, Duration):
            length = length.steps(steps // epochs)
        lowest = schedule.arguments.get(last, entry.arguments[last].default)
        if not lowest and isinstance(length, int) and length < SPENT_SHARE * steps:
            message = (
                f"the rate is 0 long before the end: it decays over {length:,} of {steps:,} steps"
            )
            hint = f"write `{argument}: {epochs} epochs`"
            yield subject.problem_of(schedule, message, hint, argument=argument)


def _linear_layers(subject: Subject) -> Iterator[Problem]:
    """Warn about two Dense layers without an activation between them, except in autoencoders."""
    outline = subject.experiment.outline
    if subject.predicts_input:
        return
    preset = outline.preset
    if preset is not None and preset.arguments.get("hidden") and _is_linear(preset, "relu"):
        message = "without an activation all layers together are one linear layer"
        hint = "use `activation: relu`"
        yield subject.problem_of(preset, message, hint, argument="activation")
    for layers in _lines(outline):
        dense = [layer for layer in layers if layer.name not in LINEAR]
        for layer, after in pairwise(dense):
            if layer.name == after.name == "Dense" and _is_linear(layer, "linear"):
                message = "it has no activation, so it and the next Dense are one linear layer"
                units = layer.arguments.get("units")
                hint = f"write `Dense: {{units: {units}, activation: relu}}`"
                yield subject.problem_of(layer, message, hint)


def _is_linear(layer: Component, default: str) -> bool:
    return activation_name(layer.arguments.get("activation", default)) in {"linear", ""}


def _lines(outline: Outline) -> Iterator[list[Component]]:
    """Pairs of layers, of which only the second uses the first."""
    nodes, users = outline.nodes, outline.users
    for name, node in nodes.items():
        line: list[Component] = []
        while node.layer is not None:
            line.append(node.layer)
            after = users.get(name, [])
            if node.layer.name not in LINEAR and len(line) > 1:
                break
            if len(after) != 1 or not isinstance(nodes[after[0]].from_, str):
                break
            name = after[0]  # noqa: PLW2901 the line goes on
            node = nodes[name]  # noqa: PLW2901
        if line[:1] and line[0].name not in LINEAR:
            yield line


def _lost_steps(subject: Subject) -> Iterator[Problem]:
    """Warn about gradients that are accumulated at the end and never applied."""
    steps = training_steps(subject)
    for optimizer in optimizers_of(subject):
        over = optimizer.arguments.get(ACCUMULATION)
        if not steps or not isinstance(over, int) or over < 1:
            continue
        lost = steps % over
        if lost >= LOST_SHARE * steps:
            message = f"of {steps:,} steps the last {lost:,} do not fill {over:,}, and are lost"
            hint = "choose epochs and batch size so that they do"
            yield subject.problem_of(optimizer, message, hint, argument=ACCUMULATION)
