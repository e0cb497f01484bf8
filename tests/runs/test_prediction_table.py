"""Predictions as `nnrun eval` writes them."""

from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.prediction_table import PredictionTable


def test_predictions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("row,target,predicted,p_cat,p_-x\n0,cat,'-x,0.25,0.75\n3,'-x,'-x,0,1\n")
    found = PredictionTable.read(path)
    assert (found.rows, found.targets, found.predicted) == (("0", "3"), ("cat", "-x"), ("-x", "-x"))
    assert found.probabilities == {"cat": ("0.25", "0"), "-x": ("0.75", "1")}


def test_numbers_have_no_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("row,target,predicted\n0,-1.5,2.0\n")
    found = PredictionTable.read(path)
    assert (found.targets, found.predicted, found.probabilities) == (("-1.5",), ("2.0",), {})


def test_several_columns_are_read_together(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("row,target_a,target_b,predicted_a,predicted_b,p_a,p_b\n0,1,0,1,1,0.9,0.6\n")
    found = PredictionTable.read(path)
    assert (found.targets, found.predicted) == ((("1", "0"),), (("1", "1"),))
    assert (found.columns, found.probabilities) == (("a", "b"), {"a": ("0.9",), "b": ("0.6",)})


@pytest.mark.parametrize(
    "text", ["", "row,target,predicted\n", "row,target,predicted\n1,2\n", "row,guess\n1,2\n", '"']
)
def test_what_holds_no_predictions_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(RunError, match="is damaged: it holds no predictions"):
        PredictionTable.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot read"):
        PredictionTable.read(RunDirectory(tmp_path).evaluation("test").predictions)
