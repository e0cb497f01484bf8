"""Code of the user's own that a config names: whether it may run, and where it lies."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from nnrun.config.components import uses_own_code
from nnrun.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from nnrun.config.schema import Experiment


def check_trust(experiment: Experiment, config: Path, *, trust: bool) -> None:
    """Only training runs code that a config names without being told to."""
    if uses_own_code(experiment) and not trust:
        raise UserError(
            f"{config} names code of its own, which would run",
            hint="Read it, and add --trust if you trust it.",
        )


def with_own_code(experiment: Experiment, config: Path) -> Experiment:
    """An experiment that knows where its own classes lie, which can now be imported."""
    if not uses_own_code(experiment):
        return experiment
    modules = experiment.modules or str(config.parent.resolve())
    # Last, so that a file of the user's cannot take the place of an installed module.
    sys.path.append(modules)
    return dataclasses.replace(experiment, modules=modules)
