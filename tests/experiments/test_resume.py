"""A run that breaks off and goes on is, to the last bit, the run that never broke off."""

import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from same_run import assert_same_run, rows

from nnrun.errors import RunError, UserError
from nnrun.experiments.api import resume, train
from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord, derived_status
from nnrun.runs.run_writer import UNCHECKED
from nnrun.runs.saved import load_saved
from nnrun.training.events import ChunkEnded, Resumable, TrainingEnded, TrainingStarted

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_undrawn")]

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
    "noise, dropout, batch normalization, cycled momentum, class weights": """\
architecture:
  - Dense: {units: 8, activation: NoisyReLU}
  - BatchNormalization
  - Dropout: 0.3
  - Dense: {units: 3, activation: softmax}
optimizer: {SGD: {learning_rate: 0.05}}
schedule: {OneCycle: {steps: 5 epochs, max_learning_rate: 0.1}}
training: {class_weight: {setosa: 3, virginica: 0.5}}
""",
    # Every epoch is an improvement, but by too little: min_delta has to keep its sign.
    "moving average, plateau": PLAIN
    + "optimizer: {Adam: {learning_rate: 0.02, use_ema: true, ema_momentum: 0.8}}\n"
    + "callbacks:\n"
    + "  - ReduceLROnPlateau: {monitor: loss, factor: 0.5, patience: 2, min_delta: 0.5}\n",
    "early stopping, gradient accumulation": PLAIN
    + "optimizer: {Adam: {learning_rate: 0.02, gradient_accumulation_steps: 4}}\n"
    + "callbacks:\n"
    + "  - EarlyStopping: {monitor: loss, patience: 4, min_delta: 1.0, restore_best_weights: true}\n",
    "files, histograms, a callback of one's own": ADAM
    + "callbacks:\n"
    + "  - CSVLogger: {filename: log.csv}\n"
    + "  - ModelCheckpoint: {filepath: 'epoch-{epoch:02d}.keras', save_best_only: true}\n"
    + "  - remembering:Remembering\n"
    + "tensorboard: {histogram_freq: 1}\n",
    "looking inside, pruning": ADAM
    + "callbacks:\n"
    + "  - LayerMonitor: {every: 2, rows: 20}\n"
    + "  - Traces: {rows: 2}\n"
    + "  - Pruning: {sparsity: 0.6, begin: 1, end: 5}\n",
    "callbacks that count steps": ADAM
    + "callbacks:\n"
    + "  - ModelCheckpoint: {filepath: 's-{epoch:02d}-{batch:02d}.keras', save_freq: 4}\n"
    + "  - remembering:Counting\n",
    "rows that are streamed and weighed": ADAM
    + "runtime: {rows: streaming}\n"
    + "dataset: {sample_weight: {column: petal_width, validation: true}}\n",
}
BLOCKS = {
    "dropout and batch normalization": CASES[
        "noise, dropout, batch normalization, cycled momentum, class weights"
    ],
    "performance schedule and early stopping": ADAM
    + "schedule: {PerformanceSchedule: {monitor: loss, patience: 2, min_delta: 0.5}}\n"
    + "callbacks:\n"
    + "  - EarlyStopping: {monitor: loss, patience: 4, min_delta: 1.0, restore_best_weights: true}\n",
    "traces and pruning": ADAM
    + "callbacks:\n"
    + "  - Traces: {every: 3, rows: 2}\n"
    + "  - Pruning: {sparsity: 0.6, begin: 1, end: 4, every: 2}\n"
    + "dataset: {sample_weight: {column: petal_width, validation: true}}\n",
}
"""Tiny epochs that are made many at once."""

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


class Counting(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.steps, self.tested, self.sum = 0, [], 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.sum += logs["loss"]
        if self.steps == 15:  # within the epoch in which the run is interrupted
            self.model.optimizer.learning_rate = self.sum / 1000
        if self.steps == 32:  # the second step of the last epoch
            self.model.stop_training = True

    def on_test_batch_end(self, batch, logs=None):
        self.tested.append((batch, logs["loss"]))
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
    from nnrun.runs import run_writer
    from nnrun.training import blocks, engines, streaming

    monkeypatch.setattr(run_writer, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(run_writer, "COMMIT_SHARE", 1e9)
    monkeypatch.setattr(engines, "FIRST_CHUNK", 1)
    monkeypatch.setattr(engines, "CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr(engines, "EVALUATION_VALUES", 32)  # four rows of eight units
    monkeypatch.setattr(blocks, "CHUNK_SECONDS", 10.0)
    monkeypatch.setattr(blocks, "MOST_EPOCHS", 1)
    for made in (streaming.StreamedTraining, streaming.StreamedEvaluation):
        monkeypatch.setitem(made.__init__.__kwdefaults__, "block_bytes", 200)


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
        (self.folder / "remembering.py").write_text(OWN)
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
        options = {"run_dir": run.path, "overrides": overrides, "deliver_signals": False}
        end_early(lambda: train(config, watch=watch, **options))
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


LONG = (
    "rows that are streamed and weighed",
    "early stopping, gradient accumulation",
    "moving average, plateau",
)
"""Cases that other tests below try too, less thoroughly."""


@pytest.mark.usefixtures("_one_by_one")
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.campaign if case in LONG else ()) for case in CASES],
)
def test_interrupted_within_an_epoch_and_killed_later(lab: Lab, case: str) -> None:
    config = lab.write(CASES[case])
    run = lab.broken(config, interrupt_at(ChunkEnded, 3, step=2))
    position = load_saved(run).facts["position"]
    assert (position["epoch"], position["step"]) == (2, 2)
    end_early(lambda: resume(run, watch=break_at(Resumable, 4), trust=True))
    assert load_saved(run).facts["epoch"] >= 2
    resume(run, trust=True)
    assert_same_run(run, lab.whole(config))
    record = RunRecord.read(run.record)
    assert record.status == "finished"
    assert [note["exact"] for note in record.resumes] == [True, True]


def test_interrupted_right_after_the_step_that_stops(lab: Lab) -> None:
    config = lab.write(CASES["callbacks that count steps"])
    run = lab.broken(config, interrupt_at(ChunkEnded, 6, step=2))
    position = load_saved(run).facts["position"]
    assert (position["epoch"], position["step"], position["stopping"]) == (5, 2, True)
    resume(run, trust=True)
    assert_same_run(run, lab.whole(config))


MOMENTS = {
    "compiling": (interrupt_at(TrainingStarted, 0), (0, 1)),
    "validating": (interrupt_at(ChunkEnded, 3, step=6), (2, 6)),
    "testing": (interrupt_at(TrainingEnded, 6), (6, 0)),
}


@pytest.mark.usefixtures("_one_by_one")
@pytest.mark.parametrize(
    "moment",
    [
        "testing",
        *(pytest.param(one, marks=pytest.mark.campaign) for one in ("compiling", "validating")),
    ],
)
def test_interrupted_at_other_moments(lab: Lab, moment: str) -> None:
    config = lab.write(CASES["rows that are streamed and weighed"])
    watch, expected = MOMENTS[moment]
    run = lab.broken(config, watch)
    position = load_saved(run).facts["position"]
    assert (position["epoch"], position["step"]) == expected
    resume(run)
    assert_same_run(run, lab.whole(config))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.campaign if case == "traces and pruning" else ())
        for case in BLOCKS
    ],
)
def test_epochs_that_are_made_many_at_once(lab: Lab, case: str) -> None:
    config = lab.write(BLOCKS[case])
    run = lab.broken(config, break_at(Resumable, 3))
    assert RunRecord.read(run.record).engine["many_epochs_a_call"]
    assert 1 <= load_saved(run).facts["epoch"] <= 3
    resume(run)
    assert_same_run(run, lab.whole(config))


@pytest.mark.usefixtures("_one_by_one")
def test_broken_off_before_the_first_commit(lab: Lab) -> None:
    """Files that callbacks append to begin anew as well."""
    config = lab.write(ADAM + "callbacks: [CSVLogger: {filename: log.csv, append: true}]\n")
    whole = lab.whole(config)
    run = RunDirectory(shutil.copytree(whole.path, lab.folder / "broken"))
    shutil.rmtree(run.checkpoints)
    _change_record(run, status="running")
    assert resume(run).epochs == 6
    assert_same_run(run, whole)


@pytest.mark.usefixtures("_one_by_one")
def test_broken_off_after_the_last_epoch(lab: Lab) -> None:
    config = lab.write(CASES["early stopping, gradient accumulation"])
    whole = lab.whole(config)
    run = RunDirectory(shutil.copytree(whole.path, lab.folder / "broken"))
    for path in (run.model, run.metrics, run.history):
        path.unlink()
    _change_record(run, status="running", ended=None)
    outcome = resume(run)
    assert (outcome.status, outcome.stop_reason) == ("finished", "stopped by EarlyStopping")
    assert_same_run(run, whole)


def test_a_damaged_state_costs_one_generation_and_nothing_else(lab: Lab) -> None:
    config = lab.write(CASES["moving average, plateau"])
    run = lab.broken(config, break_at(Resumable, 5))
    newest = sorted(run.checkpoints.glob("last-*.npz"))[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    doubt = (
        f"{newest} is damaged: its content is not what was written; "
        "continuing from the state before it"
    )
    assert doubt in resume(run).warnings
    assert RunRecord.read(run.record).resumes[0]["doubts"] == [doubt]
    assert_same_run(run, lab.whole(config))


CONSTANT = ADAM + (
    "callbacks:\n"
    "  - EarlyStopping: {monitor: loss, patience: 5, min_delta: 1.0}\n"
    "  - ReduceLROnPlateau: {monitor: loss, patience: 3, min_delta: 1.0}\n"
)


def test_more_epochs_are_as_if_they_had_been_asked_for_at_once(lab: Lab) -> None:
    """Also where callbacks are in the midst of counting."""
    config = lab.write(CONSTANT)
    run = lab.whole(config, "training.epochs=3")
    told: list[str] = []
    resume(run, epochs=8, tell=told.append)
    assert told == [
        "The learning rate stays as it was.",
        "EarlyStopping continues counting where it was.",
        "ReduceLROnPlateau continues counting where it was.",
    ]
    whole = lab.whole(config, "training.epochs=8")
    assert_same_run(run, whole)
    assert run.resolved.read_text() == whole.resolved.read_text()
    assert RunRecord.read(run.record).stop_reason == "stopped by EarlyStopping"


def test_a_run_that_was_stopped_waits_anew(lab: Lab) -> None:
    run = lab.whole(lab.write(CONSTANT), "training.epochs=20")
    stopped = RunRecord.read(run.record).epochs
    assert stopped == 6
    told: list[str] = []
    outcome = resume(run, epochs=30, tell=told.append)
    assert (outcome.epochs, outcome.stop_reason) == (stopped + 5, "stopped by EarlyStopping")
    assert any("it stops after 5 epochs without anything better than" in line for line in told)
    assert [row["epoch"] for row in rows(run)] == list(range(1, outcome.epochs + 1))


@pytest.mark.campaign
def test_a_run_may_be_moved_before_it_goes_on(lab: Lab) -> None:
    """Where callbacks write follows from the config and the directory, not from what was saved."""
    config = lab.write(
        ADAM + "callbacks: [ModelCheckpoint: {filepath: 'epoch-{epoch:02d}.keras'}]\n"
    )
    run = lab.broken(config, break_at(Resumable, 3))
    run = RunDirectory(run.path.rename(lab.folder / "moved"))
    resume(run)
    assert not (lab.folder / "broken").exists()
    assert_same_run(run, lab.whole(config))


def _change_record(run: RunDirectory, **changes: Any) -> None:
    dataclasses.replace(RunRecord.read(run.record), **changes).write(run.record)


@pytest.fixture
def unfinished(tiny_run: RunDirectory) -> RunDirectory:
    """A run that was interrupted as its last epoch ended."""
    _change_record(tiny_run, status="interrupted")
    return tiny_run


def _set_versions(run: RunDirectory) -> None:
    versions = {**RunRecord.read(run.record).versions, "keras": "3.0.0"}
    _change_record(run, versions=versions)


def _change_data(run: RunDirectory) -> None:
    _change_record(run, data={**RunRecord.read(run.record).data, "fingerprint": "0" * 64})


CANNOT = "{name} cannot be resumed exactly, since this is not what it was trained with:\n"
BRING_BACK = "  Restore it as it was, or add --anyway to continue inexactly.\n"
REFUSED: dict[str, tuple[Callable[[RunDirectory], Any], tuple[str, ...], str]] = {
    "finished": (
        lambda run: _change_record(run, status="finished"),
        (),
        "{name} is finished: all of its 2 epochs are done\n"
        "  To train it for longer: nnrun resume {name} --epochs 4.\n",
    ),
    "diverged": (
        lambda run: _change_record(run, status="diverged", stop_reason="loss is nan in epoch 3"),
        (),
        "{name} diverged: loss is nan in epoch 3; resuming it would end there again\n"
        "  Change something and train again: nnrun train {resolved} --set optimizer.…\n",
    ),
    "too few epochs": (
        lambda run: None,
        ("--epochs", "2"),
        "{name} has 2 epochs already\n  Ask for more than 2.\n",
    ),
    "other versions": (
        _set_versions,
        (),
        CANNOT + "  keras: 3.0.0 → {keras}\n" + BRING_BACK,
    ),
    "other data": (
        _change_data,
        (),
        CANNOT + "  data: iris gives other rows than it did\n" + BRING_BACK,
    ),
}


def _change_facts(run: RunDirectory, **changes: Any) -> None:
    """Commit the last state once more, with other facts and a manifest that is right."""
    store = CheckpointStore(run.checkpoints)
    last = store.load("last")
    for _ in range(2):
        store.commit("last", last.arrays, {**last.facts, **changes}, unchecked=UNCHECKED)


ODD: dict[str, tuple[Callable[[RunDirectory], Any], str]] = {
    "engine": (lambda run: _change_record(run, engine={}), "does not say which engine trained"),
    "callbacks": (
        lambda run: _change_facts(run, callbacks=[{}]),
        "saved 1 callbacks, and its config has 0",
    ),
    "no callbacks": (
        lambda run: _change_facts(run, callbacks=None),
        "how far the training had come",
    ),
    "position": (
        lambda run: _change_facts(run, position={"epoch": "2"}),
        "how far the training had come",
    ),
    "more in the position": (
        lambda run: _change_facts(
            run,
            position={"epoch": 2, "step": 0, "best_epoch": None, "stopping": False, "odd": 1},
        ),
        "unexpected keyword argument 'odd'",
    ),
    "names of files": (
        lambda run: _change_facts(run, tensorboard={"train": ["../../run.json", 1]}),
        "nothing was done there",
    ),
    "sizes of files": (
        lambda run: _change_facts(run, tensorboard={"train": ["tfevents", "1"]}),
        "how far the training had come",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_a_state_that_nnrun_has_not_written(
    nnrun: Callable[..., Any], unfinished: RunDirectory, case: str
) -> None:
    spoil, expected = ODD[case]
    spoil(unfinished)
    done = nnrun("resume", unfinished.path, "--epochs", 3)
    assert done.code == 2
    assert expected in done.err


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(nnrun: Callable[..., Any], unfinished: RunDirectory, case: str) -> None:
    import keras

    spoil, arguments, expected = REFUSED[case]
    spoil(unfinished)
    before = unfinished.record.read_bytes()
    done = nnrun("resume", unfinished.path, *arguments)
    names = {"name": unfinished.name, "resolved": unfinished.resolved, "keras": keras.__version__}
    assert (done.code, done.out) == (2, "")
    assert done.err == "nnrun: " + expected.format(**names)
    assert unfinished.record.read_bytes() == before


def test_a_changed_config_is_refused_unless_it_is_to_go_on_anyway(
    nnrun: Callable[..., Any], unfinished: RunDirectory
) -> None:
    text = unfinished.resolved.read_text()
    assert text.count("batch_size: 32") == 1
    unfinished.resolved.write_text(text.replace("batch_size: 32", "batch_size: 16"))
    done = nnrun("resume", unfinished.path)
    assert done.code == 2
    assert "  training.batch_size: 32 → 16\n" in done.err
    done = nnrun("resume", unfinished.path, "--anyway", "--epochs", 3, "--json")
    assert (done.code, json.loads(done.out)["epochs"]) == (0, 3)
    (note,) = RunRecord.read(unfinished.record).resumes
    assert (note["exact"], note["after_epoch"]) == (False, 2)
    assert note["differences"] == ["training.batch_size: 32 → 16"]
    assert load_saved(unfinished).facts["epoch"] == 3


def test_changed_rows_of_a_file_are_refused(lab: Lab) -> None:
    table = lab.folder / "rows.csv"
    lines = [f"{x},{x % 7},{'ab'[x % 2]}" for x in range(60)]
    table.write_text("\n".join(["x,y,kind", *lines]) + "\n")
    config = lab.folder / "rows.yaml"
    config.write_text(
        f"dataset: {{csv: {table}, target: kind, split: {{validation: 10}}}}\n"
        "architecture: {MLP: {hidden: [4]}}\ntraining: {epochs: 4}\nruntime: {engine: graph}\n"
    )
    run = lab.broken(config, break_at(Resumable, 2))
    table.write_text(table.read_text().replace("59,3,b", "59,4,b"))
    with pytest.raises(RunError, match=r"data: .*rows\.csv gives other rows than it did"):
        resume(run)


def test_another_process_trains_it(nnrun: Callable[..., Any], unfinished: RunDirectory) -> None:
    with RunLock(unfinished.path):
        done = nnrun("resume", unfinished.path)
    assert done.code == 2
    assert done.err.startswith(f"nnrun: another process (pid {os.getpid()}) is writing this run")


def test_no_such_run(nnrun: Callable[..., Any], tmp_path: Path) -> None:
    done = nnrun("resume", "nothing", "--runs-dir", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "nothing" in done.err
    assert "Traceback" not in done.err


def test_code_of_ones_own_waits_for_trust(lab: Lab) -> None:
    config = lab.write(ADAM + "callbacks: [remembering:Remembering]\n")
    run = lab.broken(config, break_at(Resumable, 2))
    with pytest.raises(UserError, match="names code of its own") as caught:
        resume(run)
    assert caught.value.hint == "Read it, and add --trust if you trust it."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_told_before_anything_else(
    nnrun: Callable[..., Any], unfinished: RunDirectory
) -> None:
    unfinished.path.chmod(0o500)
    try:
        done = nnrun("resume", unfinished.path)
    finally:
        unfinished.path.chmod(0o700)
    assert done.code == 2
    assert "permission denied" in done.err


def test_train_says_how_to_go_on(
    nnrun: Callable[..., Any], unfinished: RunDirectory, write_config: Callable[..., Path]
) -> None:
    done = nnrun("train", write_config(), "--run-dir", unfinished.path)
    assert done.code == 2
    assert f"or resume it: nnrun resume {unfinished.path}" in done.err
