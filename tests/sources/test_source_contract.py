"""What holds of every source: it says its columns before it is read, and gives a frame of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnrun.config.components import Component
from nnrun.config.roles import roles_of_dataset
from nnrun.config.schema import Dataset, Preprocess
from nnrun.config.split import Split
from nnrun.data.describing import check_source
from nnrun.data.load import load_inputs, load_rows, load_splits
from nnrun.data.signature import Signature
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import DataError, Problem
from nnrun.sources.csv import Csv
from nnrun.sources.finding import find_file, find_source, named_dataset
from nnrun.sources.frame import Arrays, KnownTarget
from nnrun.sources.parquet import Parquet
from nnrun.sources.python import Python
from nnrun.sources.source import Source
from nnrun.sources.table import TableSource
from nnrun.tasks.reading_targets import read_targets

TABLE = pd.DataFrame(
    {
        "size": [1, 2, 3, 4, 5, 6, 7, 8],
        "price": [0.1, 0.25, 1e9 + 1, 4, 5.5, 6, 7, 8.125],
        "kind": ["tin", "box", "tin", "box", "tin", "box", "tin", "box"],
        "code": ["007", "12", "NA", "None", "1.0", "x", "x", "12"],
        "weight": [1.0, 0.5, 2, 0, 1, 1, 1, 3],
    }
)
NUMBERS = ["price", "size"]


def csv(folder: Path, table: pd.DataFrame, name: str = "rows") -> TableSource:
    table.to_csv(folder / f"{name}.csv", index=False)
    return Csv(str(folder / f"{name}.csv"))


def parquet(folder: Path, table: pd.DataFrame, name: str = "rows") -> TableSource:
    table.to_parquet(folder / f"{name}.parquet")
    return Parquet(str(folder / f"{name}.parquet"))


def parquet_with_index(folder: Path, table: pd.DataFrame, name: str = "rows") -> TableSource:
    shuffled = table.set_index(pd.Index(range(len(table), 0, -1)))
    return parquet(folder, shuffled.astype({"kind": "category"}), name)


MADE: list[pd.DataFrame] = []


def made(number: int) -> pd.DataFrame:
    """What a function of the user's own returns."""
    return MADE[number]


def columns(number: int) -> dict[str, list[object]]:
    """The same, as columns by name."""
    return {str(name): list(cells) for name, cells in MADE[number].items()}


def of_function(folder: Path, table: pd.DataFrame, name: str = "rows") -> TableSource:
    MADE.append(table)
    function = {"rows": "made"}.get(name, "columns")
    arguments = {"number": len(MADE) - 1}
    return Python(Component(f"{__name__}:{function}", "functions", arguments=arguments))


Maker = Callable[..., TableSource]
TABLES: dict[str, Maker] = {
    "csv": csv,
    "parquet": parquet,
    "parquet with an index and categories": parquet_with_index,
    "python": of_function,
}
FILES = {name: make for name, make in TABLES.items() if make is not of_function}
every_table = pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
every_file = pytest.mark.parametrize("make", FILES.values(), ids=FILES)


def dataset_of(source: TableSource, **options: object) -> Dataset:
    key = type(source).__name__.lower()
    component = Component(key, "sources", arguments={"path": source.name})
    if isinstance(source, Python):
        component = source.component
    return Dataset(**{key: component, "target": "kind", **options})  # type: ignore[arg-type]


@every_table
def test_the_columns_of_a_table_are_said_before_it_is_read(make: Maker, tmp_path: Path) -> None:
    source = make(tmp_path, TABLE)
    assert list(source.columns()) == list(source.read().columns) == list(TABLE.columns)
    assert source.target == source.read().target == ""


@every_table
def test_columns_of_numbers_are_read_in_the_order_asked_for(make: Maker, tmp_path: Path) -> None:
    frame = make(tmp_path, TABLE).read()
    expected = TABLE[NUMBERS].to_numpy(np.float32)
    assert frame.dtype == frame.inputs(NUMBERS).dtype.name == "float32"
    assert frame.inputs(NUMBERS).tolist() == expected.tolist()
    assert frame.exact(NUMBERS).tolist() == TABLE[NUMBERS].to_numpy(np.float64).tolist()
    assert frame.weights("weight").tolist() == TABLE["weight"].tolist()


@every_table
def test_text_is_read_as_it_stands_there(make: Maker, tmp_path: Path) -> None:
    frame = make(tmp_path, TABLE).read(["code", "size"])
    assert frame.is_text("code")
    assert not frame.is_text("kind")
    read = frame.inputs(["code", "size"]).tolist()
    assert read == [
        [code, str(size)] for code, size in zip(TABLE["code"], TABLE["size"], strict=True)
    ]


@every_table
def test_classes_and_their_names_are_read_off_a_column(make: Maker, tmp_path: Path) -> None:
    targets = read_targets(make(tmp_path, TABLE).read(), ("kind",), "auto")
    assert targets.spec.classes == ("box", "tin")
    assert targets.values.tolist() == [1, 0] * 4


@every_table
def test_a_cell_that_cannot_be_used_is_told_with_its_row(make: Maker, tmp_path: Path) -> None:
    source = make(tmp_path, TABLE.assign(size=[1, 2, np.nan, 4, 5, np.nan, 7, 8]))
    where = {"csv": "line 4"}.get(type(source).__name__.lower(), "row 3")
    assert source.where(2) == where
    with pytest.raises(DataError, match=rf"2 of 8 cells .* the first in {where}$"):
        source.read().inputs(["size"])
    with pytest.raises(DataError, match="no column 'sise'") as caught:
        source.read().inputs(["sise"])
    assert caught.value.hint == "Did you mean 'size'?"
    with pytest.raises(DataError, match=rf"holds text, such as 'tin' in {where[:-1]}"):
        source.read().inputs(["kind"])


@every_file
def test_a_config_is_told_what_a_table_lacks(make: Maker, tmp_path: Path) -> None:
    source = make(tmp_path, TABLE)
    assert check_source(dataset_of(source)) == []
    wrong = dataset_of(source, target="knid", features=("size", "prize"), sample_weight="wieght")
    told = [(problem.path, problem.hint) for problem in check_source(wrong)]
    assert told == [
        ("dataset.target", "Did you mean 'kind'?"),
        ("dataset.features[1]", "Did you mean 'price'?"),
        ("dataset.sample_weight", "Did you mean 'weight'?"),
    ]
    lost = Path(source.name).with_name("raws" + Path(source.name).suffix)
    (problem,) = check_source(dataset_of(type(source)(str(lost))))  # type: ignore[call-arg]
    assert problem.hint.startswith("Did you mean 'rows.")


@every_table
def test_all_tables_of_the_same_cells_give_the_same_splits(make: Maker, tmp_path: Path) -> None:
    options = {
        "features": ("size", "price"),
        "sample_weight": "weight",
        "split": Split(validation=2, test=1),
        "preprocess": Preprocess(standardize=True),
    }
    reference = load_splits(dataset_of(csv(tmp_path, TABLE, "reference"), **options), seed=3)
    splits = load_splits(dataset_of(make(tmp_path, TABLE), **options), seed=3)
    assert splits.fingerprint == reference.fingerprint
    assert splits.inputs == reference.inputs
    assert splits.targets["targets"].classes == ("box", "tin")


@every_file
def test_further_rows_come_from_a_table_of_any_kind(make: Maker, tmp_path: Path) -> None:
    source = csv(tmp_path, TABLE)
    dataset = dataset_of(source, features=("size", "price"))
    signature = Signature.of(load_splits(dataset, seed=1), Transforms())
    more = make(tmp_path, TABLE[["kind", "price", "size"]].iloc[:3], "more")
    part = load_rows(dataset, signature, more.name, roles_of_dataset(dataset))
    assert part.inputs["inputs"][:, 0].tolist() == [1, 2, 3]
    assert part.targets["targets"].tolist() == [1, 0, 1]
    assert load_inputs(dataset, signature, more.name)["inputs"].shape == (3, 2)
    unknown = make(tmp_path, TABLE.assign(kind="jar"), "unknown")
    with pytest.raises(DataError, match=r"of .*unknown\.\w+ has the class 'jar' in 'kind'"):
        load_rows(dataset, signature, unknown.name, roles_of_dataset(dataset))


@every_table
def test_a_part_may_be_a_table_of_another_kind(make: Maker, tmp_path: Path) -> None:
    own = make(tmp_path, TABLE)
    for other in (csv, parquet):
        part = other(tmp_path, TABLE.iloc[:4], "part")
        dataset = dataset_of(own, features=("size",), split=Split(validation=part.name))
        assert check_source(dataset) == []
        validation = load_splits(dataset, seed=1).validation
        assert validation is not None
        assert validation.inputs["inputs"].ravel().tolist() == [1, 2, 3, 4]
        assert type(find_file(dataset, part.name)) is type(part)


@pytest.mark.parametrize("name", ["iris", "diabetes", "digits", "xor"])
def test_a_data_set_with_a_name_is_a_source_as_well(name: str) -> None:
    source = named_dataset(name)
    assert find_source(Dataset(name=name)) is source
    frame, facts = source.read(), source.facts
    assert frame.columns == tuple(source.columns())
    assert frame.name == source.name == f"'{name}'"
    assert (frame.inputs(frame.columns).shape, frame.inputs(frame.columns).dtype) == (
        (facts.train_rows, *facts.input_shape),
        frame.dtype,
    )
    known = frame.read_target((frame.target,))
    assert isinstance(known, KnownTarget)
    assert known.classes == facts.class_names
    assert len(known.values) == facts.train_rows
    assert check_source(Dataset(name=name)) == []
    for column in frame.columns[:1]:
        assert frame.weights(column).tolist() == frame.inputs((column,))[:, 0].tolist()
        assert float(frame.cell(column, 0)) == pytest.approx(float(frame.weights(column)[0]))
    with pytest.raises(DataError, match=f"'{name}' has no column 'sise'"):
        frame.inputs(("sise",))
    told = {
        problem.path for problem in check_source(Dataset(name=name, target="x", split=Split("a")))
    }
    assert told == {"dataset.target", "dataset.split.validation"}


@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        (b"a,b\n1,2\n", "cannot be read as Parquet", "if it is a CSV file, write `csv: "),
        (b"", "cannot be read as Parquet", ""),
        (b"PAR1" + bytes(40) + b"PAR1", "cannot be read as Parquet", ""),
    ],
)
def test_what_is_no_parquet_is_refused(
    content: bytes, says: str, hint: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    for ask in (Parquet(str(path)).columns, Parquet(str(path)).frame):
        with pytest.raises(DataError, match=says) as caught:
            ask()
        assert hint.casefold() in caught.value.hint.casefold()


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no rows"):
        parquet(tmp_path, TABLE.iloc[:0]).read()


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = parquet(tmp_path, TABLE)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DataError, match="only with pyarrow") as caught:
        source.columns()
    assert "nnrun[parquet]" in caught.value.hint


def test_a_parquet_file_named_as_csv_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a Parquet file, not CSV") as caught:
        Csv(parquet(tmp_path, TABLE).name).columns()
    assert caught.value.hint == "Name it with `parquet:` instead of `csv:`."


class Readings(Source):
    """A source of the user's own that is more than a function: it knows its target."""

    target = "hot"
    name = "the readings"

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def columns(self) -> list[str]:
        return ["degrees"]

    def read(self, texts: object = ()) -> Arrays:
        degrees = np.arange(self.rows, dtype=np.float32)[:, None]
        hot = (degrees[:, 0] > 2).astype(np.int32)
        return Arrays(
            degrees, hot, "a thermometer", name=self.name, columns=("degrees",), target="hot",
            classes=("no", "yes"),
        )  # fmt: skip

    def problems(self, dataset: object, roles: object) -> list[Problem]:
        return []


def test_a_class_of_the_users_own_may_be_the_source() -> None:
    component = Component(f"{__name__}:Readings", "functions", arguments={"rows": 6})
    splits = load_splits(Dataset(python=component, split=Split(validation=2)), seed=1)
    assert splits.source == "a thermometer"
    assert splits.targets["targets"].classes == ("no", "yes")
    assert splits.inputs["inputs"].features == ("degrees",)
    assert splits.train.rows == 4


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (3, "returned int, which is no table"),
        ({"a": [1, 2], "b": [1]}, "returned columns that make no table"),
        ({"a": []}, "returned no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "has the column 'a' twice"),
    ],
)
def test_a_function_that_returns_no_table_is_refused(returned: object, says: str) -> None:
    MADE.append(returned)  # type: ignore[arg-type]
    name, arguments = f"{__name__}:made", {"number": len(MADE) - 1}
    with pytest.raises(DataError, match=says):
        Python(Component(name, "functions", arguments=arguments)).read()
    lost = Python(Component(name, "functions", arguments={"number": 1000}))
    with pytest.raises(DataError, match="made raised IndexError: list index out of range"):
        lost.read()


def test_a_function_must_be_told_what_to_predict() -> None:
    MADE.append(TABLE)
    component = Component(f"{__name__}:made", "functions", arguments={"number": len(MADE) - 1})
    assert check_source(Dataset(python=component)) == []
    with pytest.raises(DataError, match=r"which column of .*:made is to be predicted") as caught:
        load_splits(Dataset(python=component), seed=1)
    assert caught.value.hint == "Set dataset.target to one of size, price, kind, code, weight."
