"""Layers that Keras lacks, and the first layers of a model: what was fitted on the training rows."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from nnrun.data.preprocessing import Scaling, Standardizing
from nnrun.data.splits import EXACT, InputSpec

__all__ = ["Maxout", "Step", "make_input", "preprocessing_layers"]

Step = Scaling | Standardizing
OWN_UNITS = "own_units"
"""The layer that brings what is learnt from scaled labels into their own units."""
_NAMES = {Scaling: "scale", Standardizing: "standardize"}


@keras.saving.register_keras_serializable("nnrun")
class Maxout(keras.layers.Dense):
    """A dense layer whose units each give the greatest of several linear functions of the inputs.

    A unit learns its own convex activation; with two pieces it can become a ReLU or the absolute
    value (I. Goodfellow et al., "Maxout networks", arXiv:1302.4389). The inputs are
    `(batch, …, width)`, the outputs `(batch, …, units)`. The kernel is `(width, units * pieces)`,
    the pieces of a unit side by side; the other arguments are those of Keras's Dense, but for
    `activation`.

    Args:
        units: An integer, the width of the output.
        pieces: An integer, the linear functions of which each unit takes the greatest.
    """

    def __init__(self, units: int, pieces: int = 2, **kwargs: Any) -> None:
        if units < 1 or pieces < 1:
            raise ValueError(f"units and pieces must be 1 or more, not {units} and {pieces}")
        super().__init__(units * pieces, activation=None, **kwargs)
        self.pieces = pieces

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The maximum over the pieces of every unit."""
        values = super().call(inputs, training=training)
        units = self.units // self.pieces
        return ops.max(ops.reshape(values, (*ops.shape(values)[:-1], units, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs, with the units in the last axis."""
        return (*input_shape[:-1], self.units // self.pieces)

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments."""
        config = {**super().get_config(), "units": self.units // self.pieces, "pieces": self.pieces}
        del config["activation"]
        return config


def make_input(name: str, spec: InputSpec) -> Any:
    """Keras's input of that name: whole numbers where words were made into such, else floats."""
    kept = spec.dtype if spec.dtype in ("int32", EXACT) else None
    return keras.Input(spec.shape, dtype=kept, name=name)


def preprocessing_layers(
    steps: Sequence[Step], spec: InputSpec | None = None, *, prefix: str = ""
) -> list[Any]:
    """Keras's own layers that do to a row what the fitted steps say, so that raw rows go in.

    They reckon in float32 whatever the model's precision, since raw values do not fit into half of
    it, and in float64 where the rows are in it.

    Args:
        steps: The steps, in their order.
        spec: The input that they are done to.
        prefix: What the layers' names begin with, where a model has several inputs.
    """
    dtype = EXACT if spec is not None and spec.dtype == EXACT else "float32"
    return [
        _layer(step, f"{prefix}{_NAMES[type(step)]}_{index}", dtype)
        for index, step in enumerate(steps)
    ]


def is_preprocessing(layer: Any) -> bool:
    """Whether a layer of a model does what the config's `preprocess` asks for."""
    own = isinstance(layer, keras.layers.Normalization | keras.layers.Rescaling)
    names = rf"(.+_)?((standardize|scale)_\d+|{OWN_UNITS})"
    return own and re.fullmatch(names, layer.name) is not None


def _layer(step: Step, name: str, dtype: str) -> Any:
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
