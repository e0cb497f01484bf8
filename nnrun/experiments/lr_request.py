"""The request for a learning-rate search, and writing its rate into a config."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from nnrun.config.components import Component
from nnrun.config.editing import with_learning_rate
from nnrun.config.loading import load_experiment
from nnrun.errors import UserError
from nnrun.runs.atomic import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from nnrun.analysis.lr_report import SearchReport
    from nnrun.experiments.prepared import Prepared

FEWEST_STEPS = 10
_ANY_RATE = 0.0123


@dataclasses.dataclass(frozen=True)
class SearchRange:
    """The rates that a search tries.

    Attributes:
        lowest: The rate of the first step.
        highest: The rate of the last step.
        steps: Training steps (batches).
    """

    lowest: float = 1e-5
    highest: float = 10.0
    steps: int = 500

    def __post_init__(self) -> None:
        """Refuse an invalid range.

        Raises:
            UserError: If the rates are not positive and increasing, or there are too few steps.
        """
        if not 0 < self.lowest < self.highest < math.inf:
            message = f"--min {self.lowest:g} and --max {self.highest:g} are not a range"
            raise UserError(message, hint="--min must be above 0, and --max above --min")
        if self.steps < FEWEST_STEPS:
            message = f"--steps {self.steps} is too few to see a curve"
            raise UserError(message, hint=f"at least {FEWEST_STEPS}; 500 serve most models")


def with_constant_rate(prepared: Prepared) -> tuple[Prepared, tuple[str, ...]]:
    """The experiment with a constant rate, and notes on what was left out for that."""
    experiment, notes = prepared.experiment, []
    optimizer = experiment.optimizer
    rate = optimizer.arguments.get("learning_rate")
    if experiment.schedule is not None:
        notes.append(
            f"the schedule {experiment.schedule.name} was taken out: this is the rate to start it from"
        )
    if isinstance(rate, Component):
        notes.append(f"the schedule {rate.name} of the optimizer was taken out")
        arguments = {k: value for k, value in optimizer.arguments.items() if k != "learning_rate"}
        optimizer = dataclasses.replace(optimizer, arguments=arguments)
    constant = dataclasses.replace(experiment, optimizer=optimizer, schedule=None)
    return dataclasses.replace(prepared, experiment=constant), tuple(notes)


def check_target(prepared: Prepared, target: Path) -> None:
    """Check before the search that its rate can be written to the file.

    Raises:
        UserError: If another file exists there, or the rate can't be changed in the config's text.
    """
    config, optimizer = prepared.config, prepared.experiment.optimizer
    if target.exists() and not target.samefile(config):
        hint = f"name a new file, or {config} itself"
        raise UserError(f"--apply would overwrite {target}", hint=hint)
    if not target.parent.is_dir():
        raise UserError(f"cannot write {target}: its directory does not exist")
    declared = load_experiment(config).optimizer.name
    if declared != optimizer.name:
        message = f"--apply writes to {config}, whose optimizer is {declared}, not {optimizer.name}"
        raise UserError(message, hint="write the optimizer into the config, without --set")
    with_learning_rate(config, target, _ANY_RATE)


def apply_rate(report: SearchReport, config: Path, target: Path) -> SearchReport:
    """Write the config with the recommended rate, if there is one; the report says so."""
    rate = report.advice.recommended
    if rate is None:
        return report
    write_text(target.resolve(), with_learning_rate(config, target, rate))
    return dataclasses.replace(report, applied=str(target))
