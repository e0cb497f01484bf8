"""The plot of what a small net holds."""

from pathlib import Path

from nnrun.analysis.trace_plot import MOST_ROWS, MOST_UNITS, draw_traces, list_panels
from nnrun.runs.history import History


def traces(rows: int = 2, units: int = 2) -> History:
    table = {f"hidden/dense/{row}/{unit}": 0.5 for row in range(1, rows + 1) for unit in (1, 2)}
    table |= {
        f"weight/dense/kernel/{start}/{unit}": 0.1
        for start in (1, 2, 3)
        for unit in range(1, units + 1)
    }
    table |= {"weight/dense/bias/1": 0.0, "squared_error/1": 2.0, "squared_error/2": 1.0}
    return History({"epoch": epoch, **table} for epoch in (0, 50, 100))


def test_panels_for_the_errors_each_row_and_each_unit() -> None:
    panels = list_panels(traces())
    assert list(panels) == [
        "squared error of each output unit",
        "dense: values for row 1",
        "dense: values for row 2",
        "dense: weights to unit 1",
        "dense: weights to unit 2",
    ]
    assert panels["dense: weights to unit 2"] == [
        f"weight/dense/kernel/{start}/2" for start in (1, 2, 3)
    ]
    many = list_panels(traces(rows=20, units=20))
    assert len(many) == 1 + MOST_ROWS + MOST_UNITS
    assert list_panels(History()) == {}


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    draw_traces(traces(), tmp_path / "traces.png", title="identity")
    assert (tmp_path / "traces.png").read_bytes().startswith(b"\x89PNG")
