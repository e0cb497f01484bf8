import doctest
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data import describing
from nnrun.data.describing import check_source
from nnrun.data.fingerprint import fingerprint
from nnrun.data.load import load_rows, load_splits
from nnrun.data.signature import Signature
from nnrun.data.splits import Part
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import DataError
from nnrun.sources.finding import named_dataset

TABLE = "a,b,y\n" + "".join(f"{row},{row * row},{'pqr'[row % 3]}\n" for row in range(30))


@pytest.fixture
def csv(tmp_path):
    def _csv(text=TABLE, name="table.csv", **fields):
        path = tmp_path / name
        path.write_text(text)
        source = Component("csv", "sources", arguments={"path": str(path)})
        return Dataset(csv=source, **{"target": "y", **fields})

    return _csv


def test_a_named_data_set_is_loaded_and_split():
    splits = load_splits(Dataset(name="iris", split=Split(validation=30, test=0.2)), seed=1)
    assert {name: part.rows for name, part in splits.parts.items()} == {
        "train": 90,
        "validation": 30,
        "test": 30,
    }
    assert splits.inputs["inputs"].shape == (4,)
    assert splits.inputs["inputs"].dtype == "float32"
    assert splits.inputs["inputs"].features[0] == "sepal_length"
    assert splits.targets["targets"].task == "multiclass"
    assert splits.targets["targets"].classes == ("setosa", "versicolor", "virginica")
    assert splits.train.targets["targets"].dtype == np.int32
    assert splits.source == "embedded"


def test_images_stay_bytes():
    splits = load_splits(Dataset(name="digits"), seed=1)
    assert splits.train.inputs["inputs"].dtype == np.uint8
    assert splits.inputs["inputs"].shape == (8, 8)
    assert splits.validation is None
    assert splits.test is None


def test_one_hot_makes_the_identity_targets_equal_its_inputs():
    dataset = Dataset(name="identity", preprocess=Preprocess(one_hot=True))
    splits = load_splits(dataset, seed=1)
    assert (splits.train.targets["targets"] == splits.train.inputs["inputs"]).all()
    assert splits.train.targets["targets"].dtype == np.float32
    assert splits.targets["targets"].width == 8
    assert splits.targets["targets"].one_hot


def test_one_hot_quantities_are_refused():
    with pytest.raises(DataError, match="one_hot needs classes"):
        load_splits(Dataset(name="diabetes", preprocess=Preprocess(one_hot=True)), seed=1)


def test_features_pick_columns_of_a_named_table():
    dataset = Dataset(name="iris", features=("petal_width", "sepal_length"))
    splits = load_splits(dataset, seed=1)
    assert splits.inputs["inputs"].features == ("petal_width", "sepal_length")
    assert splits.train.inputs["inputs"][0].tolist() == np.float32([0.2, 5.1]).tolist()
    assert splits.inputs["inputs"].shape == (2,)


def test_two_classes_may_be_taken_as_multiclass():
    dataset = Dataset(name="xor", task="multiclass")
    assert load_splits(dataset, seed=1).targets["targets"].task == "multiclass"
    assert named_dataset("xor").facts_for(dataset, "multiclass").task == "multiclass"


@pytest.mark.parametrize(
    ("dataset", "path", "says"),
    [
        (Dataset(name="iris", target="kind"), "dataset.target", "predicts 'species', not 'kind'"),
        (Dataset(name="digits", features=("a",)), "dataset.features", "no columns"),
        (Dataset(name="iris", features=("sepal_lenght",)), "dataset.features[0]", "no column"),
        (Dataset(name="iris", task="regression"), "dataset.task", "a multiclass data set"),
        (Dataset(name="diabetes", task="binary"), "dataset.task", "a regression data set"),
        (Dataset(name="mnist", split=Split(test=5)), "dataset.split.test", "10,000 published"),
        (
            Dataset(name="iris", split=Split(validation="a.csv")),
            "dataset.split.validation",
            "a.csv",
        ),
    ],
)
def test_contradictions_with_a_named_data_set_are_found_without_its_rows(dataset, path, says):
    (problem,) = check_source(dataset)
    assert problem.path == path
    assert says in problem.message
    with pytest.raises(DataError) as caught:
        load_splits(dataset, seed=1)
    assert caught.value.message == problem.message


def test_a_data_set_without_a_source_and_an_unknown_one_are_refused():
    with pytest.raises(DataError, match="names no data"):
        load_splits(Dataset(), seed=1)
    assert check_source(Dataset(name="irsi")) == []
    with pytest.raises(DataError, match="unknown data set 'irsi'"):
        load_splits(Dataset(name="irsi"), seed=1)


def test_a_csv_file_is_loaded_and_split(csv):
    dataset = csv(split=Split(validation=6, test=6, stratify=True))
    splits = load_splits(dataset, seed=3)
    for part, rows in (("train", 6), ("validation", 2), ("test", 2)):
        assert np.bincount(splits.parts[part].targets["targets"]).tolist() == [rows] * 3
    assert splits.inputs["inputs"].features == ("a", "b")
    assert splits.source.endswith("table.csv")
    assert load_splits(dataset, seed=3).fingerprint == splits.fingerprint
    assert load_splits(dataset, seed=4).fingerprint != splits.fingerprint


def test_parts_may_be_files_of_their_own(csv, tmp_path):
    (tmp_path / "test.csv").write_text("y,b,a\nr,1,2\np,3,4\n")
    splits = load_splits(csv(split=Split(validation=5, test=str(tmp_path / "test.csv"))), seed=1)
    assert splits.train.rows == 25
    assert splits.test.inputs["inputs"].tolist() == [[2, 1], [4, 3]]
    assert splits.test.targets["targets"].tolist() == [2, 0]
    (tmp_path / "test.csv").write_text("y,b,a\nz,1,2\n")
    with pytest.raises(DataError, match=r"line 2 of .*test.csv has the class 'z'"):
        load_splits(csv(split=Split(test=str(tmp_path / "test.csv"))), seed=1)


def test_stratified_quantities_are_refused(csv):
    text = "x,y\n1,0.5\n2,1.5\n3,2.5\n"
    with pytest.raises(DataError, match="stratify needs classes"):
        load_splits(csv(text, split=Split(validation=1, stratify=True)), seed=1)


def test_the_header_of_a_file_is_checked_without_its_rows(csv, tmp_path):
    assert check_source(csv()) == []
    found = {
        problem.path: (problem.message, problem.hint)
        for problem in check_source(
            csv(target="yy", features=("a", "bb", "a"), split=Split(test="nowhere.csv"))
        )
    }
    assert list(found) == [
        "dataset.target",
        "dataset.features[1]",
        "dataset.features[2]",
        "dataset.split.test",
    ]
    assert found["dataset.target"][1] == "Did you mean 'y'?"
    assert found["dataset.features[1]"][1] == "Did you mean 'b'?"
    assert "twice" in found["dataset.features[2]"][0]
    assert "nowhere.csv" in found["dataset.split.test"][0]


def test_a_missing_target_a_leaking_one_and_a_lost_file_are_problems(csv, tmp_path):
    assert [item.path for item in check_source(csv(target=None))] == ["dataset.target"]
    assert [item.path for item in check_source(csv(features=("a", "y")))] == ["dataset.features"]
    dataset = csv()
    (tmp_path / "table.csv").rename(tmp_path / "tables.csv")
    (problem,) = check_source(dataset)
    assert problem.path == "dataset.csv"
    assert problem.hint == "Did you mean 'tables.csv'?"
    more = tmp_path / "more.csv"
    more.write_text("a,y\n1,p\n")
    dataset = csv(features=("a", "b"), split=Split(validation=str(more)))
    (problem,) = check_source(dataset)
    assert problem.path == "dataset.split.validation"
    assert "no column 'b'" in problem.message


def test_checking_needs_no_heavy_package():
    code = (
        "import sys\n"
        "from nnrun.config.schema import Dataset\n"
        "from nnrun.data.describing import check_source\n"
        "dataset = Dataset(name='mnist')\n"
        "assert check_source(dataset) == []\n"
        "print([m for m in ('numpy', 'pandas', 'keras', 'tensorflow') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def part(rows, labels):
    return Part({"inputs": np.array(rows, np.float32)}, {"targets": np.array(labels, np.int32)})


def test_the_fingerprint_sees_every_change_and_nothing_else():
    one = {"train": part([[1, 2], [3, 4]], [0, 1]), "test": part([[5, 6]], [1])}
    same = {"test": part([[5, 6]], [1]), "train": part([[1, 2], [3, 4]], [0, 1])}
    assert fingerprint(one) == fingerprint(same)
    changed = [
        {**one, "train": part([[3, 4], [1, 2]], [1, 0])},
        {**one, "train": part([[1, 2, 3, 4]], [0, 1])},
        {**one, "train": part([[1, 2], [3, 4]], [0, 0])},
        {"train": one["test"], "test": one["train"]},
        {"train": one["train"]},
    ]
    assert len({fingerprint(parts) for parts in (one, *changed)}) == len(changed) + 1
    strided = np.array([[1, 0, 2], [3, 0, 4]], ">f4")[:, ::2]
    other = Part({"inputs": strided}, one["train"].targets)
    assert fingerprint({**one, "train": other}) == fingerprint(one)


def test_the_fingerprint_is_a_plain_sha256():
    head = repr(("train", "inputs", "inputs", "<f4", (1, 1))).encode()
    tail = repr(("train", "targets", "targets", "<i4", (1,))).encode()
    content = head + np.float32(1).tobytes() + tail + np.int32(0).tobytes()
    assert fingerprint({"train": part([[1]], [0])}) == hashlib.sha256(content).hexdigest()


@pytest.mark.data
@pytest.mark.skipif(
    not os.environ.get("NNRUN_DATA"), reason="NNRUN_DATA names no folder with the big data sets"
)
def test_the_first_images_of_fashion_mnist_validate():
    split = Split(validation=5000, shuffle=False)
    splits = load_splits(Dataset(name="fashion_mnist", split=split), seed=1)
    whole = load_splits(Dataset(name="fashion_mnist"), seed=1).train
    assert [part.rows for part in splits.parts.values()] == [55_000, 5000, 10_000]
    assert (splits.validation.inputs["inputs"] == whole.inputs["inputs"][:5000]).all()
    assert (splits.train.targets["targets"] == whole.targets["targets"][5000:]).all()


def test_a_hint_names_no_column_that_is_used(csv):
    """Where `size_3` is misspelt, neither its neighbour `size_2` nor the target `size_4` was meant."""
    text = "size_2,size_4,size_1\n1,2,3\n4,5,6\n7,8,9\n"
    (problem,) = check_source(csv(text, target="size_4", features=("size_3", "size_2")))
    assert (problem.path, problem.hint) == ("dataset.features[0]", "Did you mean 'size_1'?")
    (problem,) = check_source(csv(text, target="size_3", features=("size_1", "size_2")))
    assert (problem.path, problem.hint) == ("dataset.target", "Did you mean 'size_4'?")
    assert doctest.testmod(describing).failed == 0


def test_one_class_is_told_from_all_others(csv, tmp_path):
    named = Dataset(name="iris", features=("petal_width",), positive="setosa")
    splits = load_splits(named, seed=1)
    target = splits.targets["targets"]
    assert (target.task, target.classes) == ("binary", ("not setosa", "setosa"))
    labels = splits.train.targets["targets"]
    assert (labels.dtype, labels.sum(), len(labels)) == (np.int32, 50, 150)
    assert (splits.train.inputs["inputs"][labels == 1] < 0.7).all(), "setosa has narrow petals"
    iris = named_dataset("iris")
    assert iris.facts_for(named, "auto").class_names == target.classes
    facts = iris.facts_for(named, "multiclass")
    assert (facts.task, facts.classes) == ("multiclass", 2)

    (tmp_path / "own.csv").write_text("a,b,y\n1,1,p\n2,4,q\n")
    dataset = csv(positive="q", split=Split(validation=str(tmp_path / "own.csv")))
    splits = load_splits(dataset, seed=1)
    assert splits.validation.targets["targets"].tolist() == [0, 1]
    (tmp_path / "more.csv").write_text("a,b,y\n1,1,q\n2,4,q\n3,9,s\n")
    assert splits.targets["targets"].classes == ("not q", "q")
    assert splits.train.targets["targets"].tolist() == [0, 1, 0] * 10
    more = load_rows(dataset, Signature.of(splits, Transforms()), str(tmp_path / "more.csv"))
    assert more.targets["targets"].tolist() == [1, 1, 0]
    with pytest.raises(DataError, match="not a class of the target"):
        load_splits(csv(positive="z"), seed=1)


def test_rows_that_are_kept_are_read_again_only_where_the_file_has_changed(csv):
    frames = {}
    dataset = csv(split=Split(validation=5))
    first, second = (load_splits(dataset, seed=seed, frames=frames) for seed in (1, 2))
    assert first.fingerprint == load_splits(dataset, seed=1).fingerprint != second.fingerprint
    (kept,) = frames.values()
    load_splits(dataset, seed=3, frames=frames)
    assert [*frames.values()] == [kept]
    dataset = csv(TABLE + "31,2,p\n", split=Split(validation=5))
    assert load_splits(dataset, seed=3, frames=frames).train.rows == 26
    (other,) = frames.values()
    assert other is not kept
