"""Labels that are scaled for the loss only; everything else is in the labels' own units.

The model ends in a layer that brings its outputs into the labels' own units; before the loss, labels
and predictions are both brought back. So a model learns as if its labels were scaled, and metrics,
predictions and the saved model know nothing of it.
"""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from nnrun.errors import ConfigError, Problem
from nnrun.models.layers import OWN_UNITS
from nnrun.tasks.targets import TargetSpec


@keras.saving.register_keras_serializable("nnrun")
class ScaledLoss(keras.losses.Loss):
    """A loss that sees `(y - offset) / scale` of labels and predictions, column by column.

    Args:
        loss: The loss, or a function of labels and predictions `(rows, columns)`.
        scale: Of each column.
        offset: Of each column.
    """

    def __init__(self, loss: Any, scale: Sequence[float], offset: Sequence[float]) -> None:
        self.loss = keras.losses.get(loss)
        self.scale, self.offset = list(scale), list(offset)
        super().__init__(
            getattr(self.loss, "name", None) or self.loss.__name__,
            getattr(self.loss, "reduction", "sum_over_batch_size"),
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A number for each row of `(rows, columns)`."""
        of_rows = self.loss.call if isinstance(self.loss, keras.losses.Loss) else self.loss
        return of_rows(self._scaled(y_true), self._scaled(y_pred))

    def get_config(self) -> dict[str, Any]:
        """The loss's arguments."""
        return {"loss": self.loss, "scale": self.scale, "offset": self.offset}

    def _scaled(self, values: Any) -> Any:
        # Subtracted first, so that of labels far from 0 the difference keeps its digits.
        offset, scale = (
            ops.convert_to_tensor(number, values.dtype) for number in (self.offset, self.scale)
        )
        return (values - offset) / scale


def seen_by_loss(loss: Any, target: TargetSpec) -> Any:
    """A loss that sees the labels of a target scaled, if the config asks for it."""
    return ScaledLoss(loss, target.scale, target.offset) if target.scale else loss


def in_own_units(model: Any, targets: Mapping[str, TargetSpec]) -> Any:
    """A model with last layers that return to the labels' own units.

    Args:
        model: A Keras model that gives each scaled column a number, not yet compiled.
        targets: What is predicted, by name.

    Raises:
        ConfigError: A layer has the name of one of these.
    """
    if not any(target.scale for target in targets.values()):
        return model
    taken = {layer.name for layer in model.layers}
    if isinstance(model, keras.Sequential):
        (target,) = targets.values()
        model.add(_layer(target, taken))
        return model
    several = isinstance(model.output, dict)
    outputs = dict(model.output) if several else dict.fromkeys(targets, model.output)
    for name, target in targets.items():
        if target.scale:
            layer = _layer(target, taken, f"{name}_" if several else "")
            outputs[name] = layer(outputs[name])
    return keras.Model(model.input, outputs if several else outputs[name], name=model.name)


@contextlib.contextmanager
def loadable_by_keras(model: Any, whole: Any) -> Iterator[None]:
    """Within the block, save a model without a loss that Keras doesn't know or has no use for.

    So whoever has Keras alone can load it; to train or evaluate it there, it is compiled anew.

    Args:
        model: The trained model, whose loss may be a `ScaledLoss`.
        whole: The model to save: the same, or one that it is a part of, which has no loss.
    """
    losses = keras.tree.flatten(model.loss)
    is_scaled = any(isinstance(loss, ScaledLoss) for loss in losses)
    model.compiled = whole is model and not is_scaled
    try:
        yield
    finally:
        model.compiled = True


def _layer(target: TargetSpec, taken: Collection[str], prefix: str = "") -> Any:
    name = f"{prefix}{OWN_UNITS}"
    if name in taken:
        message = f"the layer that scales outputs back is named '{name}', too"
        raise ConfigError([Problem(message, path="architecture", hint="rename yours")])
    return keras.layers.Rescaling(
        list(target.scale), list(target.offset), name=name, dtype="float32"
    )
