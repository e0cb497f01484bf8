"""Plots of characters."""

import doctest
import math

from hypothesis import given
from hypothesis import strategies as st

from nnrun.pages import textplots
from nnrun.pages.textplots import line_plot, sparkline


def test_the_docstrings_run() -> None:
    assert doctest.testmod(textplots).failed == 0


def test_a_sparkline_averages_to_its_width() -> None:
    assert sparkline([0, 0, 7, 7], 2) == "▁█"
    assert sparkline([1, math.nan, 2]) == "▁ █"
    assert sparkline([3, 3]) == "▅▅"
    assert sparkline([]) == ""
    assert sparkline([math.inf]) == " "


def test_a_line_plot_in_braille() -> None:
    assert line_plot([4, 3, 2, 1], 2, 1) == "4 ┤⠑⢄"
    lines = line_plot([0.1 * 0.5 ** (i / 100) for i in range(400)], 30, 4).splitlines()
    assert lines[0].startswith("     0.1 ┤⠑")
    assert lines[-1].startswith("0.006293 ┤")
    assert all(len(line) <= 8 + 2 + 30 for line in lines)


def test_a_line_plot_in_ascii() -> None:
    assert line_plot([1, 2, 3], 3, 3, unicode=False) == "3 |  *\n  | *\n1 |*"
    assert line_plot([5, 5], 2, 3, unicode=False) == "  |\n5 |**\n  |"


def test_nothing_to_draw_is_nothing() -> None:
    assert line_plot([]) == ""
    assert line_plot([math.nan, math.inf]) == ""


@given(
    st.lists(st.floats()),
    st.integers(1, 30),
    st.integers(1, 8),
    st.booleans(),
)
def test_any_values_are_drawn(values: list[float], width: int, height: int, unicode: bool) -> None:
    assert len(sparkline(values, width)) == min(len(values), width)
    text = line_plot(values, width, height, unicode=unicode)
    assert unicode or text.isascii()
    assert text == "" or len(text.split("\n")) == height
