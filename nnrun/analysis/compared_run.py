"""A run with everything that is compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nnrun.config.defaults import default_arguments, without_defaults
from nnrun.config.figures import plain_name
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import NOT_METRICS, History
from nnrun.runs.manifest import Metrics, RunRecord
from nnrun.runs.settings import flatten

COUNTS = ("best_epoch", "epochs", "seconds", "parameters")
"""Figures of a run that are no metrics."""


@dataclass(frozen=True)
class ComparedRun:
    """A run with everything that is compared.

    Attributes:
        directory: Where it lies.
        status: How it stands.
        record: Its record.
        metrics: Its figures.
        history: Its epochs.
        config: Its config as plain values, every default written out.
    """

    directory: RunDirectory
    status: str
    record: RunRecord
    metrics: Metrics
    history: History
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The experiment's name."""
        return str(self.config["name"])

    @property
    def fingerprint(self) -> str:
        """The fingerprint of its data; empty if the record has none."""
        return str(self.record.data.get("fingerprint", ""))

    @property
    def broken_off(self) -> str:
        """Why it ended before its last epoch, in words; empty if it finished."""
        if self.status == "finished":
            return ""
        ended = "was interrupted" if self.status == "interrupted" else self.status
        return f"{ended} after {self.record.epochs} of {self.config['training']['epochs']} epochs"

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of its model, each with its folder in the evaluation; empty for an only output."""
        architecture = self.config.get("architecture")
        named = architecture.get("outputs") if isinstance(architecture, Mapping) else None
        names = list(named) if isinstance(named, Mapping) else [""]
        return {name: name if len(names) > 1 else "" for name in names}

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The values of its config by their paths; a list is one value.

        What optimizer, loss and schedule take by default is told as well.
        """
        return {**default_arguments(self.config), **self.chosen}

    @cached_property
    def chosen(self) -> Mapping[str, Any]:
        """The values that differ from the defaults."""
        return flatten(without_defaults(self.config)).values

    @cached_property
    def figures(self) -> dict[str, float | None]:
        """Every figure by its name: of the best epoch, `last.…`, `test_…`, and the counts."""
        figures = {
            name: value
            for name, value in self.metrics.by_name().items()
            if plain_name(name) not in NOT_METRICS
        }
        return figures | {name: getattr(self.record, name) for name in COUNTS}
