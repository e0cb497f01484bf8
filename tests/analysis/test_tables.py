"""The summary of a run, and plots of characters."""

import doctest
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis import tables
from nnrun.analysis.tables import render, results_table
from nnrun.pages import textplots
from nnrun.pages.textplots import line_plot, sparkline, speaks_unicode
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import Metrics, RunRecord

RECORD = RunRecord(
    name="digits",
    status="finished",
    command="",
    seed=42,
    created="",
    seconds=75,
    device="CPU",
    engine={"name": "compiled", "reason": "the data fit into memory"},
    parameters=266610,
    best_epoch=7,
    epochs=10,
    stop_reason="no better for 3 epochs",
    expectations=(
        {"figure": "params", "value": 266610, "equals": 266610, "held": True},
        {"figure": "val_accuracy", "value": 0.9123456, "min": 0.885, "held": True},
        {"figure": "loss", "value": 0.2, "min": 0, "max": 0.1234567, "held": False},
    ),
)
METRICS = Metrics(
    best={
        "epoch": 7,
        "loss": 0.2,
        "val_loss": 0.25,
        "accuracy": 0.95,
        "val_accuracy": 0.9123456,
        "seconds": 1.0,
    },
    test={"loss": None, "accuracy": 0.9},
)
RUN = RunDirectory(Path("runs/digits-20261120-143005-kqzt"))


@pytest.mark.parametrize("module", [tables, textplots])
def test_the_docstrings_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_the_summary_of_a_run() -> None:
    assert (
        render(results_table(RECORD, METRICS, RUN, encoding="utf-8"))
        == """\
digits-20261120-143005-kqzt finished: no better for 3 epochs

          training  validation        test
loss           0.2        0.25  not finite
accuracy      0.95     0.91235         0.9

✓  params        266,610  expected 266,610
✓  val_accuracy  0.91235  expected at least 0.885
✗  loss              0.2  expected at least 0 and at most 0.1234567

epochs      10, the best is 7
time        1 min 15 s
parameters  266,610
engine      compiled on CPU (the data fit into memory)
run         runs/digits-20261120-143005-kqzt
"""
    )


def test_in_ascii_and_without_figures() -> None:
    text = render(results_table(RECORD, Metrics(), RUN, encoding="ascii"))
    assert text.isascii()
    assert "ok      params" in text
    assert "FAILED  loss" in text
    assert "training" not in text


def test_a_run_that_died_says_so() -> None:
    record = replace(RECORD, status="running", stop_reason="", expectations=())
    text = render(results_table(record, Metrics(), RUN, status="died"))
    assert text.startswith("digits-20261120-143005-kqzt died\n")


def test_only_files_that_are_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.keras").touch()
    text = render(results_table(RECORD, METRICS, RunDirectory(tmp_path)), width=300)
    assert f"model       {tmp_path / 'model.keras'}\n" in text
    assert "curves" not in text


def test_colours_only_when_asked_for() -> None:
    table = results_table(RECORD, METRICS, RUN)
    assert "\x1b" not in render(table)
    assert "\x1b[32m" in render(table, color=True)


def test_markup_in_a_name_is_only_text() -> None:
    record = replace(RECORD, stop_reason="[red]x[/red]", device="[bold]GPU")
    text = render(results_table(record, Metrics({"[b]m": 1.5}), RunDirectory(Path("[i]run"))))
    assert all(part in text for part in ("[red]x[/red]", "[bold]GPU", "[b]m", "[i]run"))


def test_a_sparkline_averages_to_its_width() -> None:
    assert sparkline([0, 0, 7, 7], 2, encoding="utf-8") == "▁█"
    assert sparkline([1, math.nan, 2], encoding="utf-8") == "▁ █"
    assert sparkline([3, 3], encoding="utf-8") == "▅▅"
    assert sparkline([], encoding="utf-8") == ""
    assert sparkline([math.inf], encoding="utf-8") == " "


def test_a_line_plot_in_braille() -> None:
    assert line_plot([4, 3, 2, 1], 2, 1, encoding="utf-8") == "4 ┤⠑⢄"
    lines = line_plot(
        [0.1 * 0.5 ** (i / 100) for i in range(400)], 30, 4, encoding="utf-8"
    ).splitlines()
    assert lines[0].startswith("     0.1 ┤⠑")
    assert lines[-1].startswith("0.006293 ┤")
    assert all(len(line) <= 8 + 2 + 30 for line in lines)


def test_a_line_plot_in_ascii() -> None:
    assert line_plot([1, 2, 3], 3, 3, encoding="ascii") == "3 |  *\n  | *\n1 |*"
    assert line_plot([5, 5], 2, 3, encoding="ascii") == "  |\n5 |**\n  |"


def test_nothing_to_draw_is_nothing() -> None:
    assert line_plot([]) == ""
    assert line_plot([math.nan, math.inf]) == ""


@given(
    st.lists(st.floats()),
    st.integers(1, 30),
    st.integers(1, 8),
    st.sampled_from(["utf-8", "ascii"]),
)
def test_any_values_are_drawn(values: list[float], width: int, height: int, encoding: str) -> None:
    assert len(sparkline(values, width, encoding=encoding)) == min(len(values), width)
    text = line_plot(values, width, height, encoding=encoding)
    text.encode(encoding)
    assert text == "" or len(text.split("\n")) == height


def test_which_encodings_hold_our_signs() -> None:
    assert speaks_unicode("utf-8")
    assert not speaks_unicode("latin-1")
    assert not speaks_unicode("no-such-encoding")
