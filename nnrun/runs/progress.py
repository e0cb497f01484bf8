"""How far a run came that wrote no figures, being under way or killed: what its history says."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History, Mode
from nnrun.runs.manifest import Metrics
from nnrun.runs.settings import Settings, flatten, read_config


@dataclass(frozen=True)
class Progress:
    """The figures of the best and the last epoch so far.

    Attributes:
        metrics: The figures; none for the test.
        epochs: How many epochs were written.
        best_epoch: The best of them; None where there is none.
    """

    metrics: Metrics
    epochs: int = 0
    best_epoch: int | None = None


def read_progress(directory: RunDirectory) -> Progress:
    """Read how far a run came.

    Raises:
        RunError: Its history is damaged.
    """
    if not directory.history.exists():
        return Progress(Metrics())
    history = History.read(directory.history)
    try:
        settings = flatten(read_config(directory))
    except RunError:
        settings = Settings({}, {})
    monitor, mode = monitored(settings, history.columns)
    best = history.best(monitor, mode) if monitor in history.columns else None
    last = history.rows[-1] if len(history) else {}
    epoch = int(best["epoch"]) if best and "epoch" in best else None
    return Progress(Metrics(best or {}, last), len(history), epoch)


def monitored(settings: Settings, recorded: Sequence[str]) -> tuple[str, Mode | None]:
    """The figure by which a run's best epoch is chosen, and its mode where the config says it."""
    named = settings.values.get("training.monitor")
    stopping = settings.values.get("callbacks.EarlyStopping.monitor")
    mode = settings.values.get("callbacks.EarlyStopping.mode")
    name = str(named or stopping or ("val_loss" if "val_loss" in recorded else "loss"))
    modes: dict[object, Mode] = {"min": "min", "max": "max"}
    return name, modes.get(mode)
