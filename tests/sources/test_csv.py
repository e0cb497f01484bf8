import numpy as np
import pytest

from nnrun.errors import DataError
from nnrun.sources.csv import Csv
from tests.tables import read_table, read_table_like


@pytest.fixture
def write(tmp_path):
    def _write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return str(path)

    return _write


def read(path, separator=",", target="y", features=None, task="auto"):
    return read_table(Csv(path, separator), target=target, features=features, task=task)


def test_text_targets_become_sorted_classes(write):
    table = read(write("a,b,y\n1,2.5,dog\n3,4,cat\n5,6,dog\n"))
    assert table.task == "binary"
    assert table.classes == ("cat", "dog")
    assert table.features == ("a", "b")
    assert table.inputs.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert table.inputs.dtype == np.float32
    assert table.targets.tolist() == [1, 0, 1]
    assert table.targets.dtype == np.int32


@pytest.mark.parametrize(
    ("targets", "task", "classes"),
    [
        ([10, 9, 2, 10, 9, 2], "multiclass", ("2", "9", "10")),
        ([1.0, 0.0, 1.0, 0.0], "binary", ("0", "1")),
        (["True", "False", "True"], "binary", ("False", "True")),
        ([1, 2, 3, 4], "regression", ()),
        ([0.5, 1.5, 0.5, 1.5], "regression", ()),
        (list(range(21)) * 3, "regression", ()),
        (list(range(20)) * 3, "multiclass", tuple(map(str, range(20)))),
    ],
)
def test_the_task_is_read_off_the_target(write, targets, task, classes):
    text = "x,y\n" + "".join(f"{row},{value}\n" for row, value in enumerate(targets))
    table = read(write(text))
    assert (table.task, table.classes) == (task, classes)


def test_regression_targets_are_a_column_of_float32(write):
    table = read(write("x,y\n1,0.5\n2,1.25\n"))
    assert table.targets.tolist() == [[0.5], [1.25]]
    assert table.targets.dtype == np.float32


def test_the_task_can_be_set(write):
    path = write("x,y\n1,3\n2,4\n3,3\n")
    assert read(path, task="regression").targets.shape == (3, 1)
    assert read(path, task="multiclass").task == "multiclass"


def test_features_choose_columns_in_their_order(write):
    table = read(write("a,b,c,y\n1,2,x,0\n4,5,z,1\n"), features=("b", "a"))
    assert table.features == ("b", "a")
    assert table.inputs.tolist() == [[2, 1], [5, 4]]


def test_a_byte_order_mark_other_separators_truth_values_and_blank_lines_are_read(write):
    table = read(write("a;y\nTrue;1.5\n\nFalse;2.5\n", encoding="utf-8-sig"), separator=";")
    assert table.features == ("a",)
    assert table.inputs.tolist() == [[1], [0]]


def test_numbers_are_read_exactly(write):
    value = 0.1 + 0.2
    assert read(write(f"x,y\n{value!r},1.5\n")).inputs[0, 0] == np.float32(value)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("", "is empty", "header"),
        ("a,y\n", "no rows", ""),
        ("a,a,y\n1,2,3\n", "column 'a' twice", "own name"),
        ("a,,y\n1,2,3\n", "nameless column", "index=False"),
        ("a;y\n1;2\n", "one column only, with ';'", 'separator: ";"'),
        ("a\ty\n1\t2\n", "one column only, with a tab", r'separator: "\\t"'),
        ("a,y\n1,2\n1,2,3\n", "table.csv:3 has 3 cells, its header 2", "Quote"),
        ("a,y\n1,2,3\n4,5,6\n", "table.csv:2 has 3 cells, its header 2", "Quote"),
        ("a,b,y\n1,2,3\n4,5\n", "table.csv:3 has 2 cells, its header 3", "Quote"),
        ("a,b,y\n1,red,3\n4,blue,5\n", "'b' .* text, such as 'red' in line 2", "features"),
        ("a,b,y\n1,2,3\n4,,5\n\n6,,7\n", "'b' .* has 2 of 3 cells .* first in line 3", "Fill"),
        ("a,y\n1,3\n\ninf,5\n", "'a' .* has 1 of 2 cells .* first in line 4", "Fill"),
        ("a,y\n1e300,3\n2,5\n", "'a' .* has 1 of 2 cells", "Fill"),
        ("a,y\n1,\n2,5\n", "'y' .* has 1 of 2 cells .* line 2", "Fill"),
        ("a,y\n1,cat\n2,NaN\n", "'y' .* has 1 of 2 cells .* line 3", "Fill"),
        ("a,z\n1,2\n", "no column 'y'", "Its columns: a, z."),
        ("a,y\n1,cat\n2,cat\n", "'cat' in every row", ""),
        ("y\n1\n2\n", "is its only column", "features"),
    ],
)
def test_files_that_cannot_be_used_are_refused(write, text, says, hint):
    with pytest.raises(DataError, match=says) as caught:
        read(write(text))
    assert hint.replace("\\\\", "\\") in caught.value.hint


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"features": ("b",)}, "no column 'b'"),
        ({"task": "regression"}, "'y' .* holds text, such as 'p'"),
        ({"task": "binary"}, "has 3 classes"),
        ({"separator": "ab"}, "cannot be read"),
    ],
)
def test_arguments_that_do_not_fit_the_file_are_refused(write, arguments, says):
    with pytest.raises(DataError, match=says):
        read(write("a,y\n1,p\n2,q\n3,r\n"), **arguments)


def test_a_missing_file_suggests_its_neighbour(write, tmp_path):
    write("a,y\n1,2\n", name="houses.csv")
    with pytest.raises(DataError, match="there is no file") as caught:
        Csv(str(tmp_path / "huoses.csv")).columns()
    assert caught.value.hint == "Did you mean 'houses.csv'?"
    with pytest.raises(DataError) as caught:
        Csv(str(tmp_path / "nowhere" / "a.csv")).columns()
    assert "no folder" in caught.value.hint


def test_a_file_in_another_encoding_is_refused(write):
    with pytest.raises(DataError, match="not in UTF-8"):
        read(write("a,y\n1,Köln\n", encoding="latin-1"))


def test_further_rows_keep_the_numbering_of_the_classes(write):
    table = read(write("a,y\n1,ant\n2,bee\n3,cow\n"))
    more = read_table_like(
        Csv(write("y,extra,a\ncow,x,7\nant,x,8\n", "more.csv")), table, target="y"
    )
    assert more.targets.tolist() == [2, 0]
    assert more.inputs.tolist() == [[7], [8]]
    with pytest.raises(
        DataError, match=r"line 3 of .*more.csv has the class 'dog' in 'y'"
    ) as caught:
        read_table_like(Csv(write("y,a\nant,7\ndog,8\n", "more.csv")), table, target="y")
    assert "ant, bee, cow" in caught.value.hint


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read: Is a directory$"):
        Csv(str(tmp_path)).columns()
