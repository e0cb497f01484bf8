"""The progress of a run without `metrics.json` (running or killed), from its history."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.components import as_component
from nnrun.config.modes import Directions
from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics
from nnrun.runs.settings import read_run_config


@dataclass(frozen=True)
class Progress:
    """The metrics of the best and the last epoch so far.

    Attributes:
        metrics: The metrics, without a test.
        epochs: The number of epochs written.
        best_epoch: The best of them; None if there is none.
    """

    metrics: Metrics
    epochs: int = 0
    best_epoch: int | None = None


def read_progress(
    directory: RunDirectory, directions: Directions, until: int | None = None
) -> Progress:
    """Read the progress of a run.

    Args:
        directory: The run.
        directions: Whether each metric is better low or high, from its record.
        until: The last epoch to take into account; None for all.

    Raises:
        RunError: Its history is damaged.
    """
    if not directory.history.exists():
        return Progress(Metrics())
    history = History(History.read(directory.history).rows[:until])
    best = _best_row(directory, history, directions)
    last = history.rows[-1] if len(history) else {}
    epoch = int(best["epoch"]) if best and "epoch" in best else None
    return Progress(Metrics(best or {}, last), len(history), epoch)


def _best_row(
    directory: RunDirectory, history: History, directions: Directions
) -> Mapping[str, float] | None:
    try:
        config = read_run_config(directory)
    except RunError:
        config = {}
    training, listed = config.get("training"), config.get("callbacks")
    named = training.get("monitor") if isinstance(training, Mapping) else None
    callbacks = filter(None, map(as_component, listed if isinstance(listed, list) else []))
    monitor, mode = monitored_figure(
        str(named) if named else None,
        callbacks,
        directions,
        has_validation="val_loss" in history.columns,
    )
    return history.best(monitor, mode) if monitor in history.columns else None
