"""The roles of the data: what goes into each input, and what each output predicts."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from nnrun.config.facts import DataFacts, as_used
from nnrun.config.graphs import GraphOutput
from nnrun.config.schema import Dataset, Experiment, named_columns
from nnrun.config.tasks import AUTO, predicts_input, task_of_classes
from nnrun.config.text_layers import text_layers


@dataclass(frozen=True)
class Aim:
    """What one output predicts.

    Attributes:
        task: A task, or `auto`.
        columns: The columns; empty for a data set's own target, and for an autoencoder.
        input: The input that an autoencoder reconstructs; otherwise empty.
    """

    task: str
    columns: tuple[str, ...] = ()
    input: str = ""

    @property
    def predicts_input(self) -> bool:
        """Whether it reproduces an input of the model."""
        return predicts_input(self.task)


@dataclass(frozen=True)
class Roles:
    """The inputs and the aims of a model.

    Attributes:
        inputs: The columns of each input by name; None for all except targets.
        aims: By the name of the output.
        texts: The inputs that are text.
    """

    inputs: Mapping[str, tuple[str, ...] | None]
    aims: Mapping[str, Aim]
    texts: tuple[str, ...] = ()

    @property
    def predicted(self) -> tuple[str, ...]:
        """All target columns, without repetition."""
        return tuple(dict.fromkeys(name for aim in self.aims.values() for name in aim.columns))


def roles_of(experiment: Experiment) -> Roles:
    """The roles that an experiment gives its data."""
    dataset, outline = experiment.dataset, experiment.outline
    inputs = {
        name: dataset.features if item.features is None else item.features
        for name, item in outline.entries.items()
    }
    aims = {name: _aim(item, dataset, tuple(inputs)) for name, item in outline.outputs.items()}
    return Roles(inputs, aims, tuple(text_layers(outline)))


def roles_of_graph(experiment: Experiment) -> Roles | None:
    """The roles of the columns in a graph; None for other architectures."""
    return roles_of(experiment) if experiment.outline.names_nodes else None


def roles_of_dataset(dataset: Dataset) -> Roles:
    """The single input and aim of an architecture without named ones."""
    return roles_of(Experiment(dataset=dataset))


def _aim(output: GraphOutput, dataset: Dataset, inputs: tuple[str, ...]) -> Aim:
    same = output.target is None or named_columns(output.target) == dataset.targets
    task = output.task or (dataset.task if same else AUTO)
    if predicts_input(task):
        named = named_columns(output.target)
        return Aim(task, input=(named or inputs)[0] if named or len(inputs) == 1 else "")
    columns = dataset.targets if output.target is None else named_columns(output.target)
    return Aim(task, columns)


def view_of(experiment: Experiment, name: str) -> Experiment:
    """An experiment as one of its outputs sees it: a list of the last layers, one loss, one target.

    Args:
        experiment: An experiment; without named outputs, it is its own view.
        name: The output.
    """
    outline = experiment.outline
    if not outline.names_nodes:
        return experiment
    output, aim = outline.outputs[name], roles_of(experiment).aims[name]
    return dataclasses.replace(
        experiment,
        architecture=tuple(outline.last_components(name)),
        loss=output.loss or experiment.loss,
        metrics=experiment.metrics if output.metrics is None else output.metrics,
        dataset=dataclasses.replace(experiment.dataset, target=aim.columns or None, task=aim.task),
    )


def facts_for(
    aim: Aim,
    dataset: Dataset,
    facts: DataFacts,
    features: tuple[str, ...],
    inputs: Mapping[str, tuple[str, ...] | None],
) -> DataFacts:
    """The facts of a named data set, for one output.

    Args:
        aim: The output's aim.
        dataset: The config's section.
        facts: The facts of the data set, with its own target.
        features: The columns of the data set, if it has any.
        inputs: The columns of each input.
    """
    if aim.predicts_input:
        columns = inputs.get(aim.input) if features else None
        shape = (len(columns),) if columns else facts.input_shape
        return dataclasses.replace(
            facts,
            task=aim.task,
            classes=0,
            class_names=(),
            input_shape=shape,
            target_width=prod(shape),
        )
    if aim.columns and set(aim.columns) <= set(features):
        return dataclasses.replace(
            facts,
            task=task_of_classes(0),
            classes=0,
            class_names=(),
            target_width=len(aim.columns),
        )
    return as_used(facts, classes=dataset.classes, positive=dataset.positive, task=aim.task)
