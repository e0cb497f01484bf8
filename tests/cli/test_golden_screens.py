"""Every command shows exactly the screen that stands in its golden file, narrow and wide."""

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY, write_run, write_study

from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import Metrics

from .golden_screens.cases import CASES, FILES, FOLDER, SERVED, WIDTHS, take_screen

ROOT = str(Path(__file__).parents[2])
IRIS = "sepal_length,sepal_width,petal_length,petal_width\n"
SGD = "optimizer={SGD: {learning_rate: 0.1, momentum: 0.9, nesterov: true}}"
DEEP = (
    "architecture=[Dense: {units: 64, activation: relu}, BatchNormalization, Dropout: 0.25, "
    "Dense: {units: 32, activation: relu, kernel_regularizer: {L2: 0.001}}, Dense: 3]"
)
CURVE = [0.4, 0.55, 0.62, 0.7, 0.74, 0.77, 0.79, 0.785, 0.8, 0.81]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, _trained: Path) -> Path:
    """Configs, rows, runs written by hand with fixed dates, and a real one: `tiny`."""
    folder = tmp_path_factory.mktemp("screens")
    runs = folder / "runs"
    write_run(runs, "base-1", [0.5, 0.75], overrides=["name=base"], test=0.7)
    write_run(
        runs,
        "sgd-1",
        [0.5, 0.8],
        overrides=["name=sgd", SGD, "architecture={MLP: {hidden: [16]}}"],
        test=0.6,
        parameters=131,
        seconds=75.0,
        created="2026-03-02T12:00:00+00:00",
    )
    write_run(
        runs,
        "deep-1",
        CURVE,
        overrides=["name=deep", DEEP, "training.epochs=10"],
        test=0.79,
        parameters=2_750,
        seconds=7384.0,
        created="2026-03-03T12:00:00+00:00",
        device="NVIDIA H200",
        engine={"name": "xla", "reason": "a GPU"},
        stop_reason="stopped by EarlyStopping",
        expectations=(
            {"figure": "val_accuracy", "value": 0.81, "held": True, "min": 0.8},
            {"figure": "parameters", "value": 2750.0, "held": False, "max": 2000},
        ),
        warnings=("12 of 90 rows of train are duplicates of others, which the validation rows "
                  "may hold as well",),
    )  # fmt: skip
    for seed in (1, 2, 3):
        changes = ["name=seeds", f"seed={seed}"]
        date = f"2026-03-04T12:00:0{seed}+00:00"
        data = {"fingerprint": f"{42:064}", "rows": {"train": 90, "test": 30}}
        write_run(
            runs,
            f"seeds-{seed}",
            [0.5, 0.7 + seed / 100],
            overrides=changes,
            created=date,
            data=data,
        )
    write_run(
        runs,
        "other-1",
        [0.5],
        overrides=["name=other", SGD],
        data={"fingerprint": "f" * 64},
        created="2026-03-05T12:00:00+00:00",
    )
    write_run(
        runs,
        "failed-20260306-120000-abcd",
        [0.3],
        overrides=["name=failed"],
        status="failed",
        stop_reason="ResourceExhaustedError: out of memory",
        created="2026-03-06T12:00:00+00:00",
    )
    diverged = write_run(
        runs,
        "diverged-1",
        [0.3],
        overrides=["name=diverged"],
        status="diverged",
        epochs=0,
        best_epoch=None,
        stop_reason="loss is nan in epoch 1",
        created="2026-03-06T13:00:00+00:00",
    )
    Metrics().write(diverged.metrics)
    diverged.history.unlink()
    studied = folder / "studied"
    write_run(studied, "alone-1", [0.5, 0.75], overrides=["name=alone"], test=0.7)
    write_study(studied, "seeds-20260307-120000-abcd", {1: [0.7, 0.8], 2: [0.75], 3: [0.6, 0.7]})
    write_study(
        studied,
        "wide-20260308-120000-efgh",
        {1: [0.9], 2: [0.83], 3: [0.81]},
        overrides=["name=wide", "architecture={MLP: {hidden: [64]}}"],
        status="interrupted",
        created="2026-03-08T12:00:00+00:00",
    )
    shutil.copytree(_trained, folder / "tiny")
    (folder / "rows2.csv").write_text("kept")
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "wrong.yaml").write_text(TINY.replace("epochs: 2", "epoch: 2").replace("ML", "LM"))
    (folder / "rows.csv").write_text(f"{IRIS}5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n")
    (folder / "short.csv").write_text("sepal_length\n5.1\n")
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_the_screen_is_the_golden_one(
    name: str, width: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {"COLUMNS": width, "LINES": 50, "TZ": "UTC", "TERM": "xterm"}.items():
        monkeypatch.setenv(variable, str(value))
    _compare(
        f"{name}-{width}", take_screen(CASES[name], shutil.copytree(folder, tmp_path / "folder"))
    )


def test_tensorboard_answers_until_it_is_interrupted(
    nnrun_process: Callable[..., subprocess.Popen[str]], tiny_run: RunDirectory
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("tensorboard", "tiny_run", "--port", str(port), "--runs-dir", ".")
    process = nnrun_process(*command, env=os.environ | {"PYTHONPATH": ROOT})
    assert process.stdout is not None
    first = process.stdout.readline()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/environment", timeout=60) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert err == ""
    shown = f"$ nnrun {' '.join(command)}\n{first}{out}--- exit code {process.returncode}\n"
    _compare(SERVED, shown.replace(str(port), "PORT"))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def _compare(name: str, screen: str) -> None:
    golden = FOLDER / f"{name}.txt"
    if "REGENERATE_GOLDEN_SCREENS" in os.environ:
        golden.write_bytes(screen.encode())
    assert screen == golden.read_bytes().decode()


def test_no_golden_screen_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == FILES
