"""Rules on what must fit the data: the loss, the last layer, the labels and their weights."""

from collections.abc import Iterator

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.subject import Subject
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

PROBABILITY_LOSSES = {
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "SparseCategoricalCrossentropy",
}
ONE_HOT_LOSSES = {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge"}
CLASS_METRICS = {"accuracy", "acc", "crossentropy", "ce"}
BINARY_CLASSES = 2


def loss_against_output(subject: Subject) -> Iterator[Problem]:
    """The loss takes what the last layer gives: probabilities or logits, one number or many."""
    output, loss, declared = subject.output, subject.loss, subject.experiment.loss
    if output is None or loss is None or declared is None or subject.is_regression:
        return
    logits = bool(declared.arguments.get("from_logits"))
    if loss.startswith("Binary") and output.activation == "softmax":
        yield subject.problem(
            "loss",
            f"{loss} does not fit a softmax output",
            "use sparse_categorical_crossentropy, or one sigmoid unit",
        )
    elif "Categorical" in loss and output.activation == "sigmoid" and output.units == 1:
        yield subject.problem(
            "loss", f"{loss} does not fit one sigmoid unit", "use binary_crossentropy"
        )
    elif loss in PROBABILITY_LOSSES and output.activation == "linear" and not logits:
        wanted = "sigmoid" if loss.startswith("Binary") else "softmax"
        yield subject.problem(
            "loss",
            f"{loss} expects probabilities, but the last layer gives logits",
            f"give the last layer `activation: {wanted}`, or the loss `from_logits: true`",
        )
    elif logits and output.activation in ("softmax", "sigmoid"):
        yield subject.problem_of(
            declared,
            f"from_logits: true, but the last layer gives probabilities ({output.activation})",
            "remove one of the two",
            argument="from_logits",
        )


def softmax_of_one(subject: Subject) -> Iterator[Problem]:
    """A softmax needs two units at least."""
    output = subject.output
    if (
        output
        and output.activation == "softmax"
        and output.units == 1
        and not subject.is_regression
    ):
        yield subject.problem_of(
            output.component,
            "softmax over one unit is always 1",
            "use `activation: sigmoid`, or one unit per class",
            argument="activation",
        )


def loss_against_labels(subject: Subject) -> Iterator[Problem]:
    """The loss takes the labels in the form they have."""
    loss = subject.loss
    if loss is None or subject.experiment.loss is None:
        return
    one_hot = subject.experiment.dataset.preprocess.one_hot
    task = subject.facts.task if subject.facts else None
    if task == "regression":
        if loss in PROBABILITY_LOSSES | ONE_HOT_LOSSES:
            message = f"{loss} is for classes, but the task is regression"
            yield subject.problem("loss", message, "use mse, mae or Huber")
    elif loss == "SparseCategoricalCrossentropy" and one_hot:
        yield subject.problem(
            "loss",
            f"{loss} takes integer labels, but dataset.preprocess.one_hot is on",
            "use categorical_crossentropy, or remove one_hot",
        )
    elif loss in ONE_HOT_LOSSES and not one_hot:
        yield subject.problem(
            "loss",
            f"{loss} takes one-hot labels, but the labels are integers",
            "use sparse_categorical_crossentropy, or set dataset.preprocess.one_hot: true",
        )


def output_against_task(subject: Subject) -> Iterator[Problem]:
    """The last layer is as wide as the target."""
    output, facts = subject.output, subject.facts
    if output is None or facts is None or output.units is None:
        return
    units, softmax = output.units, output.activation == "softmax"
    if facts.task == "regression":
        if softmax:
            message = "softmax is for classes, but the task is regression"
            hint = "leave the activation out"
            yield subject.problem_of(output.component, message, hint, argument="activation")
            return
        fitting, has = [facts.target_width], f"the target {_counted(facts.target_width, 'number')}"
    else:
        one_hot = subject.experiment.dataset.preprocess.one_hot
        several = facts.classes > BINARY_CLASSES or one_hot or softmax
        fitting = [facts.classes] if several else [1, BINARY_CLASSES]
        has = f"the data {_counted(facts.classes, 'class')}"
    softmax_of_one_unit = softmax and units == 1
    if units not in fitting and not softmax_of_one_unit:
        yield subject.problem_of(
            output.component,
            f"the last layer has {_counted(units, 'unit')}, {has}",
            f"use {' or '.join(str(width) for width in fitting)}",
            argument="units",
        )


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith('s') else 's'}"


def task_options(subject: Subject) -> Iterator[Problem]:
    """What only classes have is not asked of a regression."""
    experiment, facts = subject.experiment, subject.facts
    if facts is None or facts.task != "regression":
        return
    for path, is_set in (
        ("dataset.split.stratify", experiment.dataset.split.stratify),
        ("dataset.preprocess.one_hot", experiment.dataset.preprocess.one_hot),
        ("training.class_weight", experiment.training.class_weight is not None),
    ):
        if is_set:
            message = "is for classes, but the task is regression"
            yield subject.problem(path, message, "leave it out")
    for metric in experiment.metrics or ():
        if metric.name in CLASS_METRICS or "Accuracy" in metric.name:
            message = f"{metric.name} is for classes, but the task is regression"
            yield subject.problem_of(metric, message, "use mae, mse or RootMeanSquaredError")


def class_weights(subject: Subject) -> Iterator[Problem]:
    """Every weight belongs to a class of the data."""
    weights, facts = subject.experiment.training.class_weight, subject.facts
    if facts is None or facts.task == "regression" or weights is None or isinstance(weights, str):
        return
    known = [*facts.class_names, *(str(label) for label in range(facts.classes))]
    for key in weights:
        if key not in known:
            hint = did_you_mean(key, known) or f"classes: {first_of(facts.class_names, 10)}"
            path = f"training.class_weight.{key}"
            yield subject.problem(path, f"there is no class {quoted(key)}", hint)
