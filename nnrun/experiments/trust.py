"""Whether the user's own code in a config may run, and where it is imported from."""

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
    """Refuse to run a config's own code without `--trust`, except in a training."""
    if uses_own_code(experiment) and not trust:
        raise UserError(
            f"{config} names code of its own, which would run",
            hint="Read it, and add --trust if you trust it.",
        )


def with_own_code(experiment: Experiment, config: Path) -> Experiment:
    """Make an experiment's own classes importable from their folder."""
    if not uses_own_code(experiment):
        return experiment
    modules = experiment.modules or str(config.parent.resolve())
    # Last, so that a file of the user's cannot take the place of an installed module.
    sys.path.append(modules)
    return dataclasses.replace(experiment, modules=modules)
