"""The classes that a config chooses, where the columns go to several inputs and outputs."""

import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.roles import Aim, Roles
from nnrun.config.schema import Dataset
from nnrun.config.split import Split
from nnrun.data.load import load_splits
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import DataError

IRIS = Roles(
    {"petal": ("petal_width",), "rest": None},
    {
        "kind": Aim("auto"),
        "length": Aim("auto", ("petal_length",)),
        "back": Aim("autoencoder", input="petal"),
    },
)
OF_FILE = Roles(
    {"left": ("x",), "right": ("z",)}, {"kind": Aim("auto", ("y",)), "sort": Aim("auto", ("q",))}
)


@pytest.fixture
def csv(tmp_path):
    lines = [f"{i},{i % 5},{'abc'[i % 3]},{'uv'[i % 2]}" for i in range(12)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,z,y,q", *lines]))
    (tmp_path / "more.csv").write_text("x,z,y,q\n50,1,c,u\n51,2,b,v\n52,3,a,v\n")
    source = Component("csv", "sources", arguments={"path": str(tmp_path / "rows.csv")})
    return source, str(tmp_path / "more.csv")


def test_all_inputs_and_outputs_have_the_rows_of_the_chosen_classes():
    whole = load_splits(Dataset(name="iris"), seed=1, roles=IRIS)
    some = load_splits(Dataset(name="iris", classes=("virginica", "setosa")), seed=1, roles=IRIS)
    kind = whole.train.targets["kind"]
    rows = np.flatnonzero(kind != 1)
    assert some.targets["kind"].classes == ("virginica", "setosa")
    assert some.train.targets["kind"].tolist() == [1 if kind[row] == 0 else 0 for row in rows]
    for name in ("petal", "rest"):
        np.testing.assert_array_equal(some.train.inputs[name], whole.train.inputs[name][rows])
    for name in ("length", "back"):
        assert some.targets[name] == whole.targets[name]
    some, whole = Transforms().splits(some), Transforms().splits(whole)
    for name in ("length", "back"):
        np.testing.assert_array_equal(some.train.targets[name], whole.train.targets[name][rows])


def test_one_class_is_told_from_all_others_in_the_output_that_has_it():
    whole = load_splits(Dataset(name="iris"), seed=1, roles=IRIS)
    told = load_splits(Dataset(name="iris", positive="versicolor"), seed=1, roles=IRIS)
    assert told.targets["kind"].classes == ("not versicolor", "versicolor")
    assert told.targets["kind"].task == "binary"
    expected = (whole.train.targets["kind"] == 1).astype(np.int32)
    np.testing.assert_array_equal(told.train.targets["kind"], expected)
    np.testing.assert_array_equal(told.train.targets["length"], whole.train.targets["length"])


def test_classes_come_before_the_one_that_is_told_from_the_others():
    dataset = Dataset(name="iris", classes=("setosa", "virginica"), positive="virginica")
    splits = load_splits(dataset, seed=1)
    assert (splits.train.rows, splits.train.targets["targets"].sum()) == (100, 50)
    gone = Dataset(name="iris", classes=("setosa", "virginica"), positive="versicolor")
    with pytest.raises(DataError, match=r"dataset\.positive names 'versicolor'"):
        load_splits(gone, seed=1)


def test_an_autoencoder_of_some_classes_sees_their_rows_alone():
    labels = load_splits(Dataset(name="digits"), seed=1).train.targets["targets"]
    splits = load_splits(Dataset(name="digits", classes=(0, 3), task="autoencoder"), seed=1)
    assert splits.train.rows == np.isin(labels, (0, 3)).sum()
    told = Transforms().splits(splits).train
    np.testing.assert_array_equal(told.targets["targets"], told.inputs["inputs"])


def test_the_classes_of_a_file_are_those_of_its_target(csv):
    source, more = csv
    dataset = Dataset(csv=source, target="y", classes=("c", "a"), split=Split(validation=more))
    splits = load_splits(dataset, seed=1, roles=OF_FILE)
    assert splits.train.inputs["left"].ravel().tolist() == [0, 2, 3, 5, 6, 8, 9, 11]
    assert splits.train.targets["kind"].tolist() == [1, 0] * 4
    assert splits.train.targets["sort"].tolist() == [0, 0, 1, 1] * 2
    assert splits.validation is not None
    assert splits.validation.inputs["right"].ravel().tolist() == [1, 3]
    assert splits.validation.targets["kind"].tolist() == [0, 1]
    assert splits.validation.targets["sort"].tolist() == [0, 1]


def test_one_class_of_a_file_is_told_from_the_others(csv):
    source, more = csv
    dataset = Dataset(csv=source, target="y", positive="c", split=Split(validation=more))
    splits = load_splits(dataset, seed=1, roles=OF_FILE)
    assert splits.targets["kind"].classes == ("not c", "c")
    assert splits.targets["sort"].classes == ("u", "v")
    assert splits.train.targets["kind"].tolist() == [0, 0, 1] * 4
    assert splits.validation is not None
    assert splits.validation.targets["kind"].tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("options", "roles", "message"),
    [
        ({"classes": ("c", "a")}, OF_FILE, "no output predicts a class that the rows"),
        ({"positive": "c"}, OF_FILE, "no output predicts a class"),
        ({"positive": "c", "task": "autoencoder", "features": ("x",)}, None, "no output"),
    ],
)
def test_a_choice_of_classes_without_their_output_is_refused(csv, options, roles, message):
    with pytest.raises(DataError, match=message):
        load_splits(Dataset(csv=csv[0], **options), seed=1, roles=roles)
    named = {"name": "iris", "positive": "setosa"}
    lengths = Roles({"inputs": None}, {"length": Aim("auto", ("petal_length",))})
    with pytest.raises(DataError, match="no output predicts a class"):
        load_splits(Dataset(**named), seed=1, roles=lengths)
