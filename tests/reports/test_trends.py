"""What curves do beneath their noise."""

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from nnrun.reports.trends import MOST_POINTS, Curve, Steps, running_median

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(VALUES)
def test_a_running_median_stays_among_the_values(values: list[float]) -> None:
    smooth = running_median(values)
    assert len(smooth) == len(values)
    assert min(values) <= min(smooth) <= max(smooth) <= max(values)


@given(st.integers(5, 40), st.floats(-5, 5), st.floats(-5, 5))
def test_a_straight_line_has_no_noise(count: int, start: float, slope: float) -> None:
    curve = Curve.of([start + slope * place for place in range(count)])
    assert curve.noise < 1e-9 * (1 + abs(start) + abs(slope) * count)


def test_the_noise_is_a_standard_deviation() -> None:
    draw = random.Random(4)
    curve = Curve.of([1 - place / 200 + draw.gauss(0, 0.03) for place in range(200)])
    assert 0.02 < curve.noise < 0.04


def test_one_spike_does_not_show() -> None:
    flat = [1.0] * 20
    assert Curve.of([*flat[:9], 50.0, *flat[10:]]).smooth == tuple(flat)


def test_long_curves_are_means_of_several_epochs() -> None:
    curve = Curve.of([float(epoch) for epoch in range(1, 5001)])
    assert len(curve) == MOST_POINTS
    assert (curve.epochs[0], curve.epochs[-1]) == (25, 5000)
    assert curve.values[0] == statistics.fmean(range(1, 26))


def test_where_a_curve_is_best_and_how_far_it_fell() -> None:
    curve = Curve.of([5.0, 4.0, 3.0, 2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0])
    assert curve.smooth == (4.0, 3.5, 3.0, 2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0)
    assert (curve.best, curve.since_best(1.0), curve.fall(0, 3), curve.fall(3, 9)) == (3, 2, 2, -2)


def test_steps_up_and_down() -> None:
    assert Steps.of([3.0, 1.0, 2.0, 2.5]) == Steps(up=1.5, down=2.0, typical=1.0)
