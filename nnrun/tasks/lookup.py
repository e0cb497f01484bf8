"""All tasks, by name."""

from collections.abc import Mapping

from nnrun.config.components import Component
from nnrun.errors import ConfigError, Problem
from nnrun.objects import find_class
from nnrun.tasks.autoencoder import Autoencoder
from nnrun.tasks.classes import Classes
from nnrun.tasks.labels import Labels
from nnrun.tasks.regression import Regression
from nnrun.tasks.task import Task

KNOWN_TASKS: Mapping[str, type[Task]] = {
    "regression": Regression,
    "binary": Classes,
    "multiclass": Classes,
    "multilabel": Labels,
    "autoencoder": Autoencoder,
}


def find_task(name: str) -> Task:
    """The task with a name, or at the import path of the user's own.

    Raises:
        ConfigError: The user's own can't be imported, or is not a task.
    """
    path = "dataset.task"
    kind = KNOWN_TASKS.get(name) or find_class(Component(name, "tasks", path=path))
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        message = f"{name} is no task: it does not derive from nnrun.tasks.task.Task"
        raise ConfigError([Problem(message, path=path)])
    return kind(name)
