"""Whether a recommended rate holds: short trainings with it, and lower ones where it does not.

The range test makes one step with each rate. A row so far out that it throws the model back, which
heavy-tailed data have, is missed if its batch comes while the rate is still low; trainings with the
rate itself, over the same batches, come upon it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from nnrun.reports.lr_curve import Curve, window_of
from nnrun.reports.lr_suggestions import Advice, start_of

MOST_TRIALS = 8
"""Then the rates have been halved to less than a hundredth."""


def prove(advice: Advice, curve: Curve, losses_at: Callable[[float], Iterable[float]]) -> Advice:
    """Try the recommended rate, and halve it until a training with it learns.

    A training has learned if all its losses are finite, and the last ones less than half of the
    curve's fall above its lowest. Where the first one has not, the material's rule holds: half of
    the largest rate that still learns is recommended.

    Args:
        advice: What the rules say.
        curve: What the range test measured.
        losses_at: The losses of a short training with a rate; no more are taken than are needed.

    Returns:
        The advice, its rate and why it is recommended; none where no rate has learned.
    """
    if advice.recommended is None:
        return advice
    tried = [advice.recommended / 2**halvings for halvings in range(MOST_TRIALS)]
    learned = next((rate for rate in tried if _learns(losses_at(rate), curve)), None)
    if learned is None:
        why = f"none is recommended: short trainings at {tried[-1]:.2g} to {tried[0]:.2g} diverged"
        return replace(advice, recommended=None, why=why)
    if learned == tried[0]:
        return replace(advice, why=f"{advice.why}; {curve.steps:,} steps with it went well")
    why = (
        f"half of {learned:.2g}, with which {curve.steps:,} steps went well; with {2 * learned:.2g} "
        f"they diverged, and {tried[0]:.2g} is {advice.why}"
    )
    return replace(advice, recommended=float(f"{learned / 2:.2g}"), why=why)


def _learns(losses: Iterable[float], curve: Curve) -> bool:
    taken = []
    for loss in losses:
        if not math.isfinite(loss):
            return False
        taken.append(loss)
    halfway = (start_of(curve) + float(curve.smoothed.min())) / 2
    return float(np.median(taken[-window_of(curve.steps) :])) < halfway
