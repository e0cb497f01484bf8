"""The plan of a search: draws settings, and trains their runs from rung to rung."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nnrun.analysis.search_plot import draw_search
from nnrun.analysis.search_view import best_settings, ranked_groups
from nnrun.config.changed_text import with_changes
from nnrun.config.loading import load_experiment, searched_figure_of
from nnrun.config.options import to_plain
from nnrun.config.space_reading import SECTION
from nnrun.config.writer import experiment_to_yaml, overrides_of, write_flow
from nnrun.errors import ConfigError, UserError
from nnrun.runs.atomic import write_text
from nnrun.runs.study_record import SEARCH
from nnrun.studies.baseline import own_setting
from nnrun.studies.confirmation import Confirmation
from nnrun.studies.drawing import NewSettings, method_of
from nnrun.studies.plan import Point
from nnrun.studies.rungs import rungs_of
from nnrun.studies.search_trial import SearchTrial, TrialRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.analysis.study_report import StudyReport
    from nnrun.config.schema import Experiment
    from nnrun.config.space import Setting
    from nnrun.runs.outcome import Outcome
    from nnrun.runs.study_directory import StudyDirectory

_EPOCHS = "training.epochs"
_EXTENDABLE = ("trials", "time", "confirm")
"""The options that may change between calls without starting a different study."""


class SearchPlan:
    """The trials of a search, drawn and stopped by the results of earlier trials.

    It decides as if there were `jobs` workers who need the same time for every epoch: a setting is
    drawn, and a run goes on or not, by what these would have ended by then. So the trials are the
    same ones however many workers there are, however fast, and in whatever order their outcomes are
    told. Where all trials have as many epochs, trial k is drawn by the results of 0 to k - jobs.

    Args:
        experiment: The checked config, which has a search.
        config: Its file.
        overrides: What was changed in it, of the form `training.epochs=5`; where its search asks for
            folds, `folds=…` among them.
        jobs: The number of workers that it reckons with.

    Raises:
        UserError: A package that the method needs is not installed.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: Path,
        overrides: Sequence[str] = (),
        *,
        jobs: int = 1,
    ) -> None:
        search = experiment.search
        if search is None:
            raise ValueError("the config has no search")
        if search.folds is None and search.seeds is None:  # the config may ask for them in general
            seeds = experiment.seeds if experiment.folds is None else None
            search = replace(search, folds=experiment.folds, seeds=seeds)
        self._experiment, self._search, self._jobs = experiment, search, jobs
        self._config, self._overrides = config, tuple(overrides)
        folder = Path(experiment.modules) if experiment.modules else config.parent
        self.figure = searched_figure_of(experiment, folder)
        seed = experiment.seed if search.seed is None else search.seed
        space = search.settings
        method = method_of(search.method, space, seed)
        self._settings = NewSettings(space, method, self._is_config)
        self._own = own_setting(experiment, space)
        self._rungs = rungs_of(search.stops, experiment.training.epochs)
        self._trials: list[SearchTrial] = []
        self._is_over = False
        self._deadline: float | None = None
        self._begun = 0
        self._waiting: deque[tuple[SearchTrial, TrialRun]] = deque()
        self._pieces: list[tuple[SearchTrial, TrialRun]] = []
        self._points: dict[Point, int] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._running: list[tuple[int, int]] = []
        self._now = 0

    any_order = True
    """Outcomes may be told in whatever order trials end."""

    @property
    def size(self) -> int | None:
        """The largest number of runs; None if only the time limits it."""
        space, asked = self._search.settings.size, self._search.trials_asked
        settings = None if space is None else space + (self._own is None)
        known = [number for number in (settings, asked) if number is not None]
        return min(known) * len(self._first_points(())) if known else None

    @property
    def trials(self) -> tuple[SearchTrial, ...]:
        """The trials so far."""
        return tuple(self._trials)

    @property
    def refused(self) -> int:
        """How many settings were drawn that are no config: two values contradict each other."""
        return self._settings.refused

    def _is_config(self, setting: Setting) -> bool:
        changes = (*self._overrides, f"{SECTION}=null", *overrides_of(setting))
        try:
            load_experiment(self._config, changes, to_be_trained=True)
        except ConfigError:
            return False
        return True

    def ask(self) -> Point | None:
        """The next unit of training; None if there is none until another one ends."""
        while True:
            if len(self._running) < self._jobs:
                if not self._waiting:
                    self._begin_trial()
                if self._waiting:
                    return self._begin_piece(*self._waiting.popleft())
            if not self._running or self._running[0][1] not in self._outcomes:
                return None
            self._now, index = heappop(self._running)
            self._arrive(*self._pieces[index], self._outcomes.pop(index))

    def tell(self, point: Point, outcome: Outcome) -> None:
        """Take in how a piece came out; it counts from when a worker would have ended it."""
        self._outcomes[self._points.pop(point)] = outcome

    def _begin_trial(self) -> None:
        """Draw the setting of another trial, unless the search is complete or its time is up."""
        number, asked, limit = len(self._trials), self._search.trials_asked, self._search.time
        if limit is not None and self._deadline is None:
            self._deadline = time.monotonic() + limit.seconds
        self._is_over |= self._deadline is not None and time.monotonic() > self._deadline
        if self._is_over or (asked is not None and number >= asked):
            return
        setting = (self._own or {}) if number == 0 else self._settings.draw(number)
        if setting is None:
            self._is_over = True
            return
        if number == 0:
            self._settings.take(setting)
        end = setting.get(_EPOCHS, self._experiment.training.epochs)
        rungs = [*(rung for rung in self._rungs.of(number) if rung < end), end]
        changes = overrides_of(setting) if number else ()
        runs = [TrialRun(point) for point in self._first_points(changes)]
        trial = SearchTrial(number, setting, rungs, runs, self.figure)
        self._trials.append(trial)
        self._queue(trial)

    def _queue(self, trial: SearchTrial) -> None:
        """Queue the runs of a trial up to its next rung."""
        runs = [run for run in trial.runs if not run.has_ended]
        trial.pending = len(runs)
        self._waiting += [(trial, run) for run in runs]

    def _first_points(self, changes: tuple[str, ...]) -> list[Point]:
        """The first points of a trial's runs."""
        experiment, search = self._experiment, self._search
        if search.folds is not None:
            return [Point(changes, fold=fold, tests=False) for fold in range(search.folds)]
        if search.seeds is not None:
            seeds = range(experiment.seed, experiment.seed + search.seeds)
            return [Point(changes, seed=seed, tests=False) for seed in seeds]
        return [Point(changes, tests=False)]

    def _begin_piece(self, trial: SearchTrial, run: TrialRun) -> Point:
        """Give a worker the next piece of a run."""
        point = run.piece(trial.until)
        if run.number is None:
            run.number = self._begun
            self._begun += 1
        index = len(self._pieces)
        self._pieces.append((trial, run))
        self._points[point] = index
        heappush(self._running, (self._now + trial.stage_epochs, index))
        return point

    def _arrive(self, trial: SearchTrial, run: TrialRun, outcome: Outcome) -> None:
        """Take in that a worker has ended a piece; once it is the last of a stage, decide."""
        run.outcome = outcome
        trial.pending -= 1
        if trial.pending:
            return
        value, rung = trial.arrive(), trial.rung
        earlier = {
            other.number: known
            for other in self._trials[: trial.number]
            if (known := other.value_at(rung)) is not None
        }
        if trial.is_at_end or not self._rungs.goes_on(trial.number, rung, value, earlier):
            trial.has_ended = True
            self._settings.learn(trial.number, trial.setting, trial.result())
            return
        trial.stage += 1
        self._queue(trial)

    def to_json(self) -> dict[str, Any]:
        """The config's section, where the config is and what was changed in it, and the workers."""
        return {
            "kind": SEARCH,
            "search": to_plain(self._search),
            "jobs": self._jobs,
            "config": str(self._config.absolute()),
            "overrides": list(self._overrides),
        }

    def going_on_from(self, earlier: Mapping[str, Any]) -> Self | None:
        """The same search, possibly with other limits, with the original number of workers."""
        if earlier.get("kind") != SEARCH:
            return None
        mine, theirs = (_without_limits(plan["search"]) for plan in (self.to_json(), earlier))
        if mine != theirs:
            return None
        return type(self)(
            self._experiment, self._config, self._overrides, jobs=int(earlier["jobs"])
        )

    def confirming(self, report: StudyReport) -> Confirmation | None:
        """The best settings and the config's own, with seeds that the search has not used."""
        confirm, used = self._search.confirm, self._search.seeds or 1
        best = [group.settings for group in ranked_groups(report)[: confirm.best]]
        if not best:
            return None
        first = self._experiment.seed + used
        settings: list[Setting] = [{}, *filter(None, best)]
        return Confirmation.of(settings, range(first, first + confirm.seeds))

    def leave(self, report: StudyReport) -> None:
        """Write the config with the best settings, its comments and order kept, and draw the trials."""
        if report.trials:
            draw_search(report, report.directory.search)
        best = best_settings(report)
        if best is not None:
            changes, target = (*self._overrides, *overrides_of(best)), report.directory.best
            write_text(target, with_changes(self._config, changes, target))


def _without_limits(search: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in search.items() if key not in _EXTENDABLE}


def read_search_plan(plan: Mapping[str, Any], directory: StudyDirectory) -> SearchPlan:
    """The plan of a study, from its record and its config.

    The config is the user's own file, with its comments, if it still says the same.
    """
    config, changes = Path(plan["config"]), tuple(plan["overrides"])
    if not _says(config, changes, directory.resolved):
        config, changes = directory.resolved, (f"{SECTION}={write_flow(plan['search'])}",)
    experiment = load_experiment(config, changes, to_be_trained=True)
    return SearchPlan(experiment, config, changes, jobs=plan["jobs"])


def _says(config: Path, changes: Sequence[str], resolved: Path) -> bool:
    """Whether a config with some changes is still the one that was resolved."""
    try:
        experiment = load_experiment(config, changes, to_be_trained=True)
        return experiment_to_yaml(experiment) == resolved.read_text(encoding="utf-8")
    except (UserError, OSError):
        return False
