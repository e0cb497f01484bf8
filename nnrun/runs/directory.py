"""The run directory: its layout, and how a new one is claimed."""

import re
import secrets
import shutil
import string
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from nnrun.errors import RunError
from nnrun.runs.atomic import cannot_create, check_writable, make_directory, sync_directory
from nnrun.runs.beginnings import clear, is_unbegun
from nnrun.runs.evaluation_directory import EvaluationDirectory

RUN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
STAMPED_NAME = re.compile(r".+-(\d{8}-\d{6})-[a-z]{4}")
STUDY_RECORD = "study.json"
TRIALS = "trials"
CONFIRMATION = "confirmation"
_TRIES = 100


@dataclass(frozen=True)
class RunDirectory:
    """A run's directory and the paths in it; the files need not exist.

    Attributes:
        path: The directory.
        claimed: Whether this process created it (or took an empty one) for a new run.
    """

    path: Path
    claimed: bool = field(default=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name the run is known by; that of a study's trial is `STUDY/3`."""
        name = self.path.name or self.path.resolve().name
        return f"{self.study}/{int(name)}" if self.study else name

    @property
    def study(self) -> str:
        """The name of the study that it is a trial of; empty if none."""
        path = self.path if self.path.name else self.path.resolve()
        is_trial = path.parent.name == TRIALS and path.name.isdecimal()
        study = path.parent.parent
        return study_name(study) if is_trial and (study / STUDY_RECORD).is_file() else ""

    @property
    def config(self) -> Path:
        """The config as the user wrote it."""
        return self.path / "config.yaml"

    @property
    def resolved(self) -> Path:
        """The config with everything merged and every default filled in."""
        return self.path / "resolved.yaml"

    @property
    def signature(self) -> Path:
        """The model's inputs and outputs, with the fitted preprocessing."""
        return self.path / "signature.json"

    @property
    def base(self) -> "RunDirectory":
        """The config and the signature of the run that this one was built on, if any."""
        return RunDirectory(self.path / "from_run")

    @property
    def record(self) -> Path:
        """What the run is and how it ended: see `manifest.RunRecord`."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """One row per epoch: see `history.History`."""
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        """The metrics of the best and the last epoch and of the test: see `manifest.Metrics`."""
        return self.path / "metrics.json"

    @property
    def model(self) -> Path:
        """The best model, in Keras's format."""
        return self.path / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """The directory of the checkpoints `best` and `last`."""
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        """The directory of the plots."""
        return self.path / "plots"

    @property
    def learning_curves(self) -> Path:
        """The plot of loss and metrics over the epochs."""
        return self.plots / "learning_curves.png"

    @property
    def learning_rate(self) -> Path:
        """The plot of the learning rate over the epochs."""
        return self.plots / "learning_rate.png"

    @property
    def evaluations(self) -> Path:
        """The directory that `nnrun eval` writes into."""
        return self.path / "evaluation"

    def evaluation(self, split: str, output: str = "") -> EvaluationDirectory:
        """The directory of an evaluation of a split.

        Args:
            split: The name of the rows.
            output: The output, for a model with several.

        Raises:
            RunError: It is outside the run's directory.
        """
        refuse_link(self.evaluations)
        refuse_link(self.evaluations / split)
        if not output:
            return EvaluationDirectory(self.evaluations / split)
        refuse_link(self.evaluations / split / output)
        return EvaluationDirectory(self.evaluations / split / output)

    @property
    def callbacks(self) -> Path:
        """The directory that the config's callbacks write into."""
        return self.path / "callbacks"

    @property
    def monitor(self) -> Path:
        """The measurements of a `LayerMonitor`, if the config has one."""
        return self.callbacks / "monitor.csv"

    @property
    def traces(self) -> Path:
        """The values written by `Traces`, if the config has them."""
        return self.callbacks / "traces.csv"

    @property
    def traces_plot(self) -> Path:
        """The plot of the traces."""
        return self.plots / "traces.png"

    @property
    def tensorboard(self) -> Path:
        """The directory of TensorBoard's event files."""
        return self.path / "tensorboard"

    def make_subdirectories(self) -> None:
        """Create the directories that runs write files into.

        Raises:
            RunError: They can't be created, or an existing one is a link.
        """
        for path in (self.callbacks, self.tensorboard, self.checkpoints, self.plots):
            refuse_link(path)
        for path in (self.checkpoints, self.plots):
            make_directory(path)

    def discard(self) -> bool:
        """Remove a directory that this process claimed and that contains nothing of value yet.

        Returns:
            Whether it was removed. Checkpoints, metrics and models are of value; a history alone
            can't be resumed.
        """
        if not self.claimed or self._holds_value():
            return False
        shutil.rmtree(self.path, ignore_errors=True)
        return not self.path.exists()

    def _holds_value(self) -> bool:
        kept = (self.metrics, self.model)
        return any(path.exists() for path in kept) or any(self.checkpoints.glob("[!.]*"))


def study_name(study: Path) -> str:
    """The name of a study; `OUTER/confirmation` for the one within another."""
    outer = study.parent
    is_within = study.name == CONFIRMATION and (outer / STUDY_RECORD).is_file()
    return f"{outer.name}/{study.name}" if is_within else study.name


def create_run(
    runs_dir: Path,
    name: str,
    now: datetime,
    *,
    letters: Callable[[], str] | None = None,
    needed_bytes: int = 0,
) -> RunDirectory:
    """Claim a new directory `<name>-<date>-<time>-<4 letters>` for a run.

    Args:
        runs_dir: The folder of the runs; created if missing.
        name: The experiment's name.
        now: The time to put into the directory's name.
        letters: Returns the four letters; None for random ones.
        needed_bytes: The disk space that the run will need.

    Returns:
        The directory, which is empty and belongs to this process.

    Raises:
        RunError: The name is invalid, or the folder is not writable or has too little space.
    """
    if not RUN_NAME.fullmatch(name):
        raise RunError(
            f"{name!r} cannot name a run",
            hint="Use 1 to 64 letters, digits, '.', '_' or '-', not starting with a dot.",
        )
    make_directory(runs_dir)
    _check_room(runs_dir, needed_bytes)
    path = claim_stamped(runs_dir, name, now, letters=letters)
    return _checked(RunDirectory(path, claimed=True))


def claim_stamped(
    folder: Path, name: str, now: datetime, *, letters: Callable[[], str] | None = None
) -> Path:
    """Create a new directory `<name>-<date>-<time>-<4 letters>`.

    Args:
        folder: The directory to create it in.
        name: The beginning of its name.
        now: The time in its name.
        letters: Returns the four letters; None for random ones.

    Raises:
        RunError: It can't be created.
    """
    letters = letters or _random_letters
    for _ in range(_TRIES):
        path = folder / f"{name}-{now:%Y%m%d-%H%M%S}-{letters()}"
        try:
            path.mkdir()  # exclusive: of two processes with one name, one is told to try another
            sync_directory(folder)
        except FileExistsError:
            continue
        except OSError as error:
            raise cannot_create(path, error) from error
        return path
    raise RunError(f"cannot find a free name for {name!r} in {folder}")


def create_run_at(path: Path, *, needed_bytes: int = 0) -> RunDirectory:
    """Claim this very directory for a run, as given by `--run-dir`.

    Args:
        path: A directory that is missing (it is created, with its parents), empty, or left by a run
            that was killed before it began.
        needed_bytes: The disk space that the run will need.

    Returns:
        The directory, empty.

    Raises:
        RunError: It contains files, isn't writable, or has too little space.
    """
    existed = path.exists()
    make_directory(path)
    held = []
    if is_unbegun(path):
        clear(path)
    else:
        held = sorted(entry.name for entry in path.iterdir())
    if (path / "run.json").exists():
        raise RunError(
            f"{path} already holds a run",
            hint=f"Name a new or empty directory, or resume it: nnrun resume {path}",
        )
    if held:
        raise RunError(
            f"{path} is not empty: it holds {held[0]}", hint="Name a new or empty directory."
        )
    run = _checked(RunDirectory(path, claimed=True))
    try:
        _check_room(path, needed_bytes)
    except RunError:
        if not existed:
            run.discard()
        raise
    return run


def needed_bytes(parameters: int) -> int:
    """The bytes that a run needs: three checkpoints, each of weights and two averages; small files."""
    return 3 * 3 * 4 * parameters + 10_000_000


def check_place(path: Path, needed_bytes: int) -> None:
    """Check that a run's directory is writable before there is anything to write.

    Raises:
        RunError: It isn't, or has too little space.
    """
    check_writable(path)
    _check_room(path, needed_bytes)


def _checked(run: RunDirectory) -> RunDirectory:
    try:
        check_writable(run.path)
    except RunError:
        with suppress(OSError):
            run.path.rmdir()
        raise
    return run


def refuse_link(path: Path) -> None:
    """Refuse a folder of a run that is a link, since its files would be elsewhere.

    Raises:
        RunError: It is a link.
    """
    if path.is_symlink():
        raise RunError(f"{path} is a link, which may lead anywhere; nothing was done there")


def _check_room(path: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(path).free
    if free < needed_bytes:
        raise RunError(
            f"not enough room in {path}: the run wants {format_bytes(needed_bytes)}, {format_bytes(free)} are free",
            hint="Free some space, or write elsewhere with `--run-dir`.",
        )


def format_bytes(count: int) -> str:
    """A size with its unit.

    >>> format_bytes(43_120_000)
    '43.1 MB'
    """
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - a thousand is what the prefixes mean
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _random_letters() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
