"""The curves of several runs over each other."""

import doctest
import math

import pytest

from nnrun.reports import overlay
from nnrun.reports.overlay import smooth
from nnrun.reports.textplots import line_plot


def test_the_docstrings_run() -> None:
    assert doctest.testmod(overlay).failed == 0


def test_smoothing() -> None:
    assert smooth([2.0, 2.0, 2.0], 0.9) == pytest.approx([2.0, 2.0, 2.0])
    assert smooth([1.0, 5.0], 0.0) == [1.0, 5.0]
    found = smooth([1.0, math.nan, 3.0], 0.6)
    assert found[0] == 1.0
    assert math.isnan(found[1])
    assert found[2] == pytest.approx((0.6 * 0.4 * 1 + 0.4 * 3) / (0.6 * 0.4 + 0.4))


def test_lines_on_one_scale_and_on_a_logarithmic_one() -> None:
    assert line_plot([1, 2], 2, 3, limits=(1, 3), encoding="ascii") == "3 |\n  | *\n1 |*"
    assert line_plot([1, 10, 100], 3, 3, log=True, encoding="ascii") == "100 |  *\n    | *\n  1 |*"
