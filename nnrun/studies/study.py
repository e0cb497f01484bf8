"""Many runs of one config: a plan asks for them one by one, and is told their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.writer import experiment_to_yaml
from nnrun.device import expect_many_models
from nnrun.errors import RunError, UserError
from nnrun.experiments.api import resume, train_declared
from nnrun.experiments.declare import RUNS, Bases, load
from nnrun.experiments.kept import Kept
from nnrun.runs.index import list_runs
from nnrun.runs.outcome import Outcome
from nnrun.runs.provenance import installed_versions
from nnrun.runs.settings import read_resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.schema import Experiment
    from nnrun.experiments.declare import Declared
    from nnrun.runs.directory import RunDirectory
    from nnrun.studies.plan import Plan, Point


_UNFINISHED = ("interrupted", "died")


class StudyInterruptedError(UserError):
    """A signal stopped a training, and with it the study."""

    def __init__(self, signal: int) -> None:
        super().__init__("interrupted", hint="The same command continues from here.")
        self.exit_code = 128 + signal


@dataclass(frozen=True)
class Trial:
    """One run of a study.

    Attributes:
        point: What the plan asked for.
        outcome: Its outcome.
    """

    point: Point
    outcome: Outcome


def study(
    config: str | Path,
    plan: Plan,
    *,
    overrides: Sequence[str] = (),
    runs_dir: str | Path = RUNS,
    trust: bool = False,
    fresh: bool = False,
    bases: Bases | None = None,
) -> Iterator[Trial]:
    """Yield a trial for each run that a plan asks for, training it when needed.

    A finished run of the same config by this version of nnrun is reused, and an interrupted one is
    resumed, so an interrupted study continues where it stopped.

    Args:
        config: The YAML file.
        plan: The plan that chooses the runs.
        overrides: Changes for all runs, of the form `training.epochs=5`, applied before the plan's.
        runs_dir: The folder of the runs.
        trust: Whether code named by a run that the model is built on may run.
        fresh: Whether to train everything again.
        bases: The reader of runs that models are built on, to share with other studies.

    Yields:
        Every run, once the plan has been told its outcome.

    Raises:
        UserError: For mistakes in the config, the data or the plan's points.
        StudyInterruptedError: A signal stopped a run; the plan is not told of it.
    """
    path, runs = Path(config), Path(runs_dir)
    known = bases or Bases(runs)  # all runs of a study begin with the very same one
    kept = Kept()
    expect_many_models()
    while (point := plan.ask()) is not None:
        changes = (*overrides, *point.changes)
        declared = load(path, changes, known)
        existing = None if fresh else _found(declared.trusted(trust=trust), runs, kept)
        outcome = existing or _trained(declared, changes, runs, kept, trust=trust)
        if outcome.signal is not None:
            raise StudyInterruptedError(outcome.signal)
        plan.tell(point, outcome)
        yield Trial(point, outcome)


def _trained(
    declared: Declared, changes: Sequence[str], runs_dir: Path, kept: Kept, *, trust: bool
) -> Outcome:
    """A new run."""
    sets = (word for change in changes for word in ("--set", change))
    return train_declared(
        declared,
        runs_dir=runs_dir,
        command=("nnrun", "train", str(declared.config), *sets),
        trust=trust,
        deliver_signals=False,
        kept=kept,
    )


def _found(declared: Declared, runs_dir: Path, kept: Kept) -> Outcome | None:
    """An existing run, resumed to its end if necessary; None if there is none."""
    for directory, status in _runs_of(declared.experiment, runs_dir):
        if status == "finished":
            return Outcome.read(directory)
        try:
            return resume(directory, trust=True, deliver_signals=False, kept=kept)
        except RunError:
            continue  # it cannot go on, so a new one takes its place
    return None


def _runs_of(experiment: Experiment, runs_dir: Path) -> Iterator[tuple[RunDirectory, str]]:
    """Runs of exactly this config by this version, finished ones first, with their status."""
    text, version = experiment_to_yaml(experiment), installed_versions().get("nnrun")
    usable: dict[str, list[RunDirectory]] = {status: [] for status in ("finished", *_UNFINISHED)}
    for entry in list_runs(runs_dir):
        record = entry.record
        if record is None or (record.name, record.seed) != (experiment.name, experiment.seed):
            continue
        if record.versions.get("nnrun") != version or entry.status not in usable:
            continue
        try:
            same = read_resolved(entry.directory) == text
        except RunError:
            continue
        if same:
            usable[entry.status].append(entry.directory)
    for status, directories in usable.items():
        yield from ((directory, status) for directory in directories)
