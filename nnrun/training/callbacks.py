"""The callbacks that a config declares, as Keras's objects."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnrun.config.components import Component
from nnrun.config.rates import PERFORMANCE
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Problem
from nnrun.models.schedules import PerformanceSchedule
from nnrun.objects import find_class, instantiate
from nnrun.training.layer_monitor import LayerMonitor
from nnrun.training.pruning import Pruning
from nnrun.training.recording import Recorder
from nnrun.training.traces import Traces

__all__ = ["LayerMonitor", "Pruning", "Traces"]

_FILE_ARGUMENTS = {
    "CSVLogger": "filename",
    "ModelCheckpoint": "filepath",
    "OrbaxCheckpoint": "directory",
    "TensorBoard": "log_dir",
}
"""Callbacks that write, with the argument that says where."""

_PLACEHOLDER = re.compile(r"\{[A-Za-z_]\w*(:[0-9]{0,2}(\.[0-9])?[a-z]?)?\}")
"""A figure in a file name, as in `{epoch:02d}` and `{val_loss:.3f}`."""

_TENSORBOARD_FOLDER = "tensorboard"
"""Where Keras's own TensorBoard writes by default."""


def all_callbacks(experiment: Experiment) -> tuple[Component, ...]:
    """The callbacks that an experiment declares, and the one that carries out its schedule."""
    schedule = experiment.schedule
    if schedule is None or schedule.name != PERFORMANCE:
        return experiment.callbacks
    return (*experiment.callbacks, PerformanceSchedule(**schedule.arguments).as_callback(schedule))


def build_callbacks(
    components: Sequence[Component], folder: Path, steps_per_epoch: int = 1
) -> list[Any]:
    """Build Keras's callbacks so that they write only to their own folder in the run.

    A callback of the user's own learns of that folder where it has a method `write_into(folder)`.

    Args:
        components: What the config declares.
        folder: The folder for what they write, which their file names are relative to.
        steps_per_epoch: What `5 epochs` in `save_freq` is counted in.

    Raises:
        ConfigError: If a callback would write outside, or refuses its arguments.
    """
    return [_build(component, folder, steps_per_epoch) for component in components]


def _build(component: Component, folder: Path, steps_per_epoch: int) -> Any:
    arguments = dict(component.arguments)
    where = _file_argument(component)
    if where:
        path = _inside(component, folder, arguments.get(where, _TENSORBOARD_FOLDER))
        arguments[where] = str(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    declared = dataclasses.replace(component, arguments=arguments)
    made = instantiate(declared, steps_per_epoch=steps_per_epoch)
    if hasattr(made, "write_into"):
        if not isinstance(made, Recorder):  # which makes its folder with its table
            folder.mkdir(parents=True, exist_ok=True)
        made.write_into(folder)
    return made


def _file_argument(component: Component) -> str | None:
    """The argument that says where a callback writes, if it writes as one of Keras's does."""
    if not component.is_users_own:
        return _FILE_ARGUMENTS.get(component.name)
    bases = {base.__name__ for base in getattr(find_class(component), "__mro__", ())}
    names = (argument for name, argument in _FILE_ARGUMENTS.items() if name in bases)
    return next((name for name in names if name in component.arguments), None)


def _inside(component: Component, folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    plain = _PLACEHOLDER.sub("", name)
    # What is put into other placeholders, such as {epoch.__doc__:.>2.0}, could be dots and slashes.
    if not path.is_relative_to(folder.resolve()) or "{" in plain or "}" in plain:
        problem = Problem(
            f"'{name}' lies outside the run's folder for callbacks",
            component.place,
            component.path,
            "name a file relative to that folder, as in epoch-{epoch:02d}.keras",
        )
        raise ConfigError([problem])
    return path
