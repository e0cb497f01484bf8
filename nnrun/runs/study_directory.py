"""The directory of a study: its layout, and how a new one is claimed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nnrun.runs.atomic import check_writable, make_directory
from nnrun.runs.directory import (
    CONFIRMATION,
    STUDY_RECORD,
    TRIALS,
    RunDirectory,
    claim_stamped,
    study_name,
)

STUDIES = "studies"
"""The folder of the studies, in that of the runs."""


@dataclass(frozen=True)
class StudyDirectory:
    """A study's directory and the paths in it; the files need not exist.

    Attributes:
        path: The directory.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of the study; of a study within another, that of the outer one comes first."""
        return study_name(self.path if self.path.name else self.path.resolve())

    @property
    def config(self) -> Path:
        """The config as the user wrote it."""
        return self.path / "config.yaml"

    @property
    def resolved(self) -> Path:
        """The config that all trials have in common, with every default."""
        return self.path / "resolved.yaml"

    @property
    def record(self) -> Path:
        """What the study is and how it ended: see `study_record.StudyRecord`."""
        return self.path / STUDY_RECORD

    @property
    def table(self) -> Path:
        """One row per completed trial: see `trial_table.TrialTable`."""
        return self.path / "trials.csv"

    @property
    def best(self) -> Path:
        """The config with the best settings of a search, ready to train."""
        return self.path / "best.yaml"

    @property
    def confirmation(self) -> "StudyDirectory":
        """The study within it of the best settings of a search, with other seeds."""
        return StudyDirectory(self.path / CONFIRMATION)

    @property
    def sweep(self) -> Path:
        """The picture of a sweep: a figure against the values."""
        return self.path / "sweep.png"

    @property
    def search(self) -> Path:
        """The picture of a search: the values of the trials, also against each varied option."""
        return self.path / "search.png"

    @property
    def trials(self) -> Path:
        """The directory of the trials."""
        return self.path / TRIALS

    def trial(self, number: int) -> RunDirectory:
        """The run of a trial.

        Args:
            number: From 0.
        """
        return RunDirectory(self.trials / f"{number:04d}")

    @property
    def evaluations(self) -> Path:
        """The directory that `nnrun eval` writes into."""
        return self.path / "evaluation"

    @property
    def plots(self) -> Path:
        """The directory of the plots over all trials."""
        return self.path / "plots"


def studies_of(runs_dir: Path) -> Path:
    """The folder of the studies in a folder of runs."""
    return runs_dir / STUDIES


def create_study(runs_dir: Path, name: str, now: datetime) -> StudyDirectory:
    """Claim a new directory for a study, empty except for the folder of its trials.

    Args:
        runs_dir: The folder of the runs; created if missing.
        name: The experiment's name.
        now: The time in its name.

    Raises:
        RunError: The folder isn't writable.
    """
    folder = studies_of(runs_dir)
    make_directory(folder)
    check_writable(folder)
    study = StudyDirectory(claim_stamped(folder, name, now))
    make_directory(study.trials)
    return study
