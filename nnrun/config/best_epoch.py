"""The metric that determines the best epoch of a run."""

from collections.abc import Iterable, Mapping
from typing import Any

from nnrun.config.modes import Directions, Mode, mode_of

_MODES: Mapping[object, Mode] = {"min": "min", "max": "max"}


def monitored_figure(
    named: str | None,
    callbacks: Iterable[tuple[str, Mapping[str, Any]]],
    directions: Directions,
    *,
    has_validation: bool,
) -> tuple[str, Mode]:
    """The metric that determines the best epoch, and whether low or high is best.

    Args:
        named: `training.monitor` of the config.
        callbacks: The config's callbacks with their arguments; by default, the first
            EarlyStopping's metric is used.
        directions: Whether each metric is better low or high, as far as known.
        has_validation: Whether there are validation rows, whose loss is the next default.

    >>> stopping = [("EarlyStopping", {"monitor": "val_roc"})]
    >>> monitored_figure(None, stopping, {"roc": "max"}, has_validation=True)
    ('val_roc', 'max')
    """
    if named is not None:
        return named, mode_of(named, directions)
    for name, arguments in callbacks:
        if name == "EarlyStopping":
            monitor = str(arguments.get("monitor", "val_loss"))
            return monitor, _MODES.get(arguments.get("mode")) or mode_of(monitor, directions)
    monitor = "val_loss" if has_validation else "loss"
    return monitor, mode_of(monitor, directions)
