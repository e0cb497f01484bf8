"""Intervals hold the truth as often as they say, and equal models are seldom told apart."""

import math

import pytest

from benchmarks.coverage import (
    FIGURES,
    PAIRS,
    POPULATIONS,
    ROWS,
    SEEDS,
    Coverage,
    coverage,
    seed_winners,
    winners,
    winners_of_many,
)

LEAST, MOST = 0.93, 0.05
"""The share of intervals that hold the truth, and of winners among equal models."""
CHEAP = [("normal errors", 100), ("two classes, 84 % right", 50), ("two classes, 99 % right", 50)]


def noise(share: float, rounds: int) -> float:
    """Three standard deviations of a share that so many rounds find."""
    return 3 * math.sqrt(share * (1 - share) / rounds)


def check(found: Coverage, where: str) -> None:
    """Of what has an interval, it holds the truth often enough.

    What is refused is no miss. The few sets that are not refused where most are show none of the
    large errors, and so say nothing.
    """
    if found.given >= found.rounds / 5:
        assert found.held / found.given >= LEAST - noise(LEAST, found.given), where


@pytest.mark.parametrize(("name", "rows"), CHEAP)
def test_intervals_hold_the_truth(name: str, rows: int) -> None:
    for figure, found in coverage(POPULATIONS[name], rows, 50, large=50_000).items():
        check(found, figure)
        assert found.given >= 40 or figure == "log_loss"  # a few sets have too few of a class


@pytest.mark.parametrize("rows", [3, 5, 10])
def test_few_rows_have_no_intervals_of_errors(rows: int) -> None:
    for name in ("normal errors", "lognormal errors, spread 1", "lognormal targets"):
        for found in coverage(POPULATIONS[name], rows, 3, large=1000).values():
            assert found.given == 0


@pytest.mark.parametrize("name", ["equal, 80 % right", "equal, lognormal errors"])
@pytest.mark.parametrize("rows", [5, 60])
def test_equal_models_seldom_have_a_winner(name: str, rows: int) -> None:
    rounds = 60
    assert winners(PAIRS[name], rows, rounds).named <= rounds * (MOST + noise(MOST, rounds))


def test_a_better_model_is_found() -> None:
    found = winners(PAIRS["one larger by half, normal errors"], 200, 10)
    assert found.named == 10
    assert found.coverage.held >= 8


@pytest.mark.parametrize("seeds", [(2, 2), (2, 5)])
@pytest.mark.parametrize("name", FIGURES)
def test_equal_settings_seldom_have_a_winner(name: str, seeds: tuple[int, int]) -> None:
    rounds = 100
    assert seed_winners(name, seeds, rounds).named <= rounds * (MOST + noise(MOST, rounds))


@pytest.mark.campaign
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", POPULATIONS)
def test_all_intervals_hold_the_truth(name: str, rows: int) -> None:
    rounds = 400 if rows < 1000 else 100
    for figure, found in coverage(POPULATIONS[name], rows, rounds).items():
        check(found, figure)


@pytest.mark.campaign
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", PAIRS)
def test_all_differences_are_judged_rightly(name: str, rows: int) -> None:
    rounds = 400 if rows < 1000 else 100
    found = winners(PAIRS[name], rows, rounds)
    if PAIRS[name].equal:
        assert found.named <= rounds * (MOST + noise(MOST, rounds))
    elif "heavy" not in name or PAIRS[name].metric != "rmse":  # whose variance has none
        check(found.coverage, name)


@pytest.mark.campaign
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("name", FIGURES)
def test_all_seeds_are_judged_rightly(name: str, seeds: tuple[int, int]) -> None:
    rounds = 2000
    found = seed_winners(name, seeds, rounds)
    # One value that is taken to vary as skewed others do is a little too often far from them.
    most = 0.07 if 1 in seeds and "lognormal" in name else MOST
    assert found.named <= rounds * (most + noise(most, rounds))


@pytest.mark.campaign
@pytest.mark.parametrize(("sides", "ranked"), [(3, False), (6, False), (10, True), (3, True)])
def test_one_of_several_equal_models_seldom_wins(sides: int, ranked: bool) -> None:
    rounds = 400
    found = winners_of_many(sides, 200, rounds, ranked=ranked)
    assert found.named <= rounds * (MOST + noise(MOST, rounds))
