"""Where the rows are while a model is trained, what is said of the device, and half precision."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnrun import train
from nnrun.data.splits import InputSpec, Part, Splits
from nnrun.tasks.targets import TargetSpec
from nnrun.training.placing import choose_rows
from nnrun.training.weighting import training_weights

CONFIG = """
dataset: {name: iris, split: {validation: 30, test: 20}}
architecture: {MLP: {hidden: [8]}}
optimizer: {Adam: {learning_rate: 0.01, use_ema: true}}
training: {epochs: 2, batch_size: 16, class_weight: balanced}
runtime: {device: cpu}
"""


def splits(train_rows: int, validation_rows: int) -> Splits:
    def part(rows: int) -> Part:
        labels = np.arange(rows, dtype="int32") % 2
        return Part({"x": np.zeros((rows, 6), "uint8")}, {"y": labels})

    return Splits(
        inputs={"x": InputSpec((6,), "uint8")},
        targets={"y": TargetSpec("binary", ("no", "yes"))},
        train=part(train_rows),
        validation=part(validation_rows),
        test=part(1000),  # evaluated once the others are let go
        fingerprint="",
        source="",
    )


@pytest.mark.parametrize(
    ("memory", "expected"), [(4 * 10 * 30, "resident"), (4 * 10 * 30 - 1, "streaming")]
)
def test_rows_stay_on_the_device_up_to_a_quarter_of_its_memory(memory: int, expected: str) -> None:
    data = splits(20, 10)  # 30 rows of 6 bytes, and 4 for the label
    assert choose_rows("auto", data, memory)[0] == expected
    assert choose_rows("auto", data, None)[0] == "resident"
    assert choose_rows("resident", data, 1) == ("resident", "set by runtime.rows")
    assert choose_rows("streaming", data, 10**12)[0] == "streaming"


def test_class_weights_of_the_training_rows() -> None:
    weights = training_weights(splits(4, 1), {"yes": 3.0})
    assert weights is not None
    assert weights.tolist() == [1, 3, 1, 3]


def run(folder: Path, *overrides: str) -> tuple[list[str], dict[str, object]]:
    """The history without the seconds, and the run's record."""
    folder.mkdir()
    config = folder / "mine.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    train(config, run_dir=folder / "run", overrides=overrides)
    record = json.loads((folder / "run" / "run.json").read_text(encoding="utf-8"))
    history = (folder / "run" / "history.csv").read_text(encoding="utf-8").splitlines()
    return [row.rpartition(",")[0] for row in history], record


@pytest.mark.usefixtures("_undrawn")
def test_a_streamed_run_is_the_resident_run(tmp_path: Path) -> None:
    graph = "runtime.engine=graph"  # xla's own are compared in test_streaming.py
    resident, first = run(tmp_path / "resident", graph)
    streamed, second = run(tmp_path / "streamed", graph, "runtime.rows=streaming")
    assert streamed == resident
    assert len(streamed) == 3
    metrics = [
        (tmp_path / name / "run" / "metrics.json").read_text("utf-8")
        for name in ("resident", "streamed")
    ]
    tests = [json.loads(text)["test"] for text in metrics]
    assert tests[0] == tests[1]
    assert (first["engine"]["rows"], second["engine"]["rows"]) == ("resident", "streaming")  # type: ignore[index]


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize(
    ("precision", "engine"), [("mixed_float16", "xla"), ("mixed_bfloat16", "graph")]
)
def test_a_run_in_half_precision(tmp_path: Path, precision: str, engine: str) -> None:
    changes = (f"runtime.precision={precision}", f"runtime.engine={engine}")
    history, record = run(tmp_path / "half", *changes)
    assert record["status"] == "finished"
    assert record["engine"]["precision"] == precision  # type: ignore[index]
    warned = any("made for GPUs" in str(warning) for warning in record["warnings"])  # type: ignore[attr-defined]
    assert warned == (precision == "mixed_float16")
    head, *rows = (line.split(",") for line in history)
    losses = [float(row[head.index("loss")]) for row in rows]
    assert losses[1] < losses[0]
