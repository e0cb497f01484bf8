"""The plan of a search: the same trials however many workers there are, and what it learns of them."""

import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.loading import load_experiment
from nnrun.config.reader import plain_value, read_yaml
from nnrun.runs.manifest import PAUSED
from nnrun.runs.outcome import Outcome
from nnrun.runs.study_directory import StudyDirectory
from nnrun.studies.plan import Point
from nnrun.studies.search_plan import SearchPlan, read_search_plan

CONFIG = """\
name: tiny
dataset: {name: iris, split: {validation: 30}}
architecture: {MLP: {hidden: [8]}}
optimizer: {Adam: {learning_rate: 0.5}}
training: {epochs: 9, batch_size: 32}
"""
SPACE = """\
  space:
    optimizer.Adam.learning_rate: {from: 1e-5, to: 1, log: true}
    training.batch_size: {from: 8, to: 64}
"""
OUTCOME = Outcome("", "finished", "", 9, 1, {"best": {}}, (), (), 1.0, {})


FOLDER = tempfile.TemporaryDirectory()


def plan_of(search: str, jobs: int = 1, space: str = SPACE, config: str = CONFIG) -> SearchPlan:
    path = Path(FOLDER.name) / "mine.yaml"
    path.write_text(f"{config}search:\n{search}{space}")
    return SearchPlan(load_experiment(path, to_be_trained=True), path, jobs=jobs)


def values_of(point: Point) -> dict[str, Any]:
    pairs = (change.partition("=") for change in point.overrides)
    return {path: plain_value(read_yaml(text, "x")) for path, _, text in pairs}


def loss(point: Point) -> float:
    """Least at a rate of 1e-3 and with many epochs; each fold adds something of its own."""
    rate = values_of(point).get("optimizer.Adam.learning_rate", 0.5)
    return (math.log10(rate) + 3) ** 2 + 1 / (point.until or 9) + 0.1 * (point.fold or 0)


def outcome_of(point: Point) -> Outcome:
    """Rates above 0.3 diverge, very small batches fail, few stop by themselves."""
    values, best = values_of(point), {"val_loss": loss(point)}
    epochs = point.until or 9
    if values.get("training.batch_size", 32) < 12:
        return replace(OUTCOME, status="failed", metrics={"best": {}}, epochs=0)
    if values.get("optimizer.Adam.learning_rate", 0) > 0.3:
        return replace(OUTCOME, status="diverged", metrics={"best": {"val_loss": math.nan}})
    if values.get("training.batch_size", 32) > 60 and epochs > 1:
        return replace(OUTCOME, metrics={"best": best}, epochs=2)
    status = PAUSED if point.until else "finished"
    return replace(OUTCOME, status=status, metrics={"best": best}, epochs=epochs)


def conducted(plan: SearchPlan, workers: int, seed: int = 0) -> list[Point]:
    """All pieces of a study whose workers end theirs in any order, as they are asked for."""
    random, running, asked = Random(seed), [], []
    while True:
        while len(running) < workers and (point := plan.ask()):
            running.append(point)
            asked.append(point)
        if not running:
            return asked
        point = running.pop(random.randrange(len(running)))
        plan.tell(point, outcome_of(point))


SEARCHES = {
    "random": "  {method: random, trials: 12, stop_early: none}\n",
    "tpe": "  {trials: 15, stop_early: none}\n",
    "asha": "  {trials: 15, stop_early: asha}\n",
    "hyperband": "  {method: sobol, trials: 15, stop_early: hyperband}\n",
    "median": "  {method: random, trials: 12, stop_early: median}\n",
    "folds": "  {method: random, trials: 6, folds: 3}\n",
    "seeds": "  {method: random, trials: 4, seeds: 2, stop_early: none}\n",
}


def search_of(name: str) -> str:
    inner = SEARCHES[name].strip().strip("{}")
    return "".join(f"  {part}\n" for part in inner.split(", "))


@settings(max_examples=12)
@given(st.sampled_from(sorted(SEARCHES)), st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
def test_the_trials_are_the_same_however_fast_the_workers(
    name: str, jobs: int, workers: int, seed: int
) -> None:
    expected = conducted(plan_of(search_of(name), jobs), jobs)
    found = conducted(plan_of(search_of(name), jobs), workers, seed)
    assert found == expected


def test_a_setting_is_drawn_by_the_results_of_all_but_the_last_jobs() -> None:
    """With another result of trial 11, 3 jobs draw another trial 14, and no trial before."""
    original, changed = (plan_of(search_of("tpe"), jobs=3) for _ in range(2))
    drawn: list[tuple[Point, Point]] = []
    outstanding: list[tuple[Point, Point]] = []
    for number in range(15):
        if number >= 3:
            one, other = outstanding.pop(0)
            original.tell(one, outcome_of(one))
            outcome = outcome_of(other)
            better = replace(outcome, status="finished", metrics={"best": {"val_loss": -5.0}})
            changed.tell(other, better if number == 14 else outcome)
        pair = (original.ask(), changed.ask())
        assert pair[0] is not None
        assert pair[1] is not None
        drawn.append(pair)
        outstanding.append(pair)
        if number >= 2:  # three are under way
            assert original.ask() is changed.ask() is None
    assert [one == other for one, other in drawn] == [True] * 14 + [False]


def test_the_first_trial_is_the_config_itself() -> None:
    points = conducted(plan_of(search_of("random")), 1)
    assert points[0] == Point(tests=False)
    assert len(points) == 12
    assert all(len(point.overrides) == 2 for point in points[1:])


def test_the_runs_of_a_trial_are_its_folds_or_its_seeds() -> None:
    folds = conducted(plan_of("  method: random\n  trials: 2\n  folds: 3\n  stop_early: none\n"), 1)
    assert [point.fold for point in folds] == [0, 1, 2, 0, 1, 2]
    assert len({point.overrides for point in folds}) == 2
    seeds = conducted(plan_of(search_of("seeds")), 1)
    assert [point.seed for point in seeds[:4]] == [42, 43, 42, 43]
    assert plan_of(search_of("seeds")).size == 8


def test_folds_and_seeds_of_the_config_are_those_of_each_trial(tmp_path: Path) -> None:
    limits = "  method: random\n  trials: 2\n  stop_early: none\n"
    plan = plan_of(limits, config=CONFIG + "folds: 3\n")
    assert [point.fold for point in conducted(plan, 1)] == [0, 1, 2, 0, 1, 2]
    plan = plan_of(limits, config=CONFIG + "seeds: 2\nseed: 7\n")
    assert [point.seed for point in conducted(plan, 1)] == [7, 8, 7, 8]
    (tmp_path / "resolved.yaml").write_text(CONFIG + "seed: 7\n")
    again = read_search_plan(plan.to_json(), StudyDirectory(tmp_path))
    assert [point.seed for point in conducted(again, 1)] == [7, 8, 7, 8]


def test_a_trial_goes_on_where_the_mean_of_its_folds_is_good() -> None:
    space = "  space:\n    optimizer.Adam.learning_rate: [1e-2, 1e-1]\n"
    plan = plan_of("  method: grid\n  folds: 2\n  stop_early: asha\n", space=space)
    asked = []
    while point := plan.ask():
        asked.append((point.trial, point.fold, point.until))
        plan.tell(point, outcome_of(point))
    # Rungs 3 and 9. Trial 0 goes on: the best so far. So does 0.01, and 0.1 comes third of three.
    new, going_on = [(None, 0, 3), (None, 1, 3)], [(0, 0, None), (1, 1, None)]
    assert asked == [*new, *going_on, *new, (2, 0, None), (3, 1, None), *new]
    values = [trial.values for trial in plan.trials]
    base = (math.log10(0.5) + 3) ** 2 + 0.05
    assert values[0] == pytest.approx({3: base + 1 / 3, 9: base + 1 / 9})
    assert values[1] == pytest.approx({3: 1 + 0.05 + 1 / 3, 9: 1 + 0.05 + 1 / 9})
    assert values[2] == pytest.approx({3: 4 + 0.05 + 1 / 3})
    assert [trial.result().is_whole for trial in plan.trials] == [True, True, False]
    assert plan.trials[2].result().epoch == 3


def test_what_went_wrong_or_ended_by_itself() -> None:
    space = "  space:\n    training.batch_size: [8, 16, 64]\n    optimizer.Adam.learning_rate: [0.4, 1e-3]\n"
    plan = plan_of("  method: grid\n  stop_early: asha\n", space=space)
    conducted(plan, 1)
    found = {
        tuple(trial.setting.values()): (trial.values, trial.result()) for trial in plan.trials[1:]
    }
    failed, diverged, stopping = found[8, 1e-3], found[16, 0.4], found[64, 1e-3]
    assert failed[0] == {3: math.inf}
    assert failed[1].value is None
    assert diverged[0] == {3: math.inf}
    assert not diverged[1].is_whole
    assert stopping[0] == {3: pytest.approx(1 / 3)}
    assert stopping[1].is_whole
    ended = plan.trials[-1]
    assert [ended.value_at(rung) for rung in (3, 9)] == [pytest.approx(1 / 3)] * 2


def test_a_finite_space_comes_to_its_end() -> None:
    space = "  space:\n    training.batch_size: [16, 32, 64]\n"
    plan = plan_of("  method: random\n  trials: 3\n  stop_early: none\n", space=space)
    assert plan.size == 3
    points = conducted(plan, 2)
    # The config's own batches have 32 rows: that setting is not tried again.
    assert sorted(values_of(point).get("training.batch_size", 32) for point in points) == [
        16,
        32,
        64,
    ]


def test_epochs_that_are_varied_end_where_they_say() -> None:
    space = "  space:\n    training.epochs: [2, 3, 27]\n"
    plan = plan_of("  method: grid\n  stop_early: asha\n", space=space)
    conducted(plan, 1)
    assert [list(trial.rungs) for trial in plan.trials] == [[3, 9], [2], [3], [3, 9, 27]]


def test_settings_that_are_no_config_are_drawn_anew_and_counted() -> None:
    """Each value is right, but pruning that ends after epoch 5 leaves no epoch of 5."""
    config = CONFIG + "callbacks: [Pruning: {sparsity: 0.5, begin: 0, end: 1}]\n"
    space = "  space:\n    training.epochs: [5, 9]\n    callbacks[0].Pruning.end: [2, 5]\n"
    plan = plan_of("  method: grid\n  stop_early: none\n", space=space, config=config)
    found = [tuple(values_of(point).values()) for point in conducted(plan, 1)]
    assert found == [(), (5, 2), (9, 2), (9, 5)]
    assert plan.refused == 1


def test_no_new_trial_begins_once_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("  method: random\n  time: 1 min\n  stop_early: asha\n")
    assert plan.size is None
    first = plan.ask()
    assert first is not None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    plan.tell(first, outcome_of(first))
    going_on = plan.ask()
    assert going_on == replace(first, trial=0, until=None)
    plan.tell(going_on, outcome_of(going_on))
    assert plan.ask() is None


def test_a_plan_is_made_again_from_its_record(tmp_path: Path) -> None:
    directory = StudyDirectory(tmp_path)
    directory.resolved.write_text(CONFIG)
    plan = plan_of(search_of("asha"), jobs=2)
    again = read_search_plan(plan.to_json(), directory)
    for key in ("kind", "search", "jobs"):
        assert again.to_json()[key] == plan.to_json()[key]
    assert conducted(again, 1) == conducted(plan, 1)


def test_a_search_goes_on_with_more_trials_but_not_with_another_space() -> None:
    earlier = plan_of(search_of("random"), jobs=3).to_json()
    more = plan_of(search_of("random").replace("trials: 12", "trials: 20"), jobs=1)
    going_on = more.going_on_from(earlier)
    assert going_on is not None
    assert going_on.to_json() == {**more.to_json(), "jobs": 3}
    assert conducted(going_on, 1)[:12] == conducted(plan_of(search_of("random"), jobs=3), 1)
    other = plan_of(search_of("random"), space=SPACE.replace("to: 64", "to: 65"))
    assert other.going_on_from(earlier) is None
    assert more.going_on_from({"kind": "seeds", "seeds": [1]}) is None


def test_the_figure_and_its_direction() -> None:
    assert plan_of(search_of("random")).figure == ("val_loss", "min")
    accuracy = plan_of(search_of("random") + "  metric: val_accuracy\n")
    assert accuracy.figure == ("val_accuracy", "max")
    point = accuracy.ask()
    assert point is not None
    accuracy.tell(point, replace(OUTCOME, metrics={"best": {"val_accuracy": 0.75}}))
    accuracy.ask()
    assert accuracy.trials[0].values == {9: -0.75}
