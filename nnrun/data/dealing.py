"""Turns the rows of a source into the inputs and targets of a model, keeping the chosen classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.tasks import AUTO, NUMBERS, SEVERAL_CLASSES, what_is_predicted
from nnrun.config.wording import first_of
from nnrun.data.keys import read_keys
from nnrun.data.selecting import Choice
from nnrun.data.splits import TEXT, InputSpec, Part
from nnrun.data.weights import read_weights
from nnrun.errors import DataError, DataFaults
from nnrun.tasks.autoencoder import target_of_input
from nnrun.tasks.reading_targets import read_targets, read_targets_like

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.roles import Aim, Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.frame import Frame
    from nnrun.tasks.targets import Targets, TargetSpec


@dataclass(frozen=True)
class Dealing:
    """How rows become inputs and targets: derived from one set of rows, then applied to all others.

    Attributes:
        roles: What the columns are for.
        inputs: What goes into each input, by name.
        read: What the target columns mean as read, by output.
        source: Where the rows it was derived from came from, in words.
        exact: The inputs also read in float64, since float32 would lose precision.
        choice: The classes to keep; None for all.
        weight: The column with the weights of further rows; None if all are equal.
    """

    roles: Roles
    inputs: Mapping[str, InputSpec]
    read: Mapping[str, TargetSpec]
    source: str
    exact: tuple[str, ...] = ()
    choice: Choice | None = None
    weight: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of all inputs, without repetition; empty for pictures."""
        return tuple(dict.fromkeys(chain(*(spec.columns for spec in self.inputs.values()))))

    @property
    def targets(self) -> dict[str, TargetSpec]:
        """What each output predicts, by name, once the classes are chosen."""
        return {name: self._target(name, aim) for name, aim in self.roles.aims.items()}

    def _target(self, name: str, aim: Aim) -> TargetSpec:
        if aim.predicts_input:
            spec = self.inputs[aim.input]
            return target_of_input(aim.task, aim.input, spec.shape, spec.features)
        read = self.read[name]
        return read if self.choice is None else self.choice.target(name, aim.task, read)

    def deal(self, frame: Frame) -> Part:
        """The inputs, targets and weights of further rows.

        Raises:
            DataError: A column or a cell cannot be used, or has an unknown class.
        """
        targets: dict[str, np.ndarray] = {}
        faults, inputs, weights = DataFaults(), np.empty(0), None
        for name, aim in aims_of_columns(self.roles).items():
            with faults.noted():
                spec = self.read[name]
                targets[name] = read_targets_like(frame, aim.columns, spec, source=self.source)
        with faults.noted():
            inputs = frame.inputs(self.columns, self.roles.predicted)
        with faults.noted():
            weights = read_weights(frame, self.weight)
        faults.refuse()
        return self.part(frame, inputs, targets, weights)

    def part(
        self,
        frame: Frame,
        inputs: np.ndarray,
        targets: Mapping[str, np.ndarray],
        weights: np.ndarray | None = None,
        keys: np.ndarray | None = None,
    ) -> Part:
        """The rows by input and output, dropping classes that are not kept.

        Args:
            frame: The rows.
            inputs: Their `columns`, `(rows, columns)`, or pictures.
            targets: Their targets, by output.
            weights: Their sample weights, `(rows,)`.
            keys: Their groups or positions in an order, `(rows,)`; see `nnrun.data.keys`.
        """
        exact = {name: frame.exact(self.inputs[name].features) for name in self.exact}
        part = Part(
            group(inputs, self.columns, self.inputs), targets, weights, exact=exact, keys=keys
        )
        if self.choice is None:
            return part
        return self.choice.rows(part, _labels(frame, targets, self.choice))


def deal(frame: Frame, dataset: Dataset, roles: Roles) -> tuple[Dealing, Part, tuple[str, ...]]:
    """How the rows of a source become inputs and targets, and those rows.

    Args:
        frame: The rows.
        dataset: The config's section.
        roles: What the columns are for.

    Returns:
        The dealing, the rows, and notes on how they were read, one line each.

    Raises:
        DataError: A column or a cell cannot be used, or a chosen class does not exist.
    """
    roles = with_own_target(roles, frame.target)
    columns = _columns_by_input(frame, dataset, roles)
    own = _own_outputs(frame, dataset, roles)
    faults, inputs, weights, keys = DataFaults(), np.empty(0), None, None
    read = _read_targets(frame, dataset, roles, own, faults)
    with faults.noted():
        every = tuple(dict.fromkeys(chain(*columns.values())))
        inputs = frame.inputs(every, roles.predicted)
    with faults.noted():
        weights = read_weights(frame, dataset.weighting.column)
    with faults.noted():
        keys = read_keys(frame, dataset.split)
    faults.refuse()
    specs = {
        name: _input_spec(frame, columns[name], is_text=name in roles.texts) for name in columns
    }
    dealing = Dealing(
        roles,
        specs,
        {name: one.spec for name, one in read.items()},
        frame.source,
        exact=tuple(name for name, spec in specs.items() if _needs_float64(frame, spec)),
        choice=_choice(frame, dataset, {name: read[name].spec for name in own}),
        weight=dataset.weighting.column_evaluated,
    )
    values = {name: one.values for name, one in read.items()}
    notes = tuple(note for one in read.values() for note in one.notes)
    return dealing, dealing.part(frame, inputs, values, weights, keys), notes


def with_own_target(roles: Roles, target: str) -> Roles:
    """The roles, with outputs that name no column predicting the source's own target.

    Args:
        roles: What the columns are for.
        target: The name of that target; empty if the source has none.
    """
    aims = {
        name: aim
        if aim.columns or aim.predicts_input or not target
        else replace(aim, columns=(target,))
        for name, aim in roles.aims.items()
    }
    return replace(roles, aims=aims)


def aims_of_columns(roles: Roles) -> dict[str, Aim]:
    """The aims whose targets are columns, unlike an autoencoder's."""
    return {name: aim for name, aim in roles.aims.items() if not aim.predicts_input}


def columns_left(columns: Sequence[str], dataset: Dataset, roles: Roles) -> tuple[str, ...]:
    """The columns for an input that names none: all except targets, weights and keys."""
    aside = (*roles.predicted, *dataset.columns_aside.values())
    return tuple(name for name in columns if name not in aside)


def _columns_by_input(frame: Frame, dataset: Dataset, roles: Roles) -> dict[str, tuple[str, ...]]:
    left = columns_left(frame.columns, dataset, roles)
    if frame.columns and not left and None in roles.inputs.values():
        what = (
            f"all columns of {frame.name} are targets{' or weights' * bool(dataset.sample_weight)}"
        )
        if len(frame.columns) == 1:
            what = f"the target '{frame.columns[0]}' of {frame.name} is its only column"
        raise DataError(
            f"{what}, so there is nothing to predict from",
            hint="list other columns in dataset.features",
        )
    return {name: columns or left for name, columns in roles.inputs.items()}


def _own_outputs(frame: Frame, dataset: Dataset, roles: Roles) -> list[str]:
    """The outputs that predict the data set's main target, whose classes may be chosen."""
    aims = aims_of_columns(roles)
    about = (frame.target,) if frame.target else dataset.targets
    own = [name for name, aim in aims.items() if aim.columns == about]
    return own or ([] if frame.target or len(aims) > 1 else list(aims))


def _read_targets(
    frame: Frame, dataset: Dataset, roles: Roles, own: Sequence[str], faults: DataFaults
) -> dict[str, Targets]:
    """The targets of the rows, by output."""
    named = [name for columns in roles.inputs.values() for name in columns or ()]
    read = {}
    for name, aim in aims_of_columns(roles).items():
        if not aim.columns:
            raise DataError(
                f"which column of {frame.name} is to be predicted?",
                hint=f"set dataset.target to one of {first_of(frame.columns)}",
            )
        with faults.noted():
            task = _task_read(aim, dataset, is_own=name in own)
            read[name] = read_targets(frame, aim.columns, task, features=named)
    return read


def _task_read(aim: Aim, dataset: Dataset, *, is_own: bool) -> str:
    """The task to read a target with: multiclass if `dataset.positive` picks out one class."""
    many = is_own and dataset.positive is not None and what_is_predicted(aim.task) != NUMBERS
    return SEVERAL_CLASSES.name if many else aim.task


def _choice(frame: Frame, dataset: Dataset, own: Mapping[str, TargetSpec]) -> Choice | None:
    if dataset.classes is None and dataset.positive is None:
        return None
    if frame.target:
        classes = read_targets(frame, (frame.target,), AUTO).spec.classes
    else:
        classes = next((spec.classes for spec in own.values()), ())
    return Choice(dataset, own, classes, frame.name)


def _labels(frame: Frame, targets: Mapping[str, np.ndarray], choice: Choice) -> np.ndarray | None:
    """The class number of each row, used to select rows; None without classes."""
    if frame.target:
        return read_targets(frame, (frame.target,), AUTO).values
    return next((targets[name] for name in choice.own), None)


def _input_spec(frame: Frame, columns: tuple[str, ...], *, is_text: bool) -> InputSpec:
    """An input: pictures, columns of text that becomes numbers later, or columns of numbers.

    Raises:
        DataError: Another input reads a column as text, and this one as numbers.
    """
    if not columns:
        return InputSpec(frame.shape, frame.dtype)
    if is_text:
        return InputSpec((len(columns),), TEXT, text=columns)
    for name in columns:
        if frame.is_text(name):
            raise DataError(
                f"the column '{name}' is read as text by one input, and as a number by another",
                hint="give each input its own `features`",
            )
    return InputSpec((len(columns),), frame.dtype, columns)


def _needs_float64(frame: Frame, spec: InputSpec) -> bool:
    return bool(spec.features) and frame.loses_in_float32(spec.features)


def group(
    rows: np.ndarray, features: Sequence[str], inputs: Mapping[str, InputSpec]
) -> dict[str, np.ndarray]:
    """Split rows into the columns of each input; whole rows if they have no columns.

    Args:
        rows: `(rows, features)`, or of any shape without columns; objects if some columns are text.
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
