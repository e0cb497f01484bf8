"""A run that breaks off and goes on is, to the last bit, the run that never broke off."""

import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_run import assert_same_run, contents, rows

from nnrun.errors import RunError, UserError
from nnrun.experiment import resume, train
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord, derived_status
from nnrun.runs.saved import load_saved
from nnrun.training.events import ChunkEnded, EpochEnded, Resumable, TrainingStarted

pytestmark = pytest.mark.faults

Watch = Callable[[Any], None]

BASE = """\
name: steady
dataset:
  name: iris
  split: {validation: 30, test: 30, stratify: true}
  preprocess: {standardize: true}
training: {epochs: 6, batch_size: 16}
runtime: {engine: graph}
"""
PLAIN = "architecture: {MLP: {hidden: [8]}}\n"
ADAM = PLAIN + "optimizer: {Adam: {learning_rate: 0.02}}\n"
CASES = {
    "dropout and batch normalization": """\
architecture:
  - Dense: {units: 8, activation: relu}
  - BatchNormalization
  - Dropout: 0.3
  - Dense: {units: 3, activation: softmax}
""",
    "moving average": PLAIN
    + "optimizer: {Adam: {learning_rate: 0.02, use_ema: true, ema_momentum: 0.8}}\n",
    "schedule": PLAIN
    + "optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}\n"
    + "schedule: {CosineDecay: {decay_steps: 5 epochs}}\n",
    # Every epoch is an improvement, but by too little: min_delta has to keep its sign.
    "plateau": ADAM
    + "callbacks:\n"
    + "  - ReduceLROnPlateau: {monitor: loss, factor: 0.5, patience: 2, min_delta: 0.5}\n",
    "early stopping": ADAM
    + "callbacks:\n"
    + "  - EarlyStopping: {monitor: loss, patience: 4, min_delta: 1.0, restore_best_weights: true}\n",
    "class weights": ADAM + "training: {class_weight: {setosa: 3, virginica: 0.5}}\n",
    "files": ADAM
    + "callbacks:\n"
    + "  - CSVLogger: {filename: log.csv}\n"
    + "  - ModelCheckpoint: {filepath: 'epoch-{epoch:02d}.keras', save_best_only: true}\n",
    "histograms": ADAM + "tensorboard: {histogram_freq: 1}\n",
    "gradient accumulation": PLAIN
    + "optimizer: {Adam: {learning_rate: 0.02, gradient_accumulation_steps: 4}}\n",
    "rows that are streamed": ADAM + "runtime: {rows: streaming}\n",
}
BLOCKS = ("dropout and batch normalization", "schedule", "plateau", "early stopping")
"""Cases of tiny epochs that are made many at once."""

OWN = """\
import keras
import numpy as np

class Remembering(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls, self.sum, self.seen = 0, np.zeros(3, np.float32), {}
        self.pairs, self.note = [(0, None)], "none"

    def on_epoch_end(self, epoch, logs=None):
        self.calls += 1
        self.sum += logs["loss"]
        self.seen[epoch] = float(logs["loss"])
        self.pairs.append((epoch, np.float32(logs["loss"])))
        self.note = f"{self.calls} calls"
        if self.calls == 5:
            self.model.optimizer.learning_rate = float(self.sum.sum()) / 100
"""


class BrokenOffError(BaseException):
    """The process dies here."""


def break_at(kind: type, epoch: int) -> Watch:
    """Breaks off at the first event of a kind in an epoch."""

    def watch(event: Any) -> None:
        if isinstance(event, kind) and _epoch_of(event) == epoch:
            raise BrokenOffError

    return watch


def interrupt_at(kind: type, epoch: int, step: int = 0) -> Watch:
    """Sends a signal, as Ctrl-C does, at the first such event."""
    sent = []

    def watch(event: Any) -> None:
        if isinstance(event, kind) and _epoch_of(event) == epoch and not sent:
            if step and event.step != step:
                return
            sent.append(os.kill(os.getpid(), signal.SIGINT))

    return watch


def _epoch_of(event: Any) -> int | None:
    position = getattr(event, "position", None)
    if position is not None:
        return position.epoch if position.step == 0 else None
    return getattr(event, "epoch", 0)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits after every epoch, chunks of a step, blocks of an epoch."""
    from nnrun.runs import writing
    from nnrun.training import blocks, engines, streaming

    monkeypatch.setattr(writing, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(writing, "COMMIT_SHARE", 1e9)
    monkeypatch.setattr(engines, "FIRST_CHUNK", 1)
    monkeypatch.setattr(engines, "CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr(blocks, "CHUNK_SECONDS", 10.0)
    monkeypatch.setattr(blocks, "MOST_EPOCHS", 1)
    for made in (streaming.StreamedTraining, streaming.StreamedEvaluation):
        monkeypatch.setitem(made.__init__.__kwdefaults__, "block_bytes", 700)


@pytest.fixture
def _one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny epochs are not made many at once."""
    from nnrun.training import blocks

    monkeypatch.setattr(blocks, "TINY_EPOCH", 0)


@dataclasses.dataclass
class Lab:
    """Trains one config, once whole and once broken off."""

    folder: Path

    def write(self, text: str, *, name: str = "steady.yaml") -> Path:
        """A config: BASE with a case laid over it."""
        (self.folder / "base.yaml").write_text(BASE)
        path = self.folder / name
        path.write_text("extends: base.yaml\n" + text)
        return path

    def whole(self, config: Path, *overrides: str) -> RunDirectory:
        """A run that never breaks off."""
        run = self.folder / f"whole{len(list(self.folder.glob('whole*')))}"
        train(config, run_dir=run, overrides=overrides)
        return RunDirectory(run)

    def broken(self, config: Path, watch: Watch, *overrides: str) -> RunDirectory:
        """A run that `watch` breaks off or interrupts."""
        run = RunDirectory(self.folder / "broken")
        end_early(lambda: train(config, run_dir=run.path, overrides=overrides, watch=watch))
        assert derived_status(run) in ("failed", "interrupted")
        return run


def end_early(start: Callable[[], Any]) -> None:
    """Run until it breaks off or is interrupted."""
    try:
        outcome = start()
    except BrokenOffError:
        return
    assert outcome.status == "interrupted"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    import sys

    monkeypatch.setattr(sys, "path", [*sys.path])
    return Lab(tmp_path)


@pytest.mark.usefixtures("_one_by_one")
@pytest.mark.parametrize("case", CASES)
def test_interrupted_within_an_epoch_and_killed_later(lab: Lab, case: str) -> None:
    config = lab.write(CASES[case])
    run = lab.broken(config, interrupt_at(ChunkEnded, 3, step=2))
    position = load_saved(run).facts["position"]
    assert (position["epoch"], position["step"]) == (2, 2)
    end_early(lambda: resume(run, watch=break_at(Resumable, 4)))
    assert load_saved(run).facts["epoch"] >= 2
    resume(run)
    assert_same_run(run, lab.whole(config))
    record = RunRecord.read(run.record)
    assert record.status == "finished"
    assert [note["exact"] for note in record.resumes] == [True, True]


@pytest.mark.parametrize("case", BLOCKS)
def test_epochs_that_are_made_many_at_once(lab: Lab, case: str) -> None:
    config = lab.write(CASES[case])
    run = lab.broken(config, break_at(Resumable, 3))
    assert RunRecord.read(run.record).engine["many_epochs_a_call"]
    assert 1 <= load_saved(run).facts["epoch"] <= 3
    resume(run)
    assert_same_run(run, lab.whole(config))
