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
