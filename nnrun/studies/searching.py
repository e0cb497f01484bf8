"""A search as a study: from the config that asks for it to its report and `best.yaml`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.errors import UserError
from nnrun.experiments.declare import RUNS, Bases, load
from nnrun.studies.many import delivered, train_many, where_to_train
from nnrun.studies.search_plan import SearchPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.analysis.study_report import StudyReport
    from nnrun.experiments.declare import Declared
    from nnrun.experiments.train import Watcher
    from nnrun.studies.many import Follower


def search_config(
    config: str | Path,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    command: Sequence[str] = (),
    trust: bool = False,
    fresh: bool = False,
    jobs: int | None = None,
    on: str | None = None,
    watch: Watcher | None = None,
    follow: Follower | None = None,
    deliver_signals: bool = True,
) -> StudyReport:
    """Search the settings that a config's `search` section asks for, or continue that search.

    The best settings are written as `best.yaml` into the study's directory: the config with them in
    it, comments and order kept.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: The folder of the runs.
        command: The command line, for the record.
        trust: Whether code named by a run that the model is built on may run.
        fresh: Whether to begin a new study in any case.
        jobs: As for `train_many`. A search that continues keeps its number, by which its trials are
            chosen.
        on: As for `train_many`.
        watch: Called with every event of the trainings.
        follow: Called with the study when it begins or continues, and with each trial as it ends.
        deliver_signals: As for `nnrun.experiments.api.train`.

    Returns:
        The report of the study: `groups` are the settings, `ranked` those with a value, best first.

    Raises:
        ConfigError: The config has mistakes.
        UserError: A package that the method needs isn't installed, or the data can't be used.
    """
    path, runs = Path(config), Path(runs_dir)
    declared, changes = declare_search(path, overrides, runs)
    jobs = where_to_train(jobs, on).jobs
    plan = SearchPlan(declared.experiment, path, changes, jobs=jobs)
    how = partial(train_many, runs_dir=runs, command=command, trust=trust, fresh=fresh, on=on)
    report = how(declared, plan, jobs=jobs, watch=watch, follow=follow, metric=plan.figure[0])
    return delivered(report, deliver_signals)


def declare_search(
    config: Path, overrides: Sequence[str], runs_dir: Path
) -> tuple[Declared, tuple[str, ...]]:
    """The config of a search, and all changes to it.

    Raises:
        ConfigError: It has mistakes.
        UserError: It asks for no search.
    """
    bases = Bases(runs_dir)
    declared = load(config, overrides, bases)
    search = declared.experiment.search
    if search is None:
        raise UserError(
            f"{config} says nothing about what to search",
            hint="Add `search: {space: …}`, as in docs/search.md; `nnrun train` needs none.",
        )
    if search.folds is None:
        return declared, tuple(overrides)
    changes = (*overrides, f"folds={search.folds}")
    return load(config, changes, bases), changes
