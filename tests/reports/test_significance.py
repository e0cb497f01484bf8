"""Tests and intervals against closed forms, published tables and worked examples."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.reports import significance
from nnrun.reports.significance import Interval, mcnemar, paired_bootstrap, t_cdf, t_quantile, welch


def test_the_docstrings_run() -> None:
    assert doctest.testmod(significance).failed == 0


@given(st.floats(-1e6, 1e6))
def test_students_t_has_closed_forms_for_one_and_two_degrees(t: float) -> None:
    assert t_cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-13)
    assert t_cdf(t, 2) == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)), abs=1e-13)


@given(st.floats(-50, 50), st.floats(0.5, 500))
def test_students_t_is_symmetric(t: float, freedom: float) -> None:
    assert t_cdf(t, freedom) + t_cdf(-t, freedom) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(
    ("probability", "freedom", "table"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 5, 2.571),
        (0.975, 10, 2.228),
        (0.975, 30, 2.042),
        (0.975, 120, 1.980),
        (0.95, 8, 1.860),
        (0.995, 20, 2.845),
        (0.999, 3, 10.215),
    ],
)
def test_the_quantiles_are_those_of_the_printed_table(
    probability: float, freedom: float, table: float
) -> None:
    assert round(t_quantile(probability, freedom), 3) == table


@given(st.floats(0.5, 0.9999), st.floats(1, 300))
def test_the_quantile_inverts_the_distribution_function(p: float, freedom: float) -> None:
    assert t_cdf(t_quantile(p, freedom), freedom) == pytest.approx(p, abs=1e-12)


def test_welch_on_a_worked_example() -> None:
    # Two samples of 15; means 20.82 and 22.99 (the textbook example of unequal variances).
    first = [
        27.5,
        21.0,
        19.0,
        23.6,
        17.0,
        17.9,
        16.9,
        20.1,
        21.9,
        22.6,
        23.1,
        19.6,
        19.0,
        21.7,
        21.4,
    ]
    second = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4]  # fmt: skip
    found = welch(first, second)
    assert found.difference == pytest.approx(32.5 / 15)
    assert found.p == pytest.approx(0.021378, abs=5e-7)
    assert (found.low, found.high) == pytest.approx((0.349237, 3.984096), abs=5e-7)
    assert found.is_clear


def test_welch_of_equal_variances_by_hand() -> None:
    # Each variance is 1, so the error is sqrt(1/3 + 1/3) with 4 degrees: t(0.975, 4) = 2.776445.
    found = welch([1, 2, 3], [4, 5, 6])
    reach = 2.776445 * math.sqrt(2 / 3)
    assert (found.low, found.high) == pytest.approx((3 - reach, 3 + reach), abs=1e-6)


def test_a_single_value_is_taken_to_spread_as_the_others() -> None:
    # Error 1 * sqrt(1 + 1/3), two degrees of freedom: t(0.975, 2) = 4.302653.
    found = welch([1, 2, 3], [4])
    reach = 4.302653 * math.sqrt(4 / 3)
    assert (found.difference, found.low, found.high) == pytest.approx(
        (2, 2 - reach, 2 + reach), abs=1e-5
    )
    swapped = welch([4], [1, 2, 3])
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))


def test_seeds_that_do_not_vary_at_all() -> None:
    assert welch([1, 1], [2, 2]) == Interval(1, 1, 1, 0.0)
    assert welch([1, 1], [1]) == Interval(0, 0, 0, 1.0)


def test_one_value_each_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        welch([1], [2])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2), st.lists(st.floats(-1e3, 1e3), min_size=2))
def test_welch_turns_round_with_its_sides(first: list[float], second: list[float]) -> None:
    one, other = welch(first, second), welch(second, first)
    assert one.difference == -other.difference
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), rel=1e-6, abs=1e-9)
    assert one.p == pytest.approx(other.p, abs=1e-9)
    assert one.p is not None
    assert 0 <= one.p <= 1


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1),
        (5, 5, 1),
        (0, 1, 1),
        (0, 6, 2 / 2**6),
        (2, 8, 2 * (1 + 10 + 45) / 2**10),
        (59, 6, 2 * sum(math.comb(65, k) for k in range(7)) / 2**65),
    ],
)
def test_mcnemar_is_the_binomial_tail_on_both_sides(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, rel=1e-12)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_of_many_rows_is_a_number() -> None:
    assert mcnemar(0, 5000) == pytest.approx(0, abs=1e-300)
    # The normal approximation with its correction: z = (200 - 1) / sqrt(9800) = 2.0102.
    assert mcnemar(4800, 5000) == pytest.approx(
        math.erfc(199 / math.sqrt(9800) / math.sqrt(2)), rel=2e-3
    )


def test_the_bootstrap_finds_the_interval_of_the_normal_distribution() -> None:
    rows = 2000
    first = np.zeros(rows)
    second = np.arange(rows) % 2 + 0.0  # differences of 0 and 1 in equal shares
    found = paired_bootstrap(first, second)
    reach = 1.959964 * 0.5 / math.sqrt(rows)
    assert found.difference == 0.5
    assert found.low == pytest.approx(0.5 - reach, abs=0.003)
    assert found.high == pytest.approx(0.5 + reach, abs=0.003)
    assert paired_bootstrap(first, second) == found


def test_the_bootstrap_is_paired() -> None:
    noise = np.random.default_rng(1).normal(0, 100, 500)
    found = paired_bootstrap(noise, noise + 1)
    assert (found.low, found.difference, found.high) == pytest.approx((1, 1, 1))


def test_the_bootstrap_of_a_root_is_of_the_rmse() -> None:
    found = paired_bootstrap(np.full(9, 4.0), np.full(9, 9.0), root=True)
    assert (found.low, found.difference, found.high) == (1, 1, 1)  # 3 - 2, not 9 - 4


def test_zero_in_the_interval_is_not_clear() -> None:
    assert not Interval(1, -1, 3).is_clear
    assert not Interval(0, 0, 0).is_clear
    assert Interval(-1, -2, -0.5).is_clear
