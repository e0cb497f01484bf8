"""Suggestions from a range test: six rules, the first of which counts if no rate is tried.

In the words of the material (Géron, chapter 11; Smith 2015): train with a rate that grows at every
step; the best constant rate lies below the one at which the loss turns and climbs, about ten times.
`valley`, `slide` and `steepest` follow the ideas of fastai's rules of these names, made to work on
the logarithm of the rate and on a curve without spikes.

`steepest` and `valley` see where the loss falls, and that is told by the sum of the rates so far:
twice the steps, and they say half the rate. The other four see where the loss is low and where it
climbs, which the steps hardly change. A rule that comes out above the turning point does not apply.
"""

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnrun.analysis.lr_curve import Floats, RangeCurve, window_of

FEWEST_LOSSES = 10
"""With fewer losses no rule applies."""
TURNED = 0.1
"""The loss has turned once it is a tenth of its fall above its lowest."""

LEAST_FALL = 0.02
"""A loss has fallen by so large a share of its start, …"""

_SIGMAS = 6.0  # … and by so many standard deviations of the smoothed curve
_START = 10  # the first tenth of the steps tells the loss that training starts from


@dataclass(frozen=True)
class Suggestion:
    """The suggestion of one rule.

    Attributes:
        rule: Its name.
        meaning: What it looks for, in words.
        rate: The learning rate it gives; None where it does not apply.
        reason: Why it does not apply; empty where it does.
    """

    rule: str
    meaning: str
    rate: float | None
    reason: str = ""


@dataclass(frozen=True)
class Advice:
    """The suggestions of all rules, and the conclusion.

    Attributes:
        suggestions: What each rule says.
        recommended: The recommended rate, to two significant digits; None where there is none.
        why: Why this one, or none, in a sentence.
        notes: What else is to be known, a sentence each.
        turning: The last rate before the loss climbs; None where it does not within the range.
    """

    suggestions: tuple[Suggestion, ...]
    recommended: float | None
    why: str
    notes: tuple[str, ...] = ()
    turning: float | None = None


@dataclass(frozen=True)
class _Shape:
    """The features of a curve that the rules look at, as indices into it.

    Attributes:
        lowest: Where the smoothed loss is lowest.
        floor: Where the loss has made nine tenths of its fall, the last time before it is lowest.
        largest: The last place where it is as low, but for its noise.
        turning: The last place before it has climbed a tenth of its fall; None if it never does.
    """

    curve: RangeCurve
    smoothed: Floats
    records: Floats
    lowest: int
    floor: int
    largest: int
    turning: int | None

    @property
    def log_rates(self) -> Floats:
        return np.log(self.curve.rates)

    @property
    def turning_rate(self) -> float | None:
        return None if self.turning is None else float(self.curve.rates[self.turning])


_Rule = Callable[[_Shape], float]

_EDGE = ("turning point / 10", "largest rate / 2", "slide", "floor")  # they need a climb
_MEANINGS = {
    "turning point / 10": "ten times below where the loss turns and climbs",
    "largest rate / 2": "half the last rate with a loss as low as it gets",
    "steepest": "where the loss falls fastest on the log axis",
    "valley": "the middle of the longest fall of the loss",
    "slide": "half a decade before the slope turns upwards",
    "floor": "the middle of the rates with a low loss",
}


def suggest_rates(curve: RangeCurve) -> Advice:
    """Apply every rule to a curve.

    Args:
        curve: What the range test measured.

    Returns:
        The rates; none recommended where the loss never fell by more than its noise, or never
        climbed.
    """
    reason = unusable(curve)
    if reason:
        none = tuple(Suggestion(rule, words, None, reason) for rule, words in _MEANINGS.items())
        return Advice(none, None, reason)
    shape = _shape(curve)
    suggestions = tuple(_suggest(rule, shape) for rule in _MEANINGS)
    material, notes = suggestions[0], _notes(shape)
    if shape.turning is None or material.rate is None:
        why = _untold(shape)
        return Advice(suggestions, None, why, notes, shape.turning_rate)
    recommended = float(f"{material.rate:.2g}")
    why = f"a tenth of {shape.turning_rate:.2g}, where the loss turns and climbs"
    return Advice(suggestions, recommended, why, notes, shape.turning_rate)


def _untold(shape: _Shape) -> str:
    """Why the curve suggests no rate."""
    if shape.turning is None:
        highest = shape.curve.rates[-1]
        return f"the loss does not climb up to {highest:.3g}: a higher --max would tell more"
    return f"a tenth of {shape.turning_rate:.2g}, where the loss climbs, lies below --min"


def unusable(curve: RangeCurve) -> str:
    """Why no rule can be applied; empty if they can."""
    if len(curve.losses) < FEWEST_LOSSES:
        how = "exploded" if curve.ended == "exploded" else "was not finite"
        return f"the loss {how} after {len(curve.losses)} steps; try a lower --min"
    start, fall = start_of(curve), start_of(curve) - float(curve.smoothed.min())
    if fall <= max(_SIGMAS * _noise(curve), LEAST_FALL * abs(start)):
        return "no rate in the range lowered the loss by more than its noise"
    return ""


def start_of(curve: RangeCurve) -> float:
    """The loss at the start of the training."""
    return float(np.median(curve.losses[: max(FEWEST_LOSSES, len(curve.losses) // _START)]))


def _noise(curve: RangeCurve) -> float:
    """The standard deviation of the noise that is left in the smoothed curve.

    From the differences of neighbours, by their median, which the few large ones of an explosion
    do not move; 1.4826 makes a standard deviation of a normal distribution's median.
    """
    one_step = 1.4826 * float(np.median(np.abs(np.diff(curve.losses)))) / math.sqrt(2)
    return one_step / math.sqrt(window_of(curve.steps))


def _shape(curve: RangeCurve) -> _Shape:
    smoothed = curve.smoothed
    start, lowest = start_of(curve), int(np.argmin(smoothed))
    records = np.minimum.accumulate(np.minimum(smoothed, start))
    climbed = smoothed[lowest] + TURNED * (start - smoothed[lowest])
    # An explosion is a climb, even one so sudden that the smoothed curve does not show it.
    turned = bool(curve.ended != "range" or smoothed[-1] > climbed)
    high = np.flatnonzero(smoothed[:lowest] > climbed)
    as_low = np.flatnonzero(smoothed <= min(climbed, smoothed[lowest] + 2 * _noise(curve)))
    below = np.flatnonzero(smoothed <= climbed)
    turning = int(below[-1]) if turned else None
    floor = int(high[-1]) + 1 if high.size else 0
    return _Shape(curve, smoothed, records, lowest, floor, int(as_low[-1]), turning)


def _suggest(rule: str, shape: _Shape) -> Suggestion:
    meaning = _MEANINGS[rule]
    if rule in _EDGE and shape.turning is None:
        return Suggestion(rule, meaning, None, "the loss does not climb within the range")
    rate = _RULES[rule](shape)
    if rate < shape.curve.rates[0]:
        return Suggestion(rule, meaning, None, "it lies below the range")
    if shape.turning_rate is not None and rate > shape.turning_rate:
        return Suggestion(rule, meaning, None, "it lies above the turning point")
    return Suggestion(rule, meaning, rate)


def _turning_point(shape: _Shape) -> float:
    return float(shape.curve.rates[shape.turning or 0]) / 10


def _largest_rate(shape: _Shape) -> float:
    return float(shape.curve.rates[shape.largest]) / 2


def _floor(shape: _Shape) -> float:
    first, last = shape.curve.rates[[shape.floor, shape.turning or 0]]
    return math.sqrt(first * last)


def _slopes(values: Floats, shape: _Shape) -> Floats:
    """The slope at every step over the log of the rate, within a window on either side."""
    reach = window_of(shape.curve.steps)
    places = np.arange(len(values))
    before, after = np.maximum(places - reach, 0), np.minimum(places + reach, len(values) - 1)
    x = shape.log_rates
    slopes: Floats = (values[after] - values[before]) / (x[after] - x[before])
    return slopes


def _steepest(shape: _Shape) -> float:
    # Of the records alone: the way down from a spike is steep, but leads to nothing new.
    return float(shape.curve.rates[int(np.argmin(_slopes(shape.records, shape)))])


def _valley(shape: _Shape) -> float:
    # In steps of a hundredth of the fall: the flat start must not count for its length.
    fall = float(shape.records[0] - shape.records[-1])
    falling = longest_falling(np.round(shape.records / (fall / 100)))
    return float(shape.curve.rates[falling[len(falling) // 2]])


def _slide(shape: _Shape) -> float:
    slopes, x = _slopes(shape.smoothed, shape), shape.log_rates
    steepest_fall = -float(_slopes(shape.records, shape).min())
    # From the steepest climb: behind it the loss of a ruined model may be flat again.
    right = shape.lowest + int(np.argmax(slopes[shape.lowest :]))
    left = _half_a_decade_before(right, x)
    while left > 0 and slopes[right] - slopes[left] > steepest_fall:
        right -= 1
        left = _half_a_decade_before(right, x)
    return float(shape.curve.rates[left])


def _half_a_decade_before(place: int, log_rates: Floats) -> int:
    return int(np.searchsorted(log_rates, log_rates[place] - np.log(10) / 2))


_RULES: dict[str, _Rule] = {
    "turning point / 10": _turning_point,
    "largest rate / 2": _largest_rate,
    "steepest": _steepest,
    "valley": _valley,
    "slide": _slide,
    "floor": _floor,
}


def longest_falling(values: Floats) -> list[int]:
    """The indices of the longest strictly falling subsequence, which need not be contiguous.

    >>> longest_falling(np.array([5.0, 9.0, 4.0, 4.0, 6.0, 1.0]))
    [0, 2, 5]
    """
    ends: list[float] = []  # the negative last value of the best subsequence of each length
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect.bisect_left(ends, -value)
        ends[length : length + 1] = [-value]
        places[length : length + 1] = [place]
        before.append(places[length - 1] if length else -1)
    path = [places[-1]] if places else []
    while path and before[path[-1]] >= 0:
        path.append(before[path[-1]])
    return path[::-1]


def _notes(shape: _Shape) -> tuple[str, ...]:
    curve, notes = shape.curve, []
    first, early, lowest = shape.smoothed[[0, len(curve.losses) // _START, shape.lowest]]
    if early < (first + lowest) / 2:
        notes.append(
            "most of the fall came in the first tenth of the steps: a lower --min would tell more"
        )
    return tuple(notes)
