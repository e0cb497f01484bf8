"""Some of the classes of a data set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.config.facts import class_numbers
from nnrun.config.schema import Dataset
from nnrun.data.load import load_splits
from nnrun.data.selecting import renumbered, select_rows
from nnrun.data.splits import Part
from nnrun.errors import DataError

NAMES = ("Coat", "Bag", "Shirt", "Dress")


@given(st.permutations(range(4)), st.integers(2, 4), st.lists(st.integers(0, 3), max_size=30))
def test_rows_keep_their_class_by_its_name(order: list[int], count: int, labels: list[int]) -> None:
    wanted = order[:count]
    numbers = np.array(labels, np.int32)
    whole = Part({"x": np.arange(len(labels))[:, None]}, {"y": numbers})
    some = select_rows(whole, ["y"], renumbered(numbers, NAMES, [NAMES[one] for one in wanted]))
    kept = [(row, label) for row, label in enumerate(labels) if label in wanted]
    assert some.inputs["x"][:, 0].tolist() == [row for row, _ in kept]
    assert [wanted[label] for label in some.targets["y"]] == [label for _, label in kept]


def test_a_number_that_is_a_name_is_that_name() -> None:
    assert class_numbers(["7", "8", "9"], [9, 8]) == [2, 1]
    assert class_numbers(NAMES, [3, "Bag"]) == [3, 1]
    with pytest.raises(LookupError):
        class_numbers(NAMES, [4])


def test_two_classes_make_a_binary_task() -> None:
    two = load_splits(Dataset(name="wine", classes=("class_2", 0)), seed=0)
    assert two.targets["targets"].task == "binary"
    assert two.targets["targets"].classes == ("class_2", "class_0")
    assert np.bincount(two.train.targets["targets"]).tolist() == [48, 59]
    several = Dataset(name="wine", classes=("class_2", 0), task="multiclass")
    assert load_splits(several, seed=0).targets["targets"].task == "multiclass"


def test_classes_of_a_file_and_of_its_parts(tmp_path: object) -> None:
    from pathlib import Path

    from nnrun.config.components import Component

    folder = Path(str(tmp_path))
    (folder / "rows.csv").write_text("x,y\n" + "".join(f"{i},{'abc'[i % 3]}\n" for i in range(12)))
    (folder / "more.csv").write_text("x,y\n1,c\n2,b\n3,a\n")
    from nnrun.config.split import Split

    csv = Component("csv", "sources", arguments={"path": str(folder / "rows.csv")})
    split = Split(validation=str(folder / "more.csv"))
    dataset = Dataset(csv=csv, target="y", classes=("c", "a"), split=split)
    splits = load_splits(dataset, seed=0)
    assert splits.train.rows == 8
    assert splits.validation is not None
    assert splits.validation.inputs["inputs"].ravel().tolist() == [1.0, 3.0]
    assert splits.validation.targets["targets"].tolist() == [0, 1]
    unknown = Dataset(csv=csv, target="y", classes=("c", "d"))
    with pytest.raises(DataError, match=r"dataset.classes\[1\]: .*rows.csv has no class 'd'"):
        load_splits(unknown, seed=0)
