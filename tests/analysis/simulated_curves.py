"""Curves drawn at random, of each kind that a diagnosis tells from the others."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnrun.analysis.evidence import Evidence
from nnrun.analysis.findings import FEW, NOTHING
from nnrun.analysis.guessing import Answers, Guess
from nnrun.runs.history import History

SILENT = (FEW, NOTHING)
Floats = np.ndarray


@dataclass(frozen=True)
class Draw:
    """Random facts of a training of classes, of which a kind of curve is made.

    Attributes:
        rng: For what else is drawn.
        epochs: How many there are.
        guess: The loss of guessing.
        noise: The standard deviation of a figure, as a share of it.
        shift: What is added to every loss: some have their best below 0.
    """

    rng: np.random.Generator
    epochs: int
    guess: float
    noise: float
    shift: float

    @classmethod
    def of(cls, seed: int, least: int = 5) -> "Draw":
        rng = np.random.default_rng(seed)
        return cls(
            rng,
            int(rng.choice([n for n in (5, 6, 8, 10, 15, 25, 50, 100) if n >= least])),
            math.log(rng.integers(2, 11)),
            float(rng.choice([0, 0.003, 0.01, 0.03])),
            float(rng.choice([0, 0, 0, -3, 2])),
        )

    @property
    def times(self) -> Floats:
        """0 in the first epoch, 1 in the last."""
        return np.linspace(0, 1, self.epochs)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def noisy(self, values: Floats, noise: float | None = None) -> Floats:
        scale = self.noise if noise is None else noise
        return values * np.exp(self.rng.normal(0, 1, len(values)) * scale)

    def evidence(
        self, loss: Floats, val_loss: Floats, right: float = math.nan, **facts: Any
    ) -> Evidence:
        """A run with these losses, `right` of whose rows the saved model has right."""
        columns = {"loss": loss + self.shift, "val_loss": val_loss + self.shift}
        rows = [
            {name: float(values[n]) for name, values in columns.items()} for n in range(self.epochs)
        ]
        best = int(np.argmin(val_loss))
        answers = None if math.isnan(right) else Answers(500, right, 0.5, 0.5, 2)
        guess = Guess(
            "val_loss",
            rows[best]["val_loss"],
            self.guess + self.shift,
            self.shift,
            500,
            answers=answers,
        )
        evidence = Evidence(
            History(rows),
            "finished",
            best_epoch=best + 1,
            epochs=self.epochs,
            rows=2000,
            validation_rows=500,
            rate="optimizer.SGD.learning_rate",
            guesses=[guess],
        )
        return dataclasses.replace(evidence, **facts)


def healthy(seed: int) -> Evidence:
    """Both losses have come to rest, far below guessing."""
    draw = Draw.of(seed, least=15)
    fall = np.exp(-draw.times * draw.between(8, 30))
    loss = draw.guess * (draw.between(0.005, 0.1) + draw.between(0.3, 1) * fall)
    validation = draw.guess * (draw.between(0.05, 0.15) + draw.between(0.3, 1) * fall)
    return draw.evidence(draw.noisy(loss), draw.noisy(validation))


def settled_early_stopped(seed: int) -> Evidence:
    """The same, ended by EarlyStopping some epochs after its best."""
    draw = Draw.of(seed, least=15)
    evidence = healthy(seed)
    return dataclasses.replace(evidence, stopped=True, epochs=4 * draw.epochs)


def improving(seed: int) -> Evidence:
    """Both losses fall to the end."""
    draw = Draw.of(seed)
    speed, floor = draw.between(0.8, 2.5), draw.between(0, 0.1)
    loss = draw.guess * (floor + np.exp(-draw.times * speed))
    return draw.evidence(draw.noisy(loss), draw.noisy(loss * draw.between(1, 1.2)))


def overfitting(seed: int) -> Evidence:
    """The validation loss climbs from some epoch on, and the training loss falls."""
    draw = Draw.of(seed)
    turn, climb = draw.between(0.05, 0.5), draw.between(0.5, 3)
    loss = draw.guess * np.exp(-draw.times * draw.between(1.5, 6))
    before = np.exp(-np.minimum(draw.times, turn) / turn * draw.between(0.3, 1.5))
    validation = draw.guess * before * (1 + climb * np.maximum(0, draw.times - turn) / (1 - turn))
    return draw.evidence(draw.noisy(loss), draw.noisy(validation), 0.8)


def plateau(seed: int) -> Evidence:
    """Nothing moves after the first epochs, at a height where little is learned."""
    draw = Draw.of(seed, least=10)
    level = draw.between(0.35, 0.8)
    loss = draw.guess * (level + (1 - level) * np.exp(-draw.times * draw.between(15, 60)))
    return draw.evidence(draw.noisy(loss), draw.noisy(loss * draw.between(1.0, 1.1)))


def worsening(seed: int) -> Evidence:
    """Both losses climb again, and win back much of what they had fallen."""
    draw = Draw.of(seed)
    turn, back = draw.between(0, 0.5), draw.between(0.6, 2)
    low = draw.between(0.2, 0.7)
    fall = 1 - (1 - low) * np.minimum(draw.times, turn) / max(turn, 1e-9) if turn > 0.1 else low
    loss = draw.guess * (fall + back * (1 - low) * np.maximum(0, draw.times - turn) / (1 - turn))
    return draw.evidence(draw.noisy(loss), draw.noisy(loss), 0.8)


def oscillating(seed: int) -> Evidence:
    """The training loss jumps up and down and does not come far."""
    draw = Draw.of(seed)
    level, jumps = draw.between(0.3, 0.7), draw.between(0.25, 0.8)
    signs = np.where(np.arange(draw.epochs) % 2, 1, -1) * draw.rng.uniform(0.5, 1, draw.epochs)
    loss = draw.guess * level * np.exp(jumps * signs)
    return draw.evidence(loss, draw.noisy(loss, 0.05), 0.8)


def rate_too_low(seed: int) -> Evidence:
    """The training loss falls in a straight line, and hardly."""
    draw = Draw.of(seed)
    share = draw.between(0.01, 0.2)
    loss = draw.guess * draw.between(1, 1.3) * (1 - share * draw.times)
    noise = min(draw.noise, share / draw.epochs / 4)
    return draw.evidence(draw.noisy(loss, noise), draw.noisy(loss, noise), 0.5)


def rate_too_high(seed: int) -> Evidence:
    """Both losses jump above guessing, and no more rows are right than by guessing."""
    draw = Draw.of(seed)
    level, jumps = draw.between(1.1, 5), draw.between(0.05, 0.8)
    loss = draw.guess * (1 + (level - 1) * np.exp(jumps * draw.rng.normal(0, 1, draw.epochs)))
    validation = draw.guess * (1 + (level - 1) * np.exp(jumps * draw.rng.normal(0, 1, draw.epochs)))
    return draw.evidence(loss, validation, 0.5)


def chance(seed: int) -> Evidence:
    """Both losses stay at that of guessing."""
    draw = Draw.of(seed)
    noise = min(draw.noise, 0.01)
    start = draw.between(0, 0.5) * np.exp(-draw.times * draw.between(20, 50))
    loss = draw.guess * (1.0 + start)
    return draw.evidence(draw.noisy(loss, noise), draw.noisy(loss * 1.01, noise), 0.5)


def by_heart(seed: int) -> Evidence:
    """Labels of pure chance, learned by heart: the validation loss never gets below guessing."""
    draw = Draw.of(seed)
    loss = draw.guess * (1 - draw.between(0.4, 0.95) * draw.times)
    validation = draw.guess * (1.01 + draw.between(0.02, 1) * draw.times**2)
    return draw.evidence(draw.noisy(loss), draw.noisy(validation), 0.5)


def penalized(seed: int) -> Evidence:
    """A healthy training whose loss has a floor that nobody tells: penalties of the weights."""
    evidence, draw = healthy(seed), Draw.of(seed, least=15)
    added = draw.guess * draw.between(0.1, 0.5)
    rows = [
        {**row, "loss": row["loss"] + added, "val_loss": row["val_loss"] + added}
        for row in evidence.history.rows
    ]
    return dataclasses.replace(evidence, history=History(rows))


def noisy_validation(seed: int) -> Evidence:
    """A healthy training whose validation loss follows a random walk around its level."""
    draw = Draw.of(seed, least=15)
    fall = np.exp(-draw.times * draw.between(8, 30))
    loss = draw.guess * (draw.between(0.02, 0.1) + fall)
    wander = np.zeros(draw.epochs)
    for n in range(1, draw.epochs):
        wander[n] = 0.6 * wander[n - 1] + draw.rng.normal(0, 0.03)
    validation = draw.guess * (0.15 + fall) * np.exp(wander)
    return draw.evidence(draw.noisy(loss), validation, 0.9)


KINDS: Mapping[str, tuple[Callable[[int], Evidence], tuple[str, ...]]] = {
    "healthy": (healthy, ("fine", "plateau")),
    "early stopped": (settled_early_stopped, ("fine",)),
    "improving": (improving, ("improving",)),
    "overfitting": (overfitting, ("overfitting", "overconfident")),
    "plateau": (plateau, ("plateau",)),
    "worsening": (worsening, ("rate_too_high", "worsening")),
    "oscillating": (oscillating, ("rate_too_high",)),
    "rate too low": (rate_too_low, ("rate_too_low", "improving", "not_learning")),
    "rate too high": (rate_too_high, ("rate_too_high", "not_learning")),
    "chance": (chance, ("not_learning",)),
    "by heart": (by_heart, ("overfitting",)),
    "penalized": (penalized, ("fine", "plateau")),
    "noisy validation": (noisy_validation, ("fine", "plateau")),
}
"""The kinds of curves, and which findings are right of each."""
