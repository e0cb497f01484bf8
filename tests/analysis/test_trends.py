"""What curves do beneath their noise."""

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis.trends import MOST_POINTS, LossCurve, Movement


@given(st.integers(5, 40), st.floats(-5, 5), st.floats(-5, 5))
def test_a_straight_line_has_no_noise(count: int, start: float, slope: float) -> None:
    curve = LossCurve.of([start + slope * place for place in range(count)])
    assert curve.noise < 1e-9 * (1 + abs(start) + abs(slope) * count)


def test_the_noise_is_a_standard_deviation() -> None:
    draw = random.Random(4)
    curve = LossCurve.of([1 - place / 200 + draw.gauss(0, 0.03) for place in range(200)])
    assert 0.02 < curve.noise < 0.04


def test_one_spike_moves_no_median() -> None:
    flat = [1.0] * 20
    curve = LossCurve.of([*flat[:9], 50.0, *flat[10:]])
    assert {curve.around(10), curve.around(20), curve.end, curve.before_end} == {1.0}


def test_long_curves_are_means_of_several_epochs_and_tell_the_figures_of_one() -> None:
    curve = LossCurve.of([float(epoch) for epoch in range(1, 5001)])
    assert len(curve.points) == MOST_POINTS
    assert curve.points[0] == statistics.fmean(range(1, 26))
    assert (curve.lowest, curve.at(4_321), curve.last) == (1, 4321.0, 5000)
    assert curve.around(5000) == curve.points[-2]


def test_epochs_are_counted_from_the_first_that_is_judged() -> None:
    curve = LossCurve.of([3.0, 1.0, 2.0], first=11)
    assert (curve.lowest, curve.at(12), curve.last) == (12, 1.0, 13)


def test_heights_are_above_what_a_loss_cannot_fall_below() -> None:
    assert LossCurve.of([3.0, 1.0]).height(3.0) == 3.0
    assert LossCurve.of([-0.2, -0.9], perfect=-1.0).height(-0.2) == 0.8
    assert LossCurve.of([-640.0, -600.0], perfect=-600.0).height(-600.0) == 80.0, (
        "its span below it"
    )
    assert LossCurve.of([0.0, 0.5], perfect=1e-7).height(0.5) == 0.5


def test_the_parts_of_a_curve() -> None:
    curve = LossCurve.of([5.0, 4.0, 3.0, 2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0])
    assert (curve.window, curve.before_end, curve.end) == (3, 2.0, 4.0)
    assert (curve.lowest, curve.around(4), curve.around(1)) == (4, 2.0, 4.5)


def test_a_change_is_clear_beyond_the_error_of_medians() -> None:
    draw = random.Random(2)
    curve = LossCurve.of([draw.gauss(1, 0.1) for _ in range(100)])
    assert not curve.is_clear(0.1)
    assert curve.is_clear(0.4)


def test_steps_up_and_down() -> None:
    assert Movement.of([3.0, 1.0, 2.0, 2.5]) == Movement(up=1.5, down=2.0, typical=1.0)
