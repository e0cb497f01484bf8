"""Whether a run reached what its config expects."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from nnrun.config.schema import Expectation
from nnrun.runs.manifest import Metrics

Figures = Mapping[str, float | None]


def figures_reached(metrics: Metrics, parameters: int) -> Figures:
    """The values that `expect` can refer to, by name.

    Args:
        metrics: The run's metrics, of which those of the best epoch, the test and the callbacks are
            used.
        parameters: The number of parameters in the model.
    """
    return {"params": parameters, **metrics.by_name(), **(metrics.callbacks or {})}


def judge_expectations(
    expect: Mapping[str, float | Expectation], reached: Figures
) -> list[dict[str, Any]]:
    """Each expectation with the value that the saved model reached, and whether it held.

    Args:
        expect: The config's `expect` block.
        reached: The values, of one run or the means of several.

    Returns:
        Mappings with `figure`, `value`, `held`, and `equals` or the bounds `min` and `max`.
    """
    judged = []
    for figure, wanted in expect.items():
        value, bounds = reached.get(figure), _bounds(wanted)
        judged.append({"figure": figure, "value": value, "held": holds(value, bounds), **bounds})
    return judged


def _bounds(wanted: float | Expectation) -> dict[str, float]:
    if not isinstance(wanted, Expectation):
        return {"equals": wanted}
    return {key: bound for key, bound in dataclasses.asdict(wanted).items() if bound is not None}


def holds(value: float | None, bounds: Mapping[str, float]) -> bool:
    """Whether a value is as expected.

    Args:
        value: The value; None if it is not finite.
        bounds: `equals`, or `min` and `max`; other keys are ignored.
    """
    if value is None or not math.isfinite(value):
        return False
    return (
        bounds.get("min", -math.inf) <= value <= bounds.get("max", math.inf)
        and bounds.get("equals", value) == value
    )
