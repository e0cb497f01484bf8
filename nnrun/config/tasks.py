"""The tasks in outline: what a config can be checked by before anything is imported."""

from dataclasses import dataclass

from nnrun.config.components import is_import_path
from nnrun.config.kinds import Pluggable

AUTO = "auto"
NUMBERS, LABELS, CLASSES = "numbers", "labels", "classes"
"""What is predicted of a row: numbers; labels of 0 and 1; the one class that it belongs to."""
_TWO = 2


@dataclass(frozen=True)
class TaskFacts:
    """A task in outline.

    Attributes:
        name: What a config calls it.
        predicts: `NUMBERS`, `LABELS` or `CLASSES`.
        metric: What is recorded where the config names no metrics.
        activation_hint: How its output ends, in words; empty where the loss has a say in it.
        is_binary: Whether there are two classes, which one unit tells apart.
        of_input: Whether it predicts the model's own input, as the preprocessing leaves it.
    """

    name: str
    predicts: str
    metric: str
    activation_hint: str = ""
    is_binary: bool = False
    of_input: bool = False

    def ending(self, classes: int, width: int, *, one_hot: bool) -> tuple[int, str]:
        """The units and the activation with which an output fits the task.

        Args:
            classes: How many classes there are, for one class a row.
            width: Numbers or labels in a target row.
            one_hot: Whether labels of classes are one-hot rows, so that two need two units too.
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
"""What is presumed where only the rows could tell how many classes there are."""
TASK = Pluggable(choices=(AUTO, *TASKS))
"""What an option that names a task may say."""


def is_task(name: str) -> bool:
    """Whether a name may be that of a task, a known one or one of the user's own."""
    return name in TASKS or is_import_path(name)


def what_is_predicted(task: str) -> str | None:
    """Numbers, labels or classes; None for `auto`, and for a task of the user's own."""
    return TASKS[task].predicts if task in TASKS else None


def contradicts(declared: str, task: str) -> bool:
    """Whether a config declares another task than that of its data set."""
    return declared not in (AUTO, task) and not predicts_input(declared)


def predicts_input(task: str) -> bool:
    """Whether a task, `auto` or one of the user's own predicts the model's own input."""
    return task in TASKS and TASKS[task].of_input


def task_of_classes(count: int, declared: str = AUTO) -> str:
    """The task of so many classes: of none, numbers are predicted; two may be `multiclass` too."""
    if count == 0:
        return "regression"
    return "binary" if count == _TWO and declared != "multiclass" else "multiclass"
