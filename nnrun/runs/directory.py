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
_TRIES = 100


@dataclass(frozen=True)
class RunDirectory:
    """A run's directory and the paths in it; the files need not be there.

    Attributes:
        path: The directory.
        claimed: Whether this process made it (or took it, empty) for a new run.
    """

    path: Path
    claimed: bool = field(default=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name the run is known by; that of a study's trial is `STUDY/3`."""
        path = self.path if self.path.name else self.path.resolve()
        study = path.parent.parent
        is_trial = path.parent.name == TRIALS and path.name.isdecimal()
        if is_trial and (study / STUDY_RECORD).is_file():
            return f"{study.name}/{int(path.name)}"
        return path.name

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
        """A row per epoch: see `history.History`."""
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        """The figures of the best and the last epoch and of the test: see `manifest.Metrics`."""
        return self.path / "metrics.json"

    @property
    def model(self) -> Path:
        """The best model, in Keras's own format."""
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
        """The directory for what `nnrun eval` writes."""
        return self.path / "evaluation"

    def evaluation(self, split: str, output: str = "") -> EvaluationDirectory:
        """The directory of an evaluation of a split.

        Args:
            split: The name of the rows.
            output: Of a model with several outputs, which of them.

        Raises:
            RunError: It leads out of the run.
        """
        refuse_link(self.evaluations)
        refuse_link(self.evaluations / split)
        if not output:
            return EvaluationDirectory(self.evaluations / split)
        refuse_link(self.evaluations / split / output)
        return EvaluationDirectory(self.evaluations / split / output)

    @property
    def callbacks(self) -> Path:
        """The directory for what the config's callbacks write."""
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
            RunError: They cannot be made, or one that is there leads out of the run.
        """
        for path in (self.callbacks, self.tensorboard, self.checkpoints, self.plots):
            refuse_link(path)
        for path in (self.checkpoints, self.plots):
            make_directory(path)

    def discard(self) -> bool:
        """Remove a directory that this process claimed and that holds nothing of value yet.

        Returns:
            Whether it was removed. A checkpoint, figures or a model are of value; a history alone cannot be resumed.
        """
        if not self.claimed or self._holds_value():
            return False
        shutil.rmtree(self.path, ignore_errors=True)
        return not self.path.exists()

    def _holds_value(self) -> bool:
        kept = (self.metrics, self.model)
        return any(path.exists() for path in kept) or any(self.checkpoints.glob("[!.]*"))


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
        runs_dir: Where the runs lie; made if it is missing.
        name: The experiment's name.
        now: The time to put into the directory's name.
        letters: Gives the four letters; random where None.
        needed_bytes: Room that the run will want on the disk.

    Returns:
        The directory, empty, of this process alone.

    Raises:
        RunError: The name cannot be a directory's, or the place is unwritable or too small.
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
    """Make a directory `<name>-<date>-<time>-<4 letters>` that nobody else has made.

    Args:
        folder: The directory to make it in.
        name: What its name begins with.
        now: The time in its name.
        letters: Gives the four letters; random where None.

    Raises:
        RunError: It cannot be made.
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
    """Claim exactly this directory for a run, as given by `--run-dir`.

    Args:
        path: A directory that is missing (it is made, with its parents), empty, or all that is left
            of a run that was killed before it began.
        needed_bytes: Room that the run will want on the disk.

    Returns:
        The directory, empty.

    Raises:
        RunError: It holds files already, or cannot be written, or is too small.
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
    """The bytes that a run needs: three checkpoints of weights and two averages each, and small files."""
    return 3 * 3 * 4 * parameters + 10_000_000


def check_place(path: Path, needed_bytes: int) -> None:
    """Check that a run's directory can be written before there is anything to write.

    Raises:
        RunError: It cannot, or has too little room.
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
    """Refuse a folder of a run that is a link, since its files would lie elsewhere.

    Raises:
        RunError: It is one.
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
