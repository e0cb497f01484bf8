"""The curve of a learning-rate range test: recorded until the loss explodes, and smoothed."""

import csv
import io
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

MEMORY = 0.95
"""What the loss that watches for the explosion keeps of its past at every step."""
EXPLOSION = 4.0
"""Times its best at which the smoothed loss has exploded (fastai's figure)."""
WINDOW = 25
"""The smoothed curve looks at a 25th of the steps at once: a quarter of a decade of six."""

_SPIKE = 5  # losses whose median is taken first, so that one or two wild ones do not count

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RangeCurve:
    """The measurements of a range test.

    Attributes:
        rates: The learning rate of each step that was made, `(steps,)`, growing.
        losses: The loss of each step's batch, `(steps,)`, all of them finite.
        steps: The steps that were planned.
        ended: `range` (all steps were made), `exploded` or `not finite`.
        untrained: The mean loss of an epoch's batches before the first step; None where it was not
            measured. Rows far out weigh in it, as they do in the loss of an epoch.
    """

    rates: Floats
    losses: Floats
    steps: int
    ended: str
    untrained: float | None = None

    @property
    def smoothed(self) -> Floats:
        """The losses with spikes and noise taken out, without a lag; see `smooth_losses`."""
        return smooth_losses(self.losses, window_of(self.steps))

    def to_csv(self) -> str:
        """One row per step: step, learning_rate, loss, smoothed_loss."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["step", "learning_rate", "loss", "smoothed_loss"])
        rows = zip(self.rates.tolist(), self.losses.tolist(), self.smoothed.tolist(), strict=True)
        writer.writerows([step, *map(repr, row)] for step, row in enumerate(rows, start=1))
        return text.getvalue()


def growing_rates(lowest: float, highest: float, steps: int) -> list[float]:
    """Rates from the lowest to the highest, growing by a constant factor.

    >>> growing_rates(0.001, 10.0, 5)
    [0.001, 0.01, 0.1, 1.0, 10.0]
    """
    return [float(rate) for rate in np.geomspace(lowest, highest, steps)]


def record_curve(rates: Sequence[float], losses: Iterable[float]) -> RangeCurve:
    """Record losses until they end, explode or are not finite.

    The loss has exploded once it exceeds four times its best. It is smoothed for that,
    exponentially and corrected for its beginning at zero, over the median of the last few losses.

    Args:
        rates: The rate of every planned step.
        losses: The loss of every step; no more are taken than are needed.
    """
    taken: list[float] = []
    recent: deque[float] = deque(maxlen=_SPIKE)
    mean, weight, best, ended = 0.0, 0.0, math.inf, "range"
    for loss in losses:
        if not math.isfinite(loss):
            ended = "not finite"
            break
        taken.append(loss)
        recent.append(loss)
        if len(recent) < _SPIKE:
            continue
        mean = MEMORY * mean + (1 - MEMORY) * median(recent)
        weight = MEMORY * weight + (1 - MEMORY)
        best = min(best, mean / weight)
        if mean / weight > EXPLOSION * best > 0:
            ended = "exploded"
            break
    return RangeCurve(np.array(rates[: len(taken)]), np.array(taken), len(rates), ended)


def window_of(steps: int) -> int:
    """The smoothing window for a test of this many steps; an odd number."""
    return max(_SPIKE, steps // WINDOW) | 1


def smooth_losses(losses: Floats, window: int) -> Floats:
    """Smooth by a running median, which removes spikes, and a running mean.

    Unlike an exponential mean it does not lag, which would move every rule to higher rates, and the
    explosion at the end does not reach back further than half a window.

    Args:
        losses: `(steps,)`, finite.
        window: How many losses each of the two looks at, an odd number; fewer at the ends.

    Returns:
        `(steps,)`.
    """
    half = window // 2
    calm = np.array([np.median(part) for part in _around(losses, half)])
    return np.array([part.mean() for part in _around(calm, half)])


def _around(values: Floats, half: int) -> list[Floats]:
    """The values around each one, up to `half` on either side; fewer at the ends."""
    return [values[max(0, index - half) : index + half + 1] for index in range(len(values))]
