"""What can be predicted, and what follows from it wherever a config says nothing else."""

AUTO = "auto"
AUTOENCODER = "autoencoder"
DEFAULT_METRICS = {
    "regression": "mae",
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "binary_accuracy",
    AUTOENCODER: "mae",
}
"""The tasks, each with the metric that is recorded where the config names none.

`regression` predicts numbers, one or several; `binary` and `multiclass` the one class that a row
belongs to; `multilabel` which of several labels hold for it; `autoencoder` the row itself, as the
preprocessing leaves it.
"""
TASKS = tuple(DEFAULT_METRICS)


def ending_of_task(task: str, classes: int, width: int, *, one_hot: bool) -> tuple[int, str]:
    """The units and the activation with which an output fits a task.

    Args:
        task: What is predicted.
        classes: How many classes there are, for one class a row.
        width: Numbers or labels in a target row.
        one_hot: Whether labels of classes are one-hot rows, so that two classes need two units too.
    """
    if task == "multilabel":
        return width, "sigmoid"
    if task == "binary" and not one_hot:
        return 1, "sigmoid"
    return (classes, "softmax") if task in ("binary", "multiclass") else (width, "linear")
