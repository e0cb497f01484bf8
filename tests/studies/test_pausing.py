"""A trial that pauses and goes on comes out as one that never did, and is told as it was."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY
from same_run import assert_same_run

from nnrun.analysis.study_report import StudyReport
from nnrun.experiments.api import train
from nnrun.experiments.declare import load
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import PAUSED
from nnrun.runs.outcome import Outcome
from nnrun.runs.study_directory import StudyDirectory
from nnrun.studies.many import train_many
from nnrun.studies.plan import Point

pytestmark = pytest.mark.usefixtures("_undrawn")

FOUR = TINY.replace("epochs: 2", "epochs: 4").replace(", test: 30", ", test: 20")


class Halving:
    """Two trials pause after an epoch, and the better one goes on: to its third epoch, to its end."""

    kind = "halving"
    size = 2
    any_order = False

    def __init__(self) -> None:
        self.told: list[tuple[int | None, str, int, Any]] = []
        first = [Point(seed=seed, until=1, tests=False) for seed in (1, 2)]
        self._waiting, self._losses = first, list[float]()

    def ask(self) -> Point | None:
        return self._waiting.pop(0) if self._waiting else None

    def tell(self, point: Point, outcome: Outcome) -> None:
        best = outcome.metrics["best"]
        self.told.append((point.until, outcome.status, outcome.epochs, dict(best)))
        if point.trial is None:
            self._losses.append(best["val_loss"])
            if len(self._losses) == 2:
                trial = self._losses.index(min(self._losses))
                self._waiting = [replace(point, trial=trial, seed=trial + 1, until=3)]
        elif point.until == 3:
            self._waiting = [replace(point, until=None)]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def going_on_from(self, earlier: Mapping[str, Any]) -> "Halving":
        return self

    def confirming(self, report: StudyReport) -> None: ...

    def leave(self, report: StudyReport) -> None: ...


def test_trials_pause_and_go_on(
    write_config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config, plan = write_config(FOUR), Halving()
    report = train_many(load(config), plan)
    assert [(until, status, epochs) for until, status, epochs, _ in plan.told] == [
        (1, PAUSED, 1),
        (1, PAUSED, 1),
        (3, PAUSED, 3),
        (None, "finished", 4),
    ]
    assert report.status == "finished"
    states = [(trial.row.state, trial.row.epochs) for trial in report.trials]
    assert sorted(states) == [("finished", 4), (PAUSED, 1)]
    won = states.index(("finished", 4))
    directory = report.directory
    alone = RunDirectory(tmp_path / "alone")
    train(config, overrides=[f"seed={won + 1}"], run_dir=alone.path)
    run = directory.trial(won)
    tested = Outcome.read(run).metrics["test"], Outcome.read(alone).metrics["test"]
    assert tested[0] is None, "no trial of a search looks at the test rows"
    assert tested[1] is not None
    alone.metrics.write_text(alone.metrics.read_text().replace(_test_part(alone), "null"))
    assert_same_run(run, alone)
    assert not directory.trial(1 - won).model.exists()

    table = directory.table.read_text()
    again = Halving()
    assert train_many(load(config), again).directory == StudyDirectory(directory.path)
    assert again.told == plan.told, "what has ended is told as it was after each epoch"
    assert directory.table.read_text() == table


def _test_part(run: RunDirectory) -> str:
    """The figures of the test rows, as they stand in the file."""
    text = run.metrics.read_text()
    start = text.index("{", text.index('"test"'))
    return text[start : text.index("}", start) + 1]
