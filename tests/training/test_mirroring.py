"""Several replicas come to the numbers of one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.experiments.api import evaluate, train
from nnrun.experiments.declare import load
from nnrun.runs.directory import RunDirectory

ROOT = Path(__file__).parents[2]
CASES = (
    "sgd",
    "momentum, clipped",
    "clipped globally",
    "adamw, schedule",
    "rmsprop",
    "float16",
    "averaged",
)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.mirrored_epochs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.campaign
@pytest.mark.parametrize("case", CASES)
def test_two_replicas_equal_one(results: dict[str, Any], case: str) -> None:
    # Half precision rounds the slices' gradients before they are summed.
    relative, absolute = (1e-2, 1e-3) if case == "float16" else (1e-4, 2e-6)
    one, mirrored = results[case]["one"], results[case]["mirrored"]
    for mine, expected in zip(mirrored["figures"], one["figures"], strict=True):
        assert mine == pytest.approx(expected, rel=relative / 10)
    for mine, expected in zip(mirrored["state"], one["state"], strict=True):
        np.testing.assert_allclose(mine, expected, rtol=relative, atol=absolute)
    assert one["figures"][0]["loss"] != pytest.approx(one["figures"][1]["loss"], rel=1e-3)


SCRIPT = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import nnrun
outcome = nnrun.train(sys.argv[1], run_dir=sys.argv[2], overrides=sys.argv[3:])
print(json.dumps(outcome.metrics))
"""
CONFIG = """
seed: 3
dataset: {name: iris, split: {validation: 30, test: 21}}
architecture:
- Dense: {units: 8, activation: relu}
- BatchNormalization
- Dropout: 0.1
- Dense: {units: 3, activation: softmax}
optimizer: {SGD: {learning_rate: 0.1, use_ema: true, ema_momentum: 0.9}}
training: {epochs: 4, batch_size: 16}
runtime: {strategy: mirrored, device: cpu}
"""


def run_on_two(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    config = folder / "mine.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-c", SCRIPT, str(config), str(folder / "run"), *overrides]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.campaign
def test_a_run_on_two_devices_is_a_run_like_any_other(tmp_path: Path) -> None:
    done = run_on_two(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = json.loads(done.stdout.splitlines()[-1])
    assert metrics["last"]["loss"] < 1.0  # log 3 = 1.1 is what a guess costs
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert record["status"] == "finished"
    assert record["engine"]["name"] == "graph"
    assert record["engine"]["replicas"] == 2
    assert not any("one device" in warning for warning in record["warnings"])
    evaluation = evaluate(RunDirectory(tmp_path / "run"))["targets"]  # on one device
    assert evaluation.recorded["loss"] == pytest.approx(metrics["test"]["loss"], rel=1e-5)


def test_a_last_batch_of_fewer_rows_than_devices_is_refused(tmp_path: Path) -> None:
    done = run_on_two(tmp_path, "training.batch_size=14")  # 150 - 30 - 21 = 7 * 14 + 1 rows
    assert "UserError: the last batch of an epoch has 1 of the rows, fewer than" in done.stderr
    assert not (tmp_path / "run").exists()


def test_one_device_is_told_of(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    outcome = train(config, run_dir=tmp_path / "run", overrides=["training.epochs=1"])
    assert "there is only one device" in outcome.warnings[-1]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("runtime.engine=xla", "trained by the graph engine"),
        ("optimizer={SGD: {gradient_accumulation_steps: 2}}", "cannot accumulate gradients"),
    ],
)
def test_what_does_not_go_with_several_devices_is_refused(
    tmp_path: Path, more: str, told: str
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load(config, [more])
