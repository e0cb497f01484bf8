"""Worker processes: replaced when they die or grow, told apart by what they answer, gone at the end.

The workers here are tiny programs that answer as the real ones do; the real ones are killed in
`tests/faults/test_killed_studies.py`.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nnrun.errors import RunError, UserError
from nnrun.runs.outcome import Outcome
from nnrun.studies import executor, growth
from nnrun.studies.advancing import TrialError, TrialTask
from nnrun.studies.executor import Here
from nnrun.studies.pool import Pool

PROGRAM = """\
import json, os, signal, sys, time
def interrupt(*_):
    print(json.dumps(ended("interrupted")), flush=True)
    os._exit(0)
signal.signal(signal.SIGINT, interrupt)
def ended(status):
    fields = dict(stop_reason="", epochs=1, best_epoch=1, metrics={"best": {"loss": float("nan")}})
    fields |= dict(expectations=[], warnings=[], seconds=1.0, engine={})
    return {"outcome": {"run_dir": str(os.getpid()), "status": status, **fields}, "bytes": grown}
grown = 0
for line in sys.stdin:
    task = json.loads(line)
    grown += 100
    match task["changes"]:
        case ["dies", file]:
            deaths = int(open(file).read()) if os.path.exists(file) else 0
            open(file, "w").write(str(deaths + 1))
            if deaths < task["until"]:
                os.kill(os.getpid(), signal.SIGKILL)
        case ["hangs"]:
            open(task["run"], "w").close()
            time.sleep(60)
            continue
        case [kind, message]:
            print(json.dumps({"error": kind, "message": message, "hint": "h", "bytes": 1}), flush=True)
            continue
    print(json.dumps(ended("finished")), flush=True)
"""


@pytest.fixture
def pool_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Pool]:
    monkeypatch.setattr("nnrun.studies.pool._begin", lambda: PROGRAM)
    return lambda workers: Pool(workers, 1)


def task(*changes: str, until: int | None = None, run: str = "") -> TrialTask:
    return TrialTask("", changes, run, "", until)


def result(future: Future[Outcome]) -> Outcome:
    return future.result(timeout=30)


def test_a_worker_trains_one_trial_after_another(pool_of: Callable[[int], Pool]) -> None:
    with pool_of(1) as pool:
        outcomes = [result(pool.submit(task())) for _ in range(3)]
    assert {outcome.status for outcome in outcomes} == {"finished"}
    assert len({outcome.run_dir for outcome in outcomes}) == 1
    assert not is_running(outcomes[0])


@pytest.mark.parametrize(("deaths", "is_told"), [(2, False), (3, True)])
def test_a_worker_that_dies_is_replaced_and_its_trial_goes_on(
    deaths: int, is_told: bool, pool_of: Callable[[int], Pool], tmp_path: Path
) -> None:
    with pool_of(1) as pool:
        before = result(pool.submit(task()))
        future = pool.submit(task("dies", str(tmp_path / "deaths"), until=deaths))
        if is_told:
            with pytest.raises(UserError, match="3 workers were killed on it; perhaps there is"):
                result(future)
        else:
            assert result(future).run_dir != before.run_dir
        assert result(pool.submit(task())).status == "finished"


@pytest.mark.parametrize(
    ("kind", "error"), [("run", RunError), ("user", UserError), ("other", TrialError)]
)
def test_what_went_wrong_in_a_worker_is_raised_here(
    kind: str, error: type[Exception], pool_of: Callable[[int], Pool]
) -> None:
    with pool_of(1) as pool, pytest.raises(error, match="disk full") as raised:
        result(pool.submit(task(kind, "disk full")))
    assert type(raised.value) is error


def test_a_worker_that_has_grown_is_renewed(
    pool_of: Callable[[int], Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its first trial a worker takes 100 bytes, and may take twice as many."""
    monkeypatch.setattr(growth, "MOST_BYTES", 150)
    with pool_of(1) as pool:
        pids = [result(pool.submit(task())).run_dir for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


def test_this_process_has_others_train_once_it_has_grown(
    pool_of: Callable[[int], Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: Iterator[int] = iter([100, 150, 201])
    monkeypatch.setattr(growth, "MOST_BYTES", 150)
    monkeypatch.setattr(executor, "resident_bytes", lambda: next(sizes))
    here: dict[str, Any] = dict.fromkeys(("epochs", "best_epoch"), 1)
    made = Outcome("here", "finished", "", metrics={}, expectations=(), warnings=(), seconds=1.0, engine={}, **here)  # fmt: skip
    monkeypatch.setattr(executor, "advance", lambda *_: made)
    with Here(lambda: pool_of(1)) as trained:
        places = [result(trained.submit(task())).run_dir for _ in range(5)]
    assert places[:3] == ["here"] * 3
    assert "here" not in places[3:]


def test_workers_stop_when_they_are_asked_to(
    pool_of: Callable[[int], Pool], tmp_path: Path
) -> None:
    with pool_of(2) as pool:
        begun = [tmp_path / str(number) for number in range(2)]
        futures = [pool.submit(task("hangs", run=str(file))) for file in begun]
        wait_until(lambda: all(file.exists() for file in begun))
        pool.stop()
        assert [result(future).status for future in futures] == ["interrupted"] * 2


def test_nothing_trains_on_once_the_pool_is_closed(
    pool_of: Callable[[int], Pool], tmp_path: Path
) -> None:
    with pool_of(2) as pool:
        future = pool.submit(task("dies", str(tmp_path / "deaths"), until=0))
        assert result(future).status == "finished"
        waiting = [pool.submit(task()) for _ in range(2)]
    assert all(future.done() for future in waiting)


def is_running(outcome: Outcome) -> bool:
    with suppress(ProcessLookupError):
        os.kill(int(outcome.run_dir), 0)
        return True
    return False


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
