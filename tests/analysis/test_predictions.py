"""Predictions as tables, and the plots of an evaluation."""

import csv
import doctest
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from nnrun.analysis import evaluation_plots as plots
from nnrun.analysis.predictions import Predictions, Sampled, all_view
from nnrun.pages.terminal import Screen, screen_text
from nnrun.runs import prediction_table
from nnrun.runs.prediction_table import PredictionTable, table_text

OUTPUTS = np.array([[0.75, 0.25], [0.125, 0.875]])


def test_the_columns_of_a_classification(tmp_path: Path) -> None:
    known = Predictions(OUTPUTS, ("no", "yes"), np.array([0, 0]))
    known.write(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "row,target,predicted,p_no,p_yes\n0,no,no,0.75,0.25\n1,no,yes,0.125,0.875\n"
    )


def test_the_columns_of_a_regression(tmp_path: Path) -> None:
    known = Predictions(np.array([1.5, 2.0]), targets=np.array([1.0, 0.1]))
    known.write(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "row,target,predicted\n0,1,1.5\n1,0.1,2\n"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert doctest.testmod(prediction_table).failed == 0
    classes = ("=1", "'x", "-5")
    known = Predictions(np.eye(3), classes, np.array([2, 1, 0]))
    known.write(tmp_path / "a.csv")
    read = PredictionTable.read(tmp_path / "a.csv")
    assert read.predicted == classes
    assert read.targets == classes[::-1]
    assert dict(read.probabilities) == {"=1": ("1", "0", "0"), "'x": ("0", "1", "0"), "-5": ("0", "0", "1")}  # fmt: skip


def test_draws_add_columns() -> None:
    sampled = Sampled(4, np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.1, 0.1], [0.0, 0.0]]))
    known = Predictions(OUTPUTS, ("no", "yes"), sampled=sampled)
    assert known.header() == [
        "row", "predicted", "p_no", "p_yes",
        "mc_mean_no", "mc_mean_yes", "mc_std_no", "mc_std_yes", "mc_entropy",
    ]  # fmt: skip
    (first, second) = known.records()
    assert first == [0, "no", 0.75, 0.25, 0.5, 0.5, 0.1, 0.1, pytest.approx(np.log(2))]
    assert second == [1, "yes", 0.125, 0.875, 1, 0, 0, 0, 0]
    numbers = Predictions(np.array([1.0]), sampled=Sampled(2, np.array([3.0]), np.array([0.5])))
    assert numbers.header() == ["row", "predicted", "mc_mean", "mc_std"]
    assert list(numbers.records()) == [[0, 1, 3, 0.5]]


def test_nine_digits_keep_a_float32() -> None:
    values = np.random.default_rng(0).random(200).astype(np.float32)
    text = table_text(["x"], ([float(value)] for value in values))
    assert np.array(text.split()[1:], np.float32).tolist() == values.tolist()


def test_no_cell_is_a_formula_but_numbers_stay_numbers() -> None:
    rows = list(csv.reader(io.StringIO(table_text(["=a"], iter([["=1+1"], ["-1"], ["a,b"]])))))
    assert rows == [["'=a"], ["'=1+1"], ["-1"], ["a,b"]]


def test_rows_as_data() -> None:
    told = Predictions(OUTPUTS, ("no", "yes"), files=("a.png", "b.png")).to_json()
    assert told[0] == {
        "file": "a.png", "predicted": "no", "probabilities": {"no": 0.75, "yes": 0.25},
    }  # fmt: skip
    assert Predictions(np.array([2.5])).to_json() == [{"row": 0, "predicted": 2.5}]


def test_draws_as_data() -> None:
    sampled = Sampled(4, np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.1, 0.2], [0.0, 0.0]]))
    first, second = Predictions(OUTPUTS, ("no", "yes"), sampled=sampled).to_json()
    assert first == {
        "row": 0,
        "predicted": "no",
        "probabilities": {"no": 0.75, "yes": 0.25},
        "mc_mean": {"no": 0.5, "yes": 0.5},
        "mc_std": {"no": 0.1, "yes": 0.2},
        "mc_entropy": pytest.approx(np.log(2)),
    }
    assert second["mc_entropy"] == 0
    (number,) = Predictions(
        np.array([1.0]), sampled=Sampled(2, np.array([3.0]), np.array([0.5]))
    ).to_json()
    assert number == {"row": 0, "predicted": 1.0, "mc_mean": 3.0, "mc_std": 0.5}
    (labels,) = Predictions(
        OUTPUTS[:1], columns=("a", "b"), are_labels=True,
        sampled=Sampled(2, np.array([[0.5, 0.25]]), np.array([[0.1, 0.2]])),
    ).to_json()  # fmt: skip
    assert labels == {
        "row": 0,
        "predicted": {"a": 1, "b": 0},
        "probabilities": {"a": 0.75, "b": 0.25},
        "mc_mean": {"a": 0.5, "b": 0.25},
        "mc_std": {"a": 0.1, "b": 0.2},
    }


def test_the_truth_of_new_rows_is_not_known() -> None:
    with pytest.raises(ValueError, match="nobody knows"):
        _ = Predictions(OUTPUTS, ("no", "yes")).truth


def screen_of(outputs: Mapping[str, Predictions], *, unicode: bool = True) -> str:
    return screen_text(all_view(outputs, "a", [], "elsewhere"), Screen(100, unicode=unicode))


def test_the_view() -> None:
    lines = screen_of({"": Predictions(OUTPUTS, ("no", "[b]yes"))}).splitlines()
    assert lines == [
        "row  predicted  probabilities",
        "0    no         no 75.0%, [b]yes 25.0%",
        "1    [b]yes     [b]yes 87.5%, no 12.5%",
    ]
    many = Predictions(np.full((30, 8), 1 / 8), tuple("abcdefgh"))
    lines = screen_of({"": many}).splitlines()
    assert lines[21:] == ["", "and 10 more rows; elsewhere"]
    assert lines[1].split() == [
        "0",
        "a",
        *["a", "12.5%,", "b", "12.5%,", "c", "12.5%,", "d", "12.5%,", "e", "12.5%"],
    ]


def test_the_view_of_draws() -> None:
    mean, deviation = np.array([[0.4, 0.6], [0.25, 0.75]]), np.array([[0.125, 0.125], [0, 0]])
    sampled = Sampled(1000, mean, deviation)
    of_classes = Predictions(OUTPUTS, ("no", "[b]yes"), sampled=sampled)
    assert screen_of({"": of_classes}).splitlines() == [
        "row  predicted  mean ± standard deviation of 1,000 draws",
        "0    no         [b]yes 60.0% ±12.5, no 40.0% ±12.5",
        "1    [b]yes     [b]yes 75.0% ±0.0, no 25.0% ±0.0",
    ]
    values = Predictions(np.array([1.5]), sampled=Sampled(2, np.array([1.25]), np.array([0.0625])))
    assert screen_of({"": values}).splitlines() == [
        "row  predicted  mean ± standard deviation of 2 draws",
        "0          1.5  1.25 ±0.062",
    ]
    columns = Predictions(OUTPUTS, columns=("a", "b"), sampled=sampled)
    assert screen_of({"only": columns}).splitlines() == [
        "row          a          b",
        "0    0.4 ±0.12  0.6 ±0.12",
        "1      0.25 ±0    0.75 ±0",
        "mean ± standard deviation of 1,000 draws",
    ]
    labels = Predictions(OUTPUTS, columns=("a", "b"), sampled=sampled, are_labels=True)
    assert screen_of({"x": labels, "y": values}).splitlines() == [
        "x",
        "row            a            b",
        "0    40.0% ±12.5  60.0% ±12.5",
        "1     25.0% ±0.0   75.0% ±0.0",
        "mean ± standard deviation of 1,000 draws",
        "",
        "y",
        "row  predicted  mean ± standard deviation of 2 draws",
        "0          1.5  1.25 ±0.062",
    ]
    assert "1.25 +-0.062" in screen_of({"": values}, unicode=False)


@pytest.mark.parametrize("classes", [2, 3, 40, 100])
def test_any_classification_is_drawn(tmp_path: Path, classes: int) -> None:
    generator = np.random.default_rng(0)
    names = tuple(f"${number}$ a rather long name of a class" for number in range(classes))
    known = Predictions(generator.dirichlet(np.ones(classes), 60), names, np.arange(60) % 2)
    paths = [tmp_path / f"{name}.png" for name in "abcde"]
    plots.draw_confusion_matrix(np.eye(classes, dtype=int), names, paths[0])
    plots.draw_roc(known, paths[1])
    plots.draw_precision_recall(known, paths[2])
    plots.draw_calibration(known, 0.1, paths[3])
    plots.draw_most_wrong(known, range(60), np.zeros((60, 4, 4, 3), np.uint8), paths[4])
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def drawn_calibration(known: Predictions, path: Path, monkeypatch: pytest.MonkeyPatch) -> Figure:
    """The figure of a calibration, as it was just before it was written."""
    figures = []
    saved = Figure.savefig
    monkeypatch.setattr(
        Figure,
        "savefig",
        lambda self, *args, **more: (figures.append(self), saved(self, *args, **more))[1],
    )
    plots.draw_calibration(known, 0.09, path)
    return figures[0]


def test_the_calibration_of_two_classes_is_that_of_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a class told ten times too often: what is told, and what is true."""
    given = np.full(1000, 0.1)
    known = Predictions(np.column_stack([1 - given, given]), ("no", "yes"), np.arange(1000) < 10)
    upper, lower = drawn_calibration(known, tmp_path / "a.png", monkeypatch).axes
    (point,) = upper.lines[1].get_xydata().tolist()
    assert point == pytest.approx([0.1, 0.01])
    assert upper.get_title(loc="right").endswith("mean probability 0.1, share 0.01")
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("share of yes", "probability of yes")


def test_the_calibration_of_labels_has_a_curve_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = np.tile([0.5, 0.95], (10, 1))
    known = Predictions(given, targets=given > 0.7, columns=("a", "b"), are_labels=True)
    figure = drawn_calibration(known, tmp_path / "a.png", monkeypatch)
    curves = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines[1:]}
    assert curves == {"a": [[0.5, 0.0]], "b": [[pytest.approx(0.95), 1.0]]}


def test_nothing_to_draw_is_drawn_too(tmp_path: Path) -> None:
    one_sided = Predictions(OUTPUTS, ("no", "yes"), np.array([1, 1]))
    plots.draw_roc(one_sided, tmp_path / "a.png")
    plots.draw_most_wrong(one_sided, [], np.zeros((2, 4, 4)), tmp_path / "b.png")
    plots.draw_residuals(np.zeros(1), tmp_path / "c.png")
    plots.draw_predicted_against_true(np.ones(1), np.ones(1), tmp_path / "d.png")
    assert len(list(tmp_path.iterdir())) == 4
