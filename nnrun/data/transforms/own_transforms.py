"""The user's own transforms: a class in a Python file, named in the config.

`fit(rows)` returns what is learnt from the training rows of an input, `apply(rows, learnt)`
transforms rows, and an optional `layers(learnt)` returns Keras layers that do the same. The class
is applied to each numeric input separately.
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
"""The number of rows used to check a transform."""
CLOSE = 1e-3
"""The largest difference between two equal results, relative to the largest number."""


@dataclass(frozen=True)
class RowKind:
    """Shape and dtype of an input's rows.

    Attributes:
        shape: Shape of a row, without the batch axis.
        dtype: The dtype they are stored in.
    """

    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RowKind:
        """Read the output of `asdict`.

        Raises:
            TypeError: It is something else.
        """
        kind = cls(**as_tuples(values))
        check_all(int, kind.shape)
        if not kind.shape or min(kind.shape) < 1 or np.dtype(str(kind.dtype)).kind not in "fiu":
            raise TypeError(kind)
        return kind


@dataclass(frozen=True)
class Turning:
    """A transform fitted to one input.

    Attributes:
        learnt: What its `fit` returned, as JSON values.
        takes: The rows it takes.
        gives: The rows it returns.
    """

    learnt: Any
    takes: RowKind
    gives: RowKind


@dataclass(frozen=True)
class OwnTransform:
    """A transform of the user's own.

    Attributes:
        name: The import path of its class, with a number if an earlier transform has the same.
        code: The class with its arguments.
    """

    name: str
    code: OwnCode

    def fit(self, splits: Splits, before: Sequence[Fitted] = ()) -> OwnFitted:
        """Fit the class to each numeric input; see `Transform.fit`.

        Raises:
            ConfigError: The class cannot be used, or transforms rows in a way that is not allowed.
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
        """See `Transform.restore`; runs none of the user's code."""
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
    """A fitted transform of the user's own.

    Attributes:
        name: That of the transform.
        code: Its class with its arguments.
        turned: The transform fitted to each input, by the input's name.
    """

    name: str
    code: OwnCode
    turned: Mapping[str, Turning]
    turns_rows = True

    def apply(self, rows: Arrays) -> dict[str, np.ndarray]:
        """See `Fitted.apply`.

        Raises:
            ConfigError: The class returns rows of another shape than for the training rows.
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
            ValueError: It does not produce such inputs.
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
        """See `Fitted.layers`; the user's code names them."""
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
    """The transforms that a config names, in order, with unique names."""
    names: list[str] = []
    for component in experiment.dataset.preprocess.transforms:
        names.append(component.name)
        count = names.count(component.name)
        name = component.name if count == 1 else f"{component.name} {count}"
        yield OwnTransform(name, OwnCode(component, experiment.runtime.device))


def doubts_about_saving(transforms: Iterable[Fitted]) -> Iterator[Problem]:
    """A warning for each of the user's transforms that cannot be part of the saved model."""
    for fitted in transforms:
        if isinstance(fitted, OwnFitted) and not all(map(fitted.has_layers, fitted.turned)):
            component = fitted.code.component
            message = (
                f"{component.name} has no `layers`, so model.keras takes rows that it has turned"
            )
            hint = "add `layers(self, learnt)` with Keras layers that do the same"
            yield Problem(message, component.place, component.path, hint, severity="warning")


def are_close(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are equal up to rounding."""
    if one.shape != other.shape:
        return False
    greatest = max(float(np.abs(one.astype(np.float64)).max(initial=0.0)), 1e-30)
    return bool(np.allclose(one, other, rtol=CLOSE, atol=CLOSE * greatest))


def _dtype_of_numbers(rows: np.ndarray) -> np.dtype:
    """The dtype of transformed rows: as precise as the original."""
    return np.dtype(np.float64 if rows.dtype == np.float64 else np.float32)


def _as_dtype(rows: np.ndarray, dtype: str) -> np.ndarray:
    whole = np.dtype(dtype).kind in "iu" and rows.dtype.kind == "f"
    return (np.rint(rows) if whole else rows).astype(dtype, copy=False)
