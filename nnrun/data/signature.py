"""The signature of a model: everything needed to use it without its training data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from nnrun.config.tasks import AUTO, is_task, what_is_predicted
from nnrun.data.json_values import as_tuples, check_all
from nnrun.data.splits import EXACT, InputSpec
from nnrun.data.transforms.adapted_layers import NAME as ADAPTING
from nnrun.data.transforms.chain import Transforms, restore
from nnrun.data.transforms.scaled_labels import NAME as LABELS
from nnrun.data.transforms.scaling import NAME as SCALING
from nnrun.data.transforms.text import NAME as TEXT
from nnrun.data.transforms.text import ReadText
from nnrun.tasks.targets import TargetColumn, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.data.splits import Splits
    from nnrun.data.transforms.transform import Transform

FORMAT = 2
"""Of `signature.json`. In format 1, each transform had a field of its own."""


@dataclass(frozen=True)
class Signature:
    """The inputs and targets of a model, and what was learnt from its training rows.

    Attributes:
        inputs: Its inputs, by name.
        targets: Its targets, by name.
        transforms: What was learnt from the training rows before the first step.
        greatest: The largest value in the training rows, by input: white, in pictures.
        train_rows: The number of training rows, which lengths in epochs depend on.
        source: Where the rows came from, in words.
    """

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    transforms: Transforms
    greatest: Mapping[str, float]
    train_rows: int
    source: str

    @classmethod
    def of(cls, splits: Splits, transforms: Transforms) -> Self:
        """The signature of a model trained on these splits, after these transforms."""
        train = splits.train
        read = {**train.inputs, **train.read}
        greatest = {
            name: float((train.inputs[name] if array.dtype == object else array).max())
            for name, array in read.items()
        }
        return cls(splits.inputs, splits.targets, transforms, greatest, train.rows, splits.source)

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of a table that go into each input; none for pictures."""
        return {name: spec.columns for name, spec in self.inputs.items()}

    @property
    def is_exact(self) -> bool:
        """Whether an input is read in float64."""
        return any(spec.dtype == EXACT for spec in self.as_read.inputs.values())

    @property
    def as_read(self) -> Self:
        """The signature with the inputs as read, before any transform."""
        return replace(self, inputs=self.transforms.before(self.inputs))

    def as_before(self, roles: Roles, dataset: Dataset) -> Roles:
        """The roles, with tasks that read a file's targets as they were read for the training."""
        if dataset.classes is not None or dataset.positive is not None:
            return roles
        aims = {
            name: replace(aim, task=self.targets[name].task)
            if aim.task == AUTO and name in self.targets
            else aim
            for name, aim in roles.aims.items()
        }
        return replace(roles, aims=aims)

    def steps_per_epoch(self, batch_size: int) -> int:
        """Training steps (batches) per epoch, including a partial last one."""
        return math.ceil(self.train_rows / batch_size)

    def to_json(self) -> dict[str, Any]:
        """The signature as JSON values; numbers read back to the same float64."""
        scaling = ("scale", "offset")
        return {
            "format": FORMAT,
            "inputs": {
                name: {**asdict(spec), "greatest": self.greatest[name]}
                for name, spec in self.inputs.items()
            },
            "targets": {
                target: {name: value for name, value in asdict(spec).items() if name not in scaling}
                for target, spec in self.targets.items()
            },
            "transforms": self.transforms.to_json(),
            "train_rows": self.train_rows,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], declared: Sequence[Transform]) -> Self:
        """Read the output of `to_json`, in this format or format 1.

        Args:
            values: The parsed JSON.
            declared: The transforms in the model's config.

        Raises:
            ValueError: It is not a signature.
        """
        try:
            if "transforms" not in values:
                values = _from_format_1(values, declared)
            inputs = {name: dict(told) for name, told in values["inputs"].items()}
            greatest = {name: _number(told.pop("greatest")) for name, told in inputs.items()}
            specs = {name: _input_from_json(told) for name, told in inputs.items()}
            targets = {name: _target_from_json(told) for name, told in values["targets"].items()}
            transforms = restore(declared, values["transforms"], specs, targets)
            _check_columns(transforms.before(specs))
            return cls(
                specs,
                transforms.targets(targets),
                transforms,
                greatest,
                train_rows=_count(values["train_rows"]),
                source=str(values["source"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError("it tells no inputs and targets") from error


def _from_format_1(values: Mapping[str, Any], declared: Sequence[Transform]) -> dict[str, Any]:
    """A signature in format 1, converted to the current format."""
    inputs = {name: dict(told) for name, told in values["inputs"].items()}
    targets = {name: dict(told) for name, told in values["targets"].items()}
    scales = {
        name: {"scale": told.pop("scale", []), "offset": told.pop("offset", [])}
        for name, told in targets.items()
    }
    steps = {name: told.pop("preprocess") for name, told in inputs.items()}
    adapted = dict(values.get("adapted", {}))
    words = {
        path: adapted.pop(path)
        for transform in declared
        if isinstance(transform, ReadText)
        for path in transform.paths
        if path in adapted
    }
    learnt = {
        TEXT: words,
        SCALING: steps,
        ADAPTING: adapted,
        LABELS: {name: told for name, told in scales.items() if [*told.values()] != [[], []]},
    }
    transforms = [{transform.name: learnt[transform.name]} for transform in declared]
    return {**values, "inputs": inputs, "targets": targets, "transforms": transforms}


def _input_from_json(told: Mapping[str, Any]) -> InputSpec:
    spec = InputSpec(**as_tuples(told))
    check_all(str, (spec.dtype,))
    check_all(str, spec.features, spec.text)
    check_all(int, spec.shape)
    if min(spec.shape, default=1) < 1:
        raise TypeError(spec)
    return spec


def _check_columns(read: Mapping[str, InputSpec]) -> None:
    """Check that inputs read from columns have one value per column."""
    for spec in read.values():
        if spec.features and spec.shape != (len(spec.features),):
            raise TypeError(spec)


def _target_from_json(told: Mapping[str, Any]) -> TargetSpec:
    columns = [TargetColumn(**as_tuples(column)) for column in told.get("columns", ())]
    target = TargetSpec(**as_tuples({**told, "columns": columns}))
    check_all(str, (target.task, target.positive, target.input, target.cells), target.names)
    check_all(str, target.classes, *(column.values for column in columns))
    check_all(bool, (target.one_hot,))
    check_all(int, target.shape, (target.width,))
    if not is_task(target.task) or min((target.width, *target.shape)) < 1:
        raise TypeError(target)
    if target.scale or target.offset:  # which the transforms tell
        raise TypeError(target)
    if what_is_predicted(target.task) not in (target.predicts, None):
        raise TypeError(target)
    return target


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(value)
    return float(value)


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(value)
    return value
