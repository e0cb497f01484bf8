"""Model, optimizer and metrics ↔ named arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def capture_state(model: Any) -> dict[str, np.ndarray]:
    """Copies of all variables by name: weights, seed generators, optimizer and metrics."""
    return {name: np.array(variable) for name, variable in _variables(model).items()}


def restore_state(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Give all variables the values that `capture_state` took.

    Raises:
        ValueError: If the arrays are not those of this model.
    """
    variables = _variables(model)
    if variables.keys() != arrays.keys():
        differing = sorted(variables.keys() ^ arrays.keys())
        raise ValueError(f"not the state of this model: {differing[0]} is on one side only")
    for name, variable in variables.items():
        variable.assign(arrays[name])



def _variables(model: Any) -> dict[str, Any]:
    """Every variable under a name that is unique and the same in every process."""
    groups = {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }
    # Keras's paths are readable but not unique: layers of one name in different places share them.
    return {
        f"{group}/{index:03d}/{variable.path}": variable
        for group, variables in groups.items()
        for index, variable in enumerate(variables)
    }
