"""Runs the study of a command, from its beginning to its report."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnrun.analysis.study_report import StudyReport, read_study
from nnrun.device import usable_cores
from nnrun.errors import ConfigError, UserError
from nnrun.experiments.api import train_declared
from nnrun.experiments.declare import RUNS, Bases, load
from nnrun.runs.atomic import remove_leftovers
from nnrun.runs.locking import RunLock
from nnrun.studies.cluster import Cluster
from nnrun.studies.conducting import Conductor
from nnrun.studies.executor import Here
from nnrun.studies.folds import Folds
from nnrun.studies.opening import open_study, open_within, reopen_study
from nnrun.studies.pool import Pool
from nnrun.studies.seeds import Seeds
from nnrun.studies.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.errors import Problem
    from nnrun.experiments.declare import Declared
    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome
    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.runs.study_record import StudyRecord
    from nnrun.studies.conducting import TrialEnded
    from nnrun.studies.executor import Executor
    from nnrun.studies.opening import OpenStudy
    from nnrun.studies.plan import StoredPlan

    Follower = Callable[[OpenStudy, TrialEnded | None], None]


def train_config(
    config: str | Path,
    *,
    seeds: int | None = None,
    folds: int | None = None,
    sweep: tuple[str, Sequence[Any]] | None = None,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    run_dir: str | Path | None = None,
    command: Sequence[str] = (),
    trust: bool = False,
    fresh: bool = False,
    jobs: int | None = None,
    on: str | None = None,
    watch: Watcher | None = None,
    deliver_signals: bool = True,
) -> Outcome | StudyReport:
    """Train a config: one run, or a study if the config, `seeds`, `folds` or `sweep` asks for several.

    `seeds` and `folds` replace the config's numbers; `sweep` is an option and the values to try, as in
    `("training.batch_size", [16, 32])`; `fresh` begins a new study even if there is one of the same
    config; `jobs` is how many of its runs are trained at a time, and `on` the address of a Dask
    cluster that trains them. Everything else is as for one run: see `nnrun.experiments.api.train`.

    Returns:
        The outcome of the run, or the report of the study.

    Raises:
        UserError: For mistakes in the config, the data or the directory.
    """
    runs = Path(runs_dir)
    asked = () if folds is None else (f"folds={folds}",)
    declared, plan = declare_planned(
        Path(config), (*overrides, *asked), runs, seeds=seeds, sweep=sweep, run_dir=run_dir
    )
    if plan is None:
        return train_declared(
            declared,
            runs_dir=runs,
            run_dir=run_dir,
            command=command,
            trust=trust,
            watch=watch,
            deliver_signals=deliver_signals,
        )
    how = partial(train_many, runs_dir=runs, command=command, trust=trust, fresh=fresh)
    return delivered(how(declared, plan, jobs=jobs, on=on, watch=watch), deliver_signals)


def delivered(report: StudyReport, deliver_signals: bool) -> StudyReport:
    """The report, after giving a signal that interrupted the study its usual effect, if asked to."""
    if deliver_signals and report.signal is not None:
        signal.raise_signal(report.signal)
    return report


def declare_planned(
    config: Path,
    overrides: Sequence[str],
    runs_dir: Path,
    *,
    seeds: int | None = None,
    sweep: tuple[str, Sequence[Any]] | None = None,
    run_dir: str | Path | None = None,
) -> tuple[Declared, StoredPlan | None]:
    """Read and check a config, with every value of a sweep as well, and the plan that is asked for.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        runs_dir: The folder of the runs.
        seeds: See `plan_of`.
        sweep: See `plan_of`.
        run_dir: See `plan_of`.

    Raises:
        ConfigError: With the problems of the config, or those of all values of the sweep.
        UserError: It asks for a study, but a run directory is given.
    """
    bases = Bases(runs_dir)
    declared = load(config, overrides, bases)
    plan = plan_of(declared, seeds=seeds, sweep=sweep, run_dir=run_dir)
    if isinstance(plan, Sweep):
        _check_sweep(plan, config, overrides, bases)
    return declared, plan


def plan_of(
    declared: Declared,
    *,
    seeds: int | None = None,
    sweep: tuple[str, Sequence[Any]] | None = None,
    run_dir: str | Path | None = None,
) -> StoredPlan | None:
    """The plan of the study that a config asks for; None if it asks for a single run.

    Args:
        declared: The config.
        seeds: The number of seeds, instead of the config's.
        sweep: An option, and the values to try.
        run_dir: The directory of one run, which a study can't use.

    Raises:
        UserError: It asks for a study, but a run directory is given.
    """
    experiment = declared.experiment
    count = (experiment.seeds if seeds is None else seeds) or 1
    if count == 1 and experiment.folds is None and sweep is None:
        return None
    first = experiment.seed
    every = range(first, first + count)
    each = Seeds(every) if experiment.folds is None else Folds(experiment.folds, every)
    plan = each if sweep is None else Sweep(*sweep, each)
    if run_dir is not None:
        raise UserError(
            f"--run-dir is the directory of one run, and this is a study of {plan.size}",
            hint="Say with --runs-dir where it is to lie.",
        )
    return plan


def _check_sweep(plan: Sweep, config: Path, overrides: Sequence[str], bases: Bases) -> None:
    """Check the config with every value of a sweep, before the first run begins."""
    problems: list[Problem] = []
    for change in plan.changes:
        try:
            load(config, (*overrides, change), bases)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


@dataclass(frozen=True)
class Where:
    """Where the trials of a study are trained.

    Attributes:
        jobs: How many at a time.
        threads: The number of threads for an operation of each.
        on: The address of a Dask scheduler; None for this machine.
    """

    jobs: int
    threads: int
    on: str | None = None


def where_to_train(jobs: int | None, on: str | None) -> Where:
    """Where trials are trained, as asked for.

    Args:
        jobs: How many at a time; None for one, or for as many as the cluster can.
        on: The address of a Dask scheduler; None for this machine.

    Raises:
        UserError: The cluster can't be used.
    """
    if on is None:
        return Where(jobs or 1, max(1, usable_cores() // (jobs or 1)))
    with Cluster(on) as cluster:
        return Where(jobs or cluster.slots, cluster.threads, on)


def train_many(
    declared: Declared,
    plan: StoredPlan,
    *,
    runs_dir: Path = RUNS,
    command: Sequence[str] = (),
    trust: bool = False,
    fresh: bool = False,
    jobs: int | None = None,
    on: str | None = None,
    watch: Watcher | None = None,
    follow: Follower | None = None,
    metric: str | None = None,
) -> StudyReport:
    """Train the trials of a plan as a study, or continue the study with the same plan.

    Args:
        declared: The config that the trials have in common.
        plan: The plan that chooses them.
        runs_dir: The folder of the runs.
        command: The command line, for the record.
        trust: Whether code named by a run that the model is built on may run.
        fresh: Whether to begin a new study in any case.
        jobs: How many trials to train at a time, each in a process of its own if there are several;
            None for one, or for as many as a cluster can. They share the cores; a study that
            continues keeps the number of threads it began with.
        on: The address of a Dask scheduler whose workers train them; None for this machine.
        watch: Called with every event of the trainings.
        follow: Called with the study when it begins or continues, and with each trial as it ends.
        metric: The figure of a trial's best epoch that is its value, instead of what the config monitors.

    Raises:
        UserError: For mistakes in the config, the data or the directory.
    """
    where = where_to_train(jobs, on)
    study = open_study(
        declared.trusted(trust=trust),
        plan,
        runs_dir=runs_dir,
        fresh=fresh,
        jobs=where.jobs,
        threads=where.threads,
        command=command,
        metric=metric,
    )
    try:
        return _conduct(study, runs_dir, where, watch, follow or _ignore)
    except BaseException:
        study.discard()
        raise


def resume_study(
    directory: StudyDirectory,
    *,
    runs_dir: Path = RUNS,
    trust: bool = False,
    jobs: int | None = None,
    on: str | None = None,
    watch: Watcher | None = None,
    follow: Follower | None = None,
) -> StudyReport:
    """Continue a study that was interrupted or killed; a finished one is only read.

    Args:
        directory: The study.
        runs_dir: Where to look for a run that a model is built on.
        trust: Whether the user's own code that its config names may run.
        jobs: How many trials to train at a time, up to the number it began with; None for that.
        on: As for `train_many`.
        watch: Called with every event of the trainings.
        follow: As for `train_many`.

    Raises:
        RunError: Another process is writing it, it is damaged, or the software has changed.
        UserError: It names code that is not trusted.
    """
    study = reopen_study(directory, trust=trust)
    where = Where(jobs or study.record.jobs, study.record.threads or 1, on)
    return _conduct(study, runs_dir, where, watch, follow or _ignore)


def _conduct(
    study: OpenStudy, runs_dir: Path, where: Where, watch: Watcher | None, follow: Follower
) -> StudyReport:
    with _executor(study.record, where, watch) as executor:
        conductor = _run_trials(study, executor, runs_dir, follow)
    report = read_study(study.directory, conductor.signal)
    study.plan.leave(report)
    return report


def _run_trials(
    study: OpenStudy, executor: Executor, runs_dir: Path, follow: Follower
) -> Conductor:
    """Run the trials of a study, and then those that confirm it; what conducted the last of them."""
    with RunLock(study.directory.path, what="study"):
        remove_leftovers(study.directory.path, deep=False)
        study.record.write(study.directory.record)
        follow(study, None)
        conductor = Conductor(study.directory, study.record, study.plan, executor, runs_dir)
        try:
            for ended in conductor.run():
                follow(study, ended)
            if conductor.is_complete:
                confirming = study.plan.confirming(read_study(study.directory))
                if confirming is not None:
                    within = open_within(study, confirming)
                    conductor = _run_trials(within, executor, runs_dir, follow)
        except UserError as error:
            study.ended("failed", error.message)
            raise
        study.ended("finished" if conductor.is_complete else "interrupted")
    return conductor


def _executor(record: StudyRecord, where: Where, watch: Watcher | None) -> Executor:
    """What trains the trials: this process if there is one job with all its cores, else workers."""
    if where.on is not None:
        return Cluster(where.on, record.threads)
    if record.jobs == 1 and record.threads in (None, usable_cores()):
        return Here(partial(Pool, 1, usable_cores()), watch)
    return Pool(min(where.jobs, record.jobs), record.threads or 1)


def _ignore(*told: object) -> None:
    del told
