"""What every plan of a study keeps, and what a study does with it."""

import json
import shlex
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from nnrun.config.loading import load_experiment
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import ConfigError
from nnrun.experiments.declare import load
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import RunRecord
from nnrun.runs.outcome import Outcome
from nnrun.runs.study_directory import StudyDirectory
from nnrun.studies.confirmation import Confirmation
from nnrun.studies.folds import Folds
from nnrun.studies.plan import Plan, Point, StoredPlan
from nnrun.studies.plans import read_plan
from nnrun.studies.search_plan import SearchPlan
from nnrun.studies.seeds import Seeds
from nnrun.studies.study import StudyInterruptedError, study
from nnrun.studies.sweep import Sweep
from tests.conftest import TINY

MOST = 100
OUTCOME = Outcome("runs/one", "finished", "", 2, 1, {"best": {"val_loss": 0.5}}, (), (), 1.0, {})


class Halving:
    """A plan as a user writes it: halves the learning rate for as long as that helps."""

    def __init__(self) -> None:
        self.rate, self.best = 0.1, float("inf")

    def ask(self) -> Point | None:
        return Point((f"optimizer.Adam.learning_rate={self.rate}",)) if self.rate else None

    def tell(self, point: Point, outcome: Outcome) -> None:
        loss = outcome.metrics["best"]["val_loss"]
        self.rate = self.rate / 2 if loss < self.best else 0
        self.best = min(loss, self.best)


SEARCH = """\
search:
  method: METHOD
  trials: 4
  space:
    training: {batch_size: {from: 8, to: 64, log: true}}
    optimizer: [SGD: {learning_rate: [0.1, 0.01], nesterov: [true, false]}, Adam]
"""


FOLDER = tempfile.TemporaryDirectory()


def search_by(method: str) -> SearchPlan:
    path = Path(FOLDER.name) / f"{method}.yaml"
    path.write_text(TINY + SEARCH.replace("METHOD", method))
    return SearchPlan(load_experiment(path), path)


PLANS: dict[str, Callable[[], Plan]] = {
    "seeds": lambda: Seeds(range(3, 6)),
    "no seeds": lambda: Seeds([]),
    "folds": lambda: Folds(3, [1]),
    "a sweep": lambda: Sweep("training.batch_size", [8, 16], Seeds([1])),
    "a confirmation": lambda: Confirmation.of([{}, {"training.batch_size": 8}], [4]),
    **{f"search by {name}": partial(search_by, name) for name in ("grid", "sobol", "tpe")},
    "of a user's own": Halving,
}
every_plan = pytest.mark.parametrize("make", PLANS.values(), ids=PLANS)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def points_of(plan: Plan) -> Iterator[Point]:
    """What a plan asks for while runs get better, then worse, and the last one diverges."""
    for loss in (0.5, 0.4, 0.45, None):
        point = plan.ask()
        if point is None:
            return
        yield point
        best = {"val_loss": float("nan") if loss is None else loss}
        status = "diverged" if loss is None else "finished"
        plan.tell(point, replace(OUTCOME, status=status, metrics={"best": best}))


@every_plan
def test_a_plan_comes_to_its_end_and_stays_there(make: Callable[[], Plan]) -> None:
    plan = make()
    assert sum(1 for _ in points_of(plan)) < MOST
    assert [plan.ask() for _ in range(2)] == [None, None]


@every_plan
def test_a_plan_asks_for_the_same_wherever_it_is_told_the_same(make: Callable[[], Plan]) -> None:
    assert list(points_of(make())) == list(points_of(make()))


@every_plan
def test_a_plan_asks_for_configs_that_can_be_trained(
    make: Callable[[], Plan], config: Path
) -> None:
    for point in points_of(make()):
        folds = () if point.fold is None else ("dataset.split.validation={fold: 0, of: 3}",)
        experiment = load(config, (*folds, *point.changes)).experiment
        assert point.seed is None or experiment.seed == point.seed


@pytest.mark.parametrize("name", [name for name in PLANS if "user" not in name])
def test_a_plan_that_is_stored_is_the_same_plan_and_goes_on(
    name: str, config: Path, tmp_path: Path
) -> None:
    plan = cast("StoredPlan", PLANS[name]())
    directory = StudyDirectory(tmp_path)
    directory.resolved.write_text(experiment_to_yaml(load_experiment(config)))
    stored = json.loads(json.dumps(plan.to_json()))
    again = read_plan(stored, directory)
    assert again.to_json() == stored
    assert (again.size, again.any_order) == (plan.size, plan.any_order)
    going_on = again.going_on_from(stored)
    assert going_on is not None
    assert list(points_of(going_on)) == list(points_of(plan))
    assert again.going_on_from({**stored, "kind": "another"}) is None


def test_a_point_says_what_it_changes() -> None:
    assert Point().changes == ()
    assert Point(("training.epochs=3",), seed=7).changes == ("training.epochs=3", "seed=7")


def test_a_study_trains_what_its_plan_asks_for_and_nothing_twice(config: Path) -> None:
    def trials() -> list[tuple[tuple[str, ...], str]]:
        runs_dir = config.parent / "runs"
        done = study(config, Halving(), overrides=["seed=3"], runs_dir=runs_dir)
        return [(trial.point.overrides, trial.outcome.run_dir) for trial in done]

    first = trials()
    assert [changes for changes, _ in first[:2]] == [
        ("optimizer.Adam.learning_rate=0.1",), ("optimizer.Adam.learning_rate=0.05",),
    ]  # fmt: skip
    assert trials() == first
    records = [RunRecord.read(RunDirectory(Path(run)).record) for _, run in first]
    assert len({run for _, run in first}) == len(first)
    assert {record.seed for record in records} == {3}
    assert {record.status for record in records} == {"finished"}
    # A shell reads back the words that train the run again.
    rate = "optimizer.Adam.learning_rate=0.1"
    words = ["nnrun", "train", str(config), "--set", "seed=3", "--set", rate]
    assert shlex.split(records[0].command) == words


def test_the_outcome_of_a_run_is_that_of_its_files(config: Path) -> None:
    def outcome() -> Outcome:
        (trial,) = study(config, Seeds([5]), runs_dir=config.parent / "runs")
        return trial.outcome

    trained, found = outcome(), outcome()
    assert found.to_json() == trained.to_json()


def test_a_study_makes_a_run_when_its_trial_is_asked_for(config: Path) -> None:
    runs_dir = config.parent / "runs"
    trials = study(config, Seeds(range(2)), overrides=["training.epochs=1"], runs_dir=runs_dir)
    next(trials)
    assert len(list(runs_dir.iterdir())) == 1


def test_what_a_plan_asks_for_is_checked_like_any_config(config: Path) -> None:
    class Misspelt(Halving):
        def ask(self) -> Point:
            return Point(("training.epoch=3",))

    with pytest.raises(ConfigError) as raised:
        list(study(config, Misspelt(), runs_dir=config.parent))
    assert raised.value.problems[0].message == "unknown key 'epoch'"


def test_an_interrupted_study_goes_on_where_it_was(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run gets SIGINT after its first epoch; the same study resumes that very run."""
    stop = config.parent / "stopping.py"
    stop.write_text(STOPPING)
    monkeypatch.syspath_prepend(config.parent)
    config.write_text(TINY + "callbacks: [stopping:StopOnce]\n")
    runs_dir, told = config.parent / "runs", []

    class Watched(Seeds):
        def tell(self, point: Point, outcome: Outcome) -> None:
            told.append(point.seed)

    with pytest.raises(StudyInterruptedError) as raised:
        list(study(config, Watched([8, 9]), runs_dir=runs_dir))
    assert raised.value.exit_code == 130
    assert told == []
    trials = list(study(config, Watched([8, 9]), runs_dir=runs_dir))
    assert told == [8, 9]
    record = RunRecord.read(RunDirectory(Path(trials[0].outcome.run_dir)).record)
    assert [note["after_epoch"] for note in record.resumes] == [1]
    assert len(list(runs_dir.iterdir())) == 2


STOPPING = """\
import signal

import keras


class StopOnce(keras.callbacks.Callback):
    stopped = False

    def on_epoch_end(self, epoch, logs=None):
        if not StopOnce.stopped:
            StopOnce.stopped = True
            signal.raise_signal(signal.SIGINT)
"""
