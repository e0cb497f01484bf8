"""Which engine trains a model, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from nnrun.device import on_gpu

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
    keras.layers.RNN,
)
"""Layers that TensorFlow's own CPU kernels run faster than XLA's programs."""

IMPOSSIBLE_UNDER_XLA = (
    keras.layers.AugMix,
    keras.layers.CutMix,
    keras.layers.MixUp,
    keras.layers.RandAugment,
    keras.layers.RandomElasticTransform,
)
"""Layers that XLA cannot compile, besides those that say so themselves (`supports_jit`)."""


@dataclass(frozen=True)
class EngineChoice:
    """Which engine trains, and why.

    Attributes:
        name: `xla` or `graph`.
        reason: In words, for the run's record.
    """

    name: str
    reason: str


def choose_engine(requested: str, layers: Sequence[Any], *, on_gpu: bool) -> EngineChoice:
    """The engine for a model: what is asked for, or by the layers where it is `auto`.

    XLA's convolutions on the CPU are many times slower than TensorFlow's own (oneDNN), and its
    recurrent loops no faster; all else gains by it.

    Args:
        requested: `auto`, `xla` or `graph`.
        layers: The model's layers.
        on_gpu: Whether a GPU trains.
    """
    if requested != "auto":
        return EngineChoice(requested, "set by runtime.engine")
    everywhere = [inner for layer in layers for inner in inner_layers(layer)]
    for layer in everywhere:
        if not layer.supports_jit or isinstance(layer, IMPOSSIBLE_UNDER_XLA):
            return EngineChoice("graph", f"XLA cannot compile '{layer.name}'")
    for layer in everywhere:
        if not on_gpu and isinstance(layer, SLOW_UNDER_XLA):
            return EngineChoice("graph", f"'{layer.name}' is faster without XLA on the CPU")
    return EngineChoice("xla", "every layer gains by being compiled")


def engine_for(model: Any, requested: str) -> EngineChoice:
    """The engine for a model on the device at hand: see `choose_engine`."""
    return choose_engine(requested, model.layers, on_gpu=on_gpu())


def inner_layers(layer: Any) -> Iterator[Any]:
    """A layer and those it is made of: a wrapper's, a nested model's, those in its attributes."""
    seen, waiting = set(), [layer]
    while waiting:
        layer = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        held = keras.tree.flatten(list(vars(layer).values()))
        waiting += [inner for inner in held if isinstance(inner, keras.Layer)]
