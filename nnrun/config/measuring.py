"""Rules on what losses and metrics require of the task, the labels and the last layer."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nnrun.config.catalogue import Entry
from nnrun.config.components import Component
from nnrun.config.facts import DataFacts
from nnrun.config.measures import (
    EITHER,
    FBETA,
    INTEGERS,
    INTERSECTIONS,
    MEASURES,
    ONE_HOT,
    PER_UNIT,
    THRESHOLDS,
    Ending,
    Measure,
)
from nnrun.config.subject import Subject
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS, predicts_input
from nnrun.errors import Problem

_OF_INPUTS = ("BinaryCrossentropy", "BinaryFocalCrossentropy")
"""Measures for labels that also suit an autoencoder whose input is between 0 and 1."""
_BY_INTEGERS = {
    "CategoricalAccuracy": "accuracy",
    "CategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalFocalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalHinge": "sparse_categorical_crossentropy",
    "BinaryAccuracy": "accuracy",
    "OneHotIoU": "IoU",
    "OneHotMeanIoU": "MeanIoU",
    "TopKCategoricalAccuracy": "SparseTopKCategoricalAccuracy",
}
_BY_ONE_HOT = {
    "CategoricalGeneralizedCrossEntropy": "categorical_crossentropy",
    "SparseCategoricalAccuracy": "accuracy",
    "SparseCategoricalCrossentropy": "categorical_crossentropy",
    "SparseTopKCategoricalAccuracy": "TopKCategoricalAccuracy",
}
_OF_ONE_UNIT = {
    "CategoricalHinge": "hinge",
    **dict.fromkeys(INTERSECTIONS, "BinaryIoU"),
    **dict.fromkeys(
        (
            "CategoricalAccuracy",
            "SparseCategoricalAccuracy",
            "SparseTopKCategoricalAccuracy",
            "TopKCategoricalAccuracy",
        ),
        "accuracy",
    ),
}
"""Replacements for a measure: for integer labels, one-hot labels, and a single unit."""
_BELOW_ZERO = {"linear", "tanh", "softsign", "elu", "selu", "gelu", "silu", "swish", "mish"}
"""Activations whose values can be negative."""


@dataclass(frozen=True)
class _Measured:
    """A loss or a metric of an output."""

    subject: Subject
    declared: Component
    entry: Entry
    is_loss: bool

    @property
    def measure(self) -> Measure:
        return MEASURES[self.entry.name]

    @property
    def ending(self) -> Ending:
        return self.subject.ending

    @property
    def name(self) -> str:
        return self.entry.name if self.is_loss else self.declared.name

    def argument(self, *names: str) -> tuple[str, object]:
        """The first of some arguments that the class has, and its value."""
        name = next((name for name in names if name in self.entry.arguments), "")
        return name, self.declared.arguments.get(name)

    def problem(self, message: str, hint: str, argument: str = "") -> Problem:
        if self.is_loss and not argument:
            return self.subject.problem("loss", message, hint)
        return self.subject.problem_of(self.declared, message, hint, argument=argument)


_Check = Callable[[_Measured], Problem | None]


def loss_against_task(subject: Subject) -> Iterator[Problem]:
    """The loss suits the task and the form of the labels."""
    yield from _first_of(_loss(subject), _TASK)


def loss_against_output(subject: Subject) -> Iterator[Problem]:
    """The loss suits the last layer: probabilities or logits, one number or many."""
    losses = [loss for loss in _loss(subject) if not any(_first_of([loss], _TASK))]
    yield from _first_of(losses, (_softmax, *_OUTPUT, _logarithm, _reduction))


def metrics_against_task(subject: Subject) -> Iterator[Problem]:
    """Every metric suits the task and the form of the labels."""
    yield from _first_of(_metrics(subject), _TASK)


def metrics_against_output(subject: Subject) -> Iterator[Problem]:
    """Every metric suits the last layer, and returns a single number."""
    metrics = [metric for metric in _metrics(subject) if not any(_first_of([metric], _TASK))]
    yield from _first_of(metrics, (*_OUTPUT, _thresholds, _intersection, _one_figure))


def _first_of(measured: list[_Measured], checks: tuple[_Check, ...]) -> Iterator[Problem]:
    """The first problem of each."""
    for one in measured:
        objections = filter(None, (check(one) for check in checks))
        yield from itertools.islice(objections, 1)


def _loss(subject: Subject) -> list[_Measured]:
    declared = subject.experiment.loss
    return _known(subject, [] if declared is None else [declared], is_loss=True)


def _metrics(subject: Subject) -> list[_Measured]:
    return _known(subject, list(subject.experiment.metrics or ()), is_loss=False)


def _known(subject: Subject, declared: list[Component], *, is_loss: bool) -> list[_Measured]:
    entries = [(item, subject.catalogue.find(item.group, item.name)) for item in declared]
    return [
        _Measured(subject, item, entry, is_loss)
        for item, entry in entries
        if entry is not None and entry.name in MEASURES
    ]


def _task(measured: _Measured) -> Problem | None:
    """Measures for classes or labels don't apply to numbers."""
    subject, objection = measured.subject, measured.subject.objection
    if not objection or measured.measure.measures == NUMBERS:
        return None
    if subject.predicts_input and measured.entry.name in _OF_INPUTS:
        return None
    if subject.predicts == NUMBERS:
        hint = "use mae, mse or RootMeanSquaredError"
        if measured.is_loss:
            is_input = subject.predicts_input
            hint = "use mse, or binary_crossentropy" if is_input else "use mse, mae or Huber"
    elif measured.measure.measures == CLASSES:
        hint = "use binary_accuracy, AUC, Precision or Recall"
        hint = "use binary_crossentropy" if measured.is_loss else hint
    else:
        return None
    return measured.problem(f"{measured.name} {objection}", hint)


def _form(measured: _Measured) -> Problem | None:
    """Integer and one-hot labels need different measures."""
    one_hot, name = measured.subject.experiment.dataset.preprocess.one_hot, measured.entry.name
    if measured.subject.objection:
        return None
    if measured.measure.labels == INTEGERS and one_hot:
        message = f"{measured.name} takes integer labels, but dataset.preprocess.one_hot is on"
        return measured.problem(message, f"use {_BY_ONE_HOT[name]}, or remove one_hot")
    if measured.measure.labels == ONE_HOT and not one_hot and not measured.ending.is_one:
        return _takes_one_hot(measured)
    return None


def _takes_one_hot(measured: _Measured) -> Problem:
    message = f"{measured.name} takes one-hot labels, but the labels are integers"
    ways = ["set dataset.preprocess.one_hot: true"]
    if measured.entry.name in _BY_INTEGERS:
        ways.insert(0, f"use {_BY_INTEGERS[measured.entry.name]}")
    elif measured.is_loss:
        ways.insert(0, "use sparse_categorical_crossentropy")
    elif (measured.ending.task and measured.ending.task.is_binary) or measured.ending.units == 2:  # noqa: PLR2004 two classes
        ways.append("end in one sigmoid unit")
    return measured.problem(message, ", or ".join(ways))


def _several(measured: _Measured) -> Problem | None:
    """An integer label doesn't provide a number for each of several units."""
    ending = measured.ending
    if measured.measure.labels != PER_UNIT or not ending.of_classes or ending.one_hot:
        return None
    return _takes_one_hot(measured) if ending.is_several else None


def _one_unit(measured: _Measured) -> Problem | None:
    """A single unit for two classes doesn't suit measures that expect a unit per class."""
    ending, name = measured.ending, measured.entry.name
    if measured.measure.measures != CLASSES or not ending.is_one or ending.activation == "softmax":
        return None
    unit = "sigmoid unit" if ending.activation == "sigmoid" else "unit"
    hint = f"use {_OF_ONE_UNIT.get(name, 'binary_crossentropy')}"
    return measured.problem(f"{measured.name} does not fit one {unit}", hint)


def _softmax(measured: _Measured) -> Problem | None:
    """Binary crossentropy per unit is wrong for mutually exclusive classes."""
    if measured.entry.name not in _OF_INPUTS or measured.ending.activation != "softmax":
        return None
    message = f"{measured.name} does not fit a softmax output"
    instead = "categorical" if measured.ending.one_hot else "sparse_categorical"
    return measured.problem(message, f"use {instead}_crossentropy, or one sigmoid unit")


def _probabilities(measured: _Measured) -> Problem | None:
    """Logits must not be treated as probabilities, nor probabilities as logits."""
    ending = measured.ending
    option, says = measured.argument("from_logits")
    if option and says and ending.activation in ("softmax", "sigmoid"):
        conflict = (
            f"from_logits: true, but the last layer gives probabilities ({ending.activation})"
        )
        return measured.problem(conflict, "remove one of the two", option)
    logits = ending.activation == "linear" and (
        ending.predicts in (CLASSES, LABELS) or measured.measure.measures != NUMBERS
    )
    if not measured.measure.probabilities or not logits or (option and says):
        return None
    if not measured.is_loss and ending.gives_logits and _takes_logits(measured):
        return None
    hint = f"give the last layer `activation: {_classifier(measured)}`"
    if option and measured.is_loss:
        hint += ", or the loss `from_logits: true`"
    message = f"{measured.name} expects probabilities, but the last layer gives logits"
    return measured.problem(message, hint, option if says is False else "")


def _classifier(measured: _Measured) -> str:
    """The activation that turns logits into probabilities."""
    ending, loss = measured.ending, measured.is_loss
    if measured.measure.measures == CLASSES:
        return "softmax"
    alone = ending.is_each_for_itself or measured.subject.predicts_input
    return "sigmoid" if alone or (loss and measured.measure.measures == LABELS) else "softmax"


def _takes_logits(measured: _Measured) -> bool:
    """Whether a metric handles logits, by an argument or by itself."""
    ending = measured.ending
    option, says = measured.argument("from_logits")
    if option:  # Keras takes the sigmoid of the logits, but for measures of classes
        fits = ending.is_each_for_itself or measured.measure.measures == CLASSES
        return fits and says is None
    threshold, value = measured.argument(*THRESHOLDS)
    if measured.declared.arguments.get("top_k"):
        return True
    return bool(threshold) and ending.is_each_for_itself and value in (None, 0)


def _thresholds(measured: _Measured) -> Problem | None:
    """A threshold is a probability, and must be compared with probabilities."""
    name, value = measured.argument(*THRESHOLDS)
    if measured.entry.name == "AUC":  # they are the points of its curve
        return None
    if isinstance(value, list | tuple) and len(value) > 1:
        message = f"{measured.name} gives a figure for each of {len(value)} thresholds"
        hint = "name one threshold; list the metric several times, with a `name` each"
        return measured.problem(message, hint, name)
    if measured.entry.name in FBETA and measured.ending.gives_logits and value:
        message = f"{name}: {value} is a probability, but the last layer gives logits"
        hint = f"give the last layer `activation: {_classifier(measured)}`"
        return measured.problem(message, hint, name)
    return None


def _intersection(measured: _Measured) -> Problem | None:
    """Model outputs are probabilities, and labels have the form set in the config."""
    arguments, one_hot = measured.declared.arguments, measured.ending.one_hot
    if measured.entry.name not in INTERSECTIONS:
        return None
    if arguments.get("sparse_y_pred"):
        message = "sparse_y_pred: true is for class numbers, but a model gives a number per class"
        return measured.problem(message, "leave it out", "sparse_y_pred")
    if measured.measure.labels == EITHER and arguments.get("sparse_y_true", not one_hot) == one_hot:
        message = (
            f"sparse_y_true does not fit labels that are {'one-hot' if one_hot else 'integers'}"
        )
        return measured.problem(message, "leave it out", "sparse_y_true")
    return None


def _one_figure(measured: _Measured) -> Problem | None:
    """A metric must be a single number."""
    name, facts = measured.entry.name, measured.subject.facts
    arguments = measured.declared.arguments
    if name == "R2Score" and facts is not None and _is_of_pictures(facts):
        message = f"{measured.name} is for numbers in a row, and what is predicted has several axes"
        return measured.problem(message, "use mae, mse or RootMeanSquaredError")
    if not measured.ending.is_several:
        return None
    each = "label" if measured.ending.predicts == LABELS else "class"
    if name in FBETA and arguments.get("average") is None:
        message = f"{measured.name} without an average gives a figure for each {each}"
        return measured.problem(message, f"write `{name}: {{average: macro}}`", "average")
    if name == "R2Score" and arguments.get("class_aggregation", "") is None:
        message = f"{measured.name} without an aggregation gives a figure for each column"
        return measured.problem(message, "leave class_aggregation out", "class_aggregation")
    return None


def _is_of_pictures(facts: DataFacts) -> bool:
    return predicts_input(facts.task) and len(facts.input_shape) > 1


def _logarithm(measured: _Measured) -> Problem | None:
    """The loss takes the logarithm of the model's output."""
    activation = measured.ending.activation
    if measured.entry.name != "Poisson" or activation not in _BELOW_ZERO:
        return None
    gives = "a linear layer" if activation == "linear" else activation
    message = f"Poisson takes the logarithm of the output, and {gives} also gives negative numbers"
    is_preset = measured.subject.experiment.outline.preset is not None
    hint = "give the last layer `activation: softplus`"
    return measured.problem(message, "set output_activation: softplus" if is_preset else hint)


def _reduction(measured: _Measured) -> Problem | None:
    """The loss must be a single number."""
    if measured.declared.arguments.get("reduction", "") not in (None, "none"):
        return None
    message = f"{measured.name} without a reduction gives a loss for each row"
    return measured.problem(message, "leave reduction out", "reduction")


_TASK: tuple[_Check, ...] = (_task, _form)
_OUTPUT: tuple[_Check, ...] = (_one_unit, _several, _probabilities)

RULES = {
    loss_against_task: {"dataset", "loss"},
    loss_against_output: {"dataset", "architecture", "loss"},
    metrics_against_task: {"dataset", "metrics"},
    metrics_against_output: {"dataset", "architecture", "loss", "metrics"},
}
"""The rules, with the paths that each reads; all of them apply to a single output."""
