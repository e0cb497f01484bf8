"""Warnings about metrics that are not finite, by definition, in a healthy training."""

import math
from collections.abc import Mapping, Sequence

from nnrun.runs.history import NOT_METRICS, History


class UndefinedFigures:
    """Warns about metrics that are NaN or infinite: immediately, and at the end of the run.

    Args:
        history: The earlier epochs of a resumed run.
        monitor: The metric that determines the best epoch.
        watchers: The callbacks that monitor a metric, by its name.
    """

    def __init__(
        self, history: History, monitor: str, watchers: Mapping[str, Sequence[str]]
    ) -> None:
        self._monitor = monitor
        self._watchers = watchers
        self._told = {name for names in _undefined(history).values() for name in names}

    def take_in(self, epoch: int, figures: Mapping[str, float]) -> str:
        """A warning about metrics that are not finite for the first time; usually empty."""
        new = [name for name, value in figures.items() if not math.isfinite(value)]
        new = [name for name in new if name not in self._told]
        if not new:
            return ""
        self._told.update(new)
        text = (
            f"{_not_finite(new, 'is', 'are')} in epoch {epoch}; the loss and the weights are, "
            "so the training continues"
        )
        if self._monitor in new:
            text += f". An epoch without a finite {self._monitor} is never the best"
        watching = dict.fromkeys(who for name in new for who in self._watchers.get(name, ()))
        return text + "".join(f". {who} takes it for no improvement" for who in watching)

    def summary(self, history: History, *, for_want_of_best: bool) -> list[str]:
        """Sentences about the metrics that were not finite.

        Args:
            history: All epochs.
            for_want_of_best: Whether the last epoch was kept because there is no best one.
        """
        sentences = []
        for epochs, names in _undefined(history).items():
            whole = len(epochs) == len(history)
            when = f"{len(epochs)} of {len(history)} epochs, first in epoch {epochs[0]}"
            when = f"any of the {len(history)} epochs" if whole else when
            sentences.append(f"{_not_finite(names, 'was', 'were')} in {when}")
        if for_want_of_best:
            sentences.append(
                f"no epoch is the best, since {self._monitor} was never finite: "
                "the saved model is that of the last epoch"
            )
        return sentences


def _undefined(history: History) -> dict[tuple[int, ...], list[str]]:
    """The metrics that are not finite, by the epochs concerned."""
    epochs: dict[str, list[int]] = {}
    for row in history.rows:
        for name, value in row.items():
            if name not in NOT_METRICS and not math.isfinite(value):
                epochs.setdefault(name, []).append(int(row["epoch"]))
    found: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in epochs.items():
        found.setdefault(tuple(numbers), []).append(name)
    return found


def _not_finite(names: Sequence[str], one: str, several: str) -> str:
    verb = one if len(names) == 1 else several
    return f"{' and '.join(names)} {verb} not finite"
