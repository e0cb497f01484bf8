"""Several columns to predict: labels or numbers, read off a file."""

import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data.load import load_rows, load_splits
from nnrun.data.quality import inspect
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import DataError
from nnrun.sources.csv import Csv
from nnrun.tasks.targets import TargetColumn
from tests.tables import read_table, read_table_like


@pytest.fixture
def write(tmp_path):
    def _write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return _write


def read(path, *target, features=None, task="auto"):
    return read_table(Csv(path), target=target, features=features, task=task)


def config(path, target, **options):
    return Dataset(csv=Component("csv", "sources", None, {"path": path}), target=target, **options)


def test_columns_of_two_values_are_labels(write):
    table = read(write("a,x,y,z\n1,0,no,True\n2,1,yes,False\n3,0,no,False\n"), "x", "y", "z")
    assert table.task == "multilabel"
    assert table.classes == ()
    assert table.features == ("a",)
    assert table.targets.tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 0]]
    assert table.targets.dtype == np.float32
    assert table.columns == (
        TargetColumn("x", ("0", "1")),
        TargetColumn("y", ("no", "yes")),
        TargetColumn("z", ("False", "True")),
    )


def test_numbers_are_a_regression_with_a_column_each(write):
    table = read(write("x,a,y\n1,9,0.5\n0,8,1.25\n"), "y", "x")
    assert (table.task, table.features) == ("regression", ("a",))
    assert table.targets.tolist() == [[0.5, 1], [1.25, 0]]
    assert [column.name for column in table.columns] == ["y", "x"]


def test_zeros_and_ones_are_numbers_where_the_task_says_so(write):
    table = read(write("a,x,y\n1,0,1\n2,1,1\n"), "x", "y", task="regression")
    assert table.task == "regression"
    assert table.targets.tolist() == [[0, 1], [1, 1]]


def test_a_list_of_one_is_that_one(write):
    table = read(write("a,x\n1,0.5\n2,1.5\n"), "x")
    assert (table.task, table.columns, table.targets.shape) == ("regression", (), (2, 1))


def test_a_label_that_never_holds_is_still_a_label(write):
    table = read(write("a,x,y\n1,0,1\n2,0,0\n"), "x", "y")
    assert table.task == "multilabel"
    assert table.targets[:, 0].tolist() == [0, 0]


def test_further_rows_keep_the_meaning_of_the_values(write):
    table = read(write("a,x,y\n1,0,no\n2,1,yes\n"), "x", "y")
    more = read_table_like(
        Csv(write("y,x,a\nyes,1,7\nyes,1,8\n", "more.csv")), table, target=("x", "y")
    )
    assert more.targets.tolist() == [[1, 1], [1, 1]]
    with pytest.raises(DataError, match=r"line 3 of .*more\.csv has the class 'maybe' in 'y'"):
        read_table_like(
            Csv(write("a,x,y\n1,0,no\n2,1,maybe\n", "more.csv")), table, target=("x", "y")
        )
    with pytest.raises(DataError, match=r"line 2 of .*more\.csv has the class '2' in 'x'"):
        read_table_like(
            Csv(write("a,x,y\n1,2,no\n2,1,yes\n", "more.csv")), table, target=("x", "y")
        )


def test_all_that_is_no_label_is_said_at_once(write):
    path = write("a,p,q,r,s\n1,0,x,1,u\n2,1,y,2,u\n3,0,z,0,u\n4,1,w,1,u\n")
    with pytest.raises(DataError) as caught:
        read(path, "p", "q", "r", "s", task="multilabel")
    assert caught.value.message == (
        f"a label is 0 or 1, but in {path} 'q' has 4 values ('w', 'x', 'y' …); "
        "'r' is 2 in line 3; 's' is 'u' in every row, which does not say what the other value is"
    )


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("a,x,y\n1,cat,2\n2,dog,3\n", ("x", "y"), "the target 'x' .* holds text, such as 'cat'"),
        ("a,x,y\n1,p,u\n2,q,v\n3,r,w\n", ("x", "y"), "'x' has 3 values .*; 'y' has 3 values"),
        ("a,x,y\n1,0,\n2,1,1\n", ("x", "y"), "'y' .* has 1 of 2 cells .* line 2"),
        ("a,x\n1,0\n2,1\n", ("x", "z"), "no column 'z'"),
        ("x,y\n1,0\n2,1\n", ("x", "y"), "all columns of .* are targets, so there is nothing"),
    ],
)
def test_columns_that_cannot_be_predicted_together_are_refused(write, text, target, says):
    with pytest.raises(DataError, match=says):
        read(write(text), *target)


def test_splits_hold_labels_by_row_and_further_rows_are_read_like_them(write):
    path = write("a,x,y\n" + "".join(f"{i},{i % 2},{'yes' if i % 3 else 'no'}\n" for i in range(9)))
    dataset = config(path, ("x", "y"), split=Split(validation=3))
    splits = load_splits(dataset, seed=1)
    (target,) = splits.targets.values()
    assert (target.task, target.width, target.names) == ("multilabel", 2, ("x", "y"))
    train = splits.train
    rows = train.inputs["inputs"][:, 0]
    expected = np.stack([rows % 2, rows % 3 > 0], axis=1)
    assert train.targets["targets"].tolist() == expected.tolist()
    new = load_rows(dataset, splits, write("y,x,a\nno,1,4\n", "new.csv"))
    assert new.targets["targets"].tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"split": Split(validation=1, stratify=True)}, "stratify needs classes"),
        ({"preprocess": Preprocess(one_hot=True)}, "one_hot needs classes"),
    ],
)
def test_what_needs_one_class_is_refused(write, options, says):
    path = write("a,x,y\n1,0,1\n2,1,1\n3,1,0\n")
    with pytest.raises(DataError, match=says):
        load_splits(config(path, ("x", "y"), **options), seed=1)


def test_labels_that_tell_nothing_and_targets_on_uneven_scales_are_doubted(write):
    labels = write("a,x,y\n" + "".join(f"{i / 9},0,1\n" for i in range(9)))
    assert inspect(load_splits(config(labels, ("x", "y")), seed=1), Transforms()) == [
        "no train row has the label 'x'",
        "every train row has the label 'y'",
    ]
    numbers = write("a,x,y\n" + "".join(f"{i / 9},{i / 9},{i * 2}.5\n" for i in range(9)), "n.csv")
    (warning,) = inspect(load_splits(config(numbers, ("x", "y")), seed=1), Transforms())
    assert warning.startswith("the target 'y' scatters 18 times as widely as 'x'")
