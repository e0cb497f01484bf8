"""Processes that are killed at any moment: the run goes on, and ends as if nothing had happened.

NNRUN_CAMPAIGN is the number of trials of each case; without it there are a few, of some.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from committing import EPOCHS, fault_at, full_disk, write_run
from conftest import complaints
from same_run import assert_same_run, bits, points, rows

from nnrun.errors import RunError
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import is_locked
from nnrun.runs.manifest import RunRecord, derived_status
from nnrun.runs.saved import load_saved

pytestmark = pytest.mark.faults

TRIALS = int(os.environ.get("NNRUN_CAMPAIGN", "0"))
PATIENCE = 120.0
"""Seconds after which a process is taken to hang."""

BASE = """\
name: killed
dataset: {name: digits, split: {validation: 200, test: 200}}
training: {epochs: 25, batch_size: 8}
runtime: {engine: graph}
tensorboard: {histogram_freq: 9} # makes one epoch after the other
"""
PLAIN = "architecture: {MLP: {hidden: [16]}}\n"
CASES = {
    "dropout, batch normalization": """\
architecture:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - BatchNormalization
  - Dropout: 0.3
  - Dense: {units: 10, activation: softmax}
""",
    "average, schedule": PLAIN
    + "optimizer: {SGD: {learning_rate: 0.05, use_ema: true}}\n"
    + "schedule: {CosineDecay: {decay_steps: 25 epochs}}\n",
    "plateau, early stopping": PLAIN
    + "callbacks:\n"
    + "  - ReduceLROnPlateau: {monitor: loss, patience: 2, min_delta: 0.2, factor: 0.5}\n"
    + "  - EarlyStopping: {monitor: loss, patience: 15, min_delta: 0.5}\n",
    "class weights": PLAIN + "training: {class_weight: balanced}\n",
}
IN_SHORT = ("dropout, batch normalization",)

Start = Callable[..., subprocess.Popen[str]]


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something holds, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not holds() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kill_at_random(
    process: subprocess.Popen[str], run: RunDirectory, chance: random.Random
) -> None:
    """Kill a process within two seconds from its first step."""
    began = run.tensorboard.stat().st_mtime_ns if run.tensorboard.exists() else 0
    wait_until(
        lambda: run.tensorboard.exists() and run.tensorboard.stat().st_mtime_ns >= began, process
    )
    time.sleep(chance.uniform(0, 2))
    process.kill()
    process.communicate()


@pytest.mark.parametrize("case", CASES if TRIALS else IN_SHORT)
@pytest.mark.campaign
def test_killed_at_random_twice_in_a_row(
    case: str,
    tmp_path: Path,
    nnrun_process: Start,
    write_config: Callable[..., Path],
    record_property: Callable[[str, object], None],
) -> None:
    write_config(BASE, "base.yaml")
    config = write_config("extends: base.yaml\n" + CASES[case])
    whole = RunDirectory(tmp_path / "whole")
    process = nnrun_process("train", config, "--run-dir", whole.path, "--quiet")
    assert process.wait(PATIENCE) == 0
    record_property("trials", TRIALS or 1)
    for trial in range(TRIALS or 1):
        chance = random.Random(f"{case} {trial}")
        run = RunDirectory(tmp_path / f"killed{trial}")
        process = nnrun_process("train", config, "--run-dir", run.path, "--quiet")
        kill_at_random(process, run, chance)
        for _ in range(2):
            if derived_status(run) == "finished":
                break
            assert derived_status(run) == "died"
            process = nnrun_process("resume", run.path, "--quiet")
            kill_at_random(process, run, chance)
        if derived_status(run) != "finished":
            process = nnrun_process("resume", run.path, "--quiet")
            _, err = process.communicate(timeout=PATIENCE)
            assert (process.returncode, complaints(err)) == (0, [])
        assert_same_run(run, whole)


def small(run: RunDirectory) -> dict[str, Any]:
    """What a small run holds."""
    last = CheckpointStore(run.checkpoints).load("last")
    best = CheckpointStore(run.checkpoints).load("best")
    return {
        "last": {name: bits(array) for name, array in last.arrays.items()},
        "best": {name: bits(array) for name, array in best.arrays.items()},
        "epochs": (last.facts["epoch"], best.facts["epoch"]),
        "refused": (*last.refused, *best.refused),
        "rows": rows(run),
        "points": points(run.tensorboard),
        "leftovers": [path.name for path in run.path.rglob(".*.tmp*")],
        "generations": {
            name: len(list(run.checkpoints.glob(f"{name}-*"))) for name in ("last", "best")
        },
    }


def test_killed_before_any_call_of_a_commit(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    script = Path(__file__).with_name("committing.py")
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=PATIENCE)
    whole = small(RunDirectory(tmp_path / "whole"))
    assert whole["epochs"] == (EPOCHS, 2)
    numbers = sorted(int(path.stem) for path in tmp_path.glob("*.told"))
    assert len(numbers) > 60
    record_property("trials", len(numbers))
    for number in numbers:
        run = RunDirectory(tmp_path / str(number))
        told = (tmp_path / f"{number}.told").read_text().split()
        if not run.record.exists():
            assert told == [], number
            continue  # it died before there was anything to keep
        assert load_saved(run).facts.get("epoch", 0) >= len(told), number
        assert not is_locked(run.path)
        write_run(run)
        assert small(run) == whole, number


def test_a_full_disk_at_any_call_of_a_commit(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    whole = RunDirectory(tmp_path / "whole")
    with fault_at(0, full_disk) as count:
        write_run(whole)
    expected = small(whole)
    record_property("trials", count[0])
    for number in range(1, count[0] + 1):
        run, told = RunDirectory(tmp_path / str(number)), [0]
        with fault_at(number, full_disk), pytest.raises((RunError, OSError)):
            write_run(run, told.append)
        if not run.record.exists():
            continue
        assert load_saved(run).facts.get("epoch", 0) >= told[-1], number
        write_run(run)
        assert small(run) == expected, number


@pytest.mark.campaign
def test_eight_processes_go_on_with_one_run(
    tmp_path: Path, nnrun_process: Start, write_config: Callable[..., Path]
) -> None:
    write_config(BASE, "base.yaml")
    config = write_config("extends: base.yaml\ntraining: {epochs: 150}\n" + PLAIN)
    run = RunDirectory(tmp_path / "run")
    process = nnrun_process("train", config, "--run-dir", run.path, "--quiet")
    wait_until(lambda: CheckpointStore(run.checkpoints).has("last"), process)
    process.kill()
    process.wait()
    assert derived_status(run) == "died"
    processes = [nnrun_process("resume", run.path, "--quiet") for _ in range(8)]
    ended = [
        (process.communicate(timeout=PATIENCE)[1], process.returncode) for process in processes
    ]
    winners = [err for err, code in ended if code == 0]
    refused = [complaints(err) for err, code in ended if code == 2]
    assert (len(winners), len(refused)) == (1, 7), ended
    for lines in refused:
        first = lines[0]
        assert "is writing this run" in first or "is finished" in first
    assert not is_locked(run.path)
    record = RunRecord.read(run.record)
    assert (record.status, record.epochs, len(record.resumes)) == ("finished", 150, 1)
