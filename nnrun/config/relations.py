"""Rules between the parts of a config, and between a config and its data."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from nnrun.config import (
    adapting_layers,
    checkpoint_rules,
    fitting,
    graph_rules,
    learning,
    measuring,
    monitoring,
    rates,
    reuse,
    split_rules,
    text_layers,
)
from nnrun.config.catalogue import Catalogue
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import DataFacts
from nnrun.config.figures import Figure, is_on_validation
from nnrun.config.roles import view_of
from nnrun.config.schema import Expectation, Experiment
from nnrun.config.sources import NAME, SOURCE_PATHS, one_known_source
from nnrun.config.subject import Subject, find_output_layer, recorded_names
from nnrun.config.wording import quoted
from nnrun.errors import Problem

__all__ = ["check_relations", "find_output_layer", "overlap"]

CALLBACK_FIGURES = {"Pruning": "sparsity", "Traces": "distinct_codes"}
"""Callbacks that report a figure of the saved model, with its name."""


def check_relations(
    experiment: Experiment,
    catalogue: Catalogue,
    facts: DataFacts | None = None,
    without: Collection[str] = (),
    *,
    by_output: Mapping[str, DataFacts] | None = None,
    to_be_trained: bool = True,
) -> list[Problem]:
    """Contradictions within a config and, if `facts` are known, between it and its data.

    Rules that read a value whose path is in `without` (it had a mistake of its own) are left out.

    Args:
        experiment: The config.
        catalogue: What Keras's classes take.
        facts: The known facts about the data.
        without: Paths of the values that had mistakes.
        by_output: The facts for each output of a graph, instead of `facts`.
        to_be_trained: Whether a training is about to begin; some rules don't apply to existing
            runs.
    """
    subject = subject_of(experiment, catalogue, facts, by_output=by_output)
    outputs = subject.by_output
    problems = [
        problem
        for rule, read in _RULES.items()
        if to_be_trained or rule not in _OF_NEW_TRAININGS
        for one in ((outputs.values() or [subject]) if rule in _OF_OUTPUTS else [subject])
        if not any(
            overlap(path, doubtful)
            for path in read
            for doubtful in without
            if not _is_anothers(doubtful, one)
        )
        for problem in rule(one)
    ]
    return list(dict.fromkeys(problems))


def subject_of(
    experiment: Experiment,
    catalogue: Catalogue,
    facts: DataFacts | None = None,
    *,
    by_output: Mapping[str, DataFacts] | None = None,
) -> Subject:
    """An experiment as the relations see it, with each output of a graph by itself.

    Args:
        experiment: The config.
        catalogue: What Keras's classes take.
        facts: The known facts about the data.
        by_output: The facts for each output of a graph, instead of `facts`.
    """
    outline, known = experiment.outline, by_output or {}
    if not outline.names_nodes:
        return Subject(experiment, catalogue, facts)
    outputs = {
        name: Subject(
            view_of(experiment, name),
            catalogue,
            known.get(name, facts),
            f"architecture.outputs.{name}",
            is_only_output=len(outline.outputs) == 1,
        )
        for name in outline.outputs
    }
    return Subject(experiment, catalogue, facts, by_output=outputs)


def _is_anothers(path: str, subject: Subject) -> bool:
    """Whether a value belongs to an output other than the current one."""
    return bool(subject.output_path) and (
        path.startswith("architecture.outputs.") and not path.startswith(subject.output_path)
    )


def overlap(read: str, doubtful: str) -> bool:
    """Whether two paths are equal or one contains the other."""
    short, long = sorted((read, doubtful), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))


def _preprocessing(subject: Subject) -> Iterator[Problem]:
    """No preprocessing step undoes another."""
    preprocess = subject.experiment.dataset.preprocess
    if preprocess.standardize and preprocess.minmax:
        message = "standardize and minmax undo each other"
        yield subject.problem("dataset.preprocess.minmax", message, "keep one")


def _averaged_weights(subject: Subject) -> Iterator[Problem]:
    """Averaged weights and restored ones do not overwrite each other."""
    if not subject.experiment.optimizer.arguments.get("use_ema"):
        return
    for callback in subject.experiment.callbacks:
        if callback.arguments.get("restore_best_weights"):
            yield subject.problem_of(
                callback,
                "restore_best_weights would be overwritten by the optimizer's averaged weights",
                "remove it, or the optimizer's use_ema",
                argument="restore_best_weights",
            )


def _one_clip(subject: Subject) -> Iterator[Problem]:
    """Keras clips gradients in one way only."""
    experiment = subject.experiment
    ways = {
        f"regularization.clip.{option}": argument
        for option, argument in rates.CLIPPING.items()
        if getattr(experiment.regularization.clip, option) is not None
    }
    own = [name for name in rates.CLIPPING.values() if experiment.optimizer.arguments.get(name)]
    if len(ways) + len(own) > 1:
        yield subject.problem(
            next(reversed(ways), "optimizer"),
            f"gradients are clipped in one way only, not by {' and '.join([*own, *ways.values()])}",
            "keep one",
        )


def _one_weighting(subject: Subject) -> Iterator[Problem]:
    """Keras weights rows by class or individually, not both."""
    experiment = subject.experiment
    if experiment.dataset.sample_weight and experiment.training.class_weight is not None:
        yield subject.problem(
            "training.class_weight",
            "Keras weighs rows by their class or by dataset.sample_weight, not by both",
            "keep one; to weigh by both, multiply the weights in the column",
        )


def _several_devices(subject: Subject) -> Iterator[Problem]:
    """Options that can't be combined with `runtime.strategy: mirrored`."""
    experiment = subject.experiment
    if experiment.runtime.strategy != "mirrored":
        return
    if experiment.runtime.engine == "xla":
        message = "several devices are trained by the graph engine, not by xla"
        yield subject.problem("runtime.engine", message, "remove it, or `strategy: mirrored`")
    if experiment.optimizer.arguments.get("gradient_accumulation_steps"):
        yield subject.problem_of(
            experiment.optimizer,
            "Keras cannot accumulate gradients over several devices",
            "remove it, or `strategy: mirrored`",
            argument="gradient_accumulation_steps",
        )


def _expectations(subject: Subject) -> Iterator[Problem]:
    """Expectations refer to recorded values."""
    recorded = recorded_names(subject)
    if recorded is None:
        return
    plain = [name for name in recorded if not is_on_validation(name)]
    figures = [CALLBACK_FIGURES.get(callback.name, "") for callback in subject.experiment.callbacks]
    known = [
        "params",
        *recorded,
        *(str(Figure(name, "test")) for name in plain),
        *filter(None, figures),
    ]
    for name, wanted in subject.experiment.expect.items():
        path = f"expect.{name}"
        if name not in known:
            hint = did_you_mean(name, known) or f"recorded: {', '.join(known)}"
            yield subject.problem(path, f"{quoted(name)} is not recorded", hint)
        elif is_on_validation(name) and not subject.has_validation:
            yield subject.problem(
                path, "there are no validation rows", "set dataset.split.validation"
            )
        elif Figure.parse(name).part == "test" and subject.facts and not subject.has_test:
            yield subject.problem(path, "there are no test rows", "set dataset.split.test")
        elif isinstance(wanted, Expectation) and _is_empty_range(wanted):
            message = f"no value is at least {wanted.min} and at most {wanted.max}"
            yield subject.problem(path, message, "swap the two")


def _pruning(subject: Subject) -> Iterator[Problem]:
    """Pruning ends before the last epoch, and nothing undoes it."""
    experiment = subject.experiment
    for callback in experiment.callbacks:
        if callback.name != "Pruning":
            continue
        begin, end = (callback.arguments.get(name, at) for name, at in (("begin", 0), ("end", 1)))
        if begin >= end:
            message = f"pruning would end after epoch {end}, and begin after epoch {begin}"
            yield subject.problem_of(callback, message, "begin before the end", argument="begin")
        if end >= experiment.training.epochs:
            message = f"no epoch is left after the pruning: there are {experiment.training.epochs}"
            hint = "end earlier, or raise training.epochs: the remaining weights are trained then"
            yield subject.problem_of(callback, message, hint, argument="end")
        if experiment.optimizer.arguments.get("use_ema"):
            message = "averaged weights are not sparse: they remember what was pruned"
            yield subject.problem_of(callback, message, "remove it, or the optimizer's use_ema")


def _is_empty_range(wanted: Expectation) -> bool:
    return wanted.min is not None and wanted.max is not None and wanted.min > wanted.max


def _layer_names(subject: Subject) -> Iterator[Problem]:
    """Names of layers are valid names of files and columns."""
    if subject.experiment.outline.names_nodes:
        return  # its layers have names already
    seen: set[str] = set()
    for layer in subject.layers:
        name = layer.arguments.get("name")
        if not isinstance(name, str):
            continue
        message = ""
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
            message = (
                f"the layer name {quoted(name)} has characters other than letters, digits, "
                "'_', '.' and '-'"
            )
        elif name in seen:
            message = f"two layers are named {quoted(name)}"
        if message:
            yield subject.problem_of(layer, message, "choose another name", argument="name")
        seen.add(name)


_RULES: dict[Callable[[Subject], Iterator[Problem]], set[str]] = {
    one_known_source: {*SOURCE_PATHS},
    **split_rules.RULES,
    _preprocessing: {"dataset.preprocess"},
    monitoring.is_recorded: {
        "dataset.split",
        "dataset.task",
        "metrics",
        "callbacks",
        "schedule",
        "training.monitor",
    },
    monitoring.mode_of_monitor: {"training"},
    rates.one_hand_on_the_rate: {"optimizer", "schedule", "callbacks"},
    _averaged_weights: {"optimizer", "callbacks"},
    _pruning: {"optimizer", "callbacks", "training.epochs"},
    _one_clip: {"optimizer", "regularization.clip"},
    _one_weighting: {"dataset.sample_weight", "training.class_weight"},
    _several_devices: {"runtime", "optimizer"},
    rates.rates_that_descend: {"optimizer", "schedule", "callbacks"},
    rates.some_rate_is_above_zero: {"optimizer", "schedule"},
    rates.schedule_values: {"schedule"},
    rates.wrapped_optimizer: {"optimizer", "schedule", "regularization.clip"},
    checkpoint_rules.file_names: {"dataset", "metrics", "callbacks"},
    checkpoint_rules.when_to_save: {"callbacks"},
    learning.accumulation_that_fills: {NAME, "dataset.split", "optimizer", "training"},
    learning.clipping_that_clips: {"optimizer"},
    learning.some_layer_learns: {"architecture", "training.fine_tune"},
    learning.some_loss_counts: {"architecture", "training.class_weight"},
    learning.direction_of_one_number: {"dataset", "architecture", "loss"},
    learning.activation_of_classes: {"dataset", "architecture", "loss"},
    rates.nested_schedules: {"optimizer", "schedule"},
    rates.cycled_momentum: {"optimizer", "schedule"},
    fitting.task_against_target: {"dataset.task", "dataset.target"},
    fitting.choices_of_own_task: {"dataset.task", "dataset.classes", "dataset.positive"},
    fitting.softmax_of_one: {"dataset.task", "dataset.target", "architecture"},
    **measuring.RULES,
    fitting.output_against_task: {"dataset", "architecture"},
    fitting.steps_against_labels: {"dataset", "architecture"},
    fitting.output_of_preset: {"dataset", "architecture"},
    fitting.task_options: {"dataset", "training.class_weight"},
    fitting.class_weights: {"dataset", "training.class_weight"},
    fitting.scaled_labels: {"dataset", "architecture"},
    _expectations: {"dataset.split", "dataset.task", "metrics", "expect", "callbacks"},
    _layer_names: {"architecture"},
    adapting_layers.only_in_a_list: {"architecture"},
    text_layers.text_at_inputs: {"architecture"},
    text_layers.text_to_numbers: {"architecture", NAME, "dataset.task"},
    text_layers.text_is_not_scaled: {"architecture", "dataset.preprocess"},
    reuse.one_preprocessing: {"architecture", "dataset.preprocess"},
    reuse.regularization_of_own: {"architecture", "regularization"},
    reuse.fine_tuning: {"training", "optimizer"},
    graph_rules.graph: set(),
    graph_rules.graph_targets: {*SOURCE_PATHS, "dataset.target", "dataset.task"},
    graph_rules.autoencoder: {"dataset.task", "dataset.target"},
}
"""The rules, with the paths that each reads."""

_OF_NEW_TRAININGS = {
    *measuring.RULES,
    rates.rates_that_descend,
    rates.some_rate_is_above_zero,
    checkpoint_rules.file_names,
    checkpoint_rules.when_to_save,
    learning.accumulation_that_fills,
    learning.clipping_that_clips,
    learning.some_layer_learns,
    learning.some_loss_counts,
    learning.direction_of_one_number,
    learning.activation_of_classes,
}
"""Rules that only apply to new trainings, since runs of older versions may break them."""

_OF_OUTPUTS = {
    fitting.task_against_target,
    fitting.choices_of_own_task,
    fitting.softmax_of_one,
    fitting.output_against_task,
    fitting.steps_against_labels,
    fitting.task_options,
    fitting.class_weights,
    learning.direction_of_one_number,
    learning.activation_of_classes,
    *measuring.RULES,
}
"""Rules that apply to one output at a time."""
