"""Deals the columns of a source out to inputs and outputs, after its classes have been chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import with_classes
from nnrun.config.tasks import NUMBERS, SEVERAL_CLASSES, task_of_classes, what_is_predicted
from nnrun.data.describing import facts_in_use, refuse_classes, source_of
from nnrun.data.selecting import select_classes, select_rows, select_target
from nnrun.data.splits import TEXT, InputSpec, Part
from nnrun.data.tables import read_table, read_table_like
from nnrun.data.weights import as_weights, read_weights
from nnrun.errors import DataError, DataFaults
from nnrun.sources.finding import named_dataset
from nnrun.tasks.autoencoder import target_of_input
from nnrun.tasks.classes import against_others
from nnrun.tasks.targets import TargetColumn, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.roles import Aim, Roles
    from nnrun.config.schema import Dataset
    from nnrun.data.tables import Table
    from nnrun.sources.csv import Csv
    from nnrun.sources.named import NamedDataset, Rows


@dataclass(frozen=True)
class Dealt:
    """Rows with what they mean; `parts` are those that were read from files of their own.

    `notes` are what one should know of how they were read.
    """

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    rows: Part
    parts: Mapping[str, Part]
    source: str
    notes: tuple[str, ...] = ()


def deal_named(dataset: Dataset, roles: Roles) -> Dealt:
    """The rows of a data set that is known by name, of the classes that the config keeps.

    Raises:
        DataError: Its files cannot be found or read, or a class is none of its own.
    """
    named = named_dataset(str(dataset.name))
    rows = named.load()
    if dataset.classes is not None:
        rows = select_classes(rows, named.facts.class_names, dataset.classes)
    aside = (*roles.predicted, dataset.sample_weight)
    left = tuple(name for name in named.features if name not in aside)
    inputs = {
        name: InputSpec(
            (len(columns or left),) if named.features else named.facts.input_shape,
            named.input_dtype,
            (columns or left) if named.features else (),
        )
        for name, columns in roles.inputs.items()
    }
    targets = {
        name: _target_of_named(named, aim, inputs, dataset) for name, aim in roles.aims.items()
    }
    made = _part_of_named(rows, named, roles, inputs, dataset)
    parts = {}
    if rows.test is not None:
        parts["test"] = _part_of_named(rows.test, named, roles, inputs, dataset)
    return Dealt(inputs, targets, made, parts, rows.source)


def _is_own(aim: Aim, named: NamedDataset) -> bool:
    """Whether an output predicts what the data set is there to predict, and no other column."""
    return not aim.predicts_input and aim.columns in ((), (named.target,))


def _target_of_named(
    named: NamedDataset, aim: Aim, inputs: Mapping[str, InputSpec], dataset: Dataset
) -> TargetSpec:
    if aim.predicts_input:
        return _target_of_input(aim, inputs)
    if _is_own(aim, named):
        facts = facts_in_use(named, dataset, aim.task)
        positive = dataset.positive or ""
        return TargetSpec(facts.task, facts.class_names, facts.target_width, positive=positive)
    columns = tuple(map(TargetColumn, aim.columns)) if len(aim.columns) > 1 else ()
    return TargetSpec(task_of_classes(0), width=len(aim.columns), columns=columns)


def _target_of_input(aim: Aim, inputs: Mapping[str, InputSpec]) -> TargetSpec:
    spec = inputs[aim.input]
    return target_of_input(aim.task, aim.input, spec.shape, spec.features)


def _part_of_named(
    rows: Rows,
    named: NamedDataset,
    roles: Roles,
    inputs: Mapping[str, InputSpec],
    dataset: Dataset,
) -> Part:
    """The rows of a named data set by input and output; what an autoencoder predicts comes later."""
    own = rows.targets
    if dataset.positive is not None:
        own, _ = against_others(own, _whole_target(named, dataset), dataset.positive, dataset.task)
    targets = {
        name: own if _is_own(aim, named) else _columns(rows.inputs, named.features, aim.columns)
        for name, aim in roles.aims.items()
        if not aim.predicts_input
    }
    weights = _weights_of_named(rows, named, dataset)
    return Part(group(rows.inputs, named.features, inputs), targets, weights)


def _weights_of_named(rows: Rows, named: NamedDataset, dataset: Dataset) -> np.ndarray | None:
    column = dataset.sample_weight
    if column is None:
        return None
    numbers = _columns(rows.inputs, named.features, (column,))[:, 0]
    where = f"'{column}' of '{dataset.name}'"
    return as_weights(numbers, where, lambda row: f"{numbers[row]:g}")


def _whole_target(named: NamedDataset, dataset: Dataset) -> TargetSpec:
    """What the rows of the chosen classes hold, before one is told from all others."""
    facts = with_classes(named.facts, dataset.classes, dataset.task)
    return TargetSpec(facts.task, facts.class_names, facts.target_width)


def deal_file(dataset: Dataset, roles: Roles) -> Dealt:
    """The rows of a file, of the classes that the config keeps, and of the files beside it.

    Raises:
        DataError: A file, a column or a cell cannot be used, or a class is none of the target's.
    """
    source = _with_texts(source_of(dataset), roles, dataset.sample_weight)
    aims = {name: aim for name, aim in roles.aims.items() if not aim.predicts_input}
    features = _wanted_columns(source, roles, dataset.sample_weight, alone=len(aims) == 1)
    own = _own_outputs(aims, dataset)
    tables, faults = {}, DataFaults()
    for name, aim in aims.items():
        with faults.noted():
            task = _task_read(aim, dataset, name in own)
            tables[name] = read_table(source, target=aim.columns, features=features, task=task)
    if dataset.sample_weight is not None:
        with faults.noted():
            read_weights(source, dataset.sample_weight)
    faults.refuse()
    if tables:
        features = next(iter(tables.values())).features
    columns = features or ()
    inputs = {
        name: _input_of_file(given or columns, source, is_text=name in roles.texts)
        for name, given in roles.inputs.items()
    }
    choice = _Choice(dataset, {name: tables[name].target for name in own}, str(source.path))
    targets = {
        name: choice.target(name, aim.task, tables[name].target)
        if name in tables
        else _target_of_input(aim, inputs)
        for name, aim in roles.aims.items()
    }
    reading = _Reading(dataset, source, columns, inputs, aims, tables, choice)
    files = {"validation": dataset.split.validation, "test": dataset.split.test}
    parts = {}
    for part, file in files.items():
        if isinstance(file, str):
            with faults.noted():
                parts[part] = reading.rows(source_of(dataset, file).with_texts(source.texts))
    faults.refuse()
    notes = tuple(note for table in tables.values() for note in table.notes)
    return Dealt(inputs, targets, reading.rows(source), parts, str(source.path), notes)


@dataclass(frozen=True)
class _Reading:
    """How the rows of a source, and of the files beside it, are read alike.

    Attributes:
        dataset: The config's section.
        source: The file that says what cells mean.
        columns: All columns that inputs take.
        inputs: The inputs, by name.
        aims: What is predicted, by output.
        tables: What was read for each output.
        choice: The classes that the config keeps.
    """

    dataset: Dataset
    source: Csv
    columns: tuple[str, ...]
    inputs: Mapping[str, InputSpec]
    aims: Mapping[str, Aim]
    tables: Mapping[str, Table]
    choice: _Choice

    @cached_property
    def lost(self) -> list[str]:
        """The inputs of which float32 loses some."""
        return [
            name
            for name, spec in self.inputs.items()
            if spec.features and self.source.loses_in_float32(spec.features)
        ]

    def rows(self, file: Csv) -> Part:
        """The rows of a file: of the source itself, or of one with the same columns."""
        is_source = file is self.source
        tables = {
            name: table
            if is_source
            else read_table_like(file, table, target=self.aims[name].columns)
            for name, table in self.tables.items()
        }
        first = next(iter(tables.values()), None)
        values = file.read_inputs(self.columns) if first is None else first.rows.inputs
        targets = {name: table.rows.targets for name, table in tables.items()}
        weighs = self.dataset.sample_weight if is_source else None
        weights = None if weighs is None else read_weights(file, weighs)
        exact = {name: file.read_exact(self.inputs[name].features) for name in self.lost}
        inputs = group(values, self.columns, self.inputs)
        return self.choice.rows(Part(inputs, targets, weights, exact=exact))


def _own_outputs(aims: Mapping[str, Aim], dataset: Dataset) -> list[str]:
    """The outputs that predict what `dataset.target` names, and whose classes may be chosen."""
    own = [name for name, aim in aims.items() if aim.columns == dataset.targets]
    return own or (list(aims) if len(aims) == 1 else [])


def _with_texts(source: Csv, roles: Roles, weighs: str | None) -> Csv:
    """A file that knows which of its columns are text."""
    aside = (*roles.predicted, weighs)
    chosen = [
        roles.inputs[name] or [one for one in source.columns() if one not in aside]
        for name in roles.texts
    ]
    return source.with_texts(name for columns in chosen for name in columns)


def _input_of_file(columns: tuple[str, ...], source: Csv, *, is_text: bool) -> InputSpec:
    """An input of columns: text that becomes numbers later, or numbers.

    Raises:
        DataError: A column is text to one input, and a number to this one.
    """
    if is_text:
        return InputSpec((len(columns),), TEXT, text=columns)
    for name in columns:
        if name in source.texts:
            raise DataError(
                f"the column '{name}' is read as text by one input, and as a number by another",
                hint="give each input its own `features`",
            )
    return InputSpec((len(columns),), "float32", columns)


def _task_read(aim: Aim, dataset: Dataset, is_own: bool) -> str:
    """As what a target is read: as many classes, where one of them is told from all others."""
    many = is_own and dataset.positive is not None and what_is_predicted(aim.task) != NUMBERS
    return SEVERAL_CLASSES.name if many else aim.task


@dataclass(frozen=True)
class _Choice:
    """What a config makes of the classes of a file.

    Attributes:
        dataset: The config's section.
        own: The targets that the choice is about, as they were read.
        source: The file, for messages.
    """

    dataset: Dataset
    own: Mapping[str, TargetSpec]
    source: str

    def __post_init__(self) -> None:
        if self.dataset.classes is not None:
            names = next((spec.classes for spec in self.own.values()), ())
            refuse_classes(self.dataset, names, self.source)

    def target(self, name: str, task: str, read: TargetSpec) -> TargetSpec:
        """What a target means, once the classes are chosen.

        Args:
            name: The target's name.
            task: The task that the config declares.
            read: What it meant as it was read.
        """
        if name not in self.own:
            return read
        kept = self._kept(read, task)
        positive = self.dataset.positive
        return kept if positive is None else against_others(np.empty(0), kept, positive, task)[1]

    def rows(self, part: Part) -> Part:
        """The rows of the classes that are kept, under their new numbers."""
        if self.dataset.classes is not None:
            names = next(iter(self.own.values())).classes
            part = select_rows(part, tuple(self.own), names, self.dataset.classes)
        if self.dataset.positive is None:
            return part
        told = {
            name: against_others(
                part.targets[name], self._kept(spec, spec.task), self.dataset.positive, spec.task
            )[0]
            for name, spec in self.own.items()
        }
        return replace(part, targets={**part.targets, **told})

    def _kept(self, read: TargetSpec, task: str) -> TargetSpec:
        wanted = self.dataset.classes
        return read if wanted is None else select_target(read, wanted, task)


def _wanted_columns(
    source: Csv, roles: Roles, weighs: str | None, *, alone: bool
) -> tuple[str, ...] | None:
    """All columns that go into any input, each once; None for all but those of the one target."""
    given = list(roles.inputs.values())
    if None not in given:
        return tuple(dict.fromkeys(name for columns in given for name in columns or ()))
    if alone and weighs is None:
        return None
    aside = (*roles.predicted, weighs)
    left = tuple(name for name in source.columns() if name not in aside)
    if not left:
        what = "targets" if weighs is None else "targets or weights"
        raise DataError(
            f"all columns of {source.path} are {what}, so there is nothing to predict from"
        )
    return left


def group(
    rows: np.ndarray, features: Sequence[str], inputs: Mapping[str, InputSpec]
) -> dict[str, np.ndarray]:
    """The columns of each input; whole rows where they have no columns.

    Args:
        rows: `(rows, features)`, or rows of any shape where there are no columns; objects where
            some columns are text.
        features: The names of the columns.
        inputs: What goes into each input, by name.
    """
    grouped = {name: _columns(rows, features, spec.columns) for name, spec in inputs.items()}
    return {
        name: array.astype(np.float32) if array.dtype == object and not inputs[name].text else array
        for name, array in grouped.items()
    }


def _columns(rows: np.ndarray, features: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    if tuple(wanted) == tuple(features):
        return rows
    places = {name: place for place, name in enumerate(features)}
    return rows[:, [places[name] for name in wanted]]


def columns_of(inputs: Mapping[str, InputSpec]) -> tuple[str, ...]:
    """The columns of all inputs, each once."""
    return tuple(dict.fromkeys(name for spec in inputs.values() for name in spec.columns))
