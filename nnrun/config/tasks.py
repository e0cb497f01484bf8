"""The outlines of the tasks, for checking a config before anything is imported."""

from dataclasses import dataclass

from nnrun.config.components import is_import_path
from nnrun.config.kinds import Pluggable

AUTO = "auto"
NUMBERS, LABELS, CLASSES = "numbers", "labels", "classes"
"""What is predicted for a row: numbers, labels of 0 and 1, or its class."""
_TWO = 2


@dataclass(frozen=True)
class TaskFacts:
    """The outline of a task.

    Attributes:
        name: Its name in a config.
        predicts: `NUMBERS`, `LABELS` or `CLASSES`.
        metric: The default metric.
        activation_hint: A hint on its last activation; empty if that depends on the loss.
        is_binary: Whether there are two classes, so that one unit suffices.
        of_input: Whether it predicts the model's own preprocessed input.
    """

    name: str
    predicts: str
    metric: str
    activation_hint: str = ""
    is_binary: bool = False
    of_input: bool = False

    def ending(self, classes: int, width: int, *, one_hot: bool) -> tuple[int, str]:
        """The units and the activation of an output that fits the task.

        Args:
            classes: The number of classes, for one class per row.
            width: Numbers or labels per target row.
            one_hot: Whether class labels are one-hot rows, so that two classes need two units.
        """
        if self.predicts == CLASSES:
            return (1, "sigmoid") if self.is_binary and not one_hot else (classes, "softmax")
        return width, "sigmoid" if self.predicts == LABELS else "linear"


TASKS = {
    task.name: task
    for task in (
        TaskFacts("regression", NUMBERS, "mae", "leave the activation out"),
        TaskFacts("binary", CLASSES, "accuracy", is_binary=True),
        TaskFacts("multiclass", CLASSES, "accuracy"),
        TaskFacts("multilabel", LABELS, "binary_accuracy", "use `activation: sigmoid`"),
        TaskFacts(
            "autoencoder",
            NUMBERS,
            "mae",
            "use `activation: sigmoid` for values from 0 to 1, none for others",
            of_input=True,
        ),
    )
}
SEVERAL_CLASSES = TASKS["multiclass"]
"""The task assumed if only the rows determine the number of classes."""
TASK = Pluggable(choices=(AUTO, *TASKS))
"""The allowed values of an option that names a task."""


def is_task(name: str) -> bool:
    """Whether a name can be that of a task, a known one or the user's own."""
    return name in TASKS or is_import_path(name)


def what_is_predicted(task: str) -> str | None:
    """Numbers, labels or classes; None for `auto` and for the user's own task."""
    return TASKS[task].predicts if task in TASKS else None


def contradicts(declared: str, task: str) -> bool:
    """Whether a config's task contradicts that of its data set."""
    return declared not in (AUTO, task) and not predicts_input(declared)


def predicts_input(task: str) -> bool:
    """Whether a task predicts the model's own input."""
    return task in TASKS and TASKS[task].of_input


def task_of_classes(count: int, declared: str = AUTO) -> str:
    """The task for a number of classes: regression for none; two can be `multiclass` too."""
    if count == 0:
        return "regression"
    return "binary" if count == _TWO and declared != "multiclass" else "multiclass"
