"""Studies on a Dask cluster: a real scheduler and worker processes, on this machine."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnrun.runs.index import list_studies
from nnrun.runs.study_directory import StudyDirectory
from tests.conftest import TINY
from tests.same_run import assert_same_run

Nnrun = Callable[..., Any]
PATIENCE = 60.0


class Dask:
    """A scheduler on loopback, and its workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self._wait(lambda: self._file.exists() and self._file.read_text().endswith("}"))
        self.address = json.loads(self._file.read_text())["address"]

    def _start(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        command += ["--scheduler-file", str(self._file)]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        self.processes.append(process)

    def _wait(self, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_there():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.05)

    def start_workers(self, count: int) -> list["subprocess.Popen[bytes]"]:
        """Start workers with a thread each, and wait until the scheduler knows them."""
        from distributed import Client

        for _ in range(count):
            place = ["--local-directory", str(self._folder), "--host", "127.0.0.1"]
            self._start("worker", "--no-nanny", "--nthreads", "1", *place)
        with Client(self.address) as client:
            self._wait(lambda: len(client.nthreads()) == count)
        return self.processes[-count:]

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    pytest.importorskip("distributed")
    started = Dask(tmp_path_factory.mktemp("dask"))
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY.replace("epochs: 2", "epochs: 150"))


def rows(study: StudyDirectory) -> list[dict[str, str]]:
    found = list(csv.DictReader(study.table.read_text().splitlines()))
    return [{key: row[key] for key in row if key != "seconds"} for row in found]


def test_trials_on_workers_are_those_of_this_machine_even_if_one_is_killed(
    dask: Dask, nnrun: Nnrun
) -> None:
    victim, _ = dask.start_workers(2)
    killed = threading.Event()

    def kill_while_it_trains() -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not killed.is_set():
            if len(list(Path("cluster/studies").glob("*/trials/*/history.csv"))) == 2:
                os.kill(victim.pid, signal.SIGKILL)
                killed.set()
            time.sleep(0.02)

    killer = threading.Thread(target=kill_while_it_trains)
    killer.start()
    done = nnrun(
        "train", "tiny.yaml", "--seeds", 3, "--on", dask.address, "--runs-dir", "cluster", "-q"
    )
    killer.join()
    assert done.code == 0, done.err
    assert killed.is_set()
    here = nnrun("train", "tiny.yaml", "--seeds", 3, "--jobs", 2, "--runs-dir", "here", "-q")
    assert here.code == 0, here.err
    (on_cluster,), (on_this,) = list_studies(Path("cluster")), list_studies(Path("here"))
    assert rows(on_cluster) == rows(on_this)
    records = [json.loads(study.record.read_text()) for study in (on_cluster, on_this)]
    assert [(record["jobs"], record["threads"]) for record in records] == [(2, 1), (2, 1)]
    for number in range(3):
        assert_same_run(on_cluster.trial(number), on_this.trial(number))


@pytest.mark.campaign
def test_a_study_is_stopped_on_its_workers_and_goes_on_there(dask: Dask, nnrun: Nnrun) -> None:
    dask.start_workers(1)
    Path("tiny.yaml").write_text(TINY.replace("epochs: 2", "epochs: 100000"))

    def interrupt() -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if list(Path("runs/studies").glob("*/trials/*/history.csv")):
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.02)

    stopper = threading.Thread(target=interrupt)
    stopper.start()
    done = nnrun("train", "tiny.yaml", "--seeds", 2, "--on", dask.address, "-q")
    stopper.join()
    assert done.code == 130, done.err
    (study,) = list_studies(Path("runs"))
    assert json.loads(study.record.read_text())["status"] == "interrupted"
    assert json.loads(study.trial(0).record.read_text())["status"] == "interrupted"


def test_what_cannot_be_a_cluster_is_a_sentence(
    dask: Dask, nnrun: Nnrun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        done = nnrun("train", "tiny.yaml", "--seeds", 2, *words)
        assert done.code == 2
        assert not Path("runs/studies").exists()
        return " ".join(done.err.split())

    assert "has no workers" in said("--on", dask.address)
    monkeypatch.setattr("nnrun.studies.cluster._PATIENCE", 0.5)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in said("--on", "tcp://127.0.0.1:9")
    assert "no Dask scheduler answers at nowhere" in said("--on", "nowhere")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'nnrun[cluster]'" in said("--on", dask.address)
