"""What must hold between the parts of a config, and between a config and its data."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnrun.config.components import Component
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import DataFacts
from nnrun.config.schema import Experiment
from nnrun.errors import Place, Problem

if TYPE_CHECKING:
    from nnrun.config.catalogue import Catalogue

PROBABILITY_LOSSES = {
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "SparseCategoricalCrossentropy",
}
ONE_HOT_LOSSES = {"CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge"}
CLASS_METRICS = {"accuracy", "acc", "crossentropy", "ce"}
MONITORING = {"EarlyStopping": "val_loss", "ReduceLROnPlateau": "val_loss", "ModelCheckpoint": "val_loss"}
"""Callbacks that watch a metric, with the one Keras has them watch by default."""


@dataclass(frozen=True)
class OutputLayer:
    """What a list architecture ends in, as far as it can be told without building it.

    Attributes:
        units: Width of the output; None where it is not plain.
        activation: Name of the last activation in lower case; "linear" where there is none.
        component: The layer that the units belong to.
    """

    units: int | None
    activation: str
    component: Component


@dataclass(frozen=True)
class _Subject:
    """What the relations look at."""

    experiment: Experiment
    catalogue: "Catalogue"
    facts: DataFacts | None

    @property
    def loss(self) -> str | None:
        """The class of the loss, whichever way it was named."""
        return _class_of(self.catalogue, self.experiment.loss)

    @property
    def output(self) -> OutputLayer | None:
        """The last layer of a list architecture; None for presets, whose output follows the task."""
        declared = self.experiment.architecture
        return None if isinstance(declared, Component) else find_output_layer(declared)

    @property
    def has_validation(self) -> bool:
        return self.experiment.dataset.split.validation is not None


def check_relations(
    experiment: Experiment,
    catalogue: "Catalogue",
    facts: DataFacts | None = None,
    without: Collection[str] = (),
) -> list[Problem]:
    """Every contradiction within a config and, where `facts` are known, between it and its data.

    Rules that read a value whose path is in `without` (it had a mistake of its own) are left out.
    """
    subject = _Subject(experiment, catalogue, facts)
    return [
        problem
        for rule, read in _RULES.items()
        if not any(_overlap(path, doubtful) for path in read for doubtful in without)
        for problem in rule(subject)
    ]


def _overlap(read: str, doubtful: str) -> bool:
    """Whether one of two paths is, or leads to, the other."""
    short, long = sorted((read, doubtful), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))


def recorded_metrics(experiment: Experiment, catalogue: "Catalogue") -> list[str] | None:
    """Names under which an epoch's figures are recorded; None where the user's own code decides."""
    if experiment.metrics is None:
        names = ["loss", "accuracy", "mae"]
    else:
        names = ["loss"]
        for metric in experiment.metrics:
            if metric.is_users_own:
                return None
            entry = catalogue.find("metrics", metric.name)
            own = metric.arguments.get("name") or (
                metric.name if metric.module is None or entry is None else entry.recorded_as
            )
            names.append(own or metric.name)
    return [*names, *(f"val_{name}" for name in names)]


def find_output_layer(layers: Sequence[Component]) -> OutputLayer | None:
    """The last Dense layer of a list, with the activation that follows it, if the list ends so."""
    activation = ""
    for layer in reversed(layers):
        if layer.name in ("Softmax", "ReLU", "Activation"):
            named = layer.arguments.get("activation")
            activation = activation or (_plain_name(named) if named else layer.name.lower())
        elif layer.name == "Dense":
            own = layer.arguments.get("activation")
            units = layer.arguments.get("units")
            return OutputLayer(units, activation or (_plain_name(own) or "linear"), layer)
        elif layer.name not in ("Reshape", "Flatten"):
            return None
    return None


def _plain_name(activation: object) -> str:
    if isinstance(activation, Component):
        return activation.name.lower()
    return activation.lower() if isinstance(activation, str) else ""


def _class_of(catalogue: "Catalogue", component: Component | None) -> str | None:
    if component is None:
        return None
    entry = catalogue.find(component.group, component.name)
    return entry.name if entry else component.name


def _monitored_without_validation(subject: _Subject) -> Iterator[Problem]:
    hint = "set dataset.split.validation, or monitor 'loss'"
    for monitor, place, path in _monitors(subject):
        if monitor.startswith("val_") and not subject.has_validation:
            yield Problem(
                f"'{monitor}' is monitored, but there are no validation rows", place, path, hint
            )


def _monitored_unknown(subject: _Subject) -> Iterator[Problem]:
    known = recorded_metrics(subject.experiment, subject.catalogue)
    if known is None:
        return
    for monitor, place, path in _monitors(subject):
        if monitor not in known:
            hint = did_you_mean(monitor, known) or f"recorded: {', '.join(known)}"
            yield Problem(f"'{monitor}' is not recorded", place, path, hint)


def _monitors(subject: _Subject) -> Iterator[tuple[str, Place | None, str]]:
    """What is monitored, by whom: every callback that watches a metric, and training.monitor."""
    for callback in subject.experiment.callbacks:
        if callback.name in MONITORING:
            monitor = callback.arguments.get("monitor", MONITORING[callback.name])
            place = subject.experiment.places.get(f"{callback.path}.monitor", callback.place)
            yield monitor, place, callback.path
    monitor = subject.experiment.training.monitor
    if monitor:
        yield monitor, subject.experiment.place_of("training.monitor"), "training.monitor"


def _two_hands_on_the_rate(subject: _Subject) -> Iterator[Problem]:
    experiment = subject.experiment
    rate = experiment.optimizer.arguments.get("learning_rate")
    by_optimizer = isinstance(rate, Component)
    if experiment.schedule and isinstance(rate, Component):
        yield Problem(
            "the optimizer has a schedule of its own", rate.place, rate.path,
            "keep one: `schedule`, or the optimizer's learning_rate",
        )
    for callback in experiment.callbacks:
        if callback.name == "ReduceLROnPlateau" and (experiment.schedule or by_optimizer):
            yield Problem(
                "ReduceLROnPlateau cannot change a rate that a schedule sets",
                callback.place, callback.path, "remove one of the two",
            )


def _loss_against_output(subject: _Subject) -> Iterator[Problem]:
    output, loss = subject.output, subject.loss
    if output is None or loss is None or subject.experiment.loss is None:
        return
    place, path = subject.experiment.loss.place, "loss"
    logits = bool(subject.experiment.loss.arguments.get("from_logits"))
    if loss.startswith("Binary") and output.activation == "softmax":
        yield Problem(
            f"{loss} does not fit a softmax output", place, path,
            "use sparse_categorical_crossentropy, or one sigmoid unit",
        )
    elif "Categorical" in loss and output.activation == "sigmoid" and output.units == 1:
        yield Problem(
            f"{loss} does not fit one sigmoid unit", place, path, "use binary_crossentropy"
        )
    elif loss in PROBABILITY_LOSSES and output.activation == "linear" and not logits:
        wanted = "sigmoid" if loss.startswith("Binary") else "softmax"
        yield Problem(
            f"{loss} expects probabilities, but the last layer gives logits", place, path,
            f"give the last layer `activation: {wanted}`, or the loss `from_logits: true`",
        )
    elif logits and output.activation in ("softmax", "sigmoid"):
        yield Problem(
            f"from_logits: true, but the last layer gives probabilities ({output.activation})",
            place, path, "remove one of the two",
        )


def _single_softmax(subject: _Subject) -> Iterator[Problem]:
    output = subject.output
    if output and output.activation == "softmax" and output.units == 1:
        yield Problem(
            "softmax over one unit is always 1", output.component.place, output.component.path,
            "use `activation: sigmoid`, or one unit per class",
        )


def _loss_against_labels(subject: _Subject) -> Iterator[Problem]:
    loss = subject.loss
    if loss is None or subject.experiment.loss is None:
        return
    place = subject.experiment.loss.place
    one_hot = subject.experiment.dataset.preprocess.one_hot
    if loss == "SparseCategoricalCrossentropy" and one_hot:
        yield Problem(
            "sparse_categorical_crossentropy takes integer labels, but preprocess.one_hot is on",
            place, "loss", "use categorical_crossentropy, or remove one_hot",
        )
    task = subject.facts.task if subject.facts else None
    if loss in ONE_HOT_LOSSES and not one_hot and task in (None, "binary", "multiclass"):
        yield Problem(
            f"{loss} takes one-hot labels, but the labels are integers", place, "loss",
            "use sparse_categorical_crossentropy, or set dataset.preprocess.one_hot: true",
        )
    if task == "regression" and loss in PROBABILITY_LOSSES | ONE_HOT_LOSSES:
        yield Problem(
            f"{loss} is for classes, but the task is regression", place, "loss", "use mse, mae or Huber"
        )


def _output_against_task(subject: _Subject) -> Iterator[Problem]:
    output, facts = subject.output, subject.facts
    if output is None or facts is None or output.units is None:
        return
    units, place, path = output.units, output.component.place, output.component.path
    if facts.task == "regression":
        if units != facts.target_width:
            yield Problem(
                f"the last layer has {units} units, the target {facts.target_width} "
                f"number{'s' if facts.target_width > 1 else ''} a row",
                place, path, f"use Dense: {facts.target_width}",
            )
        elif output.activation == "softmax":
            yield Problem("softmax is for classes, but the task is regression", place, path)
        return
    one_hot = subject.experiment.dataset.preprocess.one_hot
    fitting = {facts.classes} if facts.classes > 2 or one_hot else {1, 2}
    if output.activation == "softmax" and not one_hot:
        fitting = {facts.classes}
    if units not in fitting and not (units == 1 and output.activation == "softmax"):
        yield Problem(
            f"the last layer has {units} unit{'s' if units > 1 else ''}, the data {facts.classes} classes",
            place, path, f"use {' or '.join(str(width) for width in sorted(fitting))}",
        )


def _task_options(subject: _Subject) -> Iterator[Problem]:
    experiment, facts = subject.experiment, subject.facts
    if facts is None or facts.task != "regression":
        return
    for path, is_set in (
        ("dataset.split.stratify", experiment.dataset.split.stratify),
        ("dataset.preprocess.one_hot", experiment.dataset.preprocess.one_hot),
        ("training.class_weight", experiment.training.class_weight is not None),
    ):
        if is_set:
            yield Problem("is for classes, but the task is regression", subject.experiment.place_of(path), path)
    for metric in experiment.metrics or ():
        if metric.name in CLASS_METRICS or "Accuracy" in metric.name:
            yield Problem(
                f"{metric.name} is for classes, but the task is regression",
                metric.place, metric.path, "use mae, mse or RootMeanSquaredError",
            )


def _class_weights(subject: _Subject) -> Iterator[Problem]:
    weights, facts = subject.experiment.training.class_weight, subject.facts
    if facts is None or facts.task == "regression" or weights is None or isinstance(weights, str):
        return
    known = {*facts.class_names, *(str(label) for label in range(facts.classes))}
    for key in weights:
        if key not in known:
            path = f"training.class_weight.{key}"
            hint = did_you_mean(key, known) or f"classes: {', '.join(facts.class_names[:10])}"
            yield Problem(f"there is no class '{key}'", subject.experiment.place_of(path), path, hint)


def _preprocessing(subject: _Subject) -> Iterator[Problem]:
    preprocess = subject.experiment.dataset.preprocess
    if preprocess.standardize and preprocess.minmax:
        path = "dataset.preprocess.minmax"
        yield Problem(
            "standardize and minmax undo each other", subject.experiment.place_of(path), path, "keep one"
        )


def _data_source(subject: _Subject) -> Iterator[Problem]:
    dataset, place = subject.experiment.dataset, subject.experiment.place_of("dataset")
    if dataset.name is not None and dataset.csv is not None:
        path = "dataset.csv"
        yield Problem(
            "the data come from `name` or from `csv`, not from both", subject.experiment.place_of(path), path,
            "remove one (`csv: null` takes it away from an extended file)",
        )
    if dataset.name is None and dataset.csv is None:
        yield Problem("names no data", place, "dataset", "give `name:` or `csv:`")
    if dataset.name is not None and subject.catalogue.dataset(dataset.name) is None:
        known = subject.catalogue.dataset_names
        hint = did_you_mean(dataset.name, known) or f"known: {', '.join(known)}"
        path = "dataset.name"
        yield Problem(f"unknown data set '{dataset.name}'", subject.experiment.place_of(path), path, hint)


def _averaged_weights(subject: _Subject) -> Iterator[Problem]:
    if not subject.experiment.optimizer.arguments.get("use_ema"):
        return
    for callback in subject.experiment.callbacks:
        if callback.arguments.get("restore_best_weights"):
            yield Problem(
                "restore_best_weights would be overwritten by the optimizer's averaged weights",
                callback.place, callback.path, "remove it, or the optimizer's use_ema",
            )


def _expectations(subject: _Subject) -> Iterator[Problem]:
    known = recorded_metrics(subject.experiment, subject.catalogue)
    if known is None:
        return
    plain = [name for name in known if not name.startswith("val_")]
    known = ["params", *known, *(f"test_{name}" for name in plain)]
    for name in subject.experiment.expect:
        path = f"expect.{name}"
        if name not in known:
            hint = did_you_mean(name, known) or f"recorded: {', '.join(known)}"
            yield Problem(f"'{name}' is not recorded", subject.experiment.place_of(path), path, hint)
        elif name.startswith("val_") and not subject.has_validation:
            yield Problem(
                "there are no validation rows", subject.experiment.place_of(path), path,
                "set dataset.split.validation",
            )
        elif name.startswith("test_") and subject.facts and not _has_test(subject):
            yield Problem(
                "there are no test rows", subject.experiment.place_of(path), path, "set dataset.split.test"
            )


def _has_test(subject: _Subject) -> bool:
    published = subject.facts is not None and subject.facts.test_rows > 0
    return published or subject.experiment.dataset.split.test is not None


def _schedule_values(subject: _Subject) -> Iterator[Problem]:
    schedule = subject.experiment.schedule
    if schedule is None or schedule.name != "PiecewiseConstantDecay":
        return
    boundaries = schedule.arguments.get("boundaries") or ()
    values = schedule.arguments.get("values") or ()
    if len(values) != len(boundaries) + 1:
        yield Problem(
            f"{len(boundaries)} boundaries need {len(boundaries) + 1} values, not {len(values)}",
            schedule.place, schedule.path,
        )


def _layer_names(subject: _Subject) -> Iterator[Problem]:
    """Names of layers, which become names of files and of columns."""
    if isinstance(subject.experiment.architecture, Component):
        return
    seen: dict[str, Component] = {}
    for layer in subject.experiment.architecture:
        name = layer.arguments.get("name")
        if not isinstance(name, str):
            continue
        place = subject.experiment.place_of(f"{layer.path}.name")
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
            yield Problem(
                f"the layer name '{name}' has characters beside letters, digits, '_', '.' and '-'",
                place, layer.path,
            )
        if name in seen:
            yield Problem(f"two layers are named '{name}'", place, layer.path)
        seen[name] = layer


_RULES: dict[Callable[[_Subject], Iterator[Problem]], set[str]] = {
    _data_source: {"dataset.name", "dataset.csv"},
    _preprocessing: {"dataset.preprocess"},
    _monitored_without_validation: {"dataset.split", "callbacks", "training.monitor"},
    _monitored_unknown: {"metrics", "callbacks", "training.monitor"},
    _two_hands_on_the_rate: {"optimizer", "schedule", "callbacks"},
    _averaged_weights: {"optimizer", "callbacks"},
    _schedule_values: {"schedule"},
    _single_softmax: {"architecture"},
    _loss_against_output: {"architecture", "loss"},
    _loss_against_labels: {"dataset", "loss"},
    _output_against_task: {"dataset", "architecture"},
    _task_options: {"dataset", "metrics", "training.class_weight"},
    _class_weights: {"dataset", "training.class_weight"},
    _expectations: {"dataset.split", "metrics", "expect"},
    _layer_names: {"architecture"},
}
"""Each rule with the paths it reads."""
