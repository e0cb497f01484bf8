"""Outputs that cannot reach the labels because of the range of their activation."""

import math
from collections.abc import Iterator, Sequence

from nnrun.config.components import Component
from nnrun.config.label_scales import LABEL_SCALES, MINMAX, SYMMETRIC
from nnrun.config.relations import find_output_layer
from nnrun.config.schema import Experiment
from nnrun.config.tasks import NUMBERS
from nnrun.data.splits import Splits
from nnrun.data.transforms.scaled_labels import scale_labels
from nnrun.errors import Problem
from nnrun.models.activation_names import name_of
from nnrun.models.network import ending
from nnrun.tasks.targets import TargetSpec

Range = tuple[float, float]

_SHARES, _POSITIVE = (0.0, 1.0), (0.0, math.inf)
_RANGES: dict[str, Range] = {
    "sigmoid": _SHARES,
    "hardsigmoid": _SHARES,
    "sparsesigmoid": _SHARES,
    "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": _POSITIVE,
    "relu6": (0.0, 6.0),
    "softplus": _POSITIVE,
    "squareplus": _POSITIVE,
    "sparseplus": _POSITIVE,
    "exponential": _POSITIVE,
}
"""What activations give at the least and at the most."""
_ROUNDING = 1e-5


def doubts_about_bounds(experiment: Experiment, splits: Splits) -> Iterator[Problem]:
    """A doubt for each output whose activation cannot reach some of the labels.

    Args:
        experiment: The checked config.
        splits: Its data; the labels of the training rows count, as the loss sees them.
    """
    for name, target in splits.targets.items():
        if target.predicts != NUMBERS:
            continue
        layers = ending(experiment, name, target)
        output = find_output_layer(layers)
        bounds = _range(layers, output.activation) if output else None
        if output is None or bounds is None:
            continue
        labels = scale_labels(target, splits.train.targets[name])
        beyond = (labels < bounds[0] - _ROUNDING) | (labels > bounds[1] + _ROUNDING)
        if beyond.any():
            seen = LABEL_SCALES.get(experiment.dataset.preprocess.target or "", "labels")
            message = (
                f"{output.activation} gives {_words(bounds)}, but the training rows have {seen} "
                f"from {labels.min():g} to {labels.max():g}, {beyond.sum():,} of {labels.size:,} "
                "out of its reach"
            )
            hint = _hint(bounds, target)
            last = output.component
            yield Problem(message, last.place, last.path, hint, severity="warning")


def _range(layers: Sequence[Component], activation: str) -> Range | None:
    last = layers[-1]
    if last.name == "ReLU" and last.arguments:
        return None  # a slope or a greatest value makes it another function
    return _RANGES.get(name_of(activation))


def _words(bounds: Range) -> str:
    least, most = bounds
    return f"{least:g} to {most:g}" if math.isfinite(most) else f"nothing below {least:g}"


def _hint(bounds: Range, target: TargetSpec) -> str:
    if target.input:
        return "prepare the input so that it lies there, or leave the activation out"
    scale = SYMMETRIC if bounds[0] < 0 else MINMAX
    return f"set `dataset: {{preprocess: {{target: {scale}}}}}`, or leave the activation out"
