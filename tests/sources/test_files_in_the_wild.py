"""Files that are no CSV, have no header, are very wide, or have several faults: each told for what it is."""

import bz2
import doctest
import gzip
import io
import lzma
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnrun.config.components import Component
from nnrun.config.roles import roles_of_dataset
from nnrun.config.schema import Dataset
from nnrun.data.describing import check_source
from nnrun.data.load import load_splits
from nnrun.errors import MOST_FAULTS, DataError
from nnrun.sources import csv as csv_module
from nnrun.sources import headers
from nnrun.sources.csv import Csv
from nnrun.sources.features import read_features

ROWS = "a,y\n1,0.5\n2,1.5\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def archive(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, ROWS)
    return content.getvalue()


def array(save):
    content = io.BytesIO()
    save(content, np.eye(2))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(ROWS.encode(), mtime=0), "is compressed (gzip): unpack it"),
        (bz2.compress(ROWS.encode()), "is compressed (bzip2): unpack it"),
        (lzma.compress(ROWS.encode()), "is compressed (xz): unpack it"),
        (archive("rows.csv"), "is compressed (zip): unpack it"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "is an Excel workbook (xlsx), not CSV"),
        (archive("mimetype", "content.xml"), "is an OpenDocument file, not CSV"),
        (archive("x.npy"), "holds NumPy arrays (npz), not CSV"),
        (b"PK\x03\x04 and cut off", "is compressed (zip): unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook (xls), not CSV"),
        (b"PAR1\x15\x04", "is a Parquet file, not CSV"),
        (array(np.save), "is a NumPy array (npy), not CSV"),
        (pickle.dumps({"a": 1}), "is a Python pickle, not CSV"),
        (ROWS.encode("utf-16"), "is in UTF-16"),
        (ROWS.encode("utf-16-le"), "is in UTF-16"),
        (ROWS.encode("utf-16-be"), "is in UTF-16"),
        (b"\n<!DOCTYPE html>\n<html>", "is an HTML page, not CSV"),
        (b'<?xml version="1.0"?>', "is an XML file, not CSV"),
        (b'[{"a": 1}]', "is a JSON file, not CSV"),
        (b'{\n  "a": [1, 2]}', "is a JSON file, not CSV"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
         "is a Git LFS pointer, not the file itself"),
        (b"   a   b   y\n   1   2   0\n",
         "has one column only; its cells seem to be parted by blanks"),
        (b"a y\n1 2\n", "has one column only; its cells seem to be parted by blanks"),
    ],
    ids=map(str, range(22)),  # some bytes change with the clock
)  # fmt: skip
def test_a_file_of_another_kind_is_told_as_what_it_is(content, says, folder):
    (folder / "rows.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Csv("rows.csv").columns()
    assert caught.value.message == f"rows.csv {says}"


@pytest.mark.parametrize("text", ["PKa,y\n1,2\n", "[m],y\n1,2\n", "BMI,y\n1,2\n", "<5,y\n1,2\n"])
def test_names_that_begin_like_another_kind_are_names(text, folder):
    (folder / "rows.csv").write_text(text)
    assert Csv("rows.csv").columns()[1] == "y"


def test_one_column_with_a_blank_in_its_name_is_read(folder):
    (folder / "rows.csv").write_text("house price\n1\n2\n")
    assert Csv("rows.csv").read().inputs(["house price"]).tolist() == [[1], [2]]


def dataset(**options):
    return Dataset(csv=Component("csv", "sources", None, {"path": "rows.csv"}), **options)


@pytest.mark.parametrize("text", ["0,0,5,13,1\n0,0,7,11,0\n", "5.1,3.5,1\n4.9,3.0,2\n"])
def test_a_file_without_a_header_is_told_so(text, folder):
    (folder / "rows.csv").write_text(text)
    given = dataset(target="y")
    (problem,) = check_source(given, roles_of_dataset(given))
    assert problem.message == (
        "the first line of rows.csv holds numbers only: it seems to have no header; put the names of "
        "the columns above it"
    )
    assert doctest.testmod(headers).failed == 0


def test_numbers_may_be_names(folder):
    (folder / "rows.csv").write_text("400,410,1200\n1,2,0.5\n3,4,1.5\n")
    assert check_source(dataset(target="1200")) == []
    (folder / "rows.csv").write_text("0,1,2\n1,2,0.5\n3,4,1.5\n")
    assert "no column 'y'" in check_source(dataset(target="y"))[0].message


class Name(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other):
        Name.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_the_header_of_a_wide_file_is_read_with_a_few_looks_at_each_name(folder, monkeypatch):
    width = 3000
    names = [Name(f"c{index}") for index in range(width)]
    (folder / "rows.csv").write_text("")
    line = csv_module._Line(1, [*names, "y"])
    monkeypatch.setattr(Csv, "_lines", lambda _: iter([line]))
    Name.compared = 0
    assert len(Csv("rows.csv").columns()) == width + 1
    copies = tuple(Name(name) for name in names)
    problems = check_source(dataset(target="y", features=(*copies, "d")))
    assert [problem.path for problem in problems] == [f"dataset.features[{width}]"]
    assert Name.compared < 20 * width


def test_the_columns_of_a_wide_file_are_gone_through_once(folder):
    class Features(tuple):
        looks = 0

        def __iter__(self):
            Features.looks += 1
            return super().__iter__()

    names = Features(f"c{index}" for index in range(2000))
    frame = pd.DataFrame(np.ones((2, len(names)), np.float32), columns=list(names))
    read_features(frame, Csv("rows.csv"), names)
    assert Features.looks < 10


def test_the_faults_of_all_columns_are_told_at_once(folder):
    (folder / "rows.csv").write_text(
        "a,b,c,w,y\n1,red,,1,1.5\nx,blue,3,-1,?\n3,red,,1,2.5\n4,red,5,1,3.5\n"
    )
    with pytest.raises(DataError) as caught:
        load_splits(dataset(target="y", sample_weight="w"), seed=1)
    assert caught.value.message == Path(__file__).with_name("many_faults.txt").read_text().rstrip()
    assert len(caught.value.faults) == 5


def test_very_many_faults_are_counted(folder):
    names = [f"c{index}" for index in range(MOST_FAULTS + 3)]
    (folder / "rows.csv").write_text(
        ",".join([*names, "y"])
        + "\n"
        + "\n".join(",".join(["x"] * len(names) + ["1"]) for _ in "ab")
    )
    with pytest.raises(
        DataError, match=r"^23 faults in the data:\n(.*\n)*  … and 3 more$"
    ) as caught:
        load_splits(dataset(target="y", task="regression"), seed=1)
    assert caught.value.message.count("List the columns to use") == 1


def test_faults_of_the_files_of_other_parts_are_told_at_once(folder):
    (folder / "rows.csv").write_text("a,b,y\n1,2,p\n2,3,q\n3,4,p\n")
    for name in ("valid", "test"):
        (folder / f"{name}.csv").write_text("a,b,y\n1,,r\n")
    from nnrun.config.split import Split

    split = Split(validation="valid.csv", test="test.csv")
    with pytest.raises(DataError) as caught:
        load_splits(dataset(target="y", split=split), seed=1)
    assert len(caught.value.faults) == 4
