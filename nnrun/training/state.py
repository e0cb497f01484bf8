"""Model and optimizer ↔ named arrays."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from nnrun.training.current_rate import schedule_variables

SCHEDULE = "schedule/"
"""What the names of a schedule's variables begin with."""


def capture_state(model: Any, *, metrics: bool = False) -> dict[str, np.ndarray]:
    """Copies of all variables by name: weights, seed generators, optimizer and its schedule.

    Args:
        model: A compiled Keras model.
        metrics: Whether those of the metrics are wanted too, which every epoch begins anew.
    """
    variables = _variables(model, metrics=metrics)
    return {name: np.array(variable.numpy()) for name, variable in variables.items()}


def restore_state(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Restore the values that `capture_state` took.

    Raises:
        ValueError: If the arrays are not those of this model.
    """
    metrics = any(name.startswith("metrics/") for name in arrays)
    variables = _variables(model, metrics=metrics)
    # Fine-tuning replaces the schedule, and older states lack its variables.
    differing = [name for name in variables.keys() ^ arrays.keys() if not name.startswith(SCHEDULE)]
    if differing:
        raise ValueError(f"not the state of this model: {min(differing)} is on one side only")
    variables = {name: variables[name] for name in variables if name in arrays}
    for name, variable in variables.items():
        if not _fits(arrays[name], variable):
            raise ValueError(f"{name} is {arrays[name].dtype} of shape {arrays[name].shape}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def first_not_finite(model: Any) -> str | None:
    """The path of the first variable of the model or its optimizer that holds NaN or infinity."""
    return next(not_finite(model), None)


def not_finite(model: Any) -> Iterator[str]:
    """The paths of all variables that hold NaN or infinity: the model's, then the optimizer's."""
    for name, variable in _variables(model, metrics=False).items():
        if not np.isfinite(variable.numpy()).all():
            yield name.split("/", 2)[2]


def state_bytes(model: Any) -> int:
    """How many bytes the arrays of `capture_state` have together."""
    return sum(variable.numpy().nbytes for variable in _variables(model, metrics=False).values())


def _fits(array: np.ndarray, variable: Any) -> bool:
    return array.shape == tuple(variable.shape) and array.dtype == variable.numpy().dtype


def use_averaged_weights(model: Any) -> None:
    """Give the model its averaged weights, if the optimizer keeps an average.

    With `use_ema: true` Keras trains one set of weights and keeps their moving average beside them;
    `fit` puts the average into the model when it ends. For all other optimizers nothing changes.
    """
    if model.trainable_variables:
        model.optimizer.finalize_variable_values(model.trainable_variables)


@contextlib.contextmanager
def averaged_weights(model: Any) -> Iterator[None]:
    """Within the block, the model holds the averaged weights; afterwards, bit for bit its own."""
    if not keeps_average(model):
        yield
        return
    kept = [np.array(variable.numpy()) for variable in model.trainable_variables]
    use_averaged_weights(model)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, kept, strict=True):
            variable.assign(value)


def keeps_average(model: Any) -> bool:
    """Whether the optimizer keeps a moving average of the weights (`use_ema`)."""
    optimizer = model.optimizer
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return bool(optimizer.use_ema)


def _variables(model: Any, *, metrics: bool) -> dict[str, Any]:
    """Every variable under a name that is unique and the same in every process."""
    optimizer = model.optimizer
    groups = {
        "model": model.variables,
        "optimizer": optimizer.variables,
        "schedule": schedule_variables(optimizer),
    }
    if metrics:
        groups["metrics"] = model.metrics_variables
    # Keras's paths are readable but not unique: layers of one name in different places share them.
    return {
        f"{group}/{index:03d}/{variable.path}": variable
        for group, variables in groups.items()
        for index, variable in enumerate(variables)
    }
