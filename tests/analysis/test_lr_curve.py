"""The curve of a range test: where it ends, and how it is smoothed."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis.lr_curve import (
    EXPLOSION,
    MEMORY,
    growing_rates,
    record_curve,
    smooth_losses,
    window_of,
)


def flat(losses: list[float], planned: int = 1000) -> tuple[list[float], Iterator[float]]:
    return growing_rates(1e-5, 10, planned), iter(losses)


def test_each_rate_is_the_one_before_times_a_constant() -> None:
    rates = growing_rates(1e-5, 10, 500)
    assert (rates[0], rates[-1], len(rates)) == (1e-5, 10, 500)
    factors = np.array(rates[1:]) / rates[:-1]
    assert factors == pytest.approx(np.full(499, (10 / 1e-5) ** (1 / 499)))


def test_the_end_of_the_range() -> None:
    curve = record_curve(*flat([1.0] * 20, planned=20))
    assert (curve.ended, len(curve.losses), curve.steps) == ("range", 20, 20)
    assert curve.rates.tolist() == growing_rates(1e-5, 10, 20)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_it(bad: float) -> None:
    rates, losses = flat([1.0, 2.0, bad, 3.0])
    curve = record_curve(rates, losses)
    assert (curve.ended, curve.losses.tolist()) == ("not finite", [1.0, 2.0])
    assert list(losses) == [3.0]


def test_the_explosion_by_hand() -> None:
    """Ten losses of 1, then hundreds. The medians of five are 1 eight times, and then 100.

    After k hundreds and n = 8 + k medians, their mean is 1 + 99 (1 - b^k) / (1 - b^n): above 4
    once (1 - b^k) / (1 - b^n) exceeds 3/99. With b = 0.95, k = 1 gives 0.05 / 0.3698 = 0.135.
    """
    rates, losses = flat([1.0] * 10 + [100.0] * 90)
    curve = record_curve(rates, losses)
    assert MEMORY == 0.95
    assert EXPLOSION == 4
    assert (curve.ended, len(curve.losses)) == ("exploded", 13)
    assert len(list(losses)) == 87


def test_a_slow_climb_explodes_when_its_mean_does() -> None:
    """With tens instead, the share must exceed 3/9: k = 3 gives 0.1426 / 0.4312 = 0.331, k = 4 more."""
    curve = record_curve(*flat([1.0] * 10 + [10.0] * 90))
    shares = [(1 - 0.95**k) / (1 - 0.95 ** (8 + k)) for k in range(1, 9)]
    first = next(k for k, share in enumerate(shares, start=1) if 1 + 9 * share > 4)
    assert (curve.ended, len(curve.losses)) == ("exploded", 12 + first)


def test_the_first_losses_weigh_no_less() -> None:
    """Without the correction for a start at zero, a constant loss would seem to explode."""
    assert record_curve(*flat([5.0] * 300)).ended == "range"


@pytest.mark.parametrize("place", [0, 1, 7, 150])
def test_a_spike_is_no_explosion(place: int) -> None:
    losses = [2.0] * 300
    losses[place : place + 2] = [1e6, 1e6]
    assert record_curve(*flat(losses)).ended == "range"


def test_losses_below_zero_never_explode() -> None:
    assert record_curve(*flat([-1.0 - step for step in range(200)])).ended == "range"


def test_smoothing_takes_spikes_out_and_keeps_a_line() -> None:
    line = np.linspace(5, 1, 101)
    assert smooth_losses(line, 9)[8:-8] == pytest.approx(line[8:-8])
    spiked = line.copy()
    spiked[40:43] = 1e9
    assert abs(smooth_losses(spiked, 9) - line)[8:-8].max() < 0.2


@given(
    st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=60),
    st.integers(min_value=0, max_value=15),
)
def test_smoothed_values_stay_between_the_least_and_the_greatest(
    losses: list[float], half: int
) -> None:
    smoothed = smooth_losses(np.array(losses), 2 * half + 1)
    assert smoothed.shape == (len(losses),)
    room = 1e-9 * max(map(abs, losses))
    assert min(losses) - room <= smoothed.min() <= smoothed.max() <= max(losses) + room


@pytest.mark.parametrize(("steps", "window"), [(10, 5), (100, 5), (500, 21), (1000, 41)])
def test_the_window_is_odd_and_a_25th_of_the_steps(steps: int, window: int) -> None:
    assert window_of(steps) == window


def test_the_table_reads_back() -> None:
    curve = record_curve(*flat([0.1, 1 / 3, 2.5], planned=3))
    rows = list(csv.DictReader(io.StringIO(curve.to_csv())))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert [float(row["loss"]) for row in rows] == [0.1, 1 / 3, 2.5]
    assert [float(row["learning_rate"]) for row in rows] == curve.rates.tolist()
    assert [float(row["smoothed_loss"]) for row in rows] == curve.smoothed.tolist()
