"""Studies whose processes are killed at any moment: they go on, and come to the same table.

NNRUN_CAMPAIGN is the number of studies that are killed at random; without it there is one of each kind.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import complaints
from same_run import assert_same_run

from nnrun.runs.index import list_studies
from nnrun.runs.locking import is_locked
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord, study_status
from nnrun.runs.trial_table import TrialTable

pytestmark = pytest.mark.faults

TIMES = int(os.environ.get("NNRUN_CAMPAIGN", "0"))
PATIENCE = 120.0
"""Seconds after which a process is taken to hang."""
CONFIG = """\
name: killed
seeds: 3
dataset: {name: digits, split: {validation: 200, test: 200, seed: 1}}
architecture: {MLP: {hidden: [16]}}
training: {epochs: 12, batch_size: 8}
runtime: {engine: graph}
tensorboard: {histogram_freq: 9} # makes one epoch after the other
"""

Start = Callable[..., subprocess.Popen[str]]


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with suppress(OSError):
        return [int(pid) for pid in children.read_text().split()]
    return []


def runs_still(pid: int) -> bool:
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def the_study(folder: Path) -> StudyDirectory:
    (study,) = list_studies(folder / "runs")
    return study


def has_begun(folder: Path, trial: int) -> bool:
    """Whether a trial has committed an epoch."""
    studies = list_studies(folder / "runs")
    return bool(studies) and studies[0].trial(trial).history.exists()


def ended(process: subprocess.Popen[str]) -> None:
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints(err)) == (0, [])


def rows(study: StudyDirectory) -> list[tuple[object, ...]]:
    """The table of a study without the seconds."""
    found = TrialTable.read(study.table).rows
    return [(row.number, row.state, row.value, row.settings, row.epochs, row.run) for row in found]


@pytest.fixture
def start(
    nnrun_process: Start, tmp_path: Path, write_config: Callable[..., Path]
) -> Callable[..., subprocess.Popen[str]]:
    write_config(CONFIG)

    def begin(folder: str, *options: str) -> subprocess.Popen[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        command = ("train", "../tiny.yaml", "--quiet", *options)
        return nnrun_process(*command, cwd=tmp_path / folder)

    return begin


@pytest.mark.campaign
def test_workers_and_their_study_may_be_killed(
    start: Start, nnrun_process: Start, tmp_path: Path
) -> None:
    """A worker in the midst of a trial; then another study's process, which one worker continues."""
    one, other = tmp_path / "one", tmp_path / "other"
    process = start("one", "--jobs", "2")
    wait_until(lambda: has_begun(one, 1))
    killed = workers_of(process)[0]
    os.kill(killed, signal.SIGKILL)
    ended(process)
    resumed = [bool(_resumes(the_study(one), number)) for number in range(3)]
    assert any(resumed), "a trial went on from its last commit"

    process = start("other", "--jobs", "2")
    wait_until(lambda: has_begun(other, 0))
    workers = workers_of(process)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(runs_still, workers)))
    study = the_study(other)
    assert study_status(study, StudyRecord.read(study.record)) == "died"
    ended(nnrun_process("resume", study.path, "--jobs", "1", "--quiet"))
    assert rows(study) == rows(the_study(one))
    for number in range(3):
        assert_same_run(study.trial(number), the_study(one).trial(number))


def test_an_interrupt_stops_the_workers_and_leaves_nothing_running(
    start: Start, tmp_path: Path
) -> None:
    process = start("one", "--jobs", "2")
    wait_until(lambda: has_begun(tmp_path / "one", 0))
    workers = workers_of(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert not any(map(runs_still, workers))
    study = the_study(tmp_path / "one")
    assert study_status(study, StudyRecord.read(study.record)) == "interrupted"
    assert not any(is_locked(trial) for trial in study.trials.iterdir())


@pytest.mark.campaign
def test_killed_at_random(start: Start, tmp_path: Path) -> None:
    ended(start("whole", "--jobs", "2"))
    whole = the_study(tmp_path / "whole")
    for attempt in range(TIMES or 1):
        chance, folder = random.Random(attempt), tmp_path / f"killed{attempt}"
        for _ in range(3):
            process = start(folder.name, "--jobs", "2")
            time.sleep(chance.uniform(0, 12))
            victims = [*workers_of(process), process.pid]
            for victim in chance.sample(victims, chance.randint(1, len(victims))):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            time.sleep(chance.uniform(0, 4))  # a worker that was killed alone is replaced by now
            process.kill()
            process.communicate()
            wait_until(lambda: not any(map(runs_still, victims)))  # noqa: B023 it is over here
        ended(start(folder.name, "--jobs", "2"))
        study = the_study(folder)
        assert rows(study) == rows(whole), attempt
        for number in range(3):
            assert_same_run(study.trial(number), whole.trial(number))


SEARCH = (
    CONFIG.replace("seeds: 3\n", "")
    + """\
search:
  method: random
  space:
    optimizer.Adam.learning_rate: {from: 1e-4, to: 1e-1, log: true}
    architecture.MLP.hidden.0: {from: 4, to: 32}
  trials: 8
  confirm: {seeds: 2}
"""
)


@pytest.mark.campaign
def test_a_search_killed_at_random(
    nnrun_process: Start, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Its process, workers, or both, again and again; the search is the one that was never killed."""
    (tmp_path / "search.yaml").write_text(SEARCH)

    def start(folder: str) -> subprocess.Popen[str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        command = ("search", "../search.yaml", "--quiet", "--jobs", "2")
        return nnrun_process(*command, cwd=tmp_path / folder)

    ended(start("whole"))
    whole = the_study(tmp_path / "whole")
    kills = attempt = 0
    while kills < (TIMES or 1):
        chance, folder = random.Random(attempt), f"killed{attempt}"
        process = start(folder)
        while kills < (TIMES or 1):
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(1, 9))
                break
            victims = [*workers_of(process), process.pid]
            chosen = chance.sample(victims, chance.randint(1, len(victims)))
            for victim in chosen:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            kills += 1
            if process.pid in chosen:
                process.communicate()
                wait_until(lambda: not any(map(runs_still, victims)))  # noqa: B023 it is over here
                process = start(folder)
        ended(process)
        study = the_study(tmp_path / folder)
        for mine, theirs in ((study, whole), (study.confirmation, whole.confirmation)):
            assert rows(mine) == rows(theirs), attempt
            for row in TrialTable.read(mine.table).rows:
                if row.state == "finished":
                    assert_same_run(mine.trial(row.number), theirs.trial(row.number))
        assert study.best.read_text() == whole.best.read_text()
        attempt += 1
    record_property("trials", kills)


def _resumes(study: StudyDirectory, number: int) -> tuple[object, ...]:
    from nnrun.runs.manifest import RunRecord

    return tuple(RunRecord.read(study.trial(number).record).resumes)
