"""Which figure tells the best epoch of a run."""

from collections.abc import Iterable, Mapping
from typing import Any

from nnrun.runs.history import Mode, metric_mode

_MODES: Mapping[object, Mode] = {"min": "min", "max": "max"}


def monitored_figure(
    named: str | None,
    callbacks: Iterable[tuple[str, Mapping[str, Any]]],
    *,
    has_validation: bool,
) -> tuple[str, Mode]:
    """The figure by which the best epoch is chosen, and whether it is best at its least or greatest.

    Args:
        named: `training.monitor` of the config.
        callbacks: The config's callbacks, each with its arguments; where no figure is named, that
            of the first EarlyStopping counts.
        has_validation: Whether there are validation rows, whose loss counts where nothing is said.

    >>> monitored_figure(None, [("EarlyStopping", {"monitor": "val_auc"})], has_validation=True)
    ('val_auc', 'max')
    """
    if named is not None:
        return named, metric_mode(named)
    for name, arguments in callbacks:
        if name == "EarlyStopping":
            monitor = str(arguments.get("monitor", "val_loss"))
            return monitor, _MODES.get(arguments.get("mode")) or metric_mode(monitor)
    monitor = "val_loss" if has_validation else "loss"
    return monitor, metric_mode(monitor)
