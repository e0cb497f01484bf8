"""Data sets offered by name: facts known without reading, and a way to read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import as_used
from nnrun.config.tasks import contradicts
from nnrun.errors import Problem
from nnrun.sources.source import Source, unknown_classes, unknown_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nnrun.config.facts import DataFacts
    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.frame import Arrays


@dataclass(frozen=True)
class NamedDataset(Source):
    """A data set that a config refers to by name.

    Attributes:
        key: The name.
        title: What it is, in one line.
        facts: Its shape, task and number of rows.
        features: Names of the feature columns; empty for images.
        target: Name of the target.
        credit: Who made it.
        load: Reads the rows; raises DataError if they are missing or damaged.
    """

    key: str
    title: str
    facts: DataFacts
    features: tuple[str, ...]
    target: str
    credit: str
    load: Callable[[], Arrays]

    @property
    def name(self) -> str:
        """See `Source`."""
        return f"'{self.key}'"

    def columns(self) -> Sequence[str]:
        """See `Source.columns`."""
        return self.features

    def read(self, texts: Sequence[str] = ()) -> Arrays:
        """See `Source.read`."""
        del texts
        rows = self.load()
        test = None if rows.test is None else self._known(rows.test)
        return replace(self._known(rows), test=test)

    def _known(self, rows: Arrays) -> Arrays:
        return replace(
            rows,
            name=self.name,
            columns=self.features,
            target=self.target,
            classes=self.facts.class_names,
        )

    def facts_for(self, dataset: Dataset, task: str) -> DataFacts:
        """The facts for a config's choice of classes and task."""
        return as_used(self.facts, classes=dataset.classes, positive=dataset.positive, task=task)

    def problems(self, dataset: Dataset, roles: Roles | None) -> Iterator[Problem]:
        """See `Source.problems`."""
        yield from self._problems_of_columns(dataset)
        yield from self._problems_of_classes(dataset)
        yield from self._problems_of_split(dataset)
        if roles is not None:
            yield from self._problems_of_inputs(dataset, roles)
            yield from self._problems_of_outputs(dataset, roles)
        yield from self._problems_of_aside(dataset)

    def _problems_of_columns(self, dataset: Dataset) -> Iterator[Problem]:
        if dataset.targets not in ((), (self.target,)):
            asked = ", ".join(f"'{name}'" for name in dataset.targets)
            message = f"{self.name} predicts '{self.target}', not {asked}"
            yield Problem(message, path="dataset.target", hint="leave it out")
        if dataset.features and not self.features:
            message = f"{self.name} has no columns to choose from"
            yield Problem(message, path="dataset.features", hint="leave it out")
        elif dataset.features:
            yield from unknown_columns(
                "dataset.features", dataset.features, self.features, self.name
            )

    def _problems_of_classes(self, dataset: Dataset) -> Iterator[Problem]:
        classes = self.facts.class_names
        yield from unknown_classes(dataset, classes, self.name)
        facts = self.facts_for(dataset, dataset.task)
        if dataset.positive is not None and dataset.positive not in classes:
            yield Problem(
                f"{self.name} has no class '{dataset.positive}'",
                path="dataset.positive",
                hint=did_you_mean(dataset.positive, classes)
                or (f"its classes: {', '.join(classes)}" if classes else "leave it out"),
            )
        elif contradicts(dataset.task, facts.task):
            yield Problem(
                f"{self.name} is a {facts.task} data set, not {dataset.task}",
                path="dataset.task",
                hint="leave it out",
            )

    def _problems_of_split(self, dataset: Dataset) -> Iterator[Problem]:
        split = dataset.split
        for part, file in split.files.items():
            yield Problem(
                f"'{file}' cannot be read beside {self.name}: "
                "a file as a part goes with a file as the source",
                path=f"dataset.split.{part}",
                hint="give a number of rows or a fraction",
            )
        if "test" in split.shares and self.facts.test_rows:
            yield Problem(
                f"{self.name} has its own {self.facts.test_rows:,} published test rows",
                path="dataset.split.test",
                hint="leave it out",
            )

    def _problems_of_inputs(self, dataset: Dataset, roles: Roles) -> Iterator[Problem]:
        for name, columns in roles.inputs.items():
            path = f"architecture.inputs.{name}.features"
            if not columns or columns == dataset.features:
                continue
            if self.features:
                yield from unknown_columns(path, columns, self.features, self.name)
            else:
                hint = "leave `features` out: the input is the whole row"
                yield Problem(f"{self.name} has no columns to choose from", path=path, hint=hint)

    def _problems_of_outputs(self, dataset: Dataset, roles: Roles) -> Iterator[Problem]:
        for name, aim in roles.aims.items():
            path = f"architecture.outputs.{name}"
            if aim.columns and self.target in aim.columns and len(aim.columns) > 1:
                message = f"'{self.target}' is predicted by itself, not together with other columns"
                hint = "give it an output of its own"
                yield Problem(message, path=f"{path}.target", hint=hint)
            elif aim.columns not in ((), (self.target,)):
                known = (self.target, *self.features)
                yield from unknown_columns(f"{path}.target", aim.columns, known, self.name)
            elif contradicts(aim.task, task := self.facts_for(dataset, aim.task).task):
                message = f"'{self.target}' is a {task} target, not {aim.task}"
                yield Problem(message, path=f"{path}.task", hint="leave it out")

    def _problems_of_aside(self, dataset: Dataset) -> Iterator[Problem]:
        for path, column in dataset.columns_aside.items():
            if self.features:
                yield from unknown_columns(path, column, self.features, self.name)
                continue
            does = "weigh" if path == "dataset.sample_weight" else "divide"
            message = f"{self.name} holds pictures, and no column that could {does} them"
            yield Problem(message, path=path, hint="leave it out")
