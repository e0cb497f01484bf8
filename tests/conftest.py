"""What several tests share: the command in process and as a process, and one real run."""

import functools
import gc
import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from nnrun.caching import SWITCH
from nnrun.runs.directory import RunDirectory
from nnrun.runs.study_directory import StudyDirectory

# A test must not fail because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
_searches = itertools.count(1)
os.environ[SWITCH] = "1"  # tests neither profit from what others left nor leave anything behind

TINY = """\
# The smallest whole experiment: three classes, two epochs.
name: tiny
dataset:
  name: iris
  split: {validation: 30, test: 30, stratify: true}
  preprocess: {standardize: true}
architecture: {MLP: {hidden: [8]}}
training: {epochs: 2, batch_size: 32}
runtime: {engine: graph} # compiles in a third of the time that xla takes
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what takes long but in a campaign, and what needs data sets that are not there."""
    if not os.environ.get("NNRUN_CAMPAIGN"):
        for item in items:
            if item.get_closest_marker("campaign"):
                item.add_marker(pytest.mark.skip(reason="takes long: make faults runs it"))
    named = os.environ.get("NNRUN_DATA")
    if named and Path(named).is_dir():
        return
    reason = f"NNRUN_DATA names no folder: {named}" if named else "NNRUN_DATA is not set"
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while modules are imported: they make much, and all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _lasting() -> None:
    """Keep what outlives a module's tests out of Keras's many searches for garbage.

    They took a fifth of a tiny training's time, and most of the time in which a model is built. Of
    those that are left, one of ten is made: a test process holds far more than a training.
    """
    gc.collect()
    gc.freeze()
    if keras_state := sys.modules.get("keras.src.backend.common.global_state"):
        keras_state.gc = SimpleNamespace(collect=_collect_seldom)  # type: ignore[attr-defined]


def _collect_seldom() -> None:
    if next(_searches) % 10 == 0:
        gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk() -> Iterator[None]:
    """Let runs in this process return before the disk has their files: no test cuts its power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def complaints(err: str) -> list[str]:
    """The lines of standard error that are no doubts about the data."""
    return [line for line in err.splitlines() if not line.startswith("warning: ")]


@pytest.fixture
def nnrun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """Runs `nnrun ARGS…` in this process, its output no terminal's."""
    from nnrun.cli.app import main

    handlers = {
        one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["nnrun", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, captured.out, captured.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def nnrun_process(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `nnrun ARGS…` as a process of its own, in the test's folder."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
        settings = {
            "cwd": tmp_path,
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        command = [sys.executable, "-m", "nnrun", *map(str, arguments)]
        process = subprocess.Popen(command, **(settings | options))
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a config into the test's folder; TINY where no text is given."""

    def write(text: str = TINY, name: str = "tiny.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nnrun.experiments.api import train

    folder = tmp_path_factory.mktemp("tiny")
    config = folder / "tiny.yaml"
    config.write_text(TINY, encoding="utf-8")
    path = list(sys.path)
    train(config, run_dir=folder / "run", command=["nnrun", "train", "tiny.yaml"])
    sys.path[:] = path
    return folder / "run"


@pytest.fixture
def tiny_run(_trained: Path, tmp_path: Path) -> RunDirectory:
    """A copy of a finished run of TINY, the test's own to spoil."""
    return RunDirectory(shutil.copytree(_trained, tmp_path / "tiny_run"))


@pytest.fixture
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end without their plots, a quarter of a tiny training's time, where no test looks at any."""
    monkeypatch.setattr("nnrun.experiments.finish.draw_run", lambda *_, **__: None)


def write_run(
    runs: Path,
    directory: str,
    accuracies: Sequence[float],
    *,
    overrides: Sequence[str] = (),
    test: float | None = None,
    **record: Any,
) -> RunDirectory:
    """Writes a finished run's files by hand, as `directory` in the folder `runs`."""
    from nnrun.config.loading import load_experiment
    from nnrun.config.writer import experiment_to_yaml
    from nnrun.runs.history import History
    from nnrun.runs.manifest import Metrics, RunRecord

    run = RunDirectory(runs / directory)
    run.path.mkdir(parents=True)
    (run.path / "written.yaml").write_text(TINY, encoding="utf-8")
    experiment = load_experiment(run.path / "written.yaml", overrides)
    run.resolved.write_text(experiment_to_yaml(experiment), encoding="utf-8")
    rate = float(experiment.optimizer.arguments.get("learning_rate", 0.001))
    history = History(
        {"epoch": epoch, "val_loss": 1 - value, "val_accuracy": value, "learning_rate": rate}
        for epoch, value in enumerate(accuracies, start=1)
    )
    history.write(run.history)
    best = history.best("val_accuracy") or {}
    figures = None if test is None else {"accuracy": test}
    Metrics(best=best, last=history.rows[-1], test=figures).write(run.metrics)
    known = {
        "name": experiment.name,
        "status": "finished",
        "command": "",
        "seed": experiment.seed,
        "created": "2026-03-01T12:00:00+00:00",
        "seconds": 2.0,
        "parameters": 67,
        "best_epoch": best.get("epoch"),
        "epochs": len(history),
        "data": {"fingerprint": f"{experiment.seed:064}", "rows": {"train": 90, "test": 30}},
    }
    RunRecord(**(known | record)).write(run.record)
    return run


def write_study(
    runs: Path, name: str, accuracies: Mapping[int, Sequence[float]], **changes: Any
) -> StudyDirectory:
    """Writes a finished study of seeds by hand, with a run of such accuracies for each seed."""
    from nnrun.runs.history import History
    from nnrun.runs.study_directory import studies_of
    from nnrun.runs.study_record import StudyRecord
    from nnrun.runs.trial_table import TrialRow, TrialTable

    study = StudyDirectory(studies_of(runs) / name)
    overrides = tuple(changes.pop("overrides", ()))
    table = TrialTable()
    for number, (seed, column) in enumerate(accuracies.items()):
        run = study.trial(number)
        write_run(study.trials, run.path.name, column, overrides=[*overrides, f"seed={seed}"])
        best = History.read(run.history).best("val_accuracy") or {}
        settings = {"seed": seed}
        row = TrialRow(number, "finished", best["val_loss"], settings, len(column), 2.0)
        table.put(replace(row, run=f"trials/{run.path.name}"))
    table.write(study.table)
    shutil.copy(study.trial(0).resolved, study.resolved)
    known = {
        "name": name.rsplit("-", 3)[0],
        "plan": {"kind": "seeds", "seeds": list(accuracies)},
        "metric": "val_loss",
        "status": "finished",
        "command": "",
        "created": "2026-03-01T12:00:00+00:00",
    }
    StudyRecord(**(known | changes)).write(study.record)
    return study


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunDirectory]:
    """Writes a finished run's files by hand, into the folder `runs` of the test's."""
    return functools.partial(write_run, tmp_path / "runs")
