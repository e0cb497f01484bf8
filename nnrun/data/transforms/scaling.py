"""Scales inputs by numbers fitted to the training rows, in the first layers of the model.

Tables have one number per feature. Images (and anything else with more than one axis) have a single
mean and variance, or minimum and maximum, over all pixels, so that pixels keep their common scale
and those that never change in the training rows can't blow up. A feature that is constant in the
training rows becomes 0 there. Numbers made from text are not scaled. In float64, and for standard
deviations that Keras's Normalization can't handle, the mean is subtracted first, and the result
multiplied.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnrun.data.json_values import as_tuples, check_all
from nnrun.data.splits import EXACT
from nnrun.data.statistics import Statistics, measure
from nnrun.data.transforms.transform import Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.schema import Preprocess
    from nnrun.data.splits import Arrays, InputSpec, Splits
    from nnrun.tasks.targets import TargetSpec

Numbers = float | tuple[float, ...]
"""One number for all values of a row, or one per feature."""


@dataclass(frozen=True)
class Scaling:
    """`x * multiply + add`.

    Attributes:
        multiply: The factor.
        add: The addend.
    """

    multiply: Numbers
    add: Numbers


@dataclass(frozen=True)
class Standardizing:
    """`(x - mean) / sqrt(variance)`.

    Attributes:
        mean: Mean of the training rows.
        variance: Their variance; 1 if all are equal, to avoid dividing by 0.
    """

    mean: Numbers
    variance: Numbers


Step = Scaling | Standardizing
_KINDS: Mapping[str, type[Step]] = {"scale": Scaling, "standardize": Standardizing}
NAME = "scaling"

LEAST_DEVIATION = 1e-7
"""Keras's Normalization divides by no smaller standard deviation than this (`keras.config.epsilon`)."""
LARGEST_VARIANCE = float(np.finfo(np.float32).max)
"""It also keeps the variance in float32."""


@dataclass(frozen=True)
class ScaleInputs:
    """Scales inputs as the config asks: by a constant, then to mean 0 or into the range 0 to 1."""

    preprocess: Preprocess
    name: str = NAME

    def fit(self, splits: Splits, before: Sequence[Fitted] = ()) -> ScaledInputs:
        """Fit the steps of each input in float64; see `Transform.fit`."""
        del before
        return ScaledInputs(
            {
                name: () if spec.text else tuple(_fitted(self.preprocess, rows))
                for name, spec in splits.inputs.items()
                for rows in (splits.train.inputs[name],)
            }
        )

    def restore(
        self, learnt: Any, inputs: Mapping[str, InputSpec], targets: Mapping[str, TargetSpec]
    ) -> ScaledInputs:
        """See `Transform.restore`."""
        del targets
        return ScaledInputs(
            {
                name: tuple(_step_of(step, spec.shape) for step in learnt[name])
                for name, spec in inputs.items()
            }
        )


@dataclass(frozen=True)
class ScaledInputs(Fitted):
    """How inputs are scaled.

    Attributes:
        steps: The steps by the input's name, in order; empty if there are none.
    """

    steps: Mapping[str, tuple[Step, ...]]
    name: str = NAME

    def apply(self, rows: Arrays) -> Arrays:
        """See `Fitted.apply`; returns float32."""
        return {name: apply_steps(self.steps.get(name, ()), array) for name, array in rows.items()}

    def layers(self, name: str, spec: InputSpec, *, prefix: str = "") -> list[Any]:
        """See `Fitted.layers`."""
        return preprocessing_layers(self.steps.get(name, ()), spec, prefix=prefix)

    def statistics(self, name: str, statistics: Statistics) -> Statistics:
        """See `Fitted.statistics`."""
        for step in self.steps.get(name, ()):
            statistics = statistics.after(*_as_affine(step))
        return statistics

    def renamed(self, inputs: Sequence[str]) -> ScaledInputs:
        """See `Fitted.renamed`."""
        return ScaledInputs(dict(zip(inputs, self.steps.values(), strict=True)))

    def to_json(self) -> dict[str, Any]:
        """See `Fitted.to_json`."""
        return {
            name: [{_kind(step): asdict(step)} for step in steps]
            for name, steps in self.steps.items()
        }


def _kind(step: Step) -> str:
    """The name of a step in `signature.json` and in its layers' names."""
    return next(name for name, kind in _KINDS.items() if isinstance(step, kind))


def _step_of(values: Mapping[str, Any], shape: Sequence[int]) -> Step:
    ((kind, numbers),) = values.items()
    step = _KINDS[kind](**as_tuples(numbers))
    for value in vars(step).values():
        by_column = value if isinstance(value, tuple) else (value,)
        check_all(float, by_column)
        if len(by_column) not in (1, *shape[-1:]):
            raise TypeError(step)
    return step


def apply_steps(steps: Sequence[Step], array: np.ndarray) -> np.ndarray:
    """Apply the steps to rows `(rows, *shape)`; returns float32 of the same shape.

    Computed in float64 if the rows are float64, otherwise in float32.
    """
    kind = np.float64 if array.dtype == np.float64 else np.float32
    result = array.astype(kind)
    for step in steps:
        match step:
            case Scaling(multiply, add):
                result = result * np.asarray(multiply, kind) + np.asarray(add, kind)
            case Standardizing(mean, variance):
                result = (result - np.asarray(mean, kind)) / np.sqrt(np.asarray(variance, kind))
    return result.astype(np.float32, copy=False)


def _fitted(preprocess: Preprocess, array: np.ndarray) -> list[Step]:
    steps: list[Step] = []
    if preprocess.scale is not None:
        steps.append(Scaling(1 / preprocess.scale, 0.0))
    if not (preprocess.standardize or preprocess.minmax):
        return steps
    statistics = measure(array)
    constant = statistics.least == statistics.most
    for step in steps:
        statistics = statistics.after(*_as_affine(step))
    is_exact = array.dtype == np.float64
    if preprocess.standardize:
        variance = np.where(constant, 1.0, statistics.variance)
        if is_exact or variance.min() < LEAST_DEVIATION**2 or variance.max() > LARGEST_VARIANCE:
            return [*steps, *_centred(statistics.mean, np.sqrt(variance))]
        return [*steps, Standardizing(_plain(statistics.mean), _plain(variance))]
    width = np.where(constant, 1.0, statistics.most - statistics.least)
    if is_exact:
        return [*steps, *_centred(statistics.least, width)]
    multiply = 1 / width
    return [*steps, Scaling(_plain(multiply), _plain(-statistics.least * multiply))]


def _centred(offset: np.ndarray, width: np.ndarray) -> tuple[Step, Step]:
    """`(x - offset) / width`, which keeps the precision of values close to the offset."""
    return Scaling(1.0, _plain(-offset)), Scaling(_plain(1 / width), 0.0)


def _plain(numbers: np.ndarray) -> Numbers:
    """NumPy numbers as Python numbers."""
    values = numbers.tolist()
    return tuple(values) if isinstance(values, list) else float(values)


def _as_affine(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """The factor and addend of a step, in float64."""
    if isinstance(step, Scaling):
        return np.asarray(step.multiply, np.float64), np.asarray(step.add, np.float64)
    multiply = 1 / np.sqrt(np.asarray(step.variance, np.float64))
    return multiply, -np.asarray(step.mean, np.float64) * multiply


def preprocessing_layers(
    steps: Sequence[Step], spec: InputSpec | None = None, *, prefix: str = ""
) -> list[Any]:
    """Keras layers that apply the fitted steps, so that the model takes raw rows.

    They compute in float32 whatever the model's precision, since raw values may not fit into half
    precision, and in float64 if the rows are float64.

    Args:
        steps: The steps, in order.
        spec: The input they apply to.
        prefix: The prefix of the layers' names, if a model has several inputs.
    """
    dtype = EXACT if spec is not None and spec.dtype == EXACT else "float32"
    return [
        _layer(step, f"{prefix}{_kind(step)}_{index}", dtype) for index, step in enumerate(steps)
    ]


def _layer(step: Step, name: str, dtype: str) -> Any:
    import keras

    if dtype == EXACT and isinstance(step, Scaling):
        # Arrays: TensorFlow makes Python's numbers float32 first.
        numbers = (np.asarray(one, np.float64) for one in (step.multiply, step.add))
        return keras.layers.Rescaling(*numbers, name=name, dtype=dtype)
    if isinstance(step, Standardizing):
        axis = -1 if np.ndim(step.mean) else None
        return keras.layers.Normalization(
            axis=axis,
            mean=step.mean,
            variance=step.variance,
            name=name,
            dtype="float32",
        )
    return keras.layers.Rescaling(step.multiply, step.add, name=name, dtype="float32")
