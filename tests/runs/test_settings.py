"""The config of a run, flat and in words."""

import doctest
from typing import Any

import pytest

from nnrun.runs import settings
from nnrun.runs.settings import describe_briefly, flatten


def test_the_docstrings_run() -> None:
    assert doctest.testmod(settings).failed == 0


def test_components_in_lists_go_by_their_class_where_it_stands_there_once() -> None:
    layers = [{"Dense": {"units": 8}}, "ReLU", {"Dropout": {"rate": 0.5}}, {"Dense": {"units": 3}}]
    found = flatten({"architecture": layers})
    assert found.values == {"architecture": layers}
    assert found.listed == {"architecture.Dropout.rate": 0.5}
    assert found.get("architecture") == "Dense 8, ReLU, Dropout 0.5, Dense 3"
    assert found.get("architecture.3.Dense.units") == found.get("architecture.3.units") == 3
    assert "architecture.Dense.units" not in found
    assert found.get("architecture.Dense.units") is None


def test_a_flat_config_has_the_arguments_beside_their_class() -> None:
    tree = {
        "optimizer": {"SGD": {"learning_rate": {"Warmup": {"steps": 5}}}},
        "architecture": ["Flatten"],
        "training": {"epochs": 3},
    }
    assert flatten(tree).values == {
        "optimizer": "SGD",
        "optimizer.learning_rate": "Warmup",
        "optimizer.learning_rate.steps": 5,
        "architecture": ["Flatten"],
        "training.epochs": 3,
    }


@pytest.mark.parametrize(
    ("value", "brief"),
    [
        (None, "null"),
        (True, "true"),
        ([300, 100], "300, 100"),
        ({"cat": 1, "dog": 2}, "cat 1, dog 2"),
        ({"Dense": {"units": 3, "kernel_regularizer": {"L2": {"l2": 0.1}}}}, "Dense 3 L2 0.1"),
        ({"MLP": {"hidden": [300, 100], "output": None}}, "MLP [300, 100]"),
    ],
)
def test_values_in_brief(value: Any, brief: str) -> None:
    assert describe_briefly(value) == brief
