"""What a training would take: memory by arithmetic, time by running a few steps."""

import dataclasses
import functools
import time
from typing import Any

import keras
import numpy as np

from nnrun.config.schema import Training
from nnrun.data.splits import Splits
from nnrun.models.shapes import layer_shapes, row_sizes, size_of
from nnrun.training.current_rate import schedule_of
from nnrun.training.placing import AnyTraining, make_evaluation, make_training

TRIAL_SECONDS = 0.3
RATE_POINTS = 240
STEP_OVERHEAD = 100_000
"""Multiplications that could be made in the time that a step takes whatever its arithmetic."""


def estimate_memory(model: Any, splits: Splits, batch_size: int) -> dict[str, int]:
    """Bytes on the device: the data, the weights with gradients and optimizer, the activations.

    Args:
        model: The compiled model.
        splits: The data, which stay on the device.
        batch_size: Rows whose activations are held, once forwards and once backwards.
    """
    data = sum(
        array.nbytes
        for part in splits.parts.values()
        for arrays in (part.inputs, part.targets)
        for array in arrays.values()
    )
    variables = [*model.variables, *model.trainable_variables, *model.optimizer.variables]
    values = sum(row_sizes(model))
    width = np.dtype("float32").itemsize
    return {
        "data": data,
        "weights": sum(int(np.prod(variable.shape)) * width for variable in variables),
        "activations": 2 * batch_size * values * width,
    }


def work_of_epoch(model: Any, splits: Splits, batch_size: int) -> float:
    """The multiplications of an epoch's forward passes, and the overhead of its steps.

    A layer multiplies each of its parameters once for every place it is used at: every pixel of a
    convolution's output, every element of a sequence. Of layers that tell no shape, once. Rows that
    are only evaluated take a third of the time.
    """
    row = sum(layer.count_params() * _places(layer) for layer in model.layers)
    steps = -(-splits.train.rows // batch_size)
    evaluated = splits.validation.rows if splits.validation is not None else 0
    rows = splits.train.rows + evaluated / 3
    return float(steps * STEP_OVERHEAD + rows * (row + sum(row_sizes(model))))


def _places(layer: Any) -> int:
    """How often a layer's parameters are used for a row."""
    try:
        inputs = keras.tree.flatten(layer.input)
    except (AttributeError, ValueError):
        inputs = []
    shapes = [*layer_shapes(layer), *(tuple(tensor.shape[1:]) for tensor in inputs)]
    return max((size_of(shape[:-1]) for shape in shapes), default=1)


def estimate_seconds(
    model: Any, splits: Splits, options: Training, engine: str, data: str
) -> dict[str, float]:
    """Seconds for `compiling`, for an `epoch` with its validation, and for the whole `training`.

    Real steps are made, so the model is changed: it is good for nothing else afterwards.
    """
    training = make_training(model, splits, options, engine, data)
    training.begin_epoch(np.arange(training.rows, dtype=np.int32))
    steps = 1
    compiling = _seconds(functools.partial(_run, training, steps))
    taken = _seconds(functools.partial(_run, training, steps))
    while taken < TRIAL_SECONDS and steps < training.full_steps:
        steps = min(training.full_steps, 4 * steps)
        taken = _seconds(functools.partial(_run, training, steps))
    epoch = taken / steps * training.steps
    if splits.validation is not None:
        validation = make_evaluation(model, splits.validation, engine, data)
        compiling += _seconds(validation.run)
        epoch += _seconds(validation.run)
    return {"compiling": compiling, "epoch": epoch, "training": compiling + options.epochs * epoch}


def _run(training: AnyTraining, steps: int) -> None:
    """Some full steps of an epoch, and the partial one where there is one, which compiles apart."""
    training.run(0, min(steps, training.full_steps))
    training.run(training.full_steps, training.steps)


def learning_rates(model: Any, options: Training, steps_per_epoch: int) -> list[float]:
    """The learning rate at evenly spaced steps of the training, the first and the last among them."""
    steps, tuned = options.epochs * steps_per_epoch, options.fine_tune
    if tuned is not None:
        first = dataclasses.replace(options, epochs=tuned.after_epoch, fine_tune=None)
        rates = learning_rates(model, first, steps_per_epoch)
        points = min(RATE_POINTS, steps)
        before = max(1, points * tuned.after_epoch // options.epochs)
        spread = np.linspace(0, len(rates) - 1, before).round().astype(int)
        return [rates[index] for index in spread] + [tuned.learning_rate] * (points - before)
    schedule = schedule_of(model.optimizer)
    if schedule is None:
        return [float(model.optimizer.learning_rate)]
    told = np.unique(np.linspace(0, max(0, steps - 1), RATE_POINTS).astype(int))
    return [float(schedule(int(step))) for step in told]


def scheduled_rate(model: Any, step: int) -> float | None:
    """The learning rate that the optimizer's schedule gives a step; None where it has none."""
    schedule = schedule_of(model.optimizer)
    return None if schedule is None else float(schedule(step))


def _seconds(action: Any) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
