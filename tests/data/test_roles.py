"""What goes into several inputs, and what several outputs are to predict."""

import json

import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.roles import Aim, Roles
from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data.describing import check_source
from nnrun.data.load import load_inputs, load_rows, load_splits
from nnrun.data.signature import Signature
from nnrun.data.transforms.chain import Transforms, fit
from nnrun.data.transforms.scaling import ScaleInputs
from nnrun.errors import DataError

ROWS = "a,b,c,kind,size\n" + "".join(
    f"{i},{i * 10},{i * 100},{'odd' if i % 2 else 'even'},{i / 2}\n" for i in range(8)
)
TWO = Roles(
    {"left": ("a", "b"), "right": ("b", "c")},
    {"kind": Aim("auto", ("kind",)), "size": Aim("auto", ("size",))},
)


@pytest.fixture
def write(tmp_path):
    def written(text, name="rows.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return written


def of_file(path, **options):
    return Dataset(csv=Component("csv", "sources", arguments={"path": path}), **options)


def test_a_column_may_go_to_two_inputs(write):
    splits = load_splits(of_file(write(ROWS), split=Split(validation=2)), seed=1, roles=TWO)
    for part in splits.parts.values():
        left, right = part.inputs["left"], part.inputs["right"]
        np.testing.assert_array_equal(left[:, 1], right[:, 0])
        np.testing.assert_array_equal(left[:, 0] * 100, right[:, 1])
        np.testing.assert_array_equal(part.targets["size"][:, 0], left[:, 0] / 2)
        np.testing.assert_array_equal(part.targets["kind"], left[:, 0] % 2)
    assert splits.inputs["right"].features == ("b", "c")
    assert {name: one.task for name, one in splits.targets.items()} == {
        "kind": "binary",
        "size": "regression",
    }
    assert splits.train.rows == 6


def test_an_input_without_columns_takes_all_that_are_no_targets(write):
    roles = Roles({"few": ("a",), "all": None}, TWO.aims)
    splits = load_splits(of_file(write(ROWS)), seed=1, roles=roles)
    assert splits.inputs["all"].features == ("a", "b", "c")
    one = Roles({"few": ("a",), "all": None}, {"size": TWO.aims["size"]})
    numbers = "\n".join(line.replace("odd", "1").replace("even", "0") for line in ROWS.splitlines())
    splits = load_splits(of_file(write(numbers)), seed=1, roles=one)
    assert splits.inputs["all"].features == ("a", "b", "c", "kind")


def test_further_rows_are_told_apart_in_the_same_way(write):
    dataset = of_file(write(ROWS), preprocess=Preprocess(standardize=True))
    splits = load_splits(dataset, seed=1, roles=TWO)
    told = json.loads(json.dumps(Signature.of(splits, Transforms()).to_json()))
    signature = Signature.from_json(told, ())
    new = write("kind,size,c,b,a\neven,9,3,2,1\n", "new.csv")
    part = load_rows(dataset, signature, new, TWO)
    assert {name: array.tolist() for name, array in part.inputs.items()} == {
        "left": [[1, 2]],
        "right": [[2, 3]],
    }
    assert part.targets["kind"].tolist() == [0]
    assert part.targets["size"].tolist() == [[9]]
    only = write("c,b,a\n3,2,1\n", "only.csv")
    assert load_inputs(dataset, signature, only)["right"].tolist() == [[2, 3]]


def test_classes_are_one_hot_and_numbers_are_not(write):
    dataset = of_file(
        write(ROWS), preprocess=Preprocess(one_hot=True), split=Split(validation=2, stratify=True)
    )
    splits = load_splits(dataset, seed=1, roles=TWO)
    assert splits.validation.targets["kind"].sum(axis=0).tolist() == [1, 1]
    assert splits.train.targets["size"].shape == (6, 1)


def test_a_column_of_a_named_table_can_be_a_target():
    roles = Roles(
        {"inputs": None}, {"species": Aim("auto"), "width": Aim("auto", ("petal_width",))}
    )
    splits = load_splits(Dataset(name="iris"), seed=1, roles=roles)
    whole = load_splits(Dataset(name="iris"), seed=1)
    assert splits.inputs["inputs"].features == ("sepal_length", "sepal_width", "petal_length")
    np.testing.assert_array_equal(
        splits.train.inputs["inputs"], whole.train.inputs["inputs"][:, :3]
    )
    np.testing.assert_array_equal(
        splits.train.targets["width"], whole.train.inputs["inputs"][:, 3:]
    )
    np.testing.assert_array_equal(splits.train.targets["species"], whole.train.targets["targets"])


def scaled(dataset):
    """The data as a model is trained on them, and what was learnt of them."""
    return fit([ScaleInputs(dataset.preprocess)], load_splits(dataset, seed=1), Transforms())


@pytest.mark.parametrize("name", ["digits", "iris"])
def test_an_autoencoder_predicts_its_preprocessed_input(name):
    dataset = Dataset(
        name=name,
        task="autoencoder",
        split=Split(validation=10),
        preprocess=Preprocess(minmax=True),
    )
    splits, transforms = scaled(dataset)
    for part in splits.parts.values():
        expected = transforms.within(part.inputs)["inputs"]
        np.testing.assert_array_equal(part.targets["targets"], expected)
        assert part.targets["targets"].dtype == np.float32
    assert splits.train.targets["targets"].min() == 0
    assert splits.train.targets["targets"].max() == pytest.approx(1)
    target = splits.targets["targets"]
    assert target.shape == splits.inputs["inputs"].shape
    assert target.width == {"digits": 64, "iris": 4}[name]
    raw = load_splits(Dataset(name=name, task="autoencoder", split=Split(validation=10)), seed=1)
    assert raw.fingerprint == splits.fingerprint, "what is done to the rows makes no other data"


def test_an_autoencoder_of_a_file_needs_no_target(write):
    numbers = write("a,b\n1,2\n3,5\n")
    dataset = of_file(numbers, task="autoencoder", preprocess=Preprocess(standardize=True))
    assert check_source(dataset) == []
    splits, transforms = scaled(dataset)
    assert splits.train.targets["targets"].tolist() == [[-1, -1], [1, 1]]
    assert splits.targets["targets"].names == ("a", "b")
    part = load_rows(dataset, Signature.of(splits, transforms), numbers)
    given_back = transforms.part(part, splits.targets).targets["targets"]
    assert given_back.tolist() == [[-1, -1], [1, 1]]


def test_wrong_columns_are_told_where_they_stand(write):
    path = write(ROWS)
    wrong = Roles({"left": ("a", "d")}, {"kind": Aim("auto", ("knid",))})
    told = [(problem.path, problem.hint) for problem in check_source(of_file(path), wrong)]
    assert told == [
        ("architecture.inputs.left.features[1]", "Its columns: a, b, c, kind, size."),
        ("architecture.outputs.kind.target[0]", "Did you mean 'kind'?"),
    ]
    named = Roles({"x": ("pixel",)}, {"y": Aim("regression")})
    (first, second) = check_source(Dataset(name="digits"), named)
    assert first.message == "'digits' has no columns to choose from"
    assert second.message == "'digit' is a multiclass target, not regression"
    both = Roles({"x": None}, {"y": Aim("auto", ("species", "petal_width"))})
    (problem,) = check_source(Dataset(name="iris"), both)
    assert problem.message == "'species' is predicted by itself, not together with other columns"


def test_a_table_of_nothing_but_targets_is_refused(write):
    roles = Roles({"x": None}, {"y": Aim("auto", ("a",)), "z": Aim("auto", ("b",))})
    with pytest.raises(DataError, match="nothing to predict from"):
        load_splits(of_file(write("a,b\n1,2\n2,3\n")), seed=1, roles=roles)
