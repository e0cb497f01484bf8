"""The curves of several runs over each other."""

import doctest
import math
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnrun.analysis import overlay
from nnrun.analysis.overlay import draw_runs, moving_average
from nnrun.pages.textplots import line_plot
from nnrun.runs.history import History

from .test_curves import HISTORIES, size_of

BOTH = History({"epoch": e, "loss": 1 / e, "val_loss": 2 / e} for e in (1, 2, 3))
TRAINING_ALONE = History({"epoch": e, "loss": 1 / e} for e in (1, 2))


def drawn(histories: overlay.Histories, *, training: bool) -> Axes:
    """The panel of the loss."""
    axes = Figure().add_subplot()
    for curve in overlay._curves(histories, "loss", training=training):
        overlay._draw_curve(axes, curve, 0)
    return axes


def test_the_docstrings_run() -> None:
    assert doctest.testmod(overlay).failed == 0


def test_smoothing() -> None:
    assert moving_average([2.0, 2.0, 2.0], 0.9) == pytest.approx([2.0, 2.0, 2.0])
    assert moving_average([1.0, 5.0], 0.0) == [1.0, 5.0]
    found = moving_average([1.0, math.nan, 3.0], 0.6)
    assert found[0] == 1.0
    assert math.isnan(found[1])
    assert found[2] == pytest.approx((0.6 * 0.4 * 1 + 0.4 * 3) / (0.6 * 0.4 + 0.4))


def test_lines_on_one_scale_and_on_a_logarithmic_one() -> None:
    assert line_plot([1, 2], 2, 3, limits=(1, 3), unicode=False) == "3 |\n  | *\n1 |*"
    assert line_plot([1, 10, 100], 3, 3, log=True, unicode=False) == "100 |  *\n    | *\n  1 |*"


def test_runs_over_each_other_share_a_look_by_label_and_are_named_once() -> None:
    many = {f"${number}$": [BOTH] for number in range(30)}
    axes = drawn(many | {"without": [TRAINING_ALONE]}, training=False)
    lines = axes.get_lines()
    assert len(lines) == 30  # what has no validation has no place among them
    assert list(lines[0].get_ydata()) == [2, 1, 2 / 3]
    looks = [(line.get_color(), line.get_marker()) for line in lines]
    assert len(set(looks[:28])) == 28
    assert len({color for color, _ in looks[:7]}) == 7
    assert {color for color, _ in looks[28:]} == {overlay._OTHER_RUN_COLOR}
    _, labels = axes.get_legend_handles_labels()
    named = [rf"\${number}\$" for number in range(28)]
    assert list(dict.fromkeys(labels)) == [*named, "3 more"]


def test_long_curves_of_one_colour_are_told_apart_by_their_markers() -> None:
    long = History({"epoch": e, "loss": 1 / e, "val_loss": 2 / e} for e in range(1, 101))
    lines = drawn({str(number): [long] for number in range(8)}, training=False).get_lines()
    assert lines[0].get_color() == lines[7].get_color()
    assert lines[0].get_marker() == "None"
    assert lines[7].get_marker() == "s"
    assert lines[7].get_markevery() == 8


def test_seeds_are_their_mean_in_a_band_as_far_as_half_of_them_go() -> None:
    losses = ([2.0, 1.0, 0.5, 0.4], [4.0, math.nan, 1.5], [3.0, 2.0], [3.0])
    seeds = [
        History({"epoch": e, "loss": loss} for e, loss in enumerate(column, start=1))
        for column in losses
    ]
    axes = drawn({"a": seeds}, training=True)
    (line,) = axes.get_lines()
    assert list(line.get_xdata()) == [0.5, 1.5, 2.5]
    assert list(line.get_ydata()) == [3.0, 1.5, 1.0]
    (band,) = axes.collections
    corners = {(x, y) for x, y in band.get_paths()[0].vertices.tolist()}
    assert corners >= {(0.5, 2.0), (0.5, 4.0), (1.5, 1.0), (1.5, 2.0), (2.5, 0.5), (2.5, 1.5)}


def test_the_training_is_dashed_and_half_an_epoch_to_the_left() -> None:
    training, validation, alone = drawn(
        {"a": [BOTH], "b": [TRAINING_ALONE]}, training=True
    ).get_lines()
    assert list(training.get_xdata()) == [0.5, 1.5, 2.5]
    assert list(validation.get_xdata()) == [1, 2, 3]
    assert [line.is_dashed() for line in (training, validation, alone)] == [True, False, True]
    assert training.get_color() == validation.get_color() != alone.get_color()
    one = drawn({"a": [BOTH]}, training=True).get_lines()
    assert [line.is_dashed() for line in one] == [False, False]
    assert one[0].get_color() != one[1].get_color()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
def test_any_histories_are_drawn_over_each_other(
    tmp_path: Path, history: History, training: bool
) -> None:
    for name in ("a.png", "b.png"):
        draw_runs({"one": [history], "two": [history]}, tmp_path / name, training=training)
    size_of(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
