"""The model to save: given what was read, where the one that was trained takes what was made of it."""

from collections.abc import Mapping
from typing import Any

import keras

from nnrun.data.splits import TEXT, InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.models.layers import make_input


def with_transforms_in_front(
    model: Any, transforms: Transforms, inputs: Mapping[str, InputSpec]
) -> Any:
    """A model that takes rows as they were read.

    Args:
        model: The trained model; it is given back where nothing turns its rows.
        transforms: What turned the rows before the training.
        inputs: The inputs of the trained model.

    Raises:
        UserError: A transform cannot be part of a model.
    """
    layers = {name: transforms.layers_in_front(name, spec) for name, spec in inputs.items()}
    if not any(layers.values()):
        return model
    given, turned = {}, {}
    for name, spec in inputs.items():
        given[name] = (
            keras.Input((len(spec.text),), dtype=TEXT, name=name)
            if spec.text
            else make_input(name, spec)
        )
        turned[name] = given[name]
        for layer in layers[name]:
            turned[name] = layer(turned[name])
    if len(given) > 1:
        return keras.Model(given, model(turned), name=model.name)
    (tensor,), (rows,) = given.values(), turned.values()
    return keras.Model(tensor, model(rows), name=model.name)
