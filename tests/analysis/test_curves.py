"""The plots: drawn for any history, the same bytes every time."""

import math
import struct
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from nnrun.analysis import curves
from nnrun.analysis.curves import draw_learning_curves, draw_learning_rate
from nnrun.runs.history import History

NAN, INF = math.nan, math.inf
HISTORIES = {
    "one epoch": History([{"epoch": 1, "loss": 0.5, "val_loss": 0.4, "accuracy": 0.8}]),
    "nan at the end": History([{"epoch": 1, "loss": 0.5, "val_loss": 1.0}, {"epoch": 2, "loss": NAN, "val_loss": INF}]),
    "nothing finite": History([{"epoch": 1, "loss": NAN, "val_loss": INF}]),
    "no validation": History({"epoch": e, "loss": 1 / e} for e in range(1, 9)),
    "five decades": History({"epoch": e, "loss": 10.0**-e, "val_loss": 10.0**-e} for e in range(1, 6)),
    "many outputs": History(
        {"epoch": e, **{f"{v}{n}": e / 9 for v in ("", "val_") for n in ("loss", "price_loss", "aux_loss", "$x$", "b")}}
        for e in range(1, 4)
    ),
    "validation only sometimes": History([{"epoch": 1, "loss": 1}, {"epoch": 2, "loss": 1, "val_loss": 2}]),
    "5,000 epochs": History({"epoch": e, "loss": 1 + math.sin(e), "val_loss": 2.0} for e in range(1, 5001)),
    "no epoch": History(),
}  # fmt: skip


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES.keys())
@pytest.mark.parametrize("best_epoch", [None, 1, 99])
def test_any_history_is_drawn(tmp_path: Path, history: History, best_epoch: int | None) -> None:
    draw_learning_curves(
        history, tmp_path / "a.png", best_epoch=best_epoch, title="a $b$", units={"b": "$"}
    )
    width, height = size_of(tmp_path / "a.png")
    assert width > 600
    assert height > 450


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        draw_learning_curves(HISTORIES["many outputs"], tmp_path / name, best_epoch=2)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"Software" not in (tmp_path / "a").read_bytes()


def test_a_users_settings_change_nothing_and_are_left_alone(tmp_path: Path) -> None:
    draw_learning_curves(HISTORIES["one epoch"], tmp_path / "a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        draw_learning_curves(HISTORIES["one epoch"], tmp_path / "b")
        assert mpl.rcParams["font.size"] == 30
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_training_curve_is_half_an_epoch_to_the_left() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    history = History({"epoch": e, "loss": 1 / e, "val_loss": 2 / e} for e in (1, 2, 3))
    curves._draw_panel(axes, history, "loss", "MSE")
    curves._mark_best(axes, history, "loss", 3)
    training, validation, line, point = axes.get_lines()
    assert list(training.get_xdata()) == [0.5, 1.5, 2.5]
    assert list(validation.get_xdata()) == [1, 2, 3]
    assert list(line.get_xdata()) == [3, 3]
    assert list(point.get_ydata()) == [2 / 3]
    assert axes.get_title("right") == "best epoch 3: 0.6667"
    assert axes.get_ylabel() == "loss (MSE)"
    assert all(tick == round(tick) for tick in axes.get_xticks())


@pytest.mark.parametrize(
    ("rates", "scale"),
    [
        ([0.1, 0.05], "linear"),
        ([0.1, 0.001], "log"),
        ([0.1, 0.0], "linear"),
        ([0.01], "linear"),
        ([], "linear"),
    ],
)
def test_the_axis_of_the_rate_is_logarithmic_beyond_a_decade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rates: list[float], scale: str
) -> None:
    scales = ["linear"]
    set_log = curves._set_log
    monkeypatch.setattr(curves, "_set_log", lambda *args: (scales.append("log"), set_log(*args)))
    draw_learning_rate(rates, tmp_path / "a.png")
    assert scales[-1] == scale
    history = History({"epoch": e, "learning_rate": rate} for e, rate in enumerate(rates, 1))
    if rates:
        draw_learning_rate(history, tmp_path / "b.png")
        size_of(tmp_path / "b.png")


def test_neither_pyplot_nor_tensorflow_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from nnrun.analysis import run_summary, curves
from nnrun.runs import checkpoints, directory, history, index, locking, manifest
print(sorted(set(sys.modules) & {{"numpy", "pandas", "matplotlib", "rich", "tensorflow"}}))
curves.draw_learning_rate([0.1], Path({str(tmp_path / "a.png")!r}))
print(sorted(set(sys.modules) & {{"matplotlib.pyplot", "pandas", "tensorflow"}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n[]\n"
