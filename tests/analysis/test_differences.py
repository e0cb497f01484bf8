"""Differences of configs: none where they are equal, and the second config out of the first."""

import copy
import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis import differences
from nnrun.analysis.differences import Difference, find_differences

KEYS = st.text("abcdef_", min_size=1, max_size=4)
SCALARS = st.none() | st.integers(2, 9) | st.floats(0.1, 0.9) | st.sampled_from(["relu", "max"])
TREES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=8),
)
LAYERS = st.lists(
    st.sampled_from(["Flatten", "ReLU"])
    | st.builds(lambda name, units: {name: {"units": units}}, st.sampled_from(["Dense", "GRU"]), st.integers(1, 3))
)  # fmt: skip


def apply(tree: dict[str, Any], found: list[Difference]) -> dict[str, Any]:
    """The second config, out of the first and what was found; for trees of mappings."""
    made = copy.deepcopy(tree)
    for item in found:
        *parents, key = item.path.split(".")
        at = made
        for parent in parents:
            at = at[parent]
        if item.kind == "gone":
            assert at.pop(key) == item.before
        else:
            assert (key in at) == (item.kind == "changed")
            at[key] = item.after
    return made


def test_the_docstrings_run() -> None:
    assert doctest.testmod(differences).failed == 0


@given(TREES, LAYERS)
def test_equal_configs_do_not_differ(tree: dict[str, Any], layers: list[Any]) -> None:
    whole = {**tree, "architecture": layers}
    assert find_differences(whole, copy.deepcopy(whole)) == []


@given(TREES, TREES)
def test_the_differences_lead_from_one_config_to_the_other(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert apply(first, find_differences(first, second)) == second


@given(TREES, TREES)
def test_the_other_way_round_is_the_reverse(first: dict[str, Any], second: dict[str, Any]) -> None:
    turned = {"added": "gone", "gone": "added", "changed": "changed"}
    forth = {(item.path, item.kind, repr(item.before)) for item in find_differences(first, second)}
    back = {
        (item.path, turned[item.kind], repr(item.after)) for item in find_differences(second, first)
    }
    assert forth == back


@given(LAYERS, LAYERS)
def test_layers_are_added_and_gone_as_the_lengths_say(first: list[Any], second: list[Any]) -> None:
    found = find_differences({"layers": first}, {"layers": second})
    added = sum(item.kind == "added" for item in found)
    gone = sum(item.kind == "gone" for item in found)
    assert len(first) - gone + added == len(second)
    assert (found == []) == (first == second)


def dense(units: int) -> dict[str, Any]:
    return {"Dense": {"units": units, "activation": "relu"}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"architecture": ["Flatten", dense(64), dense(10)]},
            {"architecture": ["Flatten", dense(64), {"Dropout": {"rate": 0.5}}, dense(10)]},
            [Difference("architecture[2]", "added", None, {"Dropout": {"rate": 0.5}})],
        ),
        (
            {"architecture": ["Flatten", dense(64), dense(10)]},
            {"architecture": [dense(64), dense(12)]},
            [
                Difference("architecture[0]", "gone", "Flatten", None),
                Difference("architecture[2].Dense.units", "changed", 10, 12),
            ],
        ),
        (
            {"optimizer": {"Adam": {"learning_rate": 0.1}}},
            {"optimizer": {"SGD": {"learning_rate": 0.1}}},
            [Difference("optimizer", "changed", {"Adam": {"learning_rate": 0.1}}, {"SGD": {"learning_rate": 0.1}})],
        ),
        (
            {"optimizer": "Adam"},
            {"optimizer": {"Adam": {"learning_rate": 0.1}}},
            [Difference("optimizer.Adam.learning_rate", "added", None, 0.1)],
        ),
        # What is written out as it would be anyway is no difference.
        ({"optimizer": "Adam"}, {"optimizer": {"Adam": {"learning_rate": 0.001, "beta_1": 0.9}}}, []),
        (
            {"optimizer": {"Adam": {"learning_rate": 0.001}}},
            {"optimizer": {"Adam": {"learning_rate": 0.1}}},
            [Difference("optimizer.Adam.learning_rate", "changed", 0.001, 0.1)],
        ),
        (
            {"architecture": [{"Dense": {"units": 8, "use_bias": True, "kernel_initializer": "GlorotUniform"}}, "Flatten"]},
            {"architecture": [{"Dense": {"units": 8, "kernel_initializer": "glorot_uniform"}}, {"Flatten": {"data_format": None}}]},
            [],
        ),
        (
            {"architecture": [{"Dense": {"units": 8, "activation": "linear"}}]},
            {"architecture": [{"Dense": {"units": 8, "use_bias": False}}]},
            [Difference("architecture[0].Dense.use_bias", "added", None, False)],
        ),
        (
            {"architecture": {"layers": {"one": {"Dense": {"units": 8}, "from": "x"}}}},
            {"architecture": {"layers": {"one": {"Dense": {"units": 8, "use_bias": True}, "from": "x"}}}},
            [],
        ),
        ({"dataset": {"csv": {"path": "a.csv"}}}, {"dataset": {"csv": {"path": "a.csv", "separator": ","}}}, []),
        (
            {"callbacks": ["TerminateOnNaN", {"EarlyStopping": {"patience": 3, "mode": "auto"}}]},
            {"callbacks": ["TerminateOnNaN", {"EarlyStopping": {"patience": 3, "monitor": "val_loss"}}]},
            [],
        ),
        ({"x:Own": {"rate": 1}}, {"x:Own": {}}, [Difference("x:Own.rate", "gone", 1, None)]),
        # Nor is what is measured and monitored anyway.
        ({"dataset": {"name": "iris", "task": "auto"}}, {"dataset": {"name": "iris", "task": "auto"}, "metrics": ["accuracy"]}, []),
        (
            {"dataset": {"task": "regression"}, "metrics": ["mse"]},
            {"dataset": {"task": "regression"}},
            [Difference("metrics[0]", "gone", "mse", None), Difference("metrics[0]", "added", None, "mae")],
        ),
        ({"metrics": ["mae"]}, {}, [Difference("metrics", "gone", ["mae"], None)]),
        ({"dataset": {"split": {"validation": 0.2}}}, {"dataset": {"split": {"validation": 0.2}}, "training": {"monitor": "val_loss"}}, []),
        (
            {"callbacks": [{"EarlyStopping": {"monitor": "val_accuracy"}}], "training": {"monitor": "val_accuracy"}},
            {"callbacks": [{"EarlyStopping": {"monitor": "val_accuracy"}}], "training": {"epochs": 3}},
            [Difference("training.epochs", "added", None, 3)],
        ),
        (
            {"training": {"monitor": "val_loss"}},
            {"training": {"epochs": 3}},
            [Difference("training.monitor", "changed", "val_loss", "loss"), Difference("training.epochs", "added", None, 3)],
        ),
        (
            {"architecture": {"MLP": {"hidden": [300, 100]}}},
            {"architecture": {"MLP": {"hidden": [300, 50]}}},
            [Difference("architecture.MLP.hidden", "changed", [300, 100], [300, 50])],
        ),
        (
            {"architecture": {"MLP": {"hidden": [8]}}},
            {"architecture": [dense(8)]},
            [Difference("architecture", "changed", {"MLP": {"hidden": [8]}}, [dense(8)])],
        ),
        (
            {"callbacks": []},
            {"callbacks": [{"EarlyStopping": {"patience": 3}}]},
            [Difference("callbacks[0]", "added", None, {"EarlyStopping": {"patience": 3}})],
        ),
        ({"x": float("nan")}, {"x": float("nan")}, []),
        ({"x": 16}, {"x": 16.0}, []),
    ],
)  # fmt: skip
def test_what_differs(before: Any, after: Any, expected: list[Difference]) -> None:
    assert find_differences(before, after) == expected


def test_keys_can_be_left_out() -> None:
    assert find_differences({"seed": 1, "name": "a"}, {"seed": 2}, without=("seed", "name")) == []
