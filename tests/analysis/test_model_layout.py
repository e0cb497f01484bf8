"""Where the boxes of a model's picture stand."""

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nnrun.analysis.model_layout import lay_out
from nnrun.analysis.model_plot import LayerBox, ModelGraph, draw_model

BOXES = tuple("abcdefgh")


def test_a_line_that_passes_a_row_gets_a_place_in_it() -> None:
    """As the wide part of a wide and deep model, beside the deep one."""
    layout = lay_out(
        ["in", "hidden", "joined"], [("in", "hidden"), ("hidden", "joined"), ("in", "joined")]
    )
    assert [layout.places[box][1] for box in ("in", "hidden", "joined")] == [0, 1, 2]
    ((x, row),) = layout.ways["in", "joined"]
    assert row == 1
    assert abs(x - layout.places["hidden"][0]) == 1
    # The ends stand between the two ways.
    assert layout.places["in"][0] == layout.places["joined"][0] == 0


def test_lines_that_need_not_cross_do_not() -> None:
    lines = [("l", "l1"), ("r", "r1"), ("l1", "l2"), ("r1", "r2"), ("r2", "end"), ("l2", "end")]
    places = lay_out(["l", "r", "r1", "l1", "l2", "r2", "end"], lines).places
    left = [
        places[box][0] < places[other][0] for box, other in (("l", "r"), ("l1", "r1"), ("l2", "r2"))
    ]
    assert left in ([True] * 3, [False] * 3)
    assert places["end"][0] == 0


@given(st.sets(st.tuples(st.sampled_from(BOXES), st.sampled_from(BOXES)), max_size=14))
def test_rows_go_down_and_nothing_overlaps(drawn: set[tuple[str, str]]) -> None:
    lines = sorted((one, other) for one, other in drawn if one < other)
    layout = lay_out(BOXES, lines)
    for one, other in lines:
        assert layout.places[one][1] < layout.places[other][1]
        rows = range(layout.places[one][1] + 1, layout.places[other][1])
        assert [row for _, row in layout.ways[one, other]] == list(rows)
    taken = list(layout.places.values()) + [point for way in layout.ways.values() for point in way]
    for row in range(layout.rows):
        across = sorted(x for x, its in taken if its == row)
        assert all(b - a > 0.99 for a, b in itertools.pairwise(across))


def test_the_same_model_gives_the_same_picture(tmp_path: Path) -> None:
    graph = ModelGraph(
        [
            LayerBox("in", "in$put", ("28 x 28",), "input"),
            LayerBox("a", "a", ("Dense, frozen",), "frozen", "nested"),
            LayerBox("b", "b", ("Dense", "3", "12 parameters"), "learns"),
        ],
        [("in", "a"), ("a", "b"), ("in", "b")],
    )
    for name in ("one.png", "two.png"):
        draw_model(graph, tmp_path / name, title="a $ title")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    draw_model(graph, tmp_path / "one.svg", form="svg")
    assert (tmp_path / "one.svg").read_text().count("<path") > 5
