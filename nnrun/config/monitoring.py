"""Rules on monitored metrics: they must be recorded, with a known direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnrun.config import rates
from nnrun.config.components import Component
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.figures import is_on_validation, plain_name
from nnrun.config.modes import Directions, Mode
from nnrun.config.own_metrics import stated_mode
from nnrun.config.schema import Experiment
from nnrun.config.subject import Subject, recorded_figures, recorded_names
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

_MODES: dict[object, Mode] = {"min": "min", "max": "max"}
_WATCHING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
_BY_DEFAULT = "val_loss"
"""The metrics they monitor by default."""


@dataclass(frozen=True)
class Watch:
    """A monitored metric.

    Attributes:
        figure: Its name.
        mode: Whether low or high is best, if the config says so.
        watcher: The callback or schedule that monitors it; None for `training.monitor`.
    """

    figure: str
    mode: Mode | None
    watcher: Component | None

    def problem(self, subject: Subject, message: str, hint: str) -> Problem:
        """A problem with it, at the line that names the metric."""
        if self.watcher is None:
            return subject.problem("training.monitor", message, hint)
        return subject.problem_of(self.watcher, message, hint, argument="monitor")


def watches(experiment: Experiment) -> Iterator[Watch]:
    """All monitored metrics, `training.monitor` last."""
    watchers = [callback for callback in experiment.callbacks if callback.name in _WATCHING]
    schedule = experiment.schedule
    if schedule is not None and schedule.name == rates.PERFORMANCE:
        watchers.append(schedule)
    for watcher in watchers:
        figure = watcher.arguments.get("monitor", _BY_DEFAULT)
        yield Watch(figure, _MODES.get(watcher.arguments.get("mode")), watcher)
    training = experiment.training
    if training.monitor:
        yield Watch(training.monitor, training.mode, None)


def watchers_by_figure(experiment: Experiment) -> dict[str, list[str]]:
    """The callbacks and the schedule that monitor each metric, by name."""
    found: dict[str, list[str]] = {}
    for watch in watches(experiment):
        if watch.watcher is not None:
            found.setdefault(watch.figure, []).append(watch.watcher.name)
    return found


def directions(experiment: Experiment, told: Directions) -> dict[str, Mode]:
    """Whether each metric of an experiment is better low or high, by its plain name.

    `training.mode` takes precedence over the metrics themselves, and these over callbacks.

    Args:
        experiment: The checked config.
        told: The modes according to the metrics themselves.
    """
    written = [watch for watch in watches(experiment) if watch.mode]
    of_callbacks = {plain_name(watch.figure): watch.mode for watch in written if watch.watcher}
    own = {plain_name(watch.figure): watch.mode for watch in written if not watch.watcher}
    merged = {**of_callbacks, **told, **own}
    return {name: mode for name, mode in merged.items() if mode}


def declared_directions(subject: Subject, folder: Path) -> dict[str, Mode]:
    """Whether recorded and monitored metrics are better low or high, as far as known without Keras.

    Args:
        subject: The experiment.
        folder: The folder of the user's own metrics.
    """
    experiment, catalogue = subject.experiment, subject.catalogue
    modes: dict[str, Mode] = {}
    own: set[Mode | None] = set()
    for figure in recorded_figures(subject):
        metric = figure.metric
        if metric is not None and metric.is_users_own:
            own.add(stated_mode(metric.name, folder, catalogue))
            continue
        entry = catalogue.find("metrics", metric.name) if metric else None
        mode: Mode | None = "min" if metric is None else entry.mode if entry else None
        if figure.name and mode:
            modes[figure.name] = mode
    # Under which names metrics of the user's own are recorded only their code knows.
    mode = own.pop() if len(own) == 1 else None
    if mode:
        known = {figure.name for figure in recorded_figures(subject)}
        watched = {plain_name(watch.figure) for watch in watches(experiment)}
        modes |= dict.fromkeys(watched - known, mode)
    return directions(experiment, modes)


def is_recorded(subject: Subject) -> Iterator[Problem]:
    """Metrics monitored by callbacks or `training.monitor` are recorded."""
    known = recorded_names(subject)
    for watch in watches(subject.experiment):
        figure = watch.figure
        if is_on_validation(figure) and not subject.has_validation:
            message = f"{quoted(figure)} is monitored, but there are no validation rows"
            hint = f"set dataset.split.validation, or monitor '{plain_name(figure)}'"
        elif known is not None and figure not in known:
            message = f"{quoted(figure)} is not recorded"
            hint = did_you_mean(figure, known) or f"recorded: {first_of(known)}"
        else:
            continue
        yield watch.problem(subject, message, hint)


def mode_of_monitor(subject: Subject) -> Iterator[Problem]:
    """`training.mode` needs `training.monitor`."""
    training = subject.experiment.training
    if training.mode and not training.monitor:
        message = "`mode` belongs to `training.monitor`, which is not set"
        hint = "name the figure with `monitor`; a callback has its own `mode`"
        yield subject.problem("training.mode", message, hint)


def without_mode(subject: Subject, folder: Path) -> Iterator[Problem]:
    """Monitored metrics without a known direction.

    This is not required of runs that are already trained: they went by the metrics' names.

    Args:
        subject: The experiment.
        folder: The folder of the user's own metrics.
    """
    known, recorded = declared_directions(subject, folder), recorded_names(subject)
    for watch in watches(subject.experiment):
        figure = watch.figure
        if watch.mode or not known.keys().isdisjoint((figure, plain_name(figure))):
            continue
        if recorded is not None and figure not in recorded:
            continue  # a problem of its own
        message = f"nothing says whether a low or a high {quoted(figure)} is better"
        yield watch.problem(subject, message, "write `mode: min` or `mode: max` beside `monitor`")
