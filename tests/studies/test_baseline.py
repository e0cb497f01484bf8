"""The config's own values as a setting of its search."""

from pathlib import Path
from typing import Any

import pytest

from nnrun.config.loading import load_experiment
from nnrun.studies.baseline import own_setting

BASE = """\
dataset: {name: digits, split: {validation: 0.2}}
architecture: {MLP: {hidden: [32, 16]}}
optimizer: {SGD: {momentum: 0.9}}
regularization: {dropout: 0.1}
"""


def own(space: str, config: str = BASE, together: str = "[]") -> Any:
    text = (
        f"{config}search:\n  metric: val_accuracy\n  together: {together}\n  space: {{{space}}}\n"
    )
    experiment = load_experiment(Path("mine.yaml"), text=text)
    assert experiment.search is not None
    return own_setting(experiment, experiment.search.settings)


@pytest.mark.parametrize(
    ("space", "setting"),
    [
        ("training.batch_size: [16, 32]", {"training.batch_size": 32}),
        ("training.batch_size: [16, 64]", None),
        ("optimizer.SGD.momentum: {from: 0, to: 1}", {"optimizer.SGD.momentum": 0.9}),
        ("optimizer.SGD.learning_rate: [0.1, 0.01]", {"optimizer.SGD.learning_rate": 0.01}),
        ("schedule: [null, CosineDecay: {decay_steps: 90}]", {"schedule": None}),
        ("architecture.MLP.hidden: [[32, 16], [8]]", {"architecture.MLP.hidden": [32, 16]}),
        (
            "architecture.MLP.hidden: {each: {from: 8, to: 64}, times: [1, 2]}",
            {"architecture.MLP.hidden": [32, 16]},
        ),
        ("architecture.MLP.hidden: {each: {from: 8, to: 64}, times: [1, 3]}", None),
        (
            "optimizer: [Adam, SGD: {learning_rate: {from: 0.001, to: 1}, momentum: [0, 0.9]}]",
            {"optimizer": {"SGD": {"learning_rate": 0.01, "momentum": 0.9}}},
        ),
        ("optimizer: [Adam, SGD: {learning_rate: {from: 0.001, to: 1}}]", None),
        (
            "optimizer: [Adam, SGD: {momentum: 0.9, learning_rate: 0.01}]",
            {"optimizer": {"SGD": {"momentum": 0.9, "learning_rate": 0.01}}},
        ),
        (
            "training.batch_size: [16, 32], regularization.dropout: [0, {from: 0.05, to: 0.5}]",
            {"training.batch_size": 32, "regularization.dropout": 0.1},
        ),
        ("architecture.MLP.kernel_initializer: [he_normal, glorot_uniform]", None),
    ],
)
def test_the_configs_own_values(space: str, setting: dict[str, Any] | None) -> None:
    assert own(space) == setting


def test_of_layers() -> None:
    config = BASE.replace(
        "{MLP: {hidden: [32, 16]}}",
        "[Flatten, Dense: {units: 8, kernel_regularizer: {L2: 0.1}}, Dense: {units: 10, "
        "activation: softmax}]",
    )
    path = "architecture[1].Dense.kernel_regularizer"
    found = own(f"'{path}': [null, {{L2: {{from: 0.001, to: 1, log: true}}}}]", config)
    assert found == {path: {"L2": 0.1}}


def test_of_values_that_belong_together() -> None:
    together = "[[{training.epochs: 20, schedule: null}, {training.epochs: 10}]]"
    assert own("training.batch_size: [16, 32]", BASE, together) == {
        "training.epochs": 10,
        "training.batch_size": 32,
    }
    assert own("training.batch_size: [16, 32]", BASE + "training: {epochs: 5}\n", together) is None
