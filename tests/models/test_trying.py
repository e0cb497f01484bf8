"""A loss or a metric that no table knows is tried before a run begins, and blamed at its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Problem
from nnrun.models.trying import try_loss_and_metrics
from nnrun.tasks.targets import TargetSpec

from .conftest import NUMBER, TEN_CLASSES, TWO_CLASSES, Build

OWN = """\
import keras
from keras import ops

class Rows(keras.metrics.Metric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        if len(y_true.shape) != 2:
            raise ValueError(f"I want 2 axes, not {len(y_true.shape)}\\nand a second line")
    def result(self):
        return 0.0

class Several(Rows):
    def update_state(self, y_true, y_pred, sample_weight=None):
        pass
    def result(self):
        return ops.zeros((3,))

class Difference(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(y_pred - ops.cast(y_true, y_pred.dtype), axis=-1)
"""


@pytest.fixture
def tried(
    build: Build, declare: Callable[[str], Experiment], tmp_path: Path, monkeypatch: Any
) -> Callable[..., list[tuple[str, str]]]:
    """The places and messages of what fails; none where nothing does."""
    (tmp_path / "own_measures.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)

    def problems(text: str, target: TargetSpec, labels: Any) -> list[tuple[str, str]]:
        model = build(text, (3,), target)
        values = {"y": np.asarray(labels)}
        found: tuple[Problem, ...] = ()
        try:
            try_loss_and_metrics(model, declare(text), {"y": target}, values)
        except ConfigError as error:
            found = error.problems
        return [(one.path, one.message) for one in found if one.place]

    return problems


def test_own_metrics_are_blamed_at_their_lines(tried: Any) -> None:
    text = "metrics: [accuracy, 'own_measures:Rows', F1Score, 'own_measures:Several']"
    architecture = "architecture: [Dense: {units: 1, activation: sigmoid}]\n"
    assert tried(architecture + text, TWO_CLASSES, [0, 1, 0]) == [
        (
            "metrics[1].own_measures:Rows",
            "does not take labels of one number and outputs of shape [1]: I want 2 axes, not 1",
        ),
        ("metrics[3].own_measures:Several", "gives a list of 3 figures, where one is recorded"),
    ]


def test_labels_that_would_be_stretched_over_the_outputs_are_no_fit(tried: Any) -> None:
    text = "architecture: [Dense: {units: 10, activation: softmax}]\nloss: own_measures:Difference"
    ((path, message),) = tried(text, TEN_CLASSES, [4])
    assert path == "loss.own_measures:Difference"
    assert message.startswith("does not take labels of one number and outputs of shape [10]: ")


def test_what_fits_leaves_no_trace(tried: Any) -> None:
    text = "architecture: [Dense: 1]\nloss: own_measures:Difference\nmetrics: [mae, 'own_measures:Rows']"
    assert tried(text, NUMBER, [[1.5], [2.0]]) == []


def test_arguments_that_no_rule_looks_at_are_blamed_too(tried: Any) -> None:
    text = (
        "architecture: [Dense: {units: 1, activation: sigmoid}]\nmetrics: [Recall: {class_id: 4}]"
    )
    ((path, _),) = tried(text, TWO_CLASSES, [0, 1])
    assert path == "metrics[0].Recall"
