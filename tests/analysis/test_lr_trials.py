"""The search among rates, over trainings whose outcome is planted."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis.lr_measures import Criterion, RateTrial, looks_too_high
from nnrun.analysis.lr_trials import Budget, RateSearch, TrialResults, grid_rate, places_between

START, EPOCHS = 2.0, 40


class Planted:
    """Trainings that fall to a floor, the faster the higher the rate and the lower the lower.

    Args:
        best: The rate that is best after EPOCHS epochs.
        edge: Rates above it go wrong.
        how: `diverged`, or what the loss then is.
    """

    def __init__(self, best: float, edge: float = math.inf, how: float | None = None) -> None:
        self.best, self.edge, self.how = best, edge, how
        self.asked: list[tuple[float, int]] = []
        self.made: dict[float, int] = {}

    def __call__(self, rate: float, epochs: int) -> RateTrial:
        self.asked.append((rate, epochs))
        if rate > self.edge and self.how is None:
            return RateTrial(rate, (), diverged=True)
        self.made[rate] = max(epochs, self.made.get(rate, 0))
        if rate > self.edge:
            return RateTrial(
                rate, tuple({"loss": self.how, "val_loss": self.how} for _ in range(epochs))
            )
        losses = [self.loss(rate, epoch) for epoch in range(1, epochs + 1)]
        return RateTrial(rate, tuple({"loss": loss, "val_loss": loss} for loss in losses))

    def loss(self, rate: float, epoch: int) -> float:
        """A parabola over the logarithm, whose lowest point moves down to the best with the epochs."""
        lowest = math.log10(self.best) + 0.5 * math.log10(EPOCHS / epoch)
        return START * (1 - 0.9 * (epoch / EPOCHS) ** 0.2 / (1 + (math.log10(rate) - lowest) ** 2))


def searched(
    planted: Planted, total: int, lowest: float = 1e-5, highest: float = 1.0, epochs: int = EPOCHS
) -> TrialResults:
    criterion = Criterion("val_loss", "min", START, START)
    return RateSearch(planted, criterion, lowest, highest, Budget(epochs, total)).run()


def test_the_grid() -> None:
    decade = [0.1, 0.13, 0.18, 0.24, 0.32, 0.42, 0.56, 0.75, 1.0]
    assert [grid_rate(place) for place in range(-8, 1)] == decade
    assert [grid_rate(place) for place in places_between(0.1, 1.0)] == decade
    assert [grid_rate(place) for place in places_between(0.101, 0.99)] == decade[1:-1]
    assert places_between(0.102, 0.103) == []


def test_a_full_budget_trains_every_half_decade_to_the_end() -> None:
    planted = Planted(best=0.01)
    outcome = searched(planted, 20 * EPOCHS)
    first = [(rate, EPOCHS) for rate in (0.001, 0.0032, 0.01, 0.032, 0.1, 0.32, 1.0)]
    assert planted.asked[:7] == first
    assert outcome.best is not None
    assert outcome.best.rate == 0.01
    assert {trial.rate for trial in outcome.trials} >= {0.0056, 0.018}  # its neighbours, at last
    assert outcome.spent == EPOCHS * len(outcome.trials) <= 20 * EPOCHS


@pytest.mark.parametrize("best", [0.018, 0.024])
def test_the_best_is_refined_by_quarters_and_eighths_of_a_decade(best: float) -> None:
    outcome = searched(Planted(best), 20 * EPOCHS)
    assert outcome.best is not None
    assert outcome.best.rate == best


def test_a_budget_of_one_training_is_halved_successively() -> None:
    """Of 40 epochs a 20th is 2 and an 8th 5: seven for 2, four for 5, and 14 left for two."""
    planted = Planted(best=0.01)
    outcome = searched(planted, EPOCHS)
    assert planted.asked[:7] == [(rate, 2) for rate in (0.001, 0.0032, 0.01, 0.032, 0.1, 0.32, 1.0)]
    assert [epochs for _, epochs in planted.asked[7:11]] == [5, 5, 5, 5]
    assert [epochs for _, epochs in planted.asked[11:]] == [12, 12]
    assert outcome.spent == 7 * 2 + 4 * 3 + 2 * 7 == EPOCHS
    assert outcome.best is not None
    assert outcome.best.rate == 0.01


def test_of_trials_that_end_early_the_lowest_that_does_as_well_is_taken() -> None:
    class Flat(Planted):
        def loss(self, rate: float, epoch: int) -> float:
            return 0.100 if rate > 0.02 else 0.114 if rate > 0.005 else 0.2

    early, late = (searched(Flat(0), total) for total in (EPOCHS, 20 * EPOCHS))
    assert early.best is not None
    assert late.best is not None
    assert early.best.rate < 0.02 < late.best.rate


@given(
    total=st.integers(min_value=1, max_value=900),
    epochs=st.integers(min_value=1, max_value=60),
    place=st.integers(min_value=-40, max_value=8),
    edge=st.sampled_from([1e-6, 1e-3, 0.05, math.inf]),
    how=st.sampled_from([None, 9.0]),
)
def test_no_more_epochs_are_made_than_are_allowed(
    total: int, epochs: int, place: int, edge: float, how: float | None
) -> None:
    planted = Planted(grid_rate(place), edge, how)
    outcome = searched(planted, total, epochs=epochs)
    assert sum(planted.made.values()) <= outcome.spent <= total
    assert all(len(trial.epochs) <= epochs for trial in outcome.trials)
    if outcome.best is not None:
        assert outcome.best.rate <= edge
        assert outcome.best.rate in outcome.as_well
    else:
        assert min(trial.rate for trial in outcome.trials) > edge


@pytest.mark.parametrize("how", [None, 2.5])
@pytest.mark.parametrize("total", [EPOCHS, 20 * EPOCHS])
def test_a_rate_that_goes_wrong_rules_out_all_above(how: float | None, total: int) -> None:
    planted = Planted(best=0.3, edge=0.05, how=how)
    outcome = searched(planted, total)
    assert outcome.best is not None
    assert outcome.best.rate <= 0.05
    first_fault = next(rate for rate, _ in planted.asked if rate > 0.05)
    assert max(rate for rate, _ in planted.asked) == first_fault == 0.1


def test_lower_rates_follow_where_the_lowest_is_best_or_all_go_wrong() -> None:
    outcome = searched(Planted(best=3e-5), 20 * EPOCHS)
    assert outcome.best is not None
    assert outcome.best.rate == pytest.approx(3.2e-5)
    outcome = searched(Planted(best=1e-4, edge=2e-4), 20 * EPOCHS)
    assert outcome.best is not None
    assert outcome.best.rate == pytest.approx(1e-4)


def test_no_rate_is_left() -> None:
    outcome = searched(Planted(best=0.01, edge=1e-7), 20 * EPOCHS)
    assert (outcome.best, outcome.as_well) == (None, ())
    assert outcome.trials[0].rate == 1e-5
    assert outcome.spent == len(outcome.trials)


def test_a_small_budget_is_for_rates_around_a_tenth_of_the_highest() -> None:
    rates = {
        total: [one.rate for one in searched(Planted(0.1), total).trials] for total in (1, 3, 5)
    }
    assert rates == {1: [0.1], 3: [0.032, 0.1, 0.32], 5: [0.01, 0.032, 0.1, 0.32, 1.0]}


def test_a_range_without_a_rate_of_the_grid() -> None:
    outcome = searched(Planted(0.1), 100, lowest=0.102, highest=0.103)
    assert (outcome.trials, outcome.best, outcome.spent) == ((), None, 0)


def test_at_the_edge_a_lower_rate_that_equals_the_best_is_taken() -> None:
    class Flat(Planted):
        def loss(self, rate: float, epoch: int) -> float:
            return 0.100 if rate > 0.02 else 0.104 if rate > 0.005 else 0.2

    outcome = searched(Flat(0, edge=0.04), 20 * EPOCHS)
    assert outcome.best is not None
    assert outcome.best.rate < 0.02
    assert outcome.as_well[-1] == 0.032
    safe = searched(Flat(0), 20 * EPOCHS)
    assert safe.best is not None
    assert safe.best.rate > 0.02


def test_a_rate_that_the_diagnosis_would_call_too_high_yields_to_one_that_does_as_well() -> None:
    class Rough(Planted):
        def loss(self, rate: float, epoch: int) -> float:
            jumping = 0.100 + 0.8 * (epoch % 2)
            return jumping if rate > 0.02 else 0.11 + 1.5 * 0.7**epoch

    outcome = searched(Rough(0), 20 * EPOCHS)
    assert outcome.best is not None
    assert outcome.best.rate < 0.02
    assert not looks_too_high(outcome.best)
    rough = next(trial for trial in outcome.trials if trial.rate == 0.1)
    assert looks_too_high(rough)
    assert outcome.criterion.fault(rough) == ""
    assert outcome.criterion.does_as_well(outcome.best, rough)
