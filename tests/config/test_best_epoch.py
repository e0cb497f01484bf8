"""Which figure tells the best epoch."""

import doctest
from typing import Any

import pytest

from nnrun.config import best_epoch
from nnrun.config.best_epoch import monitored_figure


def test_the_docstrings_run() -> None:
    assert doctest.testmod(best_epoch).failed == 0


@pytest.mark.parametrize(
    ("named", "stopping", "has_validation", "expected"),
    [
        (None, None, True, ("val_loss", "min")),
        (None, None, False, ("loss", "min")),
        ("val_accuracy", None, True, ("val_accuracy", "max")),
        (None, {}, True, ("val_loss", "min")),
        (None, {}, False, ("val_loss", "min")),  # what Keras's own default is
        (None, {"monitor": "val_auc"}, True, ("val_auc", "max")),
        (None, {"monitor": "val_roc"}, True, ("val_roc", "max")),
        ("val_roc", None, True, ("val_roc", "max")),
        ("val_other", None, True, ("val_other", "min")),
        (None, {"monitor": "val_auc", "mode": "min"}, True, ("val_auc", "min")),
        (None, {"monitor": "mae", "mode": "auto"}, True, ("mae", "min")),
        # The mode is that of the figure that EarlyStopping watches, and of no other.
        ("val_accuracy", {"monitor": "val_loss", "mode": "min"}, True, ("val_accuracy", "max")),
    ],
)
def test_what_is_monitored(
    named: str | None, stopping: dict[str, Any] | None, has_validation: bool, expected: Any
) -> None:
    callbacks = [("TerminateOnNaN", {"monitor": "x"})]
    callbacks += [] if stopping is None else [("EarlyStopping", stopping), ("EarlyStopping", {})]
    found = monitored_figure(named, callbacks, {"roc": "max"}, has_validation=has_validation)
    assert found == expected
