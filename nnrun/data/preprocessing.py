"""What is done to inputs and labels, with numbers taken from the training rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.label_scales import MINMAX, STANDARDIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.schema import Preprocess
    from nnrun.data.splits import Part, Splits
    from nnrun.tasks.targets import TargetSpec

BLOCK = 4096
"""Rows looked at in one go, so that float64 copies of images stay small."""

Numbers = float | tuple[float, ...]
"""One number for all values of a row, or one for each feature."""


@dataclass(frozen=True)
class Scaling:
    """`x * multiply + add`.

    Attributes:
        multiply: The factor.
        add: What is added afterwards.
    """

    multiply: Numbers
    add: Numbers


@dataclass(frozen=True)
class Standardizing:
    """`(x - mean) / sqrt(variance)`.

    Attributes:
        mean: Mean of the training rows.
        variance: Their variance; 1 where all of them are equal, so that nothing is divided by 0.
    """

    mean: Numbers
    variance: Numbers


Step = Scaling | Standardizing

LEAST_DEVIATION = 1e-7
"""Keras's Normalization divides by this where a standard deviation is less (`keras.config.epsilon`)."""
LARGEST_VARIANCE = float(np.finfo(np.float32).max)
"""And it keeps the variance in float32."""


@dataclass(frozen=True)
class Statistics:
    """Of one input, over the training rows: one number a feature, or one for all pixels."""

    mean: np.ndarray
    variance: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def after(self, step: Step) -> Statistics:
        """The statistics of the same rows once the step is done."""
        multiply, add = _as_affine(step)
        return Statistics(
            self.mean * multiply + add,
            self.variance * multiply**2,
            self.least * multiply + add,
            self.most * multiply + add,
        )


def fit(preprocess: Preprocess, splits: Splits) -> dict[str, tuple[Step, ...]]:
    """The steps of each input, in their order: scale, then standardize or minmax.

    Tables get one number for each feature. Images (and all else with more than one axis) get one
    mean and variance, or one least and greatest value, over all pixels: pixels of one scale keep
    it, and those that never change in the training rows cannot blow up. A feature that is
    constant in the training rows becomes 0 in them. What was made of text stays as it is.

    In float64, and where a standard deviation is out of the reach of Keras's Normalization, the
    mean is taken off first, and what is left is multiplied.

    Args:
        preprocess: What the config asks for.
        splits: The data; only the training rows are looked at, in float64.

    Returns:
        Steps by the input's name; an empty tuple where nothing is to be done.
    """
    return {
        name: () if spec.text else tuple(_fit_one(preprocess, splits.train.inputs[name]))
        for name, spec in splits.inputs.items()
    }


def fit_labels(
    preprocess: Preprocess, targets: Mapping[str, TargetSpec], train: Part
) -> dict[str, TargetSpec]:
    """The targets; those that are numbers with the scale that the loss is to see them in.

    A column that is constant in the training rows becomes 0 in them.

    Args:
        preprocess: What the config asks for.
        targets: What is predicted, by name.
        train: The training rows, looked at in float64.
    """
    how = preprocess.target
    if how is None:
        return dict(targets)
    return {
        name: _with_scale(target, how, measure(train.targets[name]))
        if target.can_be_scaled
        else target
        for name, target in targets.items()
    }


def scale_labels(target: TargetSpec, labels: np.ndarray) -> np.ndarray:
    """Labels `(rows, columns)` as the loss sees them, scaled in float64; the same, if they are not."""
    if not target.scale:
        return labels
    return np.asarray((labels - np.array(target.offset)) / np.array(target.scale))


def _with_scale(target: TargetSpec, how: str, statistics: Statistics) -> TargetSpec:
    least, most = statistics.least, statistics.most
    if how == STANDARDIZE:
        scale, offset = np.sqrt(statistics.variance), statistics.mean
    elif how == MINMAX:
        scale, offset = most - least, least
    else:
        scale, offset = (most - least) / 2, (most + least) / 2
    scale = np.where(least == most, 1.0, scale)
    return replace(target, scale=tuple(scale.tolist()), offset=tuple(offset.tolist()))


def apply_steps(steps: Sequence[Step], array: np.ndarray) -> np.ndarray:
    """The steps done to rows `(rows, *shape)`; gives float32 of the same shape.

    They are reckoned in float64 where the rows are in it, else in float32.
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


def measure(array: np.ndarray) -> Statistics:
    """Statistics of rows `(rows, features)` by feature, of any other shape over all values."""
    per_feature = array.ndim == 2  # noqa: PLR2004 rows and features
    axes = (0,) if per_feature else tuple(range(array.ndim))
    blocks = [array[start : start + BLOCK] for start in range(0, len(array), BLOCK)]
    values = array.size if not per_feature else len(array)
    mean = np.sum([block.sum(axis=axes, dtype=np.float64) for block in blocks], axis=0) / values
    squares = [((block - mean) ** 2).sum(axis=axes, dtype=np.float64) for block in blocks]
    return Statistics(
        mean,
        np.sum(squares, axis=0) / values,
        array.min(axis=axes).astype(np.float64),
        array.max(axis=axes).astype(np.float64),
    )


def _fit_one(preprocess: Preprocess, array: np.ndarray) -> list[Step]:
    steps: list[Step] = []
    if preprocess.scale is not None:
        steps.append(Scaling(1 / preprocess.scale, 0.0))
    if not (preprocess.standardize or preprocess.minmax):
        return steps
    statistics = measure(array)
    constant = statistics.least == statistics.most
    for step in steps:
        statistics = statistics.after(step)
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
    """`(x - offset) / width`, which keeps the digits of what lies close to the offset."""
    return Scaling(1.0, _plain(-offset)), Scaling(_plain(1 / width), 0.0)


def _plain(numbers: np.ndarray) -> Numbers:
    """NumPy's numbers as Python's."""
    values = numbers.tolist()
    return tuple(values) if isinstance(values, list) else float(values)


def _as_affine(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Factor and addend of a step, in float64."""
    if isinstance(step, Scaling):
        return np.asarray(step.multiply, np.float64), np.asarray(step.add, np.float64)
    multiply = 1 / np.sqrt(np.asarray(step.variance, np.float64))
    return multiply, -np.asarray(step.mean, np.float64) * multiply
