"""Many runs asked for as one thing: the study of a command, from its beginning to its report."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.analysis.study_report import StudyReport, read_study
from nnrun.device import usable_cores
from nnrun.errors import UserError
from nnrun.experiments.api import train_declared
from nnrun.experiments.declare import RUNS, Bases, load
from nnrun.runs.atomic import remove_leftovers
from nnrun.runs.locking import RunLock
from nnrun.studies.conducting import Conductor
from nnrun.studies.executor import Here
from nnrun.studies.folds import Folds
from nnrun.studies.opening import open_study, reopen_study
from nnrun.studies.seeds import Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnrun.experiments.declare import Declared
    from nnrun.experiments.train import Watcher
    from nnrun.runs.outcome import Outcome
    from nnrun.runs.study_directory import StudyDirectory
    from nnrun.studies.conducting import TrialEnded
    from nnrun.studies.opening import OpenStudy
    from nnrun.studies.plan import StoredPlan

    Follower = Callable[[OpenStudy, TrialEnded | None], None]


def train_config(
    config: str | Path,
    *,
    seeds: int | None = None,
    folds: int | None = None,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    run_dir: str | Path | None = None,
    command: Sequence[str] = (),
    trust: bool = False,
    fresh: bool = False,
    watch: Watcher | None = None,
    deliver_signals: bool = True,
) -> Outcome | StudyReport:
    """Train what a config declares: one run, or a study where it, `seeds` or `folds` asks for several.

    `seeds` and `folds` are numbers instead of the config's; `fresh` begins a study anew even where one
    of the same config is at hand. All else is as for one run: see `nnrun.experiments.api.train`.

    Returns:
        How the run came out, or the study.

    Raises:
        UserError: For mistakes in the config, the data or the place.
    """
    runs = Path(runs_dir)
    asked = () if folds is None else (f"folds={folds}",)
    declared = load(Path(config), (*overrides, *asked), Bases(runs))
    plan = plan_of(declared, seeds=seeds, run_dir=run_dir)
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
    report = train_many(
        declared, plan, runs_dir=runs, command=command, trust=trust, fresh=fresh, watch=watch
    )
    if deliver_signals and report.signal is not None:
        signal.raise_signal(report.signal)
    return report


def plan_of(
    declared: Declared, *, seeds: int | None = None, run_dir: str | Path | None = None
) -> StoredPlan | None:
    """The plan of the study that a config asks for; None where it asks for one run.

    Args:
        declared: The config.
        seeds: How many seeds instead of what it says.
        run_dir: The directory of one run, which a study has no use for.

    Raises:
        UserError: It asks for a study, and the directory of a run is given.
    """
    experiment = declared.experiment
    count = (experiment.seeds if seeds is None else seeds) or 1
    if count == 1 and experiment.folds is None:
        return None
    first = experiment.seed
    every = range(first, first + count)
    plan = Seeds(every) if experiment.folds is None else Folds(experiment.folds, every)
    if run_dir is not None:
        raise UserError(
            f"--run-dir is the directory of one run, and this is a study of {plan.size}",
            hint="Say with --runs-dir where it is to lie.",
        )
    return plan


def train_many(
    declared: Declared,
    plan: StoredPlan,
    *,
    runs_dir: Path = RUNS,
    command: Sequence[str] = (),
    trust: bool = False,
    fresh: bool = False,
    watch: Watcher | None = None,
    follow: Follower | None = None,
) -> StudyReport:
    """Train the trials of a plan as a study, or go on with the study that has the same plan.

    Args:
        declared: The config that the trials have in common.
        plan: What decides them.
        runs_dir: Where the runs lie.
        command: The command line, for the record.
        trust: Whether code that a run names, which the model is built on, may run.
        fresh: Whether a new study begins in any case.
        watch: Called with every event of the trainings.
        follow: Called with the study when it begins or goes on, and with each trial that has ended.

    Raises:
        UserError: For mistakes in the config, the data or the place.
    """
    study = open_study(
        declared.trusted(trust=trust),
        plan,
        runs_dir=runs_dir,
        fresh=fresh,
        jobs=1,
        threads=usable_cores(),
        command=command,
    )
    try:
        return _conduct(study, runs_dir, watch, follow or _ignore)
    except BaseException:
        study.discard()
        raise


def resume_study(
    directory: StudyDirectory,
    *,
    runs_dir: Path = RUNS,
    trust: bool = False,
    watch: Watcher | None = None,
    follow: Follower | None = None,
) -> StudyReport:
    """Go on with a study that was interrupted or killed; one that is finished is only read.

    Args:
        directory: The study.
        runs_dir: Where a run that a model is built on is looked for.
        trust: Whether code of the user's own that its config names may run.
        watch: Called with every event of the trainings.
        follow: As for `train_many`.

    Raises:
        RunError: Another process writes it, it is damaged, or the software is another by now.
        UserError: It names code of its own and is not trusted.
    """
    return _conduct(reopen_study(directory, trust=trust), runs_dir, watch, follow or _ignore)


def _conduct(
    study: OpenStudy, runs_dir: Path, watch: Watcher | None, follow: Follower
) -> StudyReport:
    with RunLock(study.directory.path, what="study"):
        remove_leftovers(study.directory.path, deep=False)
        study.record.write(study.directory.record)
        follow(study, None)
        with Here(watch) as executor:
            conductor = Conductor(study.directory, study.record, study.plan, executor, runs_dir)
            try:
                for ended in conductor.run():
                    follow(study, ended)
            except UserError as error:
                study.ended("failed", error.message)
                raise
        study.ended("finished" if conductor.is_complete else "interrupted")
    return read_study(study.directory, conductor.signal)


def _ignore(*told: object) -> None:
    del told
