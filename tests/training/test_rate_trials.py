"""Trials at several rates, with one program, against trainings of their own."""

from typing import Any

import keras
import pytest

from nnrun.training.blocks import Blocks
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.loop import Course, Programs
from nnrun.training.rate_trials import RateTrials

from .conftest import BATCH, CLASSES, make_model, make_part

EPOCHS = 5
COURSE = Course(EPOCHS, 3, True, "val_loss", "min")
RATE, DIVERGING = 0.05, 1e38


def noisy() -> list[Any]:
    return [
        keras.layers.Dense(8),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(CLASSES, "softmax"),
    ]


def make_trials(*, blocks: bool) -> RateTrials:
    model = make_model("adam", layers=noisy)
    training = CompiledTraining(model, make_resident(make_part()), BATCH, "graph")
    validation = CompiledEvaluation(model, make_resident(make_part(20, seed=5)), "graph")
    made = Blocks(model, training, validation, "graph", seed=3, shuffle=True) if blocks else None
    return RateTrials(model, Programs(training, validation, made), COURSE)


def told(trials: RateTrials, rate: float, epochs: int = EPOCHS) -> list[dict[str, float]]:
    figures, diverged = trials.train(rate, epochs, lambda epoch, _: None)
    assert not diverged
    return [dict(one) for one in figures]


@pytest.fixture(scope="module")
def alone() -> list[dict[str, float]]:
    """A training at RATE by itself."""
    return told(make_trials(blocks=False), RATE)


@pytest.mark.parametrize("blocks", [False, True])
def test_every_training_is_as_if_it_were_the_only_one(
    blocks: bool, alone: list[dict[str, float]]
) -> None:
    """Whatever was trained between its parts, and though another one diverged."""
    trials, made = make_trials(blocks=blocks), []
    for epochs in (1, 3, 3, EPOCHS):
        told(trials, 0.5, epochs)
        figures, diverged = trials.train(RATE, epochs, lambda epoch, _: made.append(epoch))
        assert (list(figures), diverged) == (alone[:epochs], False)
        lost, diverged = trials.train(DIVERGING, epochs, lambda epoch, _: None)
        assert diverged
        assert len(lost) < epochs
    assert made == [*range(1, EPOCHS + 1)]  # none is made twice
    assert told(trials, RATE, 2) == alone[:2]
    assert {figures["learning_rate"] for figures in told(trials, 0.5)} == {0.5}
