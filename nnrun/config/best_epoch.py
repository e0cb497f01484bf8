"""Which figure decides the best epoch of a run."""

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
    """The figure by which the best epoch is chosen, and whether low or high is best.

    Args:
        named: `training.monitor` of the config.
        callbacks: The config's callbacks, each with its arguments; where no figure is named, that
            of the first EarlyStopping counts.
        directions: Which way the figures are better, as far as it is known.
        has_validation: Whether there are validation rows, whose loss counts where nothing is said.

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
