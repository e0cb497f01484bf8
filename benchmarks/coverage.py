"""How often intervals hold the truth, and how often equal models seem unequal.

`python -m benchmarks.coverage` draws many sets of rows from populations whose figures are known, and
asks nnrun about each set. It prints the tables of docs/measurements.md.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from nnrun.analysis.bootstrap import Statistic, bootstrap
from nnrun.analysis.column_scores import label_statistics, target_statistics
from nnrun.analysis.row_tests import compare_rows
from nnrun.analysis.scores import classification_statistics, regression_statistics
from nnrun.analysis.significance import holm, welch
from nnrun.runs.prediction_table import PredictionTable

ROWS = (5, 10, 20, 50, 100, 200, 1000)
LARGE = 400_000
"""Rows of a population, whose figures are taken for the truth."""

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
Statistics = Callable[[np.ndarray, np.ndarray], Mapping[str, Statistic]]


class Population(NamedTuple):
    """Where rows are drawn from.

    Attributes:
        statistics: What is measured on them.
        draw: Targets and outputs of so many rows.
        figures: Which figures are told of.
    """

    statistics: Statistics
    draw: Draw
    figures: tuple[str, ...]


class Coverage(NamedTuple):
    """Of so many sets of rows, in how many there was an interval, and in how many it held the truth."""

    rounds: int
    given: int
    held: int

    def __str__(self) -> str:
        if not self.given:
            return "none"
        share = f"{100 * self.held / self.given:.1f}"
        given = self.given / self.rounds
        return share if given == 1 else f"{share} ({max(0.01, given):.0%})".replace("%", " %")


def _errors(draw: Draw, *figures: str) -> Population:
    return Population(regression_statistics, draw, figures or ("mae", "rmse", "r2"))


def _lognormal(generator: np.random.Generator, rows: int, deviation: float) -> np.ndarray:
    return generator.lognormal(0, deviation, rows) - np.exp(deviation**2 / 2)


def _numbers(error: Draw | Callable[[np.random.Generator, int], np.ndarray]) -> Draw:
    """Normal targets, predicted with errors that do not depend on them."""

    def draw(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        targets = generator.normal(0, 2, rows)
        return targets, targets + error(generator, rows)

    return draw


def _counts(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers that are mostly predicted rightly."""
    targets = generator.integers(0, 6, rows).astype(float)
    return targets, targets + generator.choice([-1, 0, 0, 0, 1], rows)


def _lognormal_targets(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    targets = generator.lognormal(0, 0.5, rows)
    return targets, targets + generator.normal(0, 0.3, rows)


def _columns(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    targets = generator.normal(size=(rows, 3))
    return targets, targets + generator.normal(size=(rows, 3)) * [0.3, 0.5, 1.0]


def _classes(shares: tuple[float, ...], apart: float) -> Draw:
    """Classes in these shares, as a calibrated model tells them; the further apart, the surer."""

    def draw(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
        labels = generator.choice(len(shares), rows, p=shares)
        seen = generator.normal(size=(rows, len(shares))) + apart * np.eye(len(shares))[labels]
        logits = apart * seen + np.log(shares)
        given = np.exp(logits - logits.max(axis=1, keepdims=True))
        return labels, given / given.sum(axis=1, keepdims=True)

    return draw


def _labels(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Three labels that often hold together."""
    common = generator.normal(size=(rows, 1))
    logits = common + 1.5 * generator.normal(size=(rows, 3)) + [0.0, -0.5, 0.5]
    given = 1 / (1 + np.exp(-logits))
    return (generator.random((rows, 3)) < given).astype(float), given


_OF_CLASSES = ("accuracy", "macro_f1", "log_loss", "roc_auc")
POPULATIONS = {
    "normal errors": _errors(_numbers(lambda generator, rows: generator.normal(size=rows))),
    "Laplace errors": _errors(_numbers(lambda generator, rows: generator.laplace(size=rows))),
    "lognormal errors, spread 0.5": _errors(_numbers(partial(_lognormal, deviation=0.5))),
    "lognormal errors, spread 1": _errors(_numbers(partial(_lognormal, deviation=1.0))),
    "lognormal targets": _errors(_lognormal_targets, "r2"),
    "whole numbers, mostly right": _errors(_counts),
    "three columns": Population(target_statistics, _columns, ("mae", "rmse", "r2")),
    "two classes, 84 % right": Population(
        classification_statistics, _classes((0.5, 0.5), 1.4), _OF_CLASSES
    ),
    "two classes, 99 % right": Population(
        classification_statistics, _classes((0.5, 0.5), 3.3), _OF_CLASSES
    ),
    "two classes, one of 5 %": Population(
        classification_statistics, _classes((0.95, 0.05), 1.5), _OF_CLASSES
    ),
    "three classes": Population(
        classification_statistics, _classes((0.5, 0.3, 0.2), 1.5), _OF_CLASSES
    ),
    "ten classes": Population(
        classification_statistics, _classes((0.1,) * 10, 2.0), (*_OF_CLASSES, "top_5_accuracy")
    ),
    "three labels": Population(
        label_statistics,
        _labels,
        (
            "subset_accuracy",
            "hamming_loss",
            *(f"macro_{name}" for name in ("precision", "recall", "f1", "roc_auc")),
            "macro_average_precision",
            *(f"micro_{name}" for name in ("f1", "roc_auc", "average_precision")),
            "log_loss",
        ),
    ),
}


def coverage(
    population: Population, rows: int, rounds: int, *, seed: int = 0, large: int = LARGE
) -> dict[str, Coverage]:
    """How often the intervals of a population's figures hold the truth."""
    truth = true_figures(population, large)
    generator = np.random.default_rng([seed, rows])
    given, held = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0)
    for number in range(rounds):
        statistics = population.statistics(*population.draw(generator, rows))
        known = {name: statistics[name] for name in truth if name in statistics}
        for name, interval in bootstrap(known, rows, seed=number).items():
            given[name] += not interval.reason
            held[name] += interval.low <= truth[name] <= interval.high
    return {name: Coverage(rounds, given[name], held[name]) for name in truth}


@cache
def true_figures(population: Population, rows: int) -> dict[str, float]:
    """The figures of very many rows of a population."""
    statistics = population.statistics(*population.draw(np.random.default_rng(99), rows))
    once = np.ones((1, rows))
    return {name: float(statistics[name](once)[0]) for name in population.figures}


class Pair(NamedTuple):
    """Two models on the same rows.

    Attributes:
        metric: What is compared: `accuracy`, `loss`, `mae` or `rmse`.
        draw: The targets of so many rows, and what each model says of them: probabilities of the
            second class, or values.
        equal: Whether they are equally good.
    """

    metric: str
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]
    equal: bool


def _two_errors(kind: str, factor: float) -> Callable[..., tuple[np.ndarray, ...]]:
    """Errors of which seven tenths are the same in both; the second's are larger by a factor."""

    def draw(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        common, *own = generator.normal(size=(3, rows))
        errors = [np.sqrt(0.7) * common + np.sqrt(0.3) * one for one in own]
        if kind == "lognormal":
            errors = [np.exp(error) for error in errors]
        elif kind == "whole":
            errors = [np.round(error) for error in errors]
        elif kind == "heavy":
            scale = np.sqrt(4 / generator.chisquare(4, rows))
            errors = [error * scale for error in errors]
        return np.zeros(rows), errors[0], factor * errors[1]

    return draw


def _two_classifiers(
    sure: float, noise: tuple[float, float]
) -> Callable[..., tuple[np.ndarray, ...]]:
    def draw(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, ...]:
        logits = sure * generator.normal(size=rows)
        targets = (generator.random(rows) < 1 / (1 + np.exp(-logits))).astype(int)
        told = (logits + one * generator.normal(size=rows) for one in noise)
        return targets, *(1 / (1 + np.exp(-one)) for one in told)

    return draw


PAIRS = {
    "equal, 80 % right": Pair("accuracy", _two_classifiers(2.5, (1, 1)), True),
    "equal, 97 % right": Pair("accuracy", _two_classifiers(20, (2, 2)), True),
    "one worse by 5 points": Pair("accuracy", _two_classifiers(2.5, (0.5, 3)), False),
    "equal, 80 % right ": Pair("loss", _two_classifiers(2.5, (1, 1)), True),
    "equal, 95 % right": Pair("loss", _two_classifiers(8, (1, 1)), True),
    "one worse": Pair("loss", _two_classifiers(2.5, (0.5, 1.5)), False),
    **{
        f"{word}{kind} errors{space}": Pair(metric, _two_errors(kind, factor), factor == 1)
        for metric, space in (("mae", ""), ("rmse", " "))
        for kind in ("normal", "lognormal", "heavy", "whole")
        for word, factor in (("equal, ", 1.0), ("one larger by half, ", 1.5))
    },
}  # fmt: skip


class Winners(NamedTuple):
    """How often a winner was named, and how often the difference's interval held the truth."""

    rounds: int
    named: int
    coverage: Coverage

    def __str__(self) -> str:
        return f"{self.coverage}; {100 * self.named / self.rounds:.1f}"


def winners(pair: Pair, rows: int, rounds: int, seed: int = 0) -> Winners:
    """Ask which of two models is better, many times."""
    truth = 0.0 if pair.equal else _true_difference(pair)
    generator = np.random.default_rng([seed, rows])
    named = given = held = 0
    for _ in range(rounds):
        interval = compare_rows(pair.metric, _tables(*pair.draw(generator, rows)), {}).interval
        named += interval.is_clear
        given += not interval.reason
        held += interval.low <= truth <= interval.high
    return Winners(rounds, named, Coverage(rounds, given, held))


def _tables(targets: np.ndarray, *sides: np.ndarray) -> list[PredictionTable]:
    rows, true = tuple(map(str, range(len(targets)))), tuple(map(str, targets.tolist()))
    if targets.dtype == float:
        return [PredictionTable(rows, true, tuple(map(str, side.tolist())), {}) for side in sides]
    return [
        PredictionTable(
            rows,
            true,
            tuple(map(str, (side > 0.5).astype(int).tolist())),
            {"0": tuple(map(str, (1 - side).tolist())), "1": tuple(map(str, side.tolist()))},
        )
        for side in sides
    ]


@cache
def _true_difference(pair: Pair) -> float:
    targets, *sides = pair.draw(np.random.default_rng(99), LARGE)
    if pair.metric == "accuracy":
        figures = [float(((side > 0.5) == targets).mean()) for side in sides]
    elif pair.metric == "loss":
        figures = [-float(np.log(np.where(targets, side, 1 - side)).mean()) for side in sides]
    elif pair.metric == "mae":
        figures = [float(np.abs(side).mean()) for side in sides]
    else:
        figures = [float(np.sqrt(np.square(side).mean())) for side in sides]
    return figures[1] - figures[0]


SEEDS = ((1, 2), (1, 3), (1, 5), (2, 2), (2, 3), (2, 5), (3, 3), (3, 5), (5, 5))
FIGURES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda generator, seeds: generator.normal(size=seeds),
    "accuracy of 30 rows": lambda generator, seeds: generator.binomial(30, 0.9, seeds) / 30,
    "lognormal, spread 0.5": lambda generator, seeds: generator.lognormal(0, 0.5, seeds),
}


def seed_winners(name: str, seeds: tuple[int, int], rounds: int) -> Winners:
    """Ask which of two equal settings is better, by a figure of a few seeds each."""
    generator = np.random.default_rng([0, *seeds])
    named = given = held = 0
    for _ in range(rounds):
        interval = welch(*(FIGURES[name](generator, number).tolist() for number in seeds))
        named += interval.is_clear
        given += not interval.reason
        held += interval.low <= 0 <= interval.high
    return Winners(rounds, named, Coverage(rounds, given, held))


def winners_of_many(sides: int, rows: int, rounds: int, *, ranked: bool) -> Winners:
    """Ask of several equal models whether one is better than another, and count any winner.

    Args:
        sides: How many models there are.
        rows: How many rows.
        rounds: How often.
        ranked: Whether the best is held against the second; else all against the first.
    """
    generator = np.random.default_rng([sides, rows])
    named = held = 0
    for _ in range(rounds):
        true = generator.integers(0, 2, rows)
        given = np.clip(0.2 + 0.6 * true + 0.3 * generator.normal(size=(sides, rows)), 0.01, 0.99)
        if ranked:
            given = given[np.argsort(-((given > 0.5) == true).mean(axis=1), kind="stable")[:2]]
        first, *others = _tables(true, *given)
        found = [compare_rows("accuracy", (first, other), {}).interval for other in others]
        adjusted = holm([interval.p or 0.0 for interval in found])
        told = [replace(one, adjusted=p) for one, p in zip(found, adjusted, strict=True)]
        named += any(one.is_clear for one in told)
        held += all(one.low <= 0 <= one.high for one in told)
    return Winners(rounds, named, Coverage(rounds, rounds, held))


def tables(rounds: int) -> Iterator[str]:
    """The lines of all tables."""
    yield from figures_table(rounds)
    yield from pairs_table(rounds)
    yield from ("", "Winners among several equal models, by 200 rows:", "")
    for sides, ranked in ((3, False), (10, True)):
        one = winners_of_many(sides, 200, rounds, ranked=ranked)
        how = "the best against the second" if ranked else "all against the first"
        yield f"- {sides} models, {how}: {100 * one.named / one.rounds:.1f} %"
    yield from seeds_table(5 * rounds)


def figures_table(rounds: int) -> Iterator[str]:
    """How often the intervals of figures hold the truth."""
    yield from ("Intervals of metrics:", "", *_head("metric", "of", *_by_rows()))
    for name, population in POPULATIONS.items():
        found = [coverage(population, rows, _rounds(rows, rounds)) for rows in ROWS]
        for figure in population.figures:
            yield _row(f"`{figure}`", name, *(str(one[figure]) for one in found))


def pairs_table(rounds: int) -> Iterator[str]:
    """The same of differences; and how often a winner is named."""
    yield from ("", "Differences on the same rows, and how often a winner was named:", "")
    yield from _head("metric", "models", *_by_rows())
    for name, pair in PAIRS.items():
        found = (winners(pair, rows, _rounds(rows, rounds)) for rows in ROWS)
        yield _row(pair.metric, name.strip(), *map(str, found))


def seeds_table(rounds: int) -> Iterator[str]:
    """The same of means over seeds."""
    yield from ("", "Means over the seeds of equal settings, and how often a winner was named:", "")
    yield from _head("metric", *(f"{first} against {second}" for first, second in SEEDS))
    for name in FIGURES:
        yield _row(name, *(str(seed_winners(name, seeds, rounds)) for seeds in SEEDS))


def _by_rows() -> list[str]:
    return [f"{rows:,} rows" for rows in ROWS]


def _head(*cells: str) -> tuple[str, str]:
    return _row(*cells), "|---" * len(cells) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rounds(rows: int, rounds: int) -> int:
    return rounds if rows < 1000 else max(1, rounds // 4)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="coverage", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="sets of rows for each figure")
    for line in tables(parser.parse_args().rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
