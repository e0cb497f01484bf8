"""Tests and intervals against closed forms, published tables and worked examples."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from nnrun.analysis import significance
from nnrun.analysis.significance import (
    Interval,
    beta_quantile,
    holm,
    mcnemar,
    share_interval,
    t_cdf,
    t_quantile,
    welch,
)


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


@pytest.mark.parametrize(("first", "second"), [([1, 1], [2, 2]), ([1, 1], [1]), ([1, 1], [3])])
def test_seeds_that_do_not_vary_tell_nothing(first: list[float], second: list[float]) -> None:
    found = welch(first, second)
    assert found.reason == "no figure varies over the seeds"
    assert found.p is None
    assert not found.is_clear


def test_unequal_numbers_of_seeds_take_the_more_cautious_test() -> None:
    few, many = [1.0, 1.1], [2.0, 2.6, 1.7, 2.2, 1.4]
    tests = [stats.ttest_ind(many, few, equal_var=equal) for equal in (True, False)]
    found = welch(few, many)
    assert found.p == pytest.approx(max(test.pvalue for test in tests))
    ends = [test.confidence_interval() for test in tests]
    reach = max((end.high - end.low) / 2 for end in ends)
    assert (found.high - found.low) / 2 == pytest.approx(reach)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=9, unique=True))
def test_welch_of_as_many_seeds_is_that_of_scipy(values: list[float]) -> None:
    first, second = values, [value**2 / 100 + 3 for value in values]
    assume(np.std(second) > 1e-3)
    assert welch(first, second).p == pytest.approx(
        stats.ttest_ind(first, second, equal_var=False).pvalue, rel=1e-6, abs=1e-12
    )


def test_one_value_each_has_no_spread() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        welch([1], [2])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2), st.lists(st.floats(-1e3, 1e3), min_size=2))
def test_welch_turns_round_with_its_sides(first: list[float], second: list[float]) -> None:
    assume(len(set(first)) > 1 or len(set(second)) > 1)
    one, other = welch(first, second), welch(second, first)
    assume(not one.reason)  # of tiny numbers, whose squares are nothing
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


@given(st.floats(0.001, 0.999), st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_the_quantiles_of_the_beta_distribution(p: float, a: float, b: float) -> None:
    assert beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-6, abs=1e-9)


@given(st.integers(1, 3000), st.data())
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(
    trials: int, data: st.DataObject
) -> None:
    hits = data.draw(st.integers(0, trials))
    exact = stats.binomtest(hits, trials).proportion_ci(method="exact")
    assert share_interval(hits, trials) == pytest.approx((exact.low, exact.high), abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(probabilities: list[float]) -> None:
    adjusted = holm(probabilities)
    assert all(0 <= p <= one <= 1 for p, one in zip(probabilities, adjusted, strict=True))
    pairs = sorted(zip(probabilities, adjusted, strict=True))
    assert [one for _, one in pairs] == sorted(adjusted)


@pytest.mark.parametrize(
    ("interval", "clear"),
    [
        (Interval(1, -1, 3, 0.3), False),
        (Interval(0, 0, 0, 1.0), False),
        (Interval(-1, -2, -0.5, 0.01), True),
        (Interval(1, 0.5, 2, 0.06), False),  # the test does not say so
        (Interval(1, 0.5, 2, 0.05), False),
        (Interval(1, -0.5, 2, 0.01), False),  # the interval does not say so
        (Interval(1, 0.5, 2, 0.01, adjusted=0.06), False),
        (Interval(1, 0.5, 2), False),
        (Interval(1, p=0.01, reason="too few"), False),
    ],
)
def test_a_difference_is_clear_where_the_test_and_the_interval_agree(
    interval: Interval, clear: bool
) -> None:
    assert interval.is_clear == clear


def test_an_interval_reaches_to_zero_where_the_test_allows_zero() -> None:
    assert Interval(2, 1, 3, 0.06).reaching() == Interval(2, 0, 3, 0.06)
    assert Interval(-2, -3, -1, 0.06).reaching() == Interval(-2, -3, 0, 0.06)
    assert Interval(2, 1, 3, 0.04).reaching() == Interval(2, 1, 3, 0.04)
