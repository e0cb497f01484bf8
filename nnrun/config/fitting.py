"""Rules on what must fit the data: the last layer, the labels and their weights."""

from collections.abc import Iterator

from nnrun.config.components import Component, is_import_path
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.subject import OutputLayer, Subject
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS, TASKS
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

LABEL_ACTIVATIONS = {"sigmoid", "hard_sigmoid", "sparse_sigmoid", "linear", "heaviside"}
"""Activations that give each label a probability, or a logit, of its own."""
BINARY_CLASSES = 2
_COLUMN_NOUNS = {NUMBERS: "number", LABELS: "label"}


def task_against_target(subject: Subject) -> Iterator[Problem]:
    """The number of target columns fits the task."""
    dataset = subject.experiment.dataset
    columns, task = dataset.targets, TASKS.get(dataset.task)
    if dataset.is_named or not columns or task is None:
        return
    if task.predicts == LABELS and len(columns) == 1:
        yield subject.problem(
            "dataset.task",
            f"{task.name} takes several columns, and dataset.target names one",
            f"list the labels, as in `target: [{columns[0]}, …]`, or write `task: binary`",
        )
    elif task.predicts == CLASSES and len(columns) > 1:
        yield subject.problem(
            "dataset.task",
            f"{task.name} takes one column, and dataset.target names {len(columns)}",
            "write `task: multilabel` for labels of 0 and 1, or `task: regression` for numbers",
        )


def choices_of_own_task(subject: Subject) -> Iterator[Problem]:
    """The user's own task reads its target itself, so nnrun doesn't know its classes."""
    dataset = subject.experiment.dataset
    if not is_import_path(dataset.task):
        return
    for option in ("classes", "positive"):
        if getattr(dataset, option) is not None:
            message = f"{dataset.task} reads its target itself, so no class can be chosen here"
            yield subject.problem(f"dataset.{option}", message, "leave it out")


def softmax_of_one(subject: Subject) -> Iterator[Problem]:
    """A softmax needs at least two units."""
    output = subject.output
    if output and output.activation == "softmax" and output.units == 1 and not subject.objection:
        yield subject.problem_of(
            output.component,
            "softmax over one unit is always 1",
            "use `activation: sigmoid`, or one unit per class",
            argument="activation",
        )


def steps_against_labels(subject: Subject) -> Iterator[Problem]:
    """Several Heaviside units need one-hot labels, a target for each unit."""
    output = subject.output
    if output is None or output.activation != "heaviside" or (output.units or 1) == 1:
        return
    if subject.predicts == CLASSES and not subject.experiment.dataset.preprocess.one_hot:
        yield subject.problem_of(
            output.component,
            "several Heaviside units learn from one-hot labels, but the labels are integers",
            "set dataset.preprocess.one_hot: true, or tell one class from all others by "
            "dataset.positive",
            argument="activation",
        )


def output_against_task(subject: Subject) -> Iterator[Problem]:
    """The last layer's width and activation fit the target and the task."""
    output, facts = subject.output, subject.facts
    if output is None or output.units is None:
        return
    units, softmax = output.units, output.activation == "softmax"
    if subject.objection:
        wrong = list(_activation_of_columns(subject, output))
        yield from wrong
        if wrong and subject.predicts == NUMBERS and not subject.predicts_input:
            return
        width = subject.target_width or units
        noun = _COLUMN_NOUNS.get(subject.predicts or "", "column")
        fitting, has = [width], f"the target {_counted(width, noun)}"
        if subject.predicts_input and facts is not None and len(facts.input_shape) > 1:
            fitting.append(facts.input_shape[-1])  # a Dense layer on the last of several axes
    elif facts is None:
        return
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


def output_of_preset(subject: Subject) -> Iterator[Problem]:
    """A preset's output activation may be chosen for numbers only; otherwise the task decides."""
    preset = subject.experiment.outline.preset
    if preset is None or subject.task is None:
        return
    chosen = preset.arguments.get("output_activation")
    if chosen is None:
        return
    if subject.predicts != NUMBERS:
        message = f"output_activation is for numbers, but the task is {subject.task.name}"
        hint = "leave it out: the output follows the task"
    elif isinstance(chosen, Component) and chosen.name.lower() == "softmax":
        message = f"softmax is for classes, but the task is {subject.task.name}"
        hint = "use softplus for positive numbers, sigmoid for those between 0 and 1"
    else:
        return
    yield subject.problem_of(preset, message, hint, argument="output_activation")


def _activation_of_columns(subject: Subject, output: OutputLayer) -> Iterator[Problem]:
    """The last activation treats each column separately."""
    labels, activation = subject.predicts == LABELS, output.activation
    if activation == "softmax":
        message = f"softmax {subject.objection}"
    elif labels and activation not in LABEL_ACTIVATIONS and ":" not in activation:
        message = f"{activation} gives no probability of a label"
    else:
        return
    hint = "use `activation: sigmoid` for labels, none for numbers"
    hint = hint if subject.task is None else subject.task.activation_hint
    yield subject.problem_of(output.component, message, hint, argument="activation")


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith('s') else 's'}"


def task_options(subject: Subject) -> Iterator[Problem]:
    """Options for single-class rows are not used with other tasks."""
    experiment, objection = subject.experiment, subject.objection
    if not objection:
        return
    for path, is_set in (
        ("dataset.split.stratify", experiment.dataset.split.stratify),
        ("dataset.preprocess.one_hot", experiment.dataset.preprocess.one_hot),
        ("training.class_weight", experiment.training.class_weight is not None),
    ):
        # Another output may have the classes that these are meant for.
        if is_set and subject.is_only_output:
            yield subject.problem(path, objection, "leave it out")


def scaled_labels(subject: Subject) -> Iterator[Problem]:
    """Labels are scaled only if numbers are predicted."""
    tasks = {output.task for output in subject.by_output.values() or [subject]}
    known = [task for task in tasks if task is not None]
    scaled = any(task.predicts == NUMBERS and not task.of_input for task in known)
    if subject.experiment.dataset.preprocess.target is None or scaled or None in tasks:
        return
    what = f"the task is {' and '.join(sorted(task.name for task in known))}"
    message = f"only numbers to predict can be scaled, but {what}"
    hint = "leave it out"
    if all(task.of_input for task in known):
        hint = "leave it out: an autoencoder predicts its input as the other options prepare it"
    yield subject.problem("dataset.preprocess.target", message, hint)


def class_weights(subject: Subject) -> Iterator[Problem]:
    """Every weight belongs to a class of the data."""
    weights, facts = subject.experiment.training.class_weight, subject.facts
    if facts is None or not facts.classes or weights is None or isinstance(weights, str):
        return
    known = [*facts.class_names, *(str(label) for label in range(facts.classes))]
    for key in weights:
        if key not in known:
            hint = did_you_mean(key, known) or f"classes: {first_of(facts.class_names, 10)}"
            path = f"training.class_weight.{key}"
            yield subject.problem(path, f"there is no class {quoted(key)}", hint)
