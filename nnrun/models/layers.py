"""The first layers of a model: what was fitted on the training rows."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nnrun.data.preprocessing import Scaling, Standardizing

Step = Scaling | Standardizing


def preprocessing_layers(steps: Sequence[Step]) -> list[Any]:
    """Keras's own layers that do to a row what the fitted steps say, so that raw rows go in.

    They reckon in float32 whatever the model's precision: raw values do not fit into half of it.
    """
    return [_layer(step, index) for index, step in enumerate(steps)]


def is_preprocessing(layer: Any) -> bool:
    """Whether a layer of a model does what the config's `preprocess` asks for."""
    own = isinstance(layer, keras.layers.Normalization | keras.layers.Rescaling)
    return own and re.fullmatch(r"(\w+_)?(standardize|scale)_\d+", layer.name) is not None


def _layer(step: Step, index: int) -> Any:
    if isinstance(step, Standardizing):
        axis = -1 if np.ndim(step.mean) else None
        return keras.layers.Normalization(
            axis=axis,
            mean=step.mean,
            variance=step.variance,
            name=f"standardize_{index}",
            dtype="float32",
        )
    return keras.layers.Rescaling(step.multiply, step.add, name=f"scale_{index}", dtype="float32")
