"""Which trials go on from a rung: worked out by hand, and what no rule may ever do."""

import doctest
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.studies import rungs
from nnrun.studies.rungs import Asha, Full, Hyperband, Median, Rungs, rungs_of, thirds

RULES = [Full, Asha, Hyperband, Median]
epochs = st.integers(1, 300)
values = st.one_of(st.integers(0, 5).map(float), st.just(math.inf))


def judge(rule: Rungs, values: list[float]) -> list[bool]:
    """Which trials go on from their first rung, where all have come to it in their order."""
    going: list[bool] = []
    for number, value in enumerate(values):
        rung = rule.of(number)[0]
        earlier = {i: one for i, one in enumerate(values[:number]) if rung in rule.of(i)}
        going.append(rule.goes_on(number, rung, value, earlier))
    return going


def test_the_examples() -> None:
    assert doctest.testmod(rungs).failed == 0


def test_asha_lets_the_best_third_so_far_go_on() -> None:
    values = [0.9, 0.8, 0.85, 0.7, 0.6, 0.75, 0.65, 0.64]
    # With 1 to 5 trials one may go on: the best so far. With 6 to 8 two may.
    assert judge(Asha(27), values) == [True, True, False, True, True, False, True, True]
    assert judge(Asha(27), [0.5, 0.5, 0.5]) == [True, False, False]
    assert judge(Asha(27), [math.inf, 0.5, math.inf]) == [False, True, False]


def test_a_trial_before_comes_first_where_two_are_equal() -> None:
    six = [0.5, 0.4, 0.6, 0.7, 0.8]
    assert judge(Asha(9), [*six, 0.5])[-1] is False  # two of six may go on: 0.4 and the first 0.5
    assert judge(Asha(9), [*six, 0.45])[-1] is True


def test_hyperband_begins_at_each_rung_as_often_as_its_paper_says() -> None:
    rule = Hyperband(81)
    assert [rule.of(number)[0] for number in range(4)] == [81, 9, 3, 27]
    brackets = [rule.bracket(number) for number in range(4900)]
    # 27, 12, 6 and 4 of 49: ceil(4 / (s + 1) * 3^s) for s = 3, 2, 1, 0.
    assert [round(brackets.count(b) / 100) for b in range(4)] == [27, 12, 6, 4]


def test_hyperband_compares_within_a_bracket() -> None:
    rule = Hyperband(81)
    first, second = [number for number in range(1, 9) if rule.bracket(number) == 0][:2]
    other = next(number for number in range(1, 9) if rule.bracket(number) == 1)
    assert rule.goes_on(second, 3, 0.5, {other: 0.1})
    assert not rule.goes_on(second, 3, 0.5, {other: 0.9, first: 0.4})


def test_the_median_of_five_ends_those_above_it() -> None:
    five = {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4, 4: math.inf}
    rule = Median(50)
    assert list(rule.of(7)) == [10, 20, 30, 40, 50]
    assert rule.goes_on(5, 10, 0.3, five)
    assert not rule.goes_on(5, 10, 0.31, five)
    assert rule.goes_on(4, 10, 0.9, dict(list(five.items())[:4]))


@pytest.mark.parametrize("name", ["none", "asha", "hyperband", "median"])
def test_a_rule_by_its_name(name: str) -> None:
    rule = rungs_of(name, 9)
    assert rule == {"none": Full, "asha": Asha, "hyperband": Hyperband, "median": Median}[name](9)


@given(st.sampled_from(RULES), epochs, st.integers(0, 50))
def test_every_trial_may_come_to_the_end(rule: type, epochs: int, number: int) -> None:
    found = list(rule(epochs).of(number))
    assert found == sorted(set(found))
    assert found[0] >= 1
    assert found[-1] == epochs


@given(st.sampled_from(RULES[1:]), epochs, st.lists(values, min_size=1, max_size=20))
def test_no_rule_favours_the_worse(rule: type, epochs: int, values: list[float]) -> None:
    """What does worse at the same time does not go on where the better one does not."""
    rungs = rule(epochs)
    number, rung = len(values), rungs.of(len(values))[0]
    earlier = dict(enumerate(values))
    going = [rungs.goes_on(number, rung, value, earlier) for value in (0.0, 1.0, 2.0, math.inf)]
    assert going == sorted(going, reverse=True)
    assert going[-1] is False


@given(epochs, st.lists(st.floats(0, 1), min_size=6, max_size=60))
def test_about_a_third_go_on(epochs: int, values: list[float]) -> None:
    """The best of all always does, and no more than the running thirds allow."""
    going = judge(Asha(epochs), values)
    assert going[values.index(min(values))]
    assert going == [
        sum(other <= value for other in values[:number]) < max(1, (number + 1) // 3)
        for number, value in enumerate(values)
    ]


@given(epochs)
def test_thirds_of_thirds(epochs: int) -> None:
    found = thirds(epochs)
    for shorter, longer in pairwise(found):
        assert shorter < longer
        assert 3 * shorter >= longer
