"""What the card before a run says of a search."""

from pathlib import Path

import pytest

from nnrun.analysis.card import search_in_words
from nnrun.config.loading import load_experiment

CONFIG = "dataset: {name: iris}\narchitecture: {MLP: {hidden: [8]}}\nsearch: {%s}\n"
FEW = "space: {training.epochs: [5, 10], training.batch_size: {from: 1, to: 900}}"
ENDLESS = "space: {regularization.dropout: {from: 0, to: 0.5}}"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (FEW, "training.epochs, training.batch_size: 1,800 configs; tpe, 100 trials"),
        (
            f"{FEW}, method: grid",
            "training.epochs, training.batch_size: 1,800 configs; grid, 1,800 trials",
        ),
        (
            f"{FEW}, trials: 1700",
            "training.epochs, training.batch_size: 1,800 configs; tpe, 1,700 trials",
        ),
        (
            f"{ENDLESS}, metric: accuracy, time: 90 min",
            "regularization.dropout: infinitely many configs; tpe, within 90 min",
        ),
        (
            "space: {architecture.MLP.hidden: {each: {from: 1, to: 9}, times: 40}}",
            "architecture.MLP.hidden: 10^38 configs; tpe, 100 trials",
        ),
        (
            "together: [[{training.epochs: 5}, {training: {epochs: 9, batch_size: 8}}]]",
            "training.epochs + training.batch_size: 2 configs; tpe, 2 trials",
        ),
    ],
)
def test_a_search_in_a_line(search: str, words: str) -> None:
    experiment = load_experiment(Path("mine.yaml"), text=CONFIG % search)
    assert experiment.search is not None
    assert search_in_words(experiment.search) == words
