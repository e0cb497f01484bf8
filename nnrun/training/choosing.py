"""Which engine trains a model, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from nnrun.config.schema import Experiment
from nnrun.data.splits import Part
from nnrun.device import on_gpu
from nnrun.training.mirroring import replicas_of
from nnrun.training.timing import timed_engine

SLOW_UNDER_XLA = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.ConvLSTM1D,
    keras.layers.ConvLSTM2D,
    keras.layers.ConvLSTM3D,
)
"""Layers that convolve: TensorFlow's own CPU kernels were 1.7 to 130 times as fast as XLA's."""

UNSURE = (keras.layers.RNN,)
"""Layers that XLA mostly makes faster, by up to 3 times, but not always."""

IMPOSSIBLE_UNDER_XLA = (
    keras.layers.AugMix,
    keras.layers.CutMix,
    keras.layers.MixUp,
    keras.layers.RandAugment,
    keras.layers.RandomElasticTransform,
)
"""Layers that XLA cannot compile, besides those that say so themselves (`supports_jit`)."""


@dataclass(frozen=True)
class Engine:
    """The engine that runs the training steps, and why.

    Attributes:
        name: `xla` or `graph`.
        reason: In words, for the run's record.
    """

    name: str
    reason: str


def choose_engine(requested: str, layers: Sequence[Any], *, on_gpu: bool) -> Engine | None:
    """The engine for a model: the requested one or, with `auto`, the one that suits its layers.

    XLA's convolutions on the CPU are many times slower than TensorFlow's own (oneDNN); all else
    that is known gains by it.

    Args:
        requested: `auto`, `xla` or `graph`.
        layers: The model's layers.
        on_gpu: Whether a GPU trains.

    Returns:
        The choice; None where the layers do not tell which engine is faster.
    """
    if requested != "auto":
        return Engine(requested, "set by runtime.engine")
    everywhere = [inner for layer in layers for inner in inner_layers(layer)]
    for layer in everywhere:
        if not layer.supports_jit or isinstance(layer, IMPOSSIBLE_UNDER_XLA):
            return Engine("graph", f"XLA cannot compile '{layer.name}'")
    for layer in everywhere:
        if not on_gpu and isinstance(layer, SLOW_UNDER_XLA):
            return Engine("graph", f"'{layer.name}' is faster without XLA on the CPU")
    if not on_gpu and any(isinstance(layer, UNSURE) or is_users_own(layer) for layer in everywhere):
        return None
    return Engine("xla", "every layer gains by being compiled")


def engine_for(
    model: Any, requested: str, *, rows: Part | None = None, batch_size: int = 32
) -> Engine:
    """The engine for a model on this device; timed if the layers don't decide it.

    Args:
        model: The compiled model; steps that are made to time it leave no trace.
        requested: `auto`, `xla` or `graph`.
        rows: Rows to time steps with; None where that is not worth the time: XLA is then taken.
        batch_size: Rows in a step.
    """
    if replicas_of(model) > 1:
        return Engine("graph", "several devices train")
    layers = [model] if is_users_own(model) else model.layers
    choice = choose_engine(requested, layers, on_gpu=on_gpu())
    if choice is not None:
        return choice
    if rows is None:
        return Engine("xla", "most models gain by being compiled")
    return Engine(*timed_engine(model, rows, batch_size))


def engine_of(experiment: Experiment, model: Any, train: Part) -> Engine:
    """The engine for an experiment's model and training rows: see `engine_for`."""
    requested, batch_size = experiment.runtime.engine, experiment.training.batch_size
    return engine_for(model, requested, rows=train, batch_size=batch_size)


def is_users_own(layer: Any) -> bool:
    """Whether a layer's class is neither Keras's nor nnrun's."""
    return type(layer).__module__.partition(".")[0] not in ("keras", "nnrun")


def inner_layers(layer: Any) -> Iterator[Any]:
    """A layer and all layers inside it: of a wrapper, of a nested model, in its attributes."""
    seen, waiting = set(), [layer]
    while waiting:
        layer = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if isinstance(layer, keras.Model):  # which holds its optimizer and much else as well
            waiting += layer.layers
            continue
        held = keras.tree.flatten(list(vars(layer).values()))
        waiting += [inner for inner in held if isinstance(inner, keras.Layer)]
