"""Whether low or high figures are better, according to Keras's objects; callbacks that use this."""

import functools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from nnrun.config.modes import Directions, Mode, mode_of

_WATCHING = ("monitor", "mode", "_is_improvement")
"""What Keras's callbacks have that watch a figure, and those of the user's own that derive from them."""
_MODES: dict[object, Mode] = {"down": "min", "up": "max"}


def told_directions(model: Any) -> dict[str, Mode]:
    """The modes of a model's figures, by the names under which Keras logs them.

    A loss is best at its least; a metric keeps in `_direction` what Keras's callbacks read with
    `mode: auto`, or tells nothing.

    Args:
        model: A compiled model, whose metrics are built.
    """
    losses = {"loss", *(tracker.name for tracker in model._compile_loss.metrics)}
    stated = ((name, getattr(metric, "_direction", None)) for name, metric in _metrics_of(model))
    modes = {name: mode for name, way in stated if (mode := _MODES.get(way))}
    return modes | dict.fromkeys(losses, "min")


def _metrics_of(model: Any) -> Iterator[tuple[str, Any]]:
    """The metrics of a model by the names of their figures, output by output."""
    compiled = model._compile_metrics
    for metric in model.metrics:
        if metric is not compiled:
            yield metric.name, metric
        elif compiled.built:  # not where a model of the user's own measures in its own way
            yield from zip(compiled.result(), compiled.metrics, strict=False)


def guide(callbacks: Iterable[Any], directions: Directions) -> None:
    """Tell Keras's callbacks whether low or high is better for the figures that they watch.

    With `mode: auto` Keras looks the metric up by its name, which several outputs change. And the
    first figure that it sees counts as an improvement even where it is NaN, which nothing is better
    than afterwards: here a figure that is not finite is no improvement.
    """
    for callback in callbacks:
        if not all(hasattr(callback, name) for name in _WATCHING):
            continue
        if callback.mode == "auto":
            callback.mode = mode_of(callback.monitor, directions)
        callback._is_improvement = functools.partial(_is_improvement, callback)


def _is_improvement(callback: Any, value: float, reference: float | None) -> bool:
    return math.isfinite(value) and bool(type(callback)._is_improvement(callback, value, reference))
