"""Opens the study that a command refers to: an earlier one to continue, or a new one."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.loading import load_experiment
from nnrun.config.writer import experiment_to_yaml
from nnrun.errors import RunError
from nnrun.experiments.trust import check_trust
from nnrun.runs.atomic import make_directory
from nnrun.runs.checksums import read_file, write_files
from nnrun.runs.index import list_studies
from nnrun.runs.provenance import PACKAGES, installed_versions
from nnrun.runs.run_writer import utc_now
from nnrun.runs.study_directory import StudyDirectory, create_study
from nnrun.runs.study_record import StudyRecord
from nnrun.studies.plans import read_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nnrun.config.schema import Experiment
    from nnrun.experiments.declare import Declared
    from nnrun.studies.plan import StoredPlan

MAX_CONFIG = 1_000_000


@dataclass(frozen=True)
class OpenStudy:
    """A study that can begin or continue.

    Attributes:
        directory: Its directory; it need not be locked yet.
        record: Its record, as it begins or continues.
        plan: The plan that chooses its trials.
        is_new: Whether it has just been created.
    """

    directory: StudyDirectory
    record: StudyRecord
    plan: StoredPlan
    is_new: bool = False

    def ended(self, status: str, reason: str = "") -> OpenStudy:
        """The study with a record of its end, after writing it."""
        record = dataclasses.replace(self.record, status=status, reason=reason, ended=utc_now())
        record.write(self.directory.record)
        return dataclasses.replace(self, record=record)

    def discard(self) -> None:
        """Remove a new study without any trials."""
        if self.is_new and not any(self.directory.trials.iterdir()):
            shutil.rmtree(self.directory.path, ignore_errors=True)


def open_study(
    declared: Declared,
    plan: StoredPlan,
    *,
    runs_dir: Path,
    fresh: bool,
    jobs: int,
    threads: int,
    command: Sequence[str],
    metric: str | None = None,
) -> OpenStudy:
    """Find the study with the same config, versions and plan, or create a new one.

    Args:
        declared: The config that the trials have in common.
        plan: The plan that chooses them.
        runs_dir: The folder of the runs.
        fresh: Whether to create a new one in any case.
        jobs: The number of trials that may run at the same time.
        threads: The number of threads of each trial.
        command: The command line, for the record.
        metric: The figure that is a trial's value, instead of what the config monitors.

    Raises:
        RunError: The directory can't be written.
    """
    experiment = declared.experiment
    text, versions = experiment_to_yaml(experiment), installed_versions()
    if not fresh:
        for directory in list_studies(runs_dir):
            study = _going_on(directory, plan, text, versions)
            if study is not None:
                return study
    directory = create_study(runs_dir, experiment.name, datetime.now().astimezone())
    record = StudyRecord(
        name=experiment.name,
        plan=plan.to_json(),
        metric=metric or _metric(experiment),
        status="running",
        command=shlex.join(command),
        created=utc_now(),
        jobs=jobs,
        threads=threads,
        versions=versions,
    )
    config = declared.config.read_bytes()
    write_files({directory.config: config, directory.resolved: text.encode()})
    return OpenStudy(directory, record, plan, is_new=True)


def open_within(study: OpenStudy, plan: StoredPlan) -> OpenStudy:
    """The study within another that confirms its best settings, to begin or to continue.

    Args:
        study: The outer study.
        plan: What is asked for; what it asked for before comes first.

    Raises:
        RunError: The directory can't be written, or what lies there is damaged.
    """
    directory, outer = study.directory.confirmation, study.directory
    if directory.record.exists():
        record = StudyRecord.read(directory.record)
        going_on = plan.going_on_from(record.plan)
        if going_on is None:
            raise RunError(f"{directory.record} is damaged: it is a study of another kind")
        return OpenStudy(directory, as_going_on(record, going_on), going_on)
    make_directory(directory.path)
    make_directory(directory.trials)
    copies = {directory.config: outer.config, directory.resolved: outer.resolved}
    write_files({target: read_file(file, MAX_CONFIG) for target, file in copies.items()})
    record = dataclasses.replace(study.record, plan=plan.to_json(), created=utc_now())
    return OpenStudy(directory, record, plan)


def _going_on(
    directory: StudyDirectory, plan: StoredPlan, text: str, versions: Mapping[str, str]
) -> OpenStudy | None:
    """A study to continue with a plan; None if it is a different study, or damaged."""
    try:
        record = StudyRecord.read(directory.record)
        going_on = plan.going_on_from(record.plan)
        if going_on is None or changed_versions(record, versions):
            return None
        if read_file(directory.resolved, MAX_CONFIG) != text.encode():
            return None
    except RunError:
        return None
    return OpenStudy(directory, as_going_on(record, going_on), going_on)


def as_going_on(record: StudyRecord, plan: StoredPlan) -> StudyRecord:
    """The record of a study that continues."""
    return dataclasses.replace(record, status="running", ended=None, reason="", plan=plan.to_json())


def changed_versions(record: StudyRecord, versions: Mapping[str, str]) -> list[str]:
    """The packages that affect the bits and whose versions have changed, one line each."""
    return [
        f"{name}: {record.versions.get(name)} → {versions.get(name)}"
        for name in PACKAGES
        if record.versions.get(name) != versions.get(name)
    ]


def reopen_study(directory: StudyDirectory, *, trust: bool) -> OpenStudy:
    """Reopen a study to continue it.

    Raises:
        RunError: It is finished or damaged, or was started with other versions.
        UserError: Its config names code that is not trusted.
    """
    record = StudyRecord.read(directory.record)
    if record.status == "finished":
        raise RunError(
            f"{directory.name} is finished: all of its trials are done",
            hint="For more, ask for more: nnrun train CONFIG --seeds N.",
        )
    if changed := changed_versions(record, installed_versions()):
        raise RunError(
            f"{directory.name} cannot go on, since this is not what its trials were trained with:\n"
            + "\n".join(f"  {line}" for line in changed),
            hint="Install that again, or begin anew: nnrun train CONFIG --seeds N.",
        )
    experiment = load_experiment(directory.resolved)
    check_trust(experiment, directory.resolved, trust=trust)
    plan = read_plan(record.plan, directory)
    return OpenStudy(directory, as_going_on(record, plan), plan)


def _metric(experiment: Experiment) -> str:
    """The metric whose best value is a trial's value: the monitored one."""
    return monitored_figure(
        experiment.training.monitor,
        [(callback.name, callback.arguments) for callback in experiment.callbacks],
        {},
        has_validation=experiment.dataset.split.validation is not None,
    )[0]
