"""Which way a figure is better: what was recorded, or what its name suggests."""

import doctest

import pytest

from nnrun.config import modes
from nnrun.config.modes import Mode, mode_by_name, mode_of


def test_the_docstrings_run() -> None:
    assert doctest.testmod(modes).failed == 0


@pytest.mark.parametrize(
    "name",
    ["accuracy", "val_accuracy", "sparse_categorical_accuracy", "acc", "auc", "AUC", "auc_1", "precision",
     "recall_2", "f1_score", "r2_score", "price_r2_score", "binary_io_u", "mean_io_u", "top_5_accuracy",
     "sensitivity_at_specificity", "true_positives", "cosine_similarity", "out1_accuracy"],
)  # fmt: skip
def test_what_is_best_at_its_greatest(name: str) -> None:
    assert mode_by_name(name) == "max"


@pytest.mark.parametrize(
    "name",
    ["loss", "val_loss", "mae", "mse", "root_mean_squared_error", "false_positives", "kl_divergence", "my_metric",
     "accuracy_loss", "vacancy", "binary_crossentropy", "accident", "mean_absolute_percentage_error"],
)  # fmt: skip
def test_what_is_best_at_its_least(name: str) -> None:
    assert mode_by_name(name) == "min"


@pytest.mark.parametrize(
    ("figure", "mode"),
    [
        ("val_roc", "max"),
        ("test_roc", "max"),
        ("last.val_roc", "max"),
        ("roc", "max"),
        ("val_accuracy", "min"),  # what was recorded stands above the name
        ("val_mae", "min"),
        ("val_f1", "max"),
    ],
)
def test_what_was_recorded_stands_above_the_name(figure: str, mode: Mode) -> None:
    assert mode_of(figure, {"roc": "max", "accuracy": "min"}) == mode
