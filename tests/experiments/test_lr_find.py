"""A search's parts that no screen shows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY

from nnrun.experiments.lr_find import RateFinder, trial_budget
from nnrun.experiments.lr_request import SearchRange, with_constant_rate
from nnrun.experiments.prepare import build, prepare


def test_the_loss_before_training_is_that_of_an_epoch(write_config: Callable[..., Path]) -> None:
    """At rates that change nothing every step tells it: 90 rows make three of them."""
    prepared, _ = with_constant_rate(prepare(write_config()))
    tried = SearchRange(1e-9, 1e-8, steps=20)
    curve = RateFinder(prepared, build(prepared), tried, "graph", lambda _: None).range_test()
    assert curve.untrained == pytest.approx(curve.losses[:3].mean(), rel=1e-4)


def test_the_budget_goes_by_the_size_of_the_training(write_config: Callable[..., Path]) -> None:
    prepared = prepare(write_config(TINY.replace("epochs: 2", "epochs: 30")))
    model = build(prepared)
    budget = trial_budget(prepared, model)
    assert (budget.epochs, budget.total) == (30, 600)  # twenty trainings
    assert trial_budget(prepared, model, asked=7).total == 7
    prepared = prepare(write_config(TINY.replace("epochs: 2", "epochs: 10000000")))
    assert trial_budget(prepared, model).total == 10_000_000  # one training
