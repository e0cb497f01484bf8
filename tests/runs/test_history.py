"""The history reads back to the same floats, and knows its best epoch."""

import doctest
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.errors import RunError
from nnrun.runs import history as module
from nnrun.runs.history import History

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
VALUES = st.floats() | st.integers(-(2**63), 2**63)


def test_the_docstring_runs() -> None:
    assert doctest.testmod(module).failed == 0


def same(left: float, right: float) -> bool:
    if isinstance(left, float) and math.isnan(left):
        return math.isnan(right)
    return (
        type(left) is type(right)
        and left == right
        and math.copysign(1, left) == math.copysign(1, right)
    )


@given(
    st.lists(NAMES, min_size=1, max_size=5, unique=True).flatmap(
        lambda names: st.lists(st.dictionaries(st.sampled_from(names), VALUES), max_size=8)
    )
)
def test_a_round_trip_loses_nothing(rows: list[dict[str, float]]) -> None:
    history = History(rows)
    if not history.columns:
        return
    back = History.from_csv(history.to_csv())
    assert back.columns == history.columns
    assert len(back) == len(history)
    for row, again in zip(history.rows, back.rows, strict=True):
        assert row.keys() == again.keys()
        assert all(same(row[name], again[name]) for name in row)


def test_numbers_of_numpy_become_those_of_python() -> None:
    history = History(
        [
            {
                "epoch": np.int64(1),
                "loss": np.float32(0.1),
                "acc": np.float64(0.1),
                "n": np.array(2.0),
            }
        ]
    )
    assert history.to_csv() == "epoch,loss,acc,n\n1,0.10000000149011612,0.1,2.0\n"


def test_a_text_that_a_spreadsheet_would_run_is_escaped() -> None:
    history = History([{"=1+1": -2.0, "'x": 1}])
    assert history.to_csv() == "'=1+1,''x\n-2.0,1\n"
    assert History.from_csv(history.to_csv()).columns == ("=1+1", "'x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "middle of a row"),
        ("epoch,loss\n1,0.5\n2,0.", "middle of a row"),
        ("epoch,loss\n1\n", "row 1 has 1 cells, not 2"),
        ("epoch,loss\n1,0.5,3\n", "row 1 has 3 cells, not 2"),
        ("epoch,loss\n1,low\n", "row 1, loss: 'low' is not a number"),
        ("loss,loss\n1,2\n", "same name"),
        ('epoch,"loss\n', "unexpected end of data"),
    ],
)
def test_damage_is_told(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(RunError, match=problem) as caught:
        History.read(path)
    assert str(path) in caught.value.message


def test_a_file_that_is_not_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe\n")
    with pytest.raises(RunError, match="not text"):
        History.read(tmp_path / "a")
    with pytest.raises(RunError, match="cannot read"):
        History.read(tmp_path / "b")


def test_a_written_history_reads_back(tmp_path: Path) -> None:
    history = History([{"epoch": 1, "loss": 1 / 3}, {"epoch": 2}])
    history.write(tmp_path / "history.csv")
    assert History.read(tmp_path / "history.csv").rows == history.rows


def test_the_best_is_finite_and_the_earliest() -> None:
    nan, inf = math.nan, math.inf
    history = History(
        [{"epoch": e, "loss": v} for e, v in enumerate([nan, 2.0, -inf, 1.0, 1.0, inf], 1)]
    )
    assert (history.best("loss") or {})["epoch"] == 4
    assert (history.best("loss", "max") or {})["epoch"] == 2
    assert History([{"loss": nan}]).best("loss") is None
    with pytest.raises(KeyError):
        history.best("accuracy")
