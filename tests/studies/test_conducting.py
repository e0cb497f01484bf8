"""The loop of a study: what it asks, tells, tries again and refuses, with trainings made up."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnrun.errors import DataError, RunError, UserError
from nnrun.runs.outcome import Outcome
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.study_record import StudyRecord
from nnrun.runs.trial_table import TrialTable
from nnrun.studies.advancing import TrialTask
from nnrun.studies.conducting import Conductor, StudyFailedError, TrialEnded
from nnrun.studies.plan import Point
from nnrun.studies.seeds import Seeds

OUTCOME = Outcome("", "finished", "", 2, 1, {"best": {"val_loss": 0.5}}, (), (), 1.0, {})
RECORD = StudyRecord("tiny", {"kind": "seeds"}, "val_loss", "running", "", "")


class MadeUp:
    """An executor whose trainings end when they are let to, each as a function of its seed says."""

    def __init__(self, ends: Callable[[int], Outcome | Exception], held: int = 1) -> None:
        self._ends, self._held = ends, held
        self._waiting: list[tuple[Future[Outcome], int]] = []
        self.submitted: list[int] = []
        self.stopped = False

    def submit(self, task: TrialTask) -> Future[Outcome]:
        """Take in a trial; the latest of those that wait ends first."""
        future: Future[Outcome] = Future()
        seed = int(task.changes[-1].removeprefix("seed="))
        self.submitted.append(seed)
        self._waiting.append((future, seed))
        if len(self._waiting) >= self._held:
            for one, its_seed in reversed(self._waiting):
                ended = self._ends(its_seed)
                if isinstance(ended, Exception):
                    one.set_exception(ended)
                else:
                    one.set_result(ended)
            self._waiting = []
        return future

    def stop(self) -> None:
        self.stopped = True


class Told(Seeds):
    """Seeds that write down what they are asked and told."""

    def __init__(self, seeds: Iterable[int]) -> None:
        super().__init__(seeds)
        self.events: list[str] = []

    def ask(self) -> Point | None:
        point = super().ask()
        self.events.append("ask" if point is None else f"ask {point.seed}")
        return point

    def tell(self, point: Point, outcome: Outcome) -> None:
        self.events.append(f"tell {point.seed} {outcome.status}")


@pytest.fixture
def study(tmp_path: Path) -> StudyDirectory:
    directory = StudyDirectory(tmp_path / "study")
    directory.trials.mkdir(parents=True)
    return directory


def conduct(
    study: StudyDirectory, plan: Seeds, executor: Any, jobs: int = 1
) -> tuple[Conductor, list[TrialEnded]]:
    conductor = Conductor(study, replace(RECORD, jobs=jobs), plan, executor, study.path)
    return conductor, list(conductor.run())


def by_seed(seed: int) -> Outcome:
    return replace(OUTCOME, metrics={"best": {"val_loss": seed / 100}}, epochs=seed)


def test_one_job_is_told_of_each_trial_before_it_is_asked_for_the_next(
    study: StudyDirectory,
) -> None:
    plan = Told([5, 6])
    conductor, ended = conduct(study, plan, MadeUp(by_seed))
    assert plan.events == ["ask 5", "tell 5 finished", "ask 6", "tell 6 finished", "ask"]
    assert conductor.is_complete
    assert [(item.row.number, item.row.value, item.is_new) for item in ended] == [
        (0, 0.05, True),
        (1, 0.06, True),
    ]
    assert study.table.read_text() == (
        "number,state,value,seed,epochs,seconds,run,reason\n"
        "0,finished,0.05,5,5,1.0,,\n1,finished,0.06,6,6,1.0,,\n"
    )


def test_the_plan_hears_the_same_in_whatever_order_trials_end(study: StudyDirectory) -> None:
    """Two jobs: the later trial of each pair ends first, and yet is told second."""
    plan = Told([5, 6, 7, 8])
    conduct(study, plan, MadeUp(by_seed, held=2), jobs=2)
    assert plan.events == [
        "ask 5", "ask 6", "tell 5 finished", "tell 6 finished",
        "ask 7", "ask 8", "tell 7 finished", "tell 8 finished", "ask",
    ]  # fmt: skip
    table = study.table.read_text()
    study.table.unlink()
    alone = Told([5, 6, 7, 8])
    conduct(study, alone, MadeUp(by_seed), jobs=2)
    assert study.table.read_text() == table


def test_what_has_ended_is_told_again_and_not_trained_again(study: StudyDirectory) -> None:
    conduct(study, Told([5, 6]), MadeUp(by_seed))
    plan, executor = Told([5, 6, 7]), MadeUp(by_seed)
    _, ended = conduct(study, plan, executor)
    assert executor.submitted == [7]
    assert plan.events[:4] == ["ask 5", "tell 5 finished", "ask 6", "tell 6 finished"]
    assert [item.is_new for item in ended] == [False, False, True]
    with pytest.raises(RunError, match=r"trial 0 of study is {'seed': 5}, and its plan asks for"):
        conduct(study, Told([4]), executor)


def test_a_trial_that_fails_is_tried_once_more_and_then_told(study: StudyDirectory) -> None:
    def ends(seed: int) -> Outcome | Exception:
        return ValueError("bang\nhere") if seed == 5 else by_seed(seed)

    plan, executor = Told([5, 6]), MadeUp(ends)
    conduct(study, plan, executor)
    assert executor.submitted == [5, 5, 6]
    assert plan.events[1] == "tell 5 failed"
    row = TrialTable.read(study.table).get(0)
    assert row is not None
    assert (row.state, row.value, row.reason) == ("failed", None, "ValueError: bang")


def test_three_in_a_row_that_fail_for_one_reason_end_the_study(study: StudyDirectory) -> None:
    def ends(seed: int) -> Outcome | Exception:
        return ValueError("bang") if seed > 5 else by_seed(seed)

    with pytest.raises(StudyFailedError, match="3 trials in a row failed: ValueError: bang"):
        conduct(study, Told(range(5, 99)), MadeUp(ends))
    assert [row.number for row in TrialTable.read(study.table).rows] == [0, 1, 2, 3]


def test_failures_for_many_reasons_end_nothing(study: StudyDirectory) -> None:
    _, ended = conduct(study, Told(range(6)), MadeUp(lambda seed: ValueError(f"bang {seed % 2}")))
    assert len(ended) == 6


def test_mistakes_of_the_first_trial_are_the_user_s(study: StudyDirectory) -> None:
    with pytest.raises(DataError, match="no rows"):
        conduct(study, Told([5, 6]), MadeUp(lambda _: DataError("no rows")))
    assert not study.table.exists()


def test_a_run_that_cannot_be_written_is_no_failure_of_the_trial(study: StudyDirectory) -> None:
    def ends(seed: int) -> Outcome | Exception:
        return by_seed(seed) if seed == 5 else RunError("cannot write: the disk is full")

    with pytest.raises(UserError, match="the disk is full"):
        conduct(study, Told([5, 6]), MadeUp(ends))
    assert [row.number for row in TrialTable.read(study.table).rows] == [0]


def test_an_interrupted_trial_has_no_row(study: StudyDirectory) -> None:
    def ends(seed: int) -> Outcome:
        status = "interrupted" if seed == 6 else "finished"
        return replace(by_seed(seed), status=status, signal=2 if seed == 6 else None)

    conductor, ended = conduct(study, Told([5, 6, 7]), MadeUp(ends))
    assert (conductor.signal, conductor.is_complete, len(ended)) == (2, False, 1)
    assert [row.number for row in TrialTable.read(study.table).rows] == [0]
