"""What rules apply to: an experiment, with what is known about its outputs and metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnrun.config.catalogue import Catalogue
from nnrun.config.components import Component, is_import_path
from nnrun.config.facts import DataFacts
from nnrun.config.figures import Figure, on_validation
from nnrun.config.measures import Ending
from nnrun.config.schema import Experiment
from nnrun.config.tasks import CLASSES, LABELS, SEVERAL_CLASSES, TASKS, TaskFacts
from nnrun.errors import Problem

ACTIVATION_LAYERS = {
    "Activation",
    "ELU",
    "Heaviside",
    "LeakyReLU",
    "NoisyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
}
"""Layers that are only an activation."""


@dataclass(frozen=True)
class OutputLayer:
    """The end of a list of layers, as far as known without building the model.

    Attributes:
        units: Width of the output; None if unknown.
        activation: Name of the last activation in lower case; "linear" if there is none.
        component: The layer that the units belong to.
    """

    units: int | None
    activation: str
    component: Component


@dataclass(frozen=True)
class Subject:
    """What rules apply to: an experiment, or one output of a graph by itself.

    Attributes:
        experiment: The checked config, as seen by the output if there is one.
        catalogue: The classes of Keras.
        facts: The known facts about the data.
        output_path: The path of the output; empty for the experiment as a whole.
        is_only_output: Whether there is no other output.
        by_output: The subjects of named outputs.
    """

    experiment: Experiment
    catalogue: Catalogue
    facts: DataFacts | None
    output_path: str = ""
    is_only_output: bool = True
    by_output: "Mapping[str, Subject]" = field(default_factory=dict)

    @property
    def loss(self) -> str | None:
        """The class of the loss, whichever alias was used."""
        return _class_of(self.catalogue, self.experiment.loss)

    @property
    def layers(self) -> Sequence[Component]:
        """The layers that the config lists; with `from_run`, those added to the run's."""
        return self.experiment.outline.components

    @property
    def output(self) -> OutputLayer | None:
        """The last layer of a list; None for presets, whose output follows the task, and graphs."""
        return None if self.experiment.outline.names_nodes else find_output_layer(self.layers)

    @property
    def ending(self) -> Ending:
        """How the output ends, as far as known; for presets, as the task requires."""
        experiment = self.experiment
        one_hot, loss = experiment.dataset.preprocess.one_hot, experiment.loss
        units, activation = self._end()
        from_logits = loss is not None and loss.arguments.get("from_logits") is True
        return Ending(
            self.task or self._presumed_task(units, activation),
            units,
            activation,
            one_hot,
            self.loss,
            from_logits,
        )

    def _end(self) -> tuple[int | None, str]:
        """The units and the activation of the output; None and an empty text if unknown."""
        preset, task = self.experiment.outline.preset, self.task
        if preset is None:
            output = self.output
            return (output.units, output.activation) if output else (None, "")
        if task is None:
            return None, ""
        classes, width = self.facts.classes if self.facts else 0, self.target_width or 0
        one_hot = self.experiment.dataset.preprocess.one_hot
        units, activation = task.ending(classes, width, one_hot=one_hot)
        chosen = preset.arguments.get("output_activation")
        if activation == "linear" and chosen:
            activation = activation_name(chosen)
        return units or None, activation

    def _presumed_task(self, units: int | None, activation: str) -> TaskFacts | None:
        """The task if the config implies classes, although only the rows can confirm it."""
        several = (units or 0) > 1 and self.target_width == 1
        one_hot = self.experiment.dataset.preprocess.one_hot
        of_classes = not self.objection and (activation == "softmax" or one_hot or several)
        return SEVERAL_CLASSES if of_classes else None

    @property
    def task(self) -> TaskFacts | None:
        """The task, according to the data or the config.

        None if only the rows or the user's own code determine it.
        """
        if self.facts is None:
            return TASKS.get(self.experiment.dataset.task)
        return self.facts.outline or TASKS.get(self.facts.task)

    @property
    def predicts(self) -> str | None:
        """Numbers, labels or classes; None if unknown."""
        return None if self.task is None else self.task.predicts

    @property
    def predicts_input(self) -> bool:
        """Whether the model's own input is predicted."""
        return self.task is not None and self.task.of_input

    @property
    def target_width(self) -> int | None:
        """Numbers or labels per target row; None if only the rows determine it."""
        if self.facts is not None:
            return self.facts.target_width
        return len(self.experiment.dataset.targets) or None

    @property
    def objection(self) -> str:
        """Why measures for a single class per row don't apply; empty if they may."""
        if self.task is not None:
            what = "one class a row" if self.predicts == LABELS else "classes"
            is_right = self.predicts == CLASSES
            return "" if is_right else f"is for {what}, but the task is {self.task.name}"
        if (self.target_width or 0) > 1:
            return f"is for one class a row, but dataset.target names {self.target_width} columns"
        return ""

    @property
    def has_validation(self) -> bool:
        """Whether there are validation rows."""
        return self.experiment.dataset.split.validation is not None

    @property
    def has_test(self) -> bool:
        """Whether there are test rows, as far as known without reading the data."""
        published = self.facts is not None and self.facts.test_rows > 0
        return published or self.experiment.dataset.split.test is not None

    def problem(self, path: str, message: str, hint: str = "") -> Problem:
        """A problem with the value at a path, or with the output's own value if it has one."""
        own = f"{self.output_path}.{path.removeprefix('dataset.')}"
        if self.output_path and own in self.experiment.places:
            path = own
        return Problem(message, self.experiment.place_of(path), path, hint)

    def problem_of(
        self, component: Component, message: str, hint: str = "", *, argument: str = ""
    ) -> Problem:
        """A problem with a component, shown at one of its arguments if written."""
        place = self.experiment.places.get(f"{component.path}.{argument}", component.place)
        return Problem(message, place, component.path, hint)


def recorded_names(subject: Subject) -> list[str] | None:
    """Names of an epoch's metrics; None if the user's own code decides."""
    figures = recorded_figures(subject)
    names = [figure.name for figure in figures if figure.name is not None]
    if len(names) < len(figures):
        return None
    return [*names, *(on_validation(name) for name in names)]


@dataclass(frozen=True)
class RecordedFigure:
    """A metric recorded in every epoch.

    Attributes:
        name: The name under which it is recorded; None if the user's own code decides.
        metric: What measures it; None for a loss.
    """

    name: str | None
    metric: Component | None


def recorded_figures(subject: Subject) -> list[RecordedFigure]:
    """The metrics of every epoch, without those of the validation rows.

    With several outputs, these are the sum of the losses, and each output's own metrics.
    """
    several = subject.by_output
    if len(several) > 1:
        return [RecordedFigure("loss", None)] + [
            RecordedFigure(figure.name and Figure(figure.name, output=output).plain, figure.metric)
            for output, one in several.items()
            for figure in recorded_figures(one)
        ]
    if several:
        (subject,) = several.values()
    metrics = subject.experiment.metrics
    if metrics is None:
        metrics = _default_metrics(subject)
    figures = [RecordedFigure("loss", None)]
    seen: Counter[str | None] = Counter()
    for metric in metrics:
        name = _recorded_as(metric, subject.catalogue)
        # Keras numbers metrics that share a name.
        numbered = f"{name}_{seen[name]}" if name and seen[name] else name
        figures.append(RecordedFigure(numbered, metric))
        seen[name] += 1
    return figures


def _recorded_as(metric: Component, catalogue: Catalogue) -> str | None:
    if metric.is_users_own:
        return None
    entry = catalogue.find("metrics", metric.name)
    own = metric.arguments.get("name") or (
        metric.name if metric.module is None or entry is None else entry.recorded_as
    )
    return own or metric.name


def _default_metrics(subject: Subject) -> tuple[Component, ...]:
    """The default metrics of a task; of any task if unknown."""
    task, declared = subject.task, subject.experiment.dataset.task
    names = dict.fromkeys(known.metric for known in (TASKS.values() if task is None else [task]))
    if task is None and is_import_path(declared):
        names = {declared: None}
    return tuple(Component(name, "metrics") for name in names)


def find_output_layer(layers: Sequence[Component]) -> OutputLayer | None:
    """The last Dense layer of a list and its activation, if the list ends with these."""
    activation = ""
    for layer in reversed(layers):
        if layer.name in ACTIVATION_LAYERS:
            named = layer.arguments.get("activation")
            activation = activation or (activation_name(named) if named else layer.name.lower())
        elif layer.name == "Dense":
            own = layer.arguments.get("activation")
            units = layer.arguments.get("units")
            return OutputLayer(units, activation or (activation_name(own) or "linear"), layer)
        elif layer.name not in ("Reshape", "Flatten"):
            return None
    return None


def activation_name(activation: object) -> str:
    """The name of an activation in lower case; empty if none."""
    if isinstance(activation, Component):
        return activation.name.lower()
    return activation.lower() if isinstance(activation, str) else ""


def _class_of(catalogue: Catalogue, component: Component | None) -> str | None:
    if component is None:
        return None
    entry = catalogue.find(component.group, component.name)
    return entry.name if entry else component.name
