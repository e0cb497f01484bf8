"""Signals at any time: what was trained is kept, and nobody waits or reads a traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TINY, complaints

from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord, derived_status

pytestmark = pytest.mark.faults

PNG = b"\x89PNG\r\n"
ENDLESS = TINY.replace("epochs: 2", "epochs: 1000000")
PROMPT = 20.0
"""Seconds within which a process must have left; most of them are the start of TensorFlow."""


@pytest.fixture
def start(
    write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> Callable[..., Any]:
    """Starts an endless training."""

    def start(*arguments: str, **options: Any) -> Any:
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        return nnrun_process(
            "train",
            write_config(ENDLESS),
            "--run-dir",
            "run",
            *arguments,
            env=environment,
            **options,
        )

    return start


def wait_for_epoch(process: Any) -> None:
    """Wait until the first row of the history was printed."""
    for line in process.stdout:
        if line.split()[:1] == ["1"]:
            return
    raise AssertionError(process.stderr.read())


def wait_for_commit(run: RunDirectory) -> None:
    deadline = time.monotonic() + PROMPT
    while not CheckpointStore(run.checkpoints).has("last") or not run.history.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def temporary_files(run: RunDirectory) -> list[str]:
    return [path.name for path in run.path.rglob(".*.tmp*")]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.campaign),
    ],
)
def test_one_signal_ends_the_training_with_everything_written(
    tmp_path: Path, start: Callable[..., Any], number: signal.Signals, code: int
) -> None:
    import keras

    process, run = start(), RunDirectory(tmp_path / "run")
    wait_for_epoch(process)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=PROMPT)
    assert (process.returncode, complaints(err)) == (code, [])
    record, history = RunRecord.read(run.record), History.read(run.history)
    metrics, store = Metrics.read(run.metrics), CheckpointStore(run.checkpoints)
    assert f"interrupted after epoch {len(history)}" in out
    assert record.status == derived_status(run) == "interrupted"
    assert record.epochs == len(history) > 1
    assert history.column("epoch") == list(range(1, len(history) + 1))
    best = history.best("val_loss")
    assert best is not None
    assert (record.best_epoch, metrics.best, metrics.last) == (
        best["epoch"],
        best,
        history.rows[-1],
    )
    assert store.load("last").facts["epoch"] == len(history)
    kept = store.load("best")
    assert kept.facts["epoch"] == best["epoch"]
    saved = keras.models.load_model(run.model, compile=False).get_weights()
    arrays = [array for name, array in kept.arrays.items() if name.startswith("model/")]
    assert len(saved) == len(arrays)
    assert all(np.array_equal(one, other) for one, other in zip(saved, arrays, strict=True))
    for plot in (run.learning_curves, run.learning_rate):
        assert plot.read_bytes().startswith(PNG)
    assert temporary_files(run) == []


@pytest.mark.campaign
def test_a_process_that_is_killed_leaves_whole_files(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    process, run = start(), RunDirectory(tmp_path / "run")
    wait_for_epoch(process)
    wait_for_commit(run)
    time.sleep(1.3)  # into the next commit
    assert derived_status(run) == "running"
    process.kill()
    process.wait()
    assert derived_status(run) == "died"
    history, store = History.read(run.history), CheckpointStore(run.checkpoints)
    last = store.load("last")
    assert last.refused == store.load("best").refused == ()
    assert last.facts["epoch"] >= len(history) > 1
    assert history.column("epoch") == list(range(1, len(history) + 1))
    assert not run.model.exists()


@pytest.mark.parametrize("seconds", [0.8, 2.5])
def test_an_interrupt_before_the_training_leaves_at_once_and_nothing_behind(
    tmp_path: Path, start: Callable[..., Any], seconds: float
) -> None:
    process = start()
    time.sleep(seconds)  # while modules are imported, TensorFlow's above all
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, err = process.communicate(timeout=PROMPT)
    assert time.monotonic() - started < PROMPT
    assert process.returncode == 130, err
    assert "Traceback" not in err
    if not out:  # else it had begun to train, and that is another test's
        assert complaints(err)[-1] == "nnrun: interrupted"
        assert not (tmp_path / "run").exists()


GREEDY = """
import os, signal
from keras.layers import Dense

try:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass
except BaseException:
    pass
"""


def test_an_interrupt_that_an_import_swallows_is_not_lost(
    tmp_path: Path, write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY)
    config = write_config(ENDLESS.replace("{MLP: {hidden: [8]}}", '[{"greedy:Dense": {units: 3}}]'))
    process = nnrun_process("train", config, "--run-dir", "run")
    out, err = process.communicate(timeout=PROMPT)
    assert (process.returncode, out, complaints(err)) == (130, "", ["nnrun: interrupted"])
    assert not (tmp_path / "run").exists()


@pytest.mark.campaign
def test_the_second_interrupt_ends_at_once(tmp_path: Path, start: Callable[..., Any]) -> None:
    """Also in the midst of what the first one set off: saving, testing, drawing."""
    process, run = start(), RunDirectory(tmp_path / "run")
    wait_for_epoch(process)
    wait_for_commit(run)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, err = process.communicate(timeout=PROMPT)
    assert (process.returncode, complaints(err)) == (130, [])
    assert len(History.read(run.history)) >= 1
    assert CheckpointStore(run.checkpoints).load("last").refused == ()
    assert derived_status(run) in ("died", "interrupted")


def test_an_interrupt_while_the_end_is_written_lets_it_be_written(
    tmp_path: Path, write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> None:
    process = nnrun_process("train", write_config(), "--run-dir", "run")
    run = RunDirectory(tmp_path / "run")
    deadline = time.monotonic() + 2 * PROMPT
    while not run.model.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PROMPT)
    assert (process.returncode, complaints(err)) == (0, [])
    assert RunRecord.read(run.record).status == "finished"
    assert run.learning_rate.exists()


def test_a_hangup_under_nohup_is_not_heard(
    tmp_path: Path, write_config: Callable[..., Path], nnrun_process: Callable[..., Any]
) -> None:
    ignore = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = nnrun_process("train", write_config(), "--run-dir", "run", **ignore)
    process.send_signal(signal.SIGHUP)
    wait_for_epoch(process)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=2 * PROMPT)
    assert (process.returncode, complaints(err)) == (0, [])
    assert RunRecord.read(RunDirectory(tmp_path / "run").record).status == "finished"


def at_first_epoch(number: int) -> Callable[[Any], None]:
    """Sends a signal to this process when its first epoch has ended."""
    from nnrun.training.events import EpochEnded

    def watch(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 1:
            os.kill(os.getpid(), number)

    return watch


def late(number: int) -> Callable[[Any], None]:
    """Sends a signal when the training has ended: nothing is left to interrupt."""
    from nnrun.training.events import TrainingEnded

    def watch(event: Any) -> None:
        if isinstance(event, TrainingEnded):
            os.kill(os.getpid(), number)

    return watch


@pytest.mark.usefixtures("_undrawn")
@pytest.mark.parametrize("when", [at_first_epoch, late])
def test_a_loop_of_trainings_ends_with_a_signal(
    when: Callable[[int], Callable[[Any], None]], tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    from nnrun.experiments.api import resume, train

    config = write_config(TINY.replace("epochs: 2", "epochs: 3"))
    begun = []

    def train_twice() -> None:
        for number in range(2):
            begun.append(RunDirectory(tmp_path / str(number)))
            train(config, run_dir=begun[-1].path, watch=when(signal.SIGINT))

    # A shell that starts this in the background has it ignore Ctrl-C.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train_twice()
    finally:
        signal.signal(signal.SIGINT, handler)
    (run,) = begun
    status = RunRecord.read(run.record).status
    assert status == "interrupted" or (status == "finished" and when is late)
    assert CheckpointStore(run.checkpoints).load("last").refused == ()
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        outcome = resume(run, epochs=4, watch=late(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [outcome.signal] == [signal.SIGTERM]


@pytest.mark.campaign
def test_a_script_that_trains_in_a_loop_ends_with_sigterm(
    tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    script = """
import nnrun, os, signal
for number in range(2):
    nnrun.train("tiny.yaml", run_dir=str(number), watch=lambda event: os.kill(
        os.getpid(), signal.SIGTERM) if type(event).__name__ == "TrainingStarted" else None)
"""
    write_config()
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGTERM
    assert RunRecord.read(tmp_path / "0" / "run.json").status == "interrupted"
    assert not (tmp_path / "1").exists()
