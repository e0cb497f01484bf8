"""Why a training diverged: because of the learning rate, or for a reason of its own.

The model stands as it was before the step. Its outputs, its loss and its gradients are looked at in
this order; what is the first not to be finite, though all before it is sound, is the cause.
"""

import dataclasses
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.config.schema import Experiment
from nnrun.data.splits import Part
from nnrun.training.blowup import BlowupSearch, remedy
from nnrun.training.engines import make_resident
from nnrun.training.events import TrainingEnded
from nnrun.training.state import first_not_finite

_SOUND_WEIGHT = 100.0
"""Weights of a training that goes well are smaller."""
_SOUND = 1e6
"""So are its gradients, times the learning rate where that is above 1."""
_INNOCENT = "the learning rate is not to blame"
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
    first: bool
    spoils: bool

    def outputs(self, *, training: bool = False) -> Any:
        return self.model(self.x, training=training)

    def loss(self, outputs: Any) -> Any:
        return self.model.compute_loss(x=self.x, y=self.y, y_pred=outputs, training=False)


def explain(
    ended: TrainingEnded,
    search: BlowupSearch,
    experiment: Experiment,
    train: Part,
    good: tuple[Mapping[str, np.ndarray], int],
    *,
    config: Path,
) -> TrainingEnded:
    """Explain a divergence: at which step, why, and what to do.

    Args:
        ended: How the training ended.
        search: What looks for the step.
        experiment: The config.
        train: The training rows.
        good: The variables as they were last known to be good, and the steps done in that epoch.
        config: The file of the config.
    """
    rate = float(search.model.optimizer.learning_rate)
    blowup = search.run(*good)
    clipped = any(dataclasses.astuple(experiment.regularization.clip))
    hint = remedy(rate, shlex.quote(str(config)), clipped=clipped)
    if blowup is None:
        return dataclasses.replace(ended, hint=hint)
    size = experiment.training.batch_size
    rows = search.order[(blowup.step - 1) * size : blowup.step * size]
    first, part = ended.epoch == 0 and blowup.step == 1, train.take(rows)
    cause = find_cause(search.model, part, rate, first=first, spoils=bool(blowup.spoiled))
    if cause is None:
        return dataclasses.replace(ended, detail=f"{ended.detail}: {blowup}", hint=hint)
    detail = f"{ended.detail}: {blowup}: {cause.text}"
    return dataclasses.replace(ended, detail=detail, hint=cause.advice, cause=cause.text)


def find_cause(model: Any, part: Part, rate: float, *, first: bool, spoils: bool) -> Cause | None:
    """Why a step went wrong, where the learning rate is not to blame.

    Args:
        model: The compiled model as it was before the step; its metrics change.
        part: The rows of the step.
        rate: The learning rate.
        first: Whether it is the first step of all, so that no rate has had a say in the weights.
        spoils: Whether weights are not finite after it.

    Returns:
        None where the rate may be to blame, or nothing can be found out.
    """
    data = make_resident(part)
    step = _Step(model, part, data.x, data.y, rate, first, spoils)
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
            largest = np.abs(array).max(initial=0.0)
            if largest > _HUGE and not abs(float(step.loss(step.outputs()))) < _HUGE:
                text = f"the {what} '{name}' holds values as large as {largest:.2g}"
                asked = "standardize: true" if what == "input" else "target: standardize"
                return Cause(text, f"Try dataset.preprocess.{asked}, or another unit.")
    return None


def _of_outputs(step: _Step) -> Cause | None:
    """Look at the outputs of the initial weights; later ones may be due to too high a rate."""
    if not step.first or _all_finite(step.outputs()):
        return None
    return Cause(
        "what the model gives is not finite, though its weights and inputs are",
        f"Look for a division, a logarithm, a root or an exponential in its layers; {_INNOCENT}.",
    )


def _of_loss(step: _Step) -> Cause | None:
    outputs = step.outputs()
    if not _all_finite(outputs) or _all_finite(step.loss(outputs)):
        return None
    if not _weights_are_sound(step.model):
        return None
    least = min(float(np.min(array)) for array in _arrays(outputs))
    if least < 0 and _all_finite(step.loss(keras.tree.map_structure(tf.abs, outputs))):
        return Cause(
            f"the loss{_name_of(step.model)} has no value for negative predictions, such as "
            f"{least:.3g}",
            "Let the last layer give positive numbers only, by activation: softplus or exponential; "
            f"{_INNOCENT}.",
        )
    return Cause(
        f"the loss{_name_of(step.model)} is not finite, though the predictions are",
        f"See which labels and predictions it is defined for{f'; {_INNOCENT}' * step.first}.",
    )


def _of_gradients(step: _Step) -> Cause | None:
    """A gradient, or what the optimizer makes of it."""
    if not _weights_are_sound(step.model) or step.rate > _SOUND:
        return None
    with tf.GradientTape() as tape:
        loss = step.loss(step.outputs(training=True))
    gradients = tape.gradient(loss, [one.value for one in step.model.trainable_variables])
    arrays = [np.asarray(tf.convert_to_tensor(item)) for item in gradients if item is not None]
    if float(loss) > _HUGE or not np.isfinite(float(loss)):
        return None
    if not all(np.isfinite(array).all() for array in arrays):
        return Cause(
            "the loss is finite and its gradient is not",
            "Look for a root, a norm, a logarithm or a division at 0 in the loss and the layers; "
            f"{_INNOCENT}.",
        )
    largest = max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
    constrained = any(one.constraint is not None for one in step.model.trainable_variables)
    if not step.spoils or constrained or largest * max(step.rate, 1.0) > _SOUND:
        return None
    optimizer = step.model.optimizer
    optimizer = type(getattr(optimizer, "inner_optimizer", optimizer)).__name__
    return Cause(
        f"the loss and its gradient are finite, and {optimizer} makes weights of them that are not",
        f"Try another optimizer, such as Adam; {_INNOCENT}.",
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
    sizes = (np.abs(weight.numpy()).max(initial=0.0) for weight in model.trainable_variables)
    return all(size < _SOUND_WEIGHT for size in sizes)


def _arrays(values: Any) -> Iterator[np.ndarray]:
    yield from (np.asarray(value) for value in keras.tree.flatten(values))


def _all_finite(values: Any) -> bool:
    return all(np.isfinite(array).all() for array in _arrays(values))


def _name_of(model: Any) -> str:
    losses = keras.tree.flatten(model.loss)
    name = (
        getattr(losses[0], "name", getattr(losses[0], "__name__", "")) if len(losses) == 1 else ""
    )
    return f" {name}" if name else ""
