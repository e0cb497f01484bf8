"""Why a training diverged: a step that a lower learning rate would not have saved, or the rate.

The model stands as it was before the step. Its outputs, its loss and its gradients are looked at in
this order; what is the first not to be finite, though all before it is sound, is the cause.
"""

import dataclasses
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.data.prepared import Prepared
from nnrun.data.splits import Part
from nnrun.training.blowup import BlowupSearch, advise
from nnrun.training.engines import make_resident
from nnrun.training.events import TrainingEnded
from nnrun.training.state import first_not_finite

_SOUND = 1e6
"""No weight of a training that goes well is larger, and no step of its."""
_HUGE = 1e15
"""The square of such a number is close to the largest that float32 holds."""


@dataclass(frozen=True)
class Cause:
    """Why a step went wrong.

    Attributes:
        text: The cause, a sentence without its full stop.
        advice: What to do about it.
    """

    text: str
    advice: str


@dataclass(frozen=True)
class _Step:
    """The step that went wrong, with the model as it was before."""

    model: Any
    part: Part
    x: Any
    y: Any
    rate: float

    def outputs(self, *, training: bool = False) -> Any:
        return self.model(self.x, training=training)

    def loss(self, outputs: Any) -> Any:
        return self.model.compute_loss(x=self.x, y=self.y, y_pred=outputs, training=False)


def explain(
    ended: TrainingEnded,
    search: BlowupSearch,
    prepared: Prepared,
    good: tuple[Mapping[str, np.ndarray], int],
) -> TrainingEnded:
    """A divergence with the step that went wrong, where that can be found, why, and what to do.

    Args:
        ended: How the training ended.
        search: What looks for the step.
        prepared: The experiment and its data.
        good: The variables as they were last known to be good, and the steps done in that epoch.
    """
    experiment = prepared.experiment
    rate = float(search.model.optimizer.learning_rate)
    blowup = search.run(*good)
    clipped = any(dataclasses.astuple(experiment.regularization.clip))
    hint = advise(rate, shlex.quote(str(prepared.config)), clipped=clipped)
    if blowup is None:
        return dataclasses.replace(ended, hint=hint)
    size = experiment.training.batch_size
    rows = search.order[(blowup.step - 1) * size : blowup.step * size]
    cause = find_cause(search.model, prepared.splits.train.take(rows), rate)
    if cause is None:
        return dataclasses.replace(ended, detail=f"{ended.detail}: {blowup}", hint=hint)
    detail = f"{ended.detail}: {blowup}: {cause.text}"
    return dataclasses.replace(ended, detail=detail, hint=cause.advice, cause=cause.text)


def find_cause(model: Any, part: Part, rate: float) -> Cause | None:
    """Why a step went wrong, where the learning rate is not to blame.

    Args:
        model: The compiled model as it was before the step; its metrics change.
        part: The rows of the step.
        rate: The learning rate.

    Returns:
        None where the rate may be to blame, or nothing can be found out.
    """
    data = make_resident(part)
    step = _Step(model, part, data.x, data.y, rate)
    try:
        return next(filter(None, (look(step) for look in _LOOKS)), None)
    except Exception:  # noqa: BLE001 - a model of the user's own may refuse such a look
        return None


def _of_data(step: _Step) -> Cause | None:
    for what, arrays in (("input", step.part.inputs), ("target", step.part.targets)):
        for name, array in arrays.items():
            if array.dtype.kind != "f":
                continue
            if not np.isfinite(array).all():
                text = f"the {what} '{name}' holds values that are not finite"
                return Cause(text, "Remove or replace them in the data.")
            if np.abs(array).max(initial=0.0) > _HUGE:
                text = f"the {what} '{name}' holds values as large as {np.abs(array).max():.2g}"
                asked = "standardize: true" if what == "input" else "target: standardize"
                return Cause(text, f"Try dataset.preprocess.{asked}, or another unit.")
    return None


def _of_outputs(step: _Step) -> Cause | None:
    if not _weights_are_sound(step.model) or _all_finite(step.outputs()):
        return None
    return Cause(
        "what the model gives is not finite, though its weights and inputs are sound",
        "Look for a division, a logarithm, a root or an exponential in its layers; the learning "
        "rate is not to blame.",
    )


def _of_loss(step: _Step) -> Cause | None:
    outputs = step.outputs()
    if not _weights_are_sound(step.model) or _all_finite(step.loss(outputs)):
        return None
    least = min(float(np.min(one)) for one in _arrays(outputs))
    if least < 0 and _all_finite(step.loss(keras.tree.map_structure(tf.abs, outputs))):
        return Cause(
            f"the loss{_name_of(step.model)} has no value for negative predictions, such as "
            f"{least:.3g}",
            "Let the last layer give positive numbers only, by activation: softplus or exponential; "
            "the learning rate is not to blame.",
        )
    return Cause(
        f"the loss{_name_of(step.model)} is not finite, though the predictions are",
        "See which labels and predictions it is defined for; the learning rate is not to blame.",
    )


def _of_gradients(step: _Step) -> Cause | None:
    """A gradient, or what the optimizer makes of it."""
    if not _weights_are_sound(step.model) or step.rate > _SOUND:
        return None
    with tf.GradientTape() as tape:
        loss = step.loss(step.outputs(training=True))
    gradients = tape.gradient(loss, [one.value for one in step.model.trainable_variables])
    given = [np.asarray(tf.convert_to_tensor(one)) for one in gradients if one is not None]
    if float(loss) > _HUGE or not np.isfinite(float(loss)):
        return None
    if not all(np.isfinite(one).all() for one in given):
        return Cause(
            "the loss is finite and its gradient is not",
            "Look for a root, a norm, a logarithm or a division at 0 in the loss and the layers; the "
            "learning rate is not to blame.",
        )
    largest = max((float(np.abs(one).max(initial=0.0)) for one in given), default=0.0)
    if largest * max(step.rate, 1.0) > _SOUND:
        return None
    optimizer = type(
        getattr(step.model.optimizer, "inner_optimizer", step.model.optimizer)
    ).__name__
    return Cause(
        f"the loss and its gradient are finite, and {optimizer} makes weights of them that are not",
        "Try another optimizer, such as Adam; the learning rate is not to blame.",
    )


_LOOKS: tuple[Callable[[_Step], Cause | None], ...] = (
    _of_data,
    _of_outputs,
    _of_loss,
    _of_gradients,
)


def _weights_are_sound(model: Any) -> bool:
    if first_not_finite(model):
        return False
    sizes = (np.abs(one.numpy()).max(initial=0.0) for one in model.trainable_variables)
    return all(size < _SOUND for size in sizes)


def _arrays(values: Any) -> Iterator[np.ndarray]:
    yield from (np.asarray(one) for one in keras.tree.flatten(values))


def _all_finite(values: Any) -> bool:
    return all(np.isfinite(one).all() for one in _arrays(values))


def _name_of(model: Any) -> str:
    losses = keras.tree.flatten(model.loss)
    name = (
        getattr(losses[0], "name", getattr(losses[0], "__name__", "")) if len(losses) == 1 else ""
    )
    return f" {name}" if name else ""
