"""Columns that float32 cannot hold: found, kept in float64, scaled in it, or told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.components import Component
from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data.load import load_inputs, load_rows, load_splits
from nnrun.data.quality import inspect
from nnrun.data.signature import Signature
from nnrun.data.transforms.chain import Transforms
from nnrun.data.transforms.scaling import (
    ScaledInputs,
    ScaleInputs,
    Scaling,
    Standardizing,
    apply_steps,
)
from nnrun.sources.csv import Csv
from nnrun.sources.precision import find_loss
from tests.tables import read_table

TIMES = 1600000000 + 10 * np.arange(80.0)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def _write(columns, name="rows.csv"):
        rows = [",".join(map(repr, map(float, row))) for row in zip(*columns.values(), strict=True)]
        (tmp_path / name).write_text("\n".join([",".join(columns), *rows, ""]))
        return name

    return _write


def dataset(path="rows.csv", **preprocess):
    return Dataset(
        csv=Component("csv", "sources", None, {"path": path}),
        target="y",
        split=Split(validation=20),
        preprocess=Preprocess(**preprocess),
    )


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (TIMES, "has 80 different values, which float32 makes 7"),
        (1600000000 + np.arange(64.0), "has 64 different values, which float32 makes 1"),
        (20240101 + np.arange(31.0), "has 31 different values, which float32 makes 17"),
        (np.arange(80) * 1e-50, "has 80 different values, which float32 makes 1"),
        (1e15 + np.arange(80.0), "has 80 different values, which float32 makes 1"),
        (np.arange(8) * 1e-40, "scatters by 2.29e-40 only, and float32 rounds its values by up to"),
    ],
)
def test_what_float32_loses_is_counted(column, says):
    assert str(find_loss(column)).startswith(says)


@pytest.mark.parametrize(
    "column",
    [
        np.full(9, 1.1),
        np.full(9, 1e-50),
        np.arange(1900.0, 2100),
        np.random.default_rng(0).random(200_000),
        1e6 + np.arange(100) * 0.5,
        np.arange(20) * 1e-12,
        np.arange(20) * 1e30,
        1.6e9 + np.arange(1000) * 86400.0,
        np.random.default_rng(0).normal(293, 1, 200_000),
        np.random.default_rng(0).normal(101325, 600, 200_000),
    ],
)
def test_ordinary_columns_are_held(column):
    assert find_loss(column) is None


@given(st.floats(-1e6, 1e6), st.floats(1e-20, 1e20))
def test_a_column_near_0_is_held_in_any_unit(offset, unit):
    column = (offset % 10 + np.random.default_rng(0).normal(size=100)) * unit
    assert find_loss(column) is None


@pytest.mark.parametrize(
    ("how", "least", "most"), [("standardize", -1.7, 1.75), ("minmax", 0.0, 1.0)]
)
def test_times_are_scaled_in_float64(write, how, least, most):
    write({"t": TIMES, "b": np.arange(80) % 5, "y": np.arange(80) * 0.37})
    splits = load_splits(dataset(**{how: True}), seed=1)
    assert splits.inputs["inputs"].dtype == "float64"
    train = splits.train.inputs["inputs"]
    assert train.dtype == np.float64
    steps = ScaleInputs(Preprocess(**{how: True})).fit(splits).steps["inputs"]
    done = apply_steps(steps, train)
    assert done.dtype == np.float32
    assert len(np.unique(done[:, 0])) == 60
    if how == "standardize":
        np.testing.assert_allclose(done.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(done.std(axis=0), 1, atol=1e-6)
    assert least <= done.min() < done.max() <= most
    # An exact line of the time is one of what reaches the model.
    line = np.polyfit(done[:, 0], splits.train.targets["targets"][:, 0], 1, full=True)[1]
    assert line < 1e-9
    told = inspect(splits, Transforms((ScaledInputs({"inputs": steps}),)))
    assert [warning for warning in told if "column" in warning] == [
        "the model takes its rows in float64, which column 't' needs; in Keras alone, call it as "
        "`model(rows)`, since `model.predict(rows)` makes rows float32"
    ]


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1e-9, 1e20, 1e30])
def test_any_unit_is_standardized_alike(write, unit):
    capacity = (10 + np.arange(80.0)) * unit
    write({"c": capacity, "y": np.arange(80)})
    splits = load_splits(dataset(standardize=True), seed=1)
    steps = ScaleInputs(Preprocess(standardize=True)).fit(splits).steps["inputs"]
    assert all(isinstance(step, Scaling) for step in steps)
    plain = replace(splits.train, inputs={"inputs": splits.train.inputs["inputs"] / unit})
    wanted = (
        ScaleInputs(Preprocess(standardize=True)).fit(replace(splits, train=plain)).steps["inputs"]
    )
    np.testing.assert_allclose(
        apply_steps(steps, splits.train.inputs["inputs"]),
        apply_steps(wanted, plain.inputs["inputs"].astype(np.float32)),
        atol=1e-5,
    )


def test_ordinary_columns_stay_in_float32_with_the_steps_they_had(write):
    write({"a": np.arange(80) / 7, "y": np.arange(80)})
    splits = load_splits(dataset(standardize=True), seed=1)
    assert splits.train.inputs["inputs"].dtype == np.float32
    assert splits.train.exact == {}
    (step,) = ScaleInputs(Preprocess(standardize=True)).fit(splits).steps["inputs"]
    assert isinstance(step, Standardizing)
    assert load_splits(dataset(standardize=True), seed=1, exact=False).fingerprint == (
        splits.fingerprint
    )


def test_columns_that_are_not_scaled_are_told_with_their_numbers(write):
    write({"t": TIMES, "y": np.arange(80) * 0.37})
    splits = load_splits(dataset(), seed=1)
    assert splits.train.inputs["inputs"].dtype == np.float32
    told = inspect(splits, Transforms((ScaleInputs(Preprocess()).fit(splits),)))
    assert told[0].startswith("the column 't' reaches the model unscaled")
    assert told[1:] == [
        "the column 't' has 60 different values, which float32 makes 7; consider preprocess: "
        "`standardize: true`, which is then computed in float64, or take an offset off"
    ]


def test_doubts_are_about_the_values_before_float32_makes_them_equal(write):
    write({"t": 1600000000 + np.arange(60.0), "y": np.arange(60)})
    told = inspect(load_splits(dataset(), seed=1), Transforms())
    assert not [
        warning for warning in told if "never changes" in warning or "also stand" in warning
    ]
    assert "which float32 makes 1;" in told[-1]


def test_a_target_that_float32_cannot_hold_is_told(write):
    write({"a": np.arange(80), "y": TIMES})
    assert load_splits(dataset(), seed=1).notes == (
        "the target 'y' has 80 different values, which float32 makes 7; take an offset off the "
        "column, such as its least value, 1600000000, or write it in a larger or smaller unit",
    )


def test_new_rows_are_read_as_exactly(write):
    write({"t": TIMES, "y": np.arange(80)})
    splits = load_splits(dataset(standardize=True), seed=1)
    scaling = ScaleInputs(Preprocess(standardize=True))
    values = Signature.of(splits, Transforms((scaling.fit(splits),))).to_json()
    signature = Signature.from_json(values, [scaling])
    assert signature.is_exact
    new = write({"y": [0.5, 1], "t": [1600000001, 1600000002]}, "new.csv")
    for inputs in (
        load_inputs(dataset(), signature, new),
        load_rows(dataset(), signature, new).inputs,
    ):
        assert inputs["inputs"].dtype == np.float64
        assert inputs["inputs"].tolist() == [[1600000001], [1600000002]]


def test_a_number_that_is_too_large_is_told_as_such(write):
    write({"a": [1.0, 1e39, 2.0], "y": [1, 2, 3]})
    with pytest.raises(Exception, match=r"'a' .* 1 of 3 cells that are larger than float32 holds"):
        read_table(Csv("rows.csv"), target="y", features=None, task="auto")
