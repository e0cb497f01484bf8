"""Rules on settings under which a model cannot learn, however long it is trained."""

import math
from collections.abc import Iterator

from nnrun.config.components import Component
from nnrun.config.facts import rows_of_share
from nnrun.config.subject import Subject
from nnrun.config.tasks import NUMBERS
from nnrun.errors import Problem

ACCUMULATION = "gradient_accumulation_steps"
CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
NORMALIZED_LOSSES = {"CosineSimilarity"}
"""Losses of directions, which have no gradient for a single number: that has only two
directions."""
CROSS_ENTROPIES = {
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "SparseCategoricalCrossentropy",
}
CLASS_ACTIVATIONS = {
    "hard_sigmoid",
    "heaviside",
    "linear",
    "log_softmax",
    "sigmoid",
    "softmax",
    "sparse_sigmoid",
    "sparsemax",
}
"""Activations that give the probability of a class, or a logit."""


def optimizers_of(subject: Subject) -> Iterator[Component]:
    """The optimizer, and those within it."""
    optimizer: object = subject.experiment.optimizer
    while isinstance(optimizer, Component):
        yield optimizer
        optimizer = optimizer.arguments.get("inner_optimizer")


def training_steps(subject: Subject) -> int | None:
    """The number of training steps in all epochs; None if the number of rows is not known yet."""
    facts, split = subject.facts, subject.experiment.dataset.split
    if facts is None:
        return None
    shares = split.shares.values()
    rows = facts.train_rows - sum(rows_of_share(share, facts.train_rows) for share in shares)
    options = subject.experiment.training
    return options.epochs * math.ceil(max(rows, 0) / options.batch_size)


def accumulation_that_fills(subject: Subject) -> Iterator[Problem]:
    """Gradients are accumulated over no more steps than there are."""
    steps = training_steps(subject)
    for optimizer in optimizers_of(subject):
        over = optimizer.arguments.get(ACCUMULATION)
        if not isinstance(over, int) or isinstance(over, bool):
            continue
        if over < 1:
            message, hint = f"gradients cannot be accumulated over {over} steps", "leave it out"
        elif steps is not None and over > steps > 0:
            message = (
                f"gradients are accumulated over {over:,} steps, but the training has {steps:,}: "
                "the weights never change"
            )
            hint = "accumulate over fewer steps, or train for more epochs"
        else:
            continue
        yield subject.problem_of(optimizer, message, hint, argument=ACCUMULATION)


def clipping_that_clips(subject: Subject) -> Iterator[Problem]:
    """Keras treats a limit of 0 or less as no limit."""
    for optimizer in optimizers_of(subject):
        for name in CLIPPING:
            limit = optimizer.arguments.get(name)
            if isinstance(limit, int | float) and limit <= 0:
                message = f"Keras doesn't clip gradients at {limit:g}"
                hint = "set a limit above 0, or leave it out"
                yield subject.problem_of(optimizer, message, hint, argument=name)


def some_layer_learns(subject: Subject) -> Iterator[Problem]:
    """Not every layer with weights is frozen."""
    experiment = subject.experiment
    if experiment.training.fine_tune is not None or experiment.outline.base is not None:
        return
    layers = [layer for layer in subject.layers if _may_have_weights(subject, layer)]
    if layers and all(layer.arguments.get("trainable") is False for layer in layers):
        message = "every layer that has weights is frozen: the weights never change"
        hint = "remove a `trainable: false`"
        yield subject.problem_of(layers[-1], message, hint, argument="trainable")


def _may_have_weights(subject: Subject, layer: Component) -> bool:
    entry = subject.catalogue.find(layer.group, layer.name)
    if entry is None or entry.group != "layers":
        return True
    marks = ("_initializer", "layer", "cell")
    return any(name.endswith(marks) for name in entry.arguments)


def some_loss_counts(subject: Subject) -> Iterator[Problem]:
    """The losses of the outputs, or the weights of the classes, are not all multiplied by 0."""
    outputs = subject.experiment.outline.outputs
    weights = subject.experiment.training.class_weight
    if outputs and not any(output.weight for output in outputs.values()):
        path = f"architecture.outputs.{next(iter(outputs))}.weight"
        message = "every loss has the weight 0: the weights of the model never change"
        yield subject.problem(path, message, "give one of them a weight above 0")
    if weights and not isinstance(weights, str) and not any(weights.values()):
        message = "every class has the weight 0: the weights of the model never change"
        yield subject.problem("training.class_weight", message, "give them weights above 0")


def direction_of_one_number(subject: Subject) -> Iterator[Problem]:
    """A loss of directions compares several numbers."""
    output = subject.output
    units = output.units if output else None
    if output is None and subject.predicts == NUMBERS and not subject.predicts_input:
        units = subject.target_width
    if subject.loss in NORMALIZED_LOSSES and units == 1:
        message = f"{subject.loss} of one number is 1 or -1, and has no gradient"
        yield subject.problem("loss", message, "use mse, mae or Huber")


def activation_of_classes(subject: Subject) -> Iterator[Problem]:
    """A classifier's last activation gives probabilities or logits: ReLU gives neither."""
    output, loss = subject.output, subject.loss
    if output is None or subject.objection or subject.task is None or ":" in output.activation:
        return
    crossed = loss is None or loss in CROSS_ENTROPIES
    if crossed and output.activation not in CLASS_ACTIVATIONS:
        wanted = "sigmoid" if output.units == 1 else "softmax"
        message = f"{output.activation} gives no probability of a class"
        hint = f"use `activation: {wanted}`"
        yield subject.problem_of(output.component, message, hint, argument="activation")
