"""Layers that Keras lacks, and the first layers of a model: what was fitted on the training rows."""

import re
from typing import Any

import keras
from keras import ops

from nnrun.data.splits import EXACT, TEXT, InputSpec

__all__ = ["Maxout", "make_input"]

OWN_UNITS = "own_units"
"""The layer that brings what is learnt from scaled labels into their own units."""


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
    kept = spec.dtype if spec.dtype in ("int32", EXACT, TEXT) else None
    return keras.Input(spec.shape, dtype=kept, name=name)


def is_preprocessing(layer: Any) -> bool:
    """Whether a layer of a model does what the config's `preprocess` asks for."""
    own = isinstance(layer, keras.layers.Normalization | keras.layers.Rescaling)
    names = rf"(.+_)?((standardize|scale)_\d+|{OWN_UNITS})"
    return own and re.fullmatch(names, layer.name) is not None
