"""Two models on the same rows, against closed forms and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nnrun.analysis import paired
from nnrun.analysis.paired import flip_signs, paired_means, paired_shares


def rows_of(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each of two models is right on each row, by how many rows have which."""
    counts = (both, first, second, neither)
    return np.repeat([1, 1, 0, 0], counts) > 0, np.repeat([1, 0, 1, 0], counts) > 0


def test_four_rows_against_none_of_a_hundred_may_be_chance() -> None:
    found = paired_shares(*rows_of(90, 0, 4, 6))
    assert found.p == 0.125
    assert found.difference == 0.04
    assert found.low <= 0  # Bonett and Price alone would have 0.0014
    # Shares of 5/102 and 1/102: 4/102 +- 1.96 sqrt((6/102 - (4/102)**2) / 102).
    assert found.high == pytest.approx(
        4 / 102 + 1.959964 * math.sqrt((6 / 102 - (4 / 102) ** 2) / 102)
    )
    assert not found.is_clear


def test_a_difference_that_the_test_sees_keeps_its_interval() -> None:
    found = paired_shares(*rows_of(76, 2, 20, 2))
    assert found.p == pytest.approx(2 * (1 + 22 + 231) / 2**22)
    shares = 3 / 102, 21 / 102
    middle = shares[1] - shares[0]
    reach = 1.959964 * math.sqrt((sum(shares) - middle**2) / 102)
    assert (found.low, found.high) == pytest.approx((middle - reach, middle + reach))
    assert found.is_clear


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_shares_turn_round_with_their_sides(a: int, b: int, c: int, d: int) -> None:
    if not a + b + c + d:
        return
    one, other = paired_shares(*rows_of(a, b, c, d)), paired_shares(*rows_of(a, c, b, d))
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.low <= one.difference <= one.high
    assert one.is_clear == (one.p is not None and one.p < 0.05)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=11))
def test_few_signs_are_flipped_in_every_way(changes: list[int]) -> None:
    values = np.array(changes, float)
    found = flip_signs(values, np.random.default_rng(0))
    exact = stats.permutation_test(
        (values,), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert found == pytest.approx(exact)


@pytest.mark.parametrize("rows", [40, 900, 1100])
def test_more_signs_are_flipped_as_students_t_has_it(rows: int) -> None:
    generator = np.random.default_rng(rows)
    values = generator.normal(2 / math.sqrt(rows), 1, rows)
    found = flip_signs(values, generator)
    assert found == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.012)


def test_five_rows_are_never_enough_for_a_winner() -> None:
    assert flip_signs(np.arange(1.0, 6.0), np.random.default_rng(0)) == 2 / 2**5
    assert not paired_means(np.zeros(5), np.arange(1.0, 6.0)).is_clear


def test_the_interval_of_normal_differences_is_students() -> None:
    first = np.random.default_rng(1).normal(size=400)
    second = first + np.random.default_rng(2).normal(0.5, 1, 400)
    found = paired_means(first, second)
    straight = stats.ttest_rel(second, first).confidence_interval()
    assert found.low == pytest.approx(straight.low, abs=0.03)
    assert found.high == pytest.approx(straight.high, abs=0.03)
    assert found.low <= straight.low
    assert found.high >= straight.high
    assert paired_means(first, second) == found
    assert found.is_clear


def test_the_interval_is_paired() -> None:
    noise = np.random.default_rng(1).normal(0, 100, 500)
    found = paired_means(noise, noise + 1 + 1e-9 * np.arange(500))
    assert (found.low, found.difference, found.high) == pytest.approx((1, 1, 1))


def test_the_root_is_of_the_rmse() -> None:
    found = paired_means(np.full(60, 4.0), np.full(60, 9.0), root=True)
    assert found.difference == 1  # 3 - 2, not 9 - 4
    assert (found.low, found.high) == (1, 1)
    perfect = paired_means(np.zeros(60), np.linspace(1, 2, 60), root=True)
    assert perfect.difference == pytest.approx(math.sqrt(1.5), rel=1e-3)
    assert 0 < perfect.low < perfect.difference < perfect.high


def test_the_interval_of_a_root_by_the_delta_method() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=(2, 2000)) ** 2 * [[1.0], [2.0]]
    found = paired_means(first, second, root=True)
    roots = math.sqrt(first.mean()), math.sqrt(second.mean())
    deviation = (second / (2 * roots[1]) - first / (2 * roots[0])).std(ddof=1)
    reach = 1.961 * deviation / math.sqrt(2000)
    assert found.high - found.difference == pytest.approx(reach, rel=0.3)
    assert found.difference - found.low == pytest.approx(reach, rel=0.3)


def test_equal_scores_are_no_difference() -> None:
    scores = np.arange(30.0)
    found = paired_means(scores, scores)
    assert (found.low, found.difference, found.high, found.p) == (0, 0, 0, 1)


def test_without_an_interval_there_is_still_the_test() -> None:
    found = paired_means(np.zeros(8), np.ones(8), reason="too few rows (8) to say")
    assert found.p == 2 / 2**8
    assert math.isnan(found.low)
    assert not found.is_clear


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 60), st.booleans())
def test_means_turn_round_with_their_sides(seed: int, rows: int, root: bool) -> None:
    first, second = np.random.default_rng(seed).exponential(size=(2, rows))
    one, other = (paired_means(*pair, root=root) for pair in ((first, second), (second, first)))
    assert one.difference == pytest.approx(-other.difference)
    assert one.p == other.p
    assert one.low <= one.difference <= one.high


def test_so_many_rows_need_no_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).exponential(size=800) - 0.95
    flipped = flip_signs(values, np.random.default_rng(1))
    monkeypatch.setattr(paired, "MOST_FLIPPED", 100)
    assert flip_signs(values, np.random.default_rng(1)) == pytest.approx(flipped, abs=0.01)
