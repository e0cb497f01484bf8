"""What short trainings make of a recommended rate."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nnrun.reports.lr_curve import Curve, growing_rates, record_curve
from nnrun.reports.lr_suggestions import Advice, advise
from nnrun.reports.lr_trial import MOST_TRIALS, prove

STEPS = 200
CURVE = record_curve(growing_rates(1e-4, 1, STEPS), [*[2.0] * 80, *[0.4] * 80, *[9.0] * 40])
"""Halfway between its start at 2 and its lowest, 0.4, is 1.2."""
ADVICE = dataclasses.replace(advise(CURVE), recommended=0.064, why="the middle")

tried: list[float] = []


@pytest.fixture(autouse=True)
def _none_tried() -> None:
    tried.clear()


def diverging_above(
    edge: float, how: float, after: int = 150
) -> Callable[[float], Iterator[float]]:
    """Trainings whose loss is another from a step on, where the rate exceeds the edge."""

    def losses(rate: float) -> Iterator[float]:
        tried.append(rate)
        yield from [0.5] * after
        yield from [how if rate > edge else 0.5] * (STEPS - after)

    return losses


def test_a_rate_that_goes_well_stays() -> None:
    advice = prove(ADVICE, CURVE, diverging_above(0.1, float("nan")))
    assert (advice.recommended, tried) == (0.064, [0.064])
    assert advice.why == "the middle; 200 steps with it went well"
    assert advice.suggestions == ADVICE.suggestions


@pytest.mark.parametrize("how", [float("nan"), float("inf"), 1e9, 1.3])
def test_half_of_the_largest_that_goes_well(how: float) -> None:
    advice = prove(ADVICE, CURVE, diverging_above(0.02, how))
    assert (advice.recommended, tried) == (0.008, [0.064, 0.032, 0.016])
    assert advice.why == (
        "half of 0.016, with which 200 steps went well; with 0.032 they diverged, and 0.064 is the middle"
    )


def test_a_spike_that_is_recovered_from_is_no_failure() -> None:
    losses = [0.5] * STEPS
    losses[100] = 1e9
    assert prove(ADVICE, CURVE, lambda _: losses).recommended == 0.064


def test_no_more_losses_are_taken_than_are_needed() -> None:
    losses = iter([0.5, float("nan"), 0.7])
    prove(ADVICE, CURVE, lambda rate: losses if rate == ADVICE.recommended else [0.5])
    assert list(losses) == [0.7]


def test_no_rate_that_goes_well() -> None:
    advice = prove(ADVICE, CURVE, diverging_above(0, float("nan")))
    assert (advice.recommended, len(tried)) == (None, MOST_TRIALS)
    assert advice.why == ("none is recommended: short trainings at 0.0005 to 0.064 diverged")


def test_where_nothing_is_recommended_nothing_is_tried() -> None:
    flat = Curve(CURVE.rates, np.full(STEPS, 2.0), STEPS, "range")
    advice: Advice = advise(flat)
    assert prove(advice, flat, diverging_above(1, 0.5)) == advice
    assert tried == []
