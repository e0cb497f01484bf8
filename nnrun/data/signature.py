"""What a model takes and gives: all that must be known of its data to use it without them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from nnrun.config.tasks import AUTO, is_task, what_is_predicted
from nnrun.data.preprocessing import Scaling, Standardizing, Step
from nnrun.data.splits import EXACT, InputSpec
from nnrun.tasks.targets import TargetColumn, TargetSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.data.splits import Splits

_STEPS: Mapping[str, type[Step]] = {"scale": Scaling, "standardize": Standardizing}
_LISTS = ("vocabulary", "idf_weights", "bin_boundaries")
"""What layers learn more than one of."""


@dataclass(frozen=True)
class Signature:
    """The inputs and targets of a model, with what was taken from its training rows.

    Attributes:
        inputs: What it is given, by name.
        targets: What it predicts, by name.
        steps: The preprocessing, fitted on the training rows, by input.
        greatest: The greatest number in the training rows, by input: what is white in pictures.
        train_rows: How many training rows there were; durations in epochs follow from it.
        source: Where they came from, in words.
        adapted: What layers have learnt from the training rows before the first step: arguments by
            the path of the layer in the config.
    """

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    steps: Mapping[str, Sequence[Step]]
    greatest: Mapping[str, float]
    train_rows: int
    source: str
    adapted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        splits: Splits,
        steps: Mapping[str, Sequence[Step]],
        adapted: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Self:
        """The signature of a model trained on these data, with these fitted steps."""
        greatest = {name: float(array.max()) for name, array in splits.train.inputs.items()}
        rows = splits.train.rows
        source = splits.source
        return cls(splits.inputs, splits.targets, steps, greatest, rows, source, adapted or {})

    @property
    def is_exact(self) -> bool:
        """Whether an input is in float64."""
        return any(spec.dtype == EXACT for spec in self.inputs.values())

    def as_before(self, roles: Roles, dataset: Dataset) -> Roles:
        """Roles in which the targets of a file are read for what they were when the model was made."""
        if dataset.csv is None or dataset.classes is not None or dataset.positive is not None:
            return roles
        aims = {
            name: replace(aim, task=self.targets[name].task)
            if aim.task == AUTO and name in self.targets
            else aim
            for name, aim in roles.aims.items()
        }
        return replace(roles, aims=aims)

    def steps_per_epoch(self, batch_size: int) -> int:
        """Training steps (batches) in an epoch, a partial last one counted."""
        return math.ceil(self.train_rows / batch_size)

    def to_json(self) -> dict[str, Any]:
        """The signature as data; numbers read back to the same float64."""
        return {
            "inputs": {
                name: {
                    **asdict(spec),
                    "greatest": self.greatest[name],
                    "preprocess": [_step_to_json(step) for step in self.steps[name]],
                }
                for name, spec in self.inputs.items()
            },
            "targets": {name: asdict(spec) for name, spec in self.targets.items()},
            "train_rows": self.train_rows,
            "source": self.source,
            **({"adapted": self.adapted} if self.adapted else {}),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` gives.

        Raises:
            ValueError: It is not that.
        """
        try:
            inputs = {name: dict(told) for name, told in values["inputs"].items()}
            return cls(
                steps={
                    name: tuple(
                        _step_from_json(step, told["shape"]) for step in told.pop("preprocess")
                    )
                    for name, told in inputs.items()
                },
                greatest={name: _number(told.pop("greatest")) for name, told in inputs.items()},
                inputs={name: _input_from_json(told) for name, told in inputs.items()},
                targets={name: _target_from_json(told) for name, told in values["targets"].items()},
                train_rows=_count(values["train_rows"]),
                source=str(values["source"]),
                adapted={
                    path: {name: _learnt(name, value) for name, value in told.items()}
                    for path, told in values.get("adapted", {}).items()
                },
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("it tells no inputs and targets") from error


def _input_from_json(told: Mapping[str, Any]) -> InputSpec:
    spec = InputSpec(**_tuples(told))
    _check_all(str, (spec.dtype,))
    _check_all(str, spec.features, spec.text)
    _check_all(int, spec.shape)
    if min(spec.shape, default=1) < 1 or (spec.features and spec.shape != (len(spec.features),)):
        raise TypeError(spec)
    return spec


def _target_from_json(told: Mapping[str, Any]) -> TargetSpec:
    columns = [TargetColumn(**_tuples(column)) for column in told.get("columns", ())]
    target = TargetSpec(**_tuples({**told, "columns": columns}))
    _check_all(str, (target.task, target.positive, target.input, target.cells), target.names)
    _check_all(str, target.classes, *(column.values for column in columns))
    _check_all(bool, (target.one_hot,))
    _check_all(int, target.shape, (target.width,))
    _check_all(float, target.scale, target.offset)
    if not is_task(target.task) or min((target.width, *target.shape)) < 1:
        raise TypeError(target)
    if what_is_predicted(target.task) not in (target.predicts, None):
        raise TypeError(target)
    if len(target.scale) != len(target.offset) or len(target.scale) not in (0, target.width):
        raise TypeError(target)
    if min(target.scale, default=1) <= 0:
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


def _check_all(kind: type, *values: Any) -> None:
    """See that each of some values is a tuple of a kind: it may come from a stranger.

    Raises:
        TypeError: One is not.
    """
    for value in values:
        if type(value) is not tuple or any(type(one) is not kind for one in value):
            raise TypeError(value)


def _step_to_json(step: Step) -> dict[str, Any]:
    (name,) = (name for name, kind in _STEPS.items() if isinstance(step, kind))
    return {name: asdict(step)}


def _step_from_json(told: Mapping[str, Any], shape: Sequence[int]) -> Step:
    ((name, numbers),) = told.items()
    step = _STEPS[name](**_tuples(numbers))
    for value in vars(step).values():
        by_column = value if isinstance(value, tuple) else (value,)
        _check_all(float, by_column)
        if len(by_column) not in (1, *shape[-1:]):
            raise TypeError(step)
    return step


def _learnt(name: str, value: Any) -> Any:
    """A number, or a list of numbers or words; no text by itself, which may name a file."""
    if name in _LISTS and not isinstance(value, list):
        raise TypeError(value)
    if name == "vocabulary":
        return [item if isinstance(item, str) else _numbers(item) for item in value]
    return _numbers(value)


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if not isinstance(value, int | float):
        raise TypeError(value)
    return value


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in which JSON's lists are tuples again."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
