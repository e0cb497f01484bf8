"""Transforms of the user's own: a class in a Python file, which the config names.

The class has `fit(rows)`, which gives what is learnt from the training rows of an input, and
`apply(rows, learnt)`, which turns rows; `layers(learnt)`, if it has that, gives Keras layers that do
the same. It is asked for each input of numbers by itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.data.json_values import as_tuples, check_all, plain_json
from nnrun.data.splits import EXACT
from nnrun.data.transforms.own_code import OwnCode
from nnrun.data.transforms.transform import Fitted
from nnrun.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.data.splits import Arrays, InputSpec, Splits
    from nnrun.tasks.targets import TargetSpec

FEW = 64
"""Rows that are turned for a look at what becomes of them."""
CLOSE = 1e-3
"""How far two results that are to be the same may be apart, in parts of the greatest number."""


@dataclass(frozen=True)
class RowKind:
    """What rows of an input are.

    Attributes:
        shape: Shape of a row, without the batch axis.
        dtype: The dtype that they are stored in.
    """

    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RowKind:
        """Read what `asdict` gave.

        Raises:
            TypeError: It is not that.
        """
        kind = cls(**as_tuples(values))
        check_all(int, kind.shape)
        if not kind.shape or min(kind.shape) < 1 or np.dtype(str(kind.dtype)).kind not in "fiu":
            raise TypeError(kind)
        return kind


@dataclass(frozen=True)
class Turning:
    """What a transform does to an input.

    Attributes:
        learnt: What its class has learnt, as plain values of JSON.
        takes: The rows before.
        gives: The rows after.
    """

    learnt: Any
    takes: RowKind
    gives: RowKind


@dataclass(frozen=True)
class OwnTransform:
    """A transform of the user's own.

    Attributes:
        name: The import path of its class; with a number, where an earlier one has the same.
        code: The class with its arguments.
    """

    name: str
    code: OwnCode

    def fit(self, splits: Splits, before: Sequence[Fitted] = ()) -> OwnFitted:
        """What the class learns of each input of numbers; see `Transform.fit`.

        Raises:
            ConfigError: The class cannot be used, or what it makes of rows is not what a transform may.
        """
        del before
        turned = {
            name: self._learn(splits.train.inputs[name])
            for name, spec in splits.inputs.items()
            if not spec.text
        }
        for target in splits.targets.values():
            own = turned.get(target.input)
            if own is not None and own.gives.shape != own.takes.shape:
                shapes = f"{list(own.takes.shape)} to {list(own.gives.shape)}"
                hint = "an autoencoder gives back rows of the shape that they were read in"
                self.code.refuse(f"apply changes the shape of rows from {shapes}", hint)
        return OwnFitted(self.name, self.code, turned)

    def _learn(self, rows: np.ndarray) -> Turning:
        learnt, few = self.code.fit(rows), rows[:FEW]
        together, alone = self.code.apply(few, learnt), self.code.apply(few[:1], learnt)
        if not are_close(together[:1], alone):
            hint = "what depends on many rows is learnt in `fit`, from the training rows"
            self.code.refuse("apply makes something else of a row where others are beside it", hint)
        dtype = few.dtype if together.dtype == few.dtype else _dtype_of_numbers(few)
        return Turning(
            learnt,
            RowKind(few.shape[1:], few.dtype.name),
            RowKind(together.shape[1:], np.dtype(dtype).name),
        )

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> OwnFitted:
        """See `Transform.restore`; none of the user's code runs."""
        del targets
        if [*learnt] != [name for name, spec in inputs.items() if not spec.text]:
            raise ValueError("it was learnt of other inputs")
        return OwnFitted(
            self.name,
            self.code,
            {
                name: Turning(
                    plain_json(values["learnt"]),
                    RowKind.from_json(values["takes"]),
                    RowKind.from_json(values["gives"]),
                )
                for name, values in learnt.items()
            },
        )


@dataclass(frozen=True)
class OwnFitted(Fitted):
    """What a transform of the user's own has learnt.

    Attributes:
        name: That of the transform.
        code: Its class with its arguments.
        turned: What it does, by the input's name.
    """

    name: str
    code: OwnCode
    turned: Mapping[str, Turning]
    turns_rows = True

    def apply(self, rows: Arrays) -> dict[str, np.ndarray]:
        """See `Fitted.apply`.

        Raises:
            ConfigError: The class makes something else of them than of the training rows.
        """
        return {
            name: self._turn(self.turned[name], array) if name in self.turned else array
            for name, array in rows.items()
        }

    def _turn(self, turning: Turning, rows: np.ndarray) -> np.ndarray:
        turned = self.code.apply(_as_dtype(rows, turning.takes.dtype), turning.learnt)
        if turned.shape[1:] != turning.gives.shape:
            shapes = f"{list(turned.shape[1:])}, and {list(turning.gives.shape)} in the training"
            self.code.refuse(f"apply gives rows of shape {shapes}")
        with np.errstate(over="ignore"):
            turned = _as_dtype(turned, turning.gives.dtype)
        self.code.check_finite(turned)
        return turned

    def before(self, inputs: Mapping[str, InputSpec]) -> dict[str, InputSpec]:
        """See `Fitted.before`.

        Raises:
            ValueError: They are not what it makes.
        """
        for name, turning in self.turned.items():
            if (inputs[name].shape, inputs[name].dtype) != (*vars(turning.gives).values(),):
                raise ValueError(f"{self.name} makes other rows of '{name}'")
        return {
            name: replace(spec, **vars(self.turned[name].takes)) if name in self.turned else spec
            for name, spec in inputs.items()
        }

    def renamed(self, inputs: Sequence[str]) -> OwnFitted:
        """See `Fitted.renamed`."""
        return replace(self, turned=dict(zip(inputs, self.turned.values(), strict=True)))

    def has_layers(self, name: str) -> bool:
        """See `Fitted.has_layers`."""
        return name not in self.turned or self.code.has_layers

    def layers(self, name: str, spec: InputSpec, *, prefix: str = "") -> list[Any]:
        """See `Fitted.layers`; their names are the user's."""
        del spec, prefix
        if name not in self.turned:
            return []
        turning = self.turned[name]
        exact = EXACT in (turning.takes.dtype, turning.gives.dtype)
        return self.code.layers(turning.learnt, EXACT if exact else "float32")

    def to_json(self) -> dict[str, Any]:
        """See `Fitted.to_json`."""
        return {name: asdict(turning) for name, turning in self.turned.items()}


def own_transforms(experiment: Experiment) -> Iterator[OwnTransform]:
    """The transforms that a config names, in their order, each under a name of its own."""
    names: list[str] = []
    for component in experiment.dataset.preprocess.transforms:
        names.append(component.name)
        count = names.count(component.name)
        name = component.name if count == 1 else f"{component.name} {count}"
        yield OwnTransform(name, OwnCode(component, experiment.runtime.device))


def doubts_about_saving(transforms: Iterable[Fitted]) -> Iterator[Problem]:
    """A warning for each transform of the user's own that cannot be part of the saved model."""
    for fitted in transforms:
        if isinstance(fitted, OwnFitted) and not all(map(fitted.has_layers, fitted.turned)):
            component = fitted.code.component
            message = (
                f"{component.name} has no `layers`, so model.keras takes rows that it has turned"
            )
            hint = "add `layers(self, learnt)` with Keras layers that do the same"
            yield Problem(message, component.place, component.path, hint, severity="warning")


def are_close(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are the same but for rounding."""
    if one.shape != other.shape:
        return False
    greatest = max(float(np.abs(one.astype(np.float64)).max(initial=0.0)), 1e-30)
    return bool(np.allclose(one, other, rtol=CLOSE, atol=CLOSE * greatest))


def _dtype_of_numbers(rows: np.ndarray) -> np.dtype:
    """The dtype of what is made of rows: as exact as they are."""
    return np.dtype(np.float64 if rows.dtype == np.float64 else np.float32)


def _as_dtype(rows: np.ndarray, dtype: str) -> np.ndarray:
    whole = np.dtype(dtype).kind in "iu" and rows.dtype.kind == "f"
    return (np.rint(rows) if whole else rows).astype(dtype, copy=False)
