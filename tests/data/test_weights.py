"""A column of weights goes with its rows, and says where it cannot weigh them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnrun.config.components import Component
from nnrun.config.graphs import TARGET
from nnrun.config.roles import Aim, Roles
from nnrun.config.sample_weight import SampleWeight
from nnrun.config.schema import Dataset
from nnrun.config.split import Split
from nnrun.data.describing import check_source
from nnrun.data.load import load_rows, load_splits
from nnrun.data.quality import inspect
from nnrun.data.signature import Signature
from nnrun.data.transforms.chain import Transforms
from nnrun.data.weights import read_weights
from nnrun.errors import DataError
from nnrun.sources.frame import Arrays

ROWS = [(number, number % 4 / 2, ["ant", "bee", "cat"][number % 3]) for number in range(30)]
HEADER = "number,weight,kind"
TABLE = "\n".join([HEADER, *(f"{number},{weight},{kind}" for number, weight, kind in ROWS), ""])


@pytest.fixture
def table(tmp_path: Path):
    def write(text: str = TABLE, **fields: object) -> Dataset:
        path = tmp_path / "rows.csv"
        path.write_text(text, encoding="utf-8")
        source = Component("csv", "sources", arguments={"path": str(path)})
        given = {"target": "kind", "sample_weight": "weight", "task": "multiclass", **fields}
        return Dataset(csv=source, **given)  # type: ignore[arg-type]

    return write


@pytest.mark.parametrize(
    "fields",
    [{}, {"features": ("number",)}, {"classes": ("cat", "ant")}, {"positive": "bee"}],
    ids=str,
)
def test_every_training_row_keeps_its_weight_and_sees_it_not(table, fields) -> None:
    splits = load_splits(table(split=Split(validation=6, test=0.2), **fields), seed=3)
    assert splits.inputs["inputs"].features == ("number",)
    assert splits.train.weights is not None
    assert splits.train.weights.dtype == "float32"
    numbers = splits.train.inputs["inputs"][:, 0]
    assert splits.train.weights.tolist() == [number % 4 / 2 for number in numbers]
    assert (splits.validation.weights, splits.test.weights) == (None, None)


def test_a_file_of_validation_rows_needs_no_weights(table, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("number,kind\n7,bee\n", encoding="utf-8")
    dataset = table(split=Split(validation=str(tmp_path / "more.csv")))
    assert check_source(dataset) == []
    splits = load_splits(dataset, seed=1)
    assert splits.train.weights.tolist() == [weight for _, weight, _ in ROWS]
    assert splits.validation.inputs["inputs"].tolist() == [[7]]


ALL = SampleWeight("weight", validation=True)


@pytest.mark.parametrize("fields", [{}, {"classes": ("cat", "ant")}], ids=str)
def test_every_row_of_every_part_keeps_its_weight_where_all_are_to_weigh(
    table, tmp_path: Path, fields
) -> None:
    (tmp_path / "more.csv").write_text("kind,weight,number\ncat,3,7\nant,0.25,8\n")
    split = Split(validation=6, test=str(tmp_path / "more.csv"))
    dataset = table(split=split, sample_weight=ALL, **fields)
    assert check_source(dataset) == []
    splits = load_splits(dataset, seed=3)
    assert splits.inputs["inputs"].features == ("number",)
    for part in (splits.train, splits.validation):
        numbers = part.inputs["inputs"][:, 0]
        assert part.weights.tolist() == [number % 4 / 2 for number in numbers]
    assert splits.test.weights.tolist() == [3, 0.25]
    signature = Signature.of(splits, Transforms())
    file = str(tmp_path / "more.csv")
    assert load_rows(dataset, signature, file).weights.tolist() == [3, 0.25]
    alone = replace(dataset, sample_weight="weight")
    assert load_rows(alone, signature, file).weights is None
    assert load_splits(alone, seed=3).fingerprint != splits.fingerprint


def test_both_forms_of_a_column_that_weighs_the_training_alone_are_the_same_data(table) -> None:
    forms = ("weight", SampleWeight("weight"))
    first, other = (
        load_splits(table(sample_weight=form, split=Split(validation=6)), seed=1) for form in forms
    )
    assert other.fingerprint == first.fingerprint
    assert other.validation.weights is None


def test_a_file_lacks_the_weights_of_its_rows(table, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("number,kind\n7,bee\n", encoding="utf-8")
    file = str(tmp_path / "more.csv")
    (problem,) = check_source(table(split=Split(validation=file), sample_weight=ALL))
    assert problem.path == "dataset.split.validation"
    assert problem.message == f"{file} has no column 'weight'"
    splits = load_splits(table(), seed=1)
    signature = Signature.of(splits, Transforms())
    with pytest.raises(DataError, match=r"more.csv has no column 'weight'"):
        load_rows(table(sample_weight=ALL), signature, file)


def test_rows_to_measure_with_must_weigh_something(table, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("number,kind,weight\n7,bee,0\n", encoding="utf-8")
    split = Split(test=str(tmp_path / "more.csv"))
    with pytest.raises(DataError, match="gives every test row the weight 0"):
        load_splits(table(split=split, sample_weight=ALL), seed=1)


def test_a_column_of_a_named_table_weighs_its_rows() -> None:
    dataset = Dataset(name="iris", sample_weight="petal_width")
    splits = load_splits(dataset, seed=1)
    plain = load_splits(Dataset(name="iris"), seed=1)
    assert splits.inputs["inputs"].shape == (3,)
    assert splits.train.weights.tolist() == plain.train.inputs["inputs"][:, 3].tolist()
    assert splits.train.inputs["inputs"].tolist() == plain.train.inputs["inputs"][:, :3].tolist()
    assert splits.train.targets[TARGET].tolist() == plain.train.targets[TARGET].tolist()


def test_text_takes_its_rows_weights_along(table) -> None:
    text = TABLE.replace("number,", "words,", 1)
    roles = Roles({"inputs": None}, {TARGET: Aim("multiclass", ("kind",))}, texts=("inputs",))
    splits = load_splits(table(text, split=Split(validation=6)), seed=1, roles=roles)
    assert splits.inputs["inputs"].text == ("words",)
    words = splits.train.inputs["inputs"][:, 0]
    assert splits.train.weights.tolist() == [int(word) % 4 / 2 for word in words]


def test_other_weights_are_other_data(table) -> None:
    texts = (TABLE, TABLE.replace("1,0.5,", "1,0.25,", 1), TABLE)
    first, other, again = (load_splits(table(text), seed=1).fingerprint for text in texts)
    assert first == again != other
    unweighted = table(features=("number",), sample_weight=None)
    assert load_splits(unweighted, seed=1).fingerprint not in (first, other)


@pytest.mark.parametrize(
    ("cell", "shown"), [("-0.5", "'-0.5'"), ("", "'nan'"), ("inf", "'inf'"), ("much", "'much'")]
)
def test_a_cell_that_is_no_weight_is_told_with_its_line(table, cell, shown) -> None:
    lines = TABLE.splitlines()
    lines[5], lines[8] = f"4,{cell},bee", f"7,{cell},bee"
    with pytest.raises(DataError) as caught:
        load_splits(table("\n".join(lines)), seed=1)
    assert caught.value.message.startswith("2 of the 30 cells in the column 'weight' of ")
    assert caught.value.message.endswith(
        f"rows.csv cannot weigh a row, the first {shown} in line 6"
    )


def test_negative_numbers_of_a_named_table_are_told() -> None:
    numbers = np.array([[1], [0.5], [-2], [-1]], "float32")
    rows = Arrays(numbers, numbers, "here", name="'housing'", columns=("Longitude",))
    with pytest.raises(DataError) as caught:
        read_weights(rows, "Longitude")
    assert caught.value.message == (
        "2 of the 4 cells in the column 'Longitude' of 'housing' cannot weigh a row, the first -2"
    )


def test_rows_that_all_weigh_nothing_teach_nothing(table) -> None:
    none = "\n".join([HEADER, *(f"{number},0,{kind}" for number, _, kind in ROWS), ""])
    with pytest.raises(DataError, match="gives every training row the weight 0"):
        load_splits(table(none), seed=1)


def test_a_column_beside_the_weights_is_needed(table) -> None:
    text = "\n".join(["number,weight", *(f"{number},1" for number in range(5)), ""])
    with pytest.raises(DataError, match=r"all columns of .* are targets or weights"):
        load_splits(table(text, target="number", task="regression"), seed=1)


@pytest.mark.parametrize(("factor", "told"), [(0.05, True), (0.2, False), (9, False), (14, True)])
def test_weights_far_from_one_are_doubted(table, factor, told) -> None:
    rows = (f"{number},{factor * (1 + number % 2 / 10)},{kind}" for number, _, kind in ROWS)
    warnings = inspect(load_splits(table("\n".join([HEADER, *rows, ""])), seed=1), Transforms())
    mean = f"the training rows weigh {factor * 1.05:.3g} on average"
    assert any(mean in warning for warning in warnings) == told
