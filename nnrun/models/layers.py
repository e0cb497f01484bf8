"""The first layers of a model: what was fitted on the training rows."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from nnrun.data.preprocessing import Scaling, Standardizing

Step = Scaling | Standardizing
_NAMES = {Scaling: "scale", Standardizing: "standardize"}


def preprocessing_layers(steps: Sequence[Step], *, prefix: str = "") -> list[Any]:
    """Keras's own layers that do to a row what the fitted steps say, so that raw rows go in.

    They reckon in float32 whatever the model's precision: raw values do not fit into half of it.

    Args:
        steps: The steps, in their order.
        prefix: What the layers' names begin with, where a model has several inputs.
    """
    return [
        _layer(step, f"{prefix}{_NAMES[type(step)]}_{index}") for index, step in enumerate(steps)
    ]


def _layer(step: Step, name: str) -> Any:
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
