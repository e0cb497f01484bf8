"""The rules on curves whose truth is known, with noise, an early spike and a flat start."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.analysis.lr_curve import RangeCurve, growing_rates, record_curve
from nnrun.analysis.lr_suggestions import Advice, longest_falling, suggest_rates

STEPS = 500
RATES = np.array(growing_rates(1e-5, 10, STEPS))
FALL, CLIMB = 0.01, 1.0
"""Where the planted curve falls fastest, and where it begins to climb."""

seeds = st.integers(min_value=0, max_value=2**32 - 1)
noises = st.sampled_from([0.0, 0.05, 0.2, 0.3])


def planted(start: float = 2.3, floor: float = 0.3) -> np.ndarray:
    """Flat for two decades, a logistic fall around FALL, a floor, an explosion from CLIMB on."""
    x = np.log10(RATES)
    fall = (start - floor) / (1 + np.exp(-4 * (x - np.log10(FALL))))
    climb = 0.01 * start * np.expm1(9 * np.maximum(0, x - np.log10(CLIMB)))
    return np.asarray(start - fall + climb)


def noisy(losses: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return losses + noise * np.random.default_rng(seed).normal(size=len(losses))


def recorded(losses: np.ndarray) -> RangeCurve:
    return record_curve(RATES.tolist(), losses.tolist())


def rates_of(advice: Advice) -> dict[str, float | None]:
    return {item.rule: item.rate for item in advice.suggestions}


def test_every_rule_on_the_planted_curve_without_noise() -> None:
    curve = recorded(planted())
    advice = suggest_rates(curve)
    rates = rates_of(advice)
    lowest = float(curve.rates[curve.smoothed.argmin()])
    smoothed, top = curve.smoothed, 0.3 + 0.1 * (2.3 - 0.3)  # a tenth of the fall is left
    first, last = curve.rates[np.flatnonzero(smoothed <= top)[[0, -1]]]
    assert rates["floor"] == pytest.approx((first * last) ** 0.5, rel=0.02)
    assert rates["steepest"] == pytest.approx(FALL, rel=0.03)
    assert rates["valley"] == pytest.approx(FALL, rel=0.2)
    turning = rates["turning point / 10"]
    assert turning is not None
    assert CLIMB / 10 < turning < 2 * CLIMB / 10
    largest = rates["largest rate / 2"]
    assert largest is not None
    assert lowest / 2 <= largest < CLIMB
    assert advice.notes == ()


def test_the_curve_alone_advises_a_tenth_of_the_turning_point() -> None:
    curve = recorded(planted())
    advice = suggest_rates(curve)
    top = 0.3 + 0.1 * (2.3 - 0.3)  # a tenth of the fall above the lowest
    turning = curve.rates[np.flatnonzero(curve.smoothed <= top)[-1]]
    assert advice.turning == pytest.approx(turning, rel=0.02)
    assert advice.recommended == float(f"{(advice.turning or 0) / 10:.2g}")
    assert advice.why == f"a tenth of {advice.turning:.2g}, where the loss turns and climbs"


@settings(max_examples=50, deadline=None)
@given(seed=seeds, noise=noises, cliff=st.floats(min_value=0.05, max_value=3))
def test_no_rule_comes_out_above_the_turning_point(seed: int, noise: float, cliff: float) -> None:
    losses = noisy(planted(), noise, seed)
    losses += 4.0 * (cliff < RATES)
    advice = suggest_rates(recorded(losses))
    assert advice.turning is not None
    assert advice.turning < 1.2 * cliff
    assert all((rate or 0) <= advice.turning for rate in rates_of(advice).values())
    assert advice.recommended is not None
    assert advice.recommended <= advice.turning / 9


def test_a_rule_above_the_turning_point_says_so() -> None:
    losses = planted()
    losses[RATES > CLIMB / 8] += 0.6
    losses[RATES > CLIMB] += 10 * np.log10(RATES[RATES > CLIMB])  # the steepest climb comes late
    slide = next(
        item for item in suggest_rates(recorded(losses)).suggestions if item.rule == "slide"
    )
    assert (slide.rate, slide.reason) == (None, "it lies above the turning point")


@settings(max_examples=25, deadline=None)
@given(seed=seeds, noise=noises)
def test_noise_does_not_lead_astray(seed: int, noise: float) -> None:
    advice = suggest_rates(recorded(noisy(planted(), noise, seed)))
    assert advice.recommended is not None
    assert FALL < advice.recommended < CLIMB
    steepest = rates_of(advice)["steepest"]
    assert steepest is not None
    assert FALL / 4 < steepest < FALL * 4


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds,
    noise=noises,
    place=st.integers(min_value=0, max_value=120),
    width=st.integers(min_value=1, max_value=8),
    height=st.sampled_from([3.0, 30.0, 3000.0]),
)
def test_an_early_spike_changes_little(
    seed: int, noise: float, place: int, width: int, height: float
) -> None:
    losses = noisy(planted(), noise, seed)
    losses[place : place + min(width, 2 if height > 3 else width)] += height
    advice = suggest_rates(recorded(losses))
    assert advice.recommended is not None
    assert FALL < advice.recommended < CLIMB
    steepest = rates_of(advice)["steepest"]
    assert steepest is not None
    assert FALL / 4 < steepest < FALL * 4


@pytest.mark.parametrize("decades", [0.5, 1.0, 2.0])
def test_the_length_of_the_flat_start_does_not_matter(decades: float) -> None:
    late = np.log10(RATES / RATES[0]) > decades
    curve = RangeCurve(RATES[late], planted()[late], int(late.sum()), "range")
    advice = suggest_rates(curve)
    whole = suggest_rates(recorded(planted()))
    assert advice.recommended is not None
    assert whole.recommended is not None
    assert 0.5 < advice.recommended / whole.recommended < 2


@settings(max_examples=25, deadline=None)
@given(seed=seeds, scale=st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_scale_of_the_loss_does_not_matter(seed: int, scale: float) -> None:
    losses = noisy(planted(), 0.1, seed)
    one, other = suggest_rates(recorded(losses)), suggest_rates(recorded(scale * losses))
    assert one.recommended == pytest.approx(other.recommended, rel=0.05)


def no_learning(seed: int) -> np.ndarray:
    return noisy(np.full(STEPS, 2.3), 0.3, seed)


def explosion_alone(seed: int) -> np.ndarray:
    return no_learning(seed) + 0.02 * np.expm1(6 * np.maximum(0, np.log10(RATES) + 2))


@pytest.mark.parametrize("losses", [no_learning, explosion_alone])
def test_rates_that_never_learn(losses: Callable[[int], np.ndarray]) -> None:
    advised = [suggest_rates(recorded(losses(seed))) for seed in range(100)]
    assert sum(advice.recommended is not None for advice in advised) == 0
    assert advised[0].why == "no rate in the range lowered the loss by more than its noise"
    assert set(rates_of(advised[0]).values()) == {None}


def test_a_loss_that_explodes_at_once() -> None:
    advice = suggest_rates(record_curve(RATES.tolist(), [1.0, 2.0, float("nan")]))
    assert advice.recommended is None
    assert advice.why == "the loss was not finite after 2 steps; try a lower --min"


def test_a_loss_that_never_climbs() -> None:
    before = RATES < FALL
    advice = suggest_rates(RangeCurve(RATES[before], planted()[before], int(before.sum()), "range"))
    applying = {rule for rule, rate in rates_of(advice).items() if rate is not None}
    assert applying == {"steepest", "valley"}
    assert advice.suggestions[0].reason == "the loss does not climb within the range"
    assert (advice.recommended, advice.turning) == (None, None)
    assert advice.why == "the loss does not climb up to 0.00986: a higher --max would tell more"
    assert advice.notes == ()


def test_a_loss_that_is_not_finite_has_climbed() -> None:
    losses = planted()
    losses[RATES > CLIMB / 2] = np.nan
    advice = suggest_rates(recorded(losses))
    assert rates_of(advice)["turning point / 10"] == pytest.approx(CLIMB / 20, rel=0.03)
    assert advice.recommended is not None
    assert FALL < advice.recommended < CLIMB / 2


def test_a_sudden_explosion_is_a_climb() -> None:
    losses = planted()
    losses[RATES > CLIMB / 2] = 100.0
    curve = recorded(losses)
    assert curve.ended == "exploded"
    assert rates_of(suggest_rates(curve))["turning point / 10"] == pytest.approx(
        CLIMB / 20, rel=0.2
    )


def test_a_ruined_model_may_have_a_flat_loss_again() -> None:
    ruined = planted()
    ruined[RATES > 2 * CLIMB] = 4.0
    slide = rates_of(suggest_rates(recorded(ruined)))["slide"]
    assert slide is not None
    assert FALL < slide < CLIMB


def test_a_range_that_begins_too_high() -> None:
    late = RATES > 2 * FALL
    advice = suggest_rates(RangeCurve(RATES[late], planted()[late], int(late.sum()), "range"))
    assert advice.recommended is not None
    assert any("a lower --min would tell more" in note for note in advice.notes)
    for rate in rates_of(advice).values():
        assert rate is None or rate >= RATES[late][0]


@given(st.lists(st.integers(min_value=0, max_value=9), max_size=9))
def test_the_longest_falling_subsequence(values: list[int]) -> None:
    found = longest_falling(np.array(values, dtype=float))
    assert found == sorted(found)
    assert all(values[a] > values[b] for a, b in itertools.pairwise(found))
    longest = max(
        size
        for size in range(len(values) + 1)
        for chosen in itertools.combinations(values, size)
        if all(a > b for a, b in itertools.pairwise(chosen))
    )
    assert len(found) == longest
