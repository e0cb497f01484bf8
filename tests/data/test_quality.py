import os
import time
from dataclasses import replace

import numpy as np
import pytest

from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data.load import load_splits
from nnrun.data.quality import inspect
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.data.transforms.chain import Transforms
from nnrun.data.transforms.scaling import ScaleInputs
from nnrun.tasks.targets import TargetColumn, TargetSpec


def splits_of(train, labels, *, validation=None, test=None, classes=("a", "b"), one_hot=False):
    def part(rows, targets):
        targets = np.array(targets)
        encoded = np.eye(len(classes), dtype=np.float32)[targets] if one_hot else targets
        return Part({"inputs": np.array(rows, np.float32)}, {"targets": encoded})

    return Splits(
        {"inputs": InputSpec((2,), "float32", ("one", "two"))},
        {"targets": TargetSpec("binary", classes, len(classes) if one_hot else 1, one_hot)},
        part(train, labels),
        validation and part(*validation),
        test and part(*test),
        "",
        "",
    )


ROWS = [[0, 1], [1, 0], [2, 1], [3, 2]]


def test_good_data_raise_no_doubt():
    assert inspect(splits_of(ROWS, [0, 1, 0, 1]), Transforms()) == []


def test_rows_that_stand_in_training_too_are_counted():
    splits = splits_of(
        ROWS,
        [0, 1, 0, 1],
        validation=([[9, 9], [0, 1]], [0, 1]),
        test=([[1, 0], [1, 0], [7, 7]], [0, 1, 1]),
    )
    one, two = inspect(splits, Transforms())
    assert one.startswith("1 of 2 validation rows")
    assert two.startswith("2 of 3 test rows")


@pytest.mark.parametrize("numbers", [{}, {"size": np.zeros((2, 1), np.float32)}])
def test_texts_are_the_same_where_what_was_read_is(numbers):
    def part(*texts):
        known = {"words": np.zeros((2, 3), np.int32)}
        read = {"words": np.array([[text] for text in texts], object)}
        return Part({**known, **numbers}, {}, read=read)

    specs = {"words": InputSpec((3,), "int32", text=("review",))}
    specs |= {name: InputSpec((1,), "float32", (name,)) for name in numbers}
    train, test = part("good", "bad"), part("fine", "bad")
    warnings = inspect(Splits(specs, {}, train, None, test, "", ""), Transforms())
    assert warnings[0].startswith("1 of 2 test rows (50.0%) also stand among the training rows")


@pytest.mark.parametrize("one_hot", [False, True])
def test_unbalanced_classes_are_told_with_their_shares(one_hot):
    rows = [[i % 3, i % 5] for i in range(10)]
    (warning,) = inspect(splits_of(rows, [0] * 8 + [1] * 2, one_hot=one_hot), Transforms())
    assert "80.0% of the training rows are 'a', 20.0% 'b'" in warning
    assert inspect(splits_of(rows, [0] * 7 + [1] * 3, one_hot=one_hot), Transforms()) == []


def test_absent_classes_are_named():
    splits = splits_of(ROWS, [0, 2, 2, 2], test=([[9, 9]], [1]), classes=("a", "b", "c"))
    assert inspect(splits, Transforms()) == [
        "no train row belongs to class 'b'",
        "no test row belongs to classes 'a', 'c'",
    ]


def test_unscaled_inputs_are_told_until_they_are_scaled():
    rows = [[0, 1000], [1, 3000], [2, 2000], [3, 1500]]
    splits = splits_of(rows, [0, 1, 0, 1])
    (warning,) = inspect(splits, Transforms())
    assert "the column 'two' reaches the model unscaled, from 1000 to 3000" in warning
    assert "standardize" in warning
    assert (
        inspect(splits, Transforms((ScaleInputs(Preprocess(standardize=True)).fit(splits),))) == []
    )


def test_constant_columns_are_named():
    (warning,) = inspect(splits_of([[0, 1], [1, 1]], [0, 1]), Transforms())
    assert warning == "column 'two' never changes in the training rows"
    (warning,) = inspect(splits_of([[1, 1], [1, 1]], [0, 1]), Transforms())
    assert warning == "columns 'one', 'two' never change in the training rows"


def test_values_that_are_no_numbers_are_counted():
    (warning,) = inspect(splits_of([[0, np.nan], [np.inf, 1]], [0, 1]), Transforms())
    assert warning == "2 values of the train inputs are missing or infinite"


def test_images_are_to_be_scaled_as_a_whole():
    splits = load_splits(Dataset(name="digits"), seed=1)
    assert inspect(splits, Transforms()) == []
    bright = Part({"inputs": splits.train.inputs["inputs"] * 15}, splits.train.targets)
    splits = Splits(splits.inputs, splits.targets, bright, None, None, "", "")
    (warning,) = inspect(splits, Transforms((ScaleInputs(Preprocess()).fit(splits),)))
    assert "the input 'inputs' reaches the model unscaled, from 0 to 240" in warning


@pytest.mark.data
@pytest.mark.skipif(
    not os.environ.get("NNRUN_DATA"), reason="NNRUN_DATA names no folder with the big data sets"
)
def test_fashion_mnist_is_looked_through_in_a_second():
    splits = load_splits(Dataset(name="fashion_mnist", split=Split(validation=5000)), seed=1)
    start = time.process_time()
    (warning,) = inspect(splits, Transforms())
    assert time.process_time() - start < 3
    assert "scale: 255" in warning


def test_labels_that_the_loss_sees_scaled_may_be_large():
    labels = np.array([[1e5, 1], [3e5, 2]])
    part = Part({"inputs": np.array([[1.0], [2.0]])}, {"targets": labels})
    large = TargetSpec("regression", width=2, columns=(TargetColumn("a"), TargetColumn("b")))

    def told(target):
        inputs = {"inputs": InputSpec((1,), "float32", ("x",))}
        return inspect(Splits(inputs, {"targets": target}, part, None, None, "", ""), Transforms())

    far, uneven = told(large)
    assert "'a' goes from 100000 to 300000" in far
    assert "`target: standardize`, or `minmax` before a sigmoid" in far
    assert "consider preprocess: `target: standardize`" in uneven
    assert told(replace(large, scale=(1.0, 1.0), offset=(0.0, 0.0))) == []
