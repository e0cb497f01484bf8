"""From a config, or that of a run, to a checked experiment; neither rows nor models are needed for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.catalogue import load_catalogue
from nnrun.config.doubts import find_doubts
from nnrun.config.loading import load_experiment, named_facts
from nnrun.config.roles import roles_of_graph
from nnrun.config.search_rules import search_doubts
from nnrun.data.describing import check_source
from nnrun.errors import ConfigError, Problem, RunError
from nnrun.experiments.trust import check_trust, with_own_code
from nnrun.runs.settings import read_resolved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnrun.config.schema import Experiment
    from nnrun.experiments.base import Base
    from nnrun.runs.directory import RunDirectory

RUNS = Path("runs")
"""The default folder of runs."""


@dataclasses.dataclass(frozen=True)
class Declared:
    """A checked config, before its data are read.

    Attributes:
        experiment: The experiment.
        base: The run that the model is built on, if it is built on one.
        config: The config file.
    """

    experiment: Experiment
    base: Base | None
    config: Path

    def trusted(self, *, trust: bool) -> Declared:
        """The same, after making its code importable and checking that its base's code is trusted.

        Raises:
            UserError: That run names code of its own, and is not trusted.
        """
        base = None if self.base is None else self.base.trusted(trust=trust)
        experiment = with_own_code(self.experiment, self.config)
        return dataclasses.replace(self, experiment=experiment, base=base)


class Bases:
    """Reads the runs that configs are built on, each only once.

    Args:
        runs_dir: Where runs lie.
    """

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._read: dict[tuple[Path, str], Base] = {}

    def problems(self, experiment: Experiment, config: Path) -> list[Problem]:
        """Problems with the run that a config is built on, except its weights."""
        try:
            base = self._base_of(experiment, config)
        except ConfigError as error:
            reason = error.problems[0].message
            return [Problem(f"its config is not taken: {reason}", path="architecture.from_run")]
        except RunError as error:
            return [Problem(error.message, path="architecture.from_run", hint=error.hint)]
        return [] if base is None else list(base.problems(experiment))

    def located(self, experiment: Experiment, config: Path) -> tuple[Experiment, Base | None]:
        """The experiment with the path of the run it is built on, and that run.

        Raises:
            ConfigError, RunError: The run can't be built on.
        """
        base, declared = self._base_of(experiment, config), experiment.outline.base
        if base is None or declared is None:
            return experiment, None
        found = dataclasses.replace(declared, from_run=str(base.config.parent))
        experiment = dataclasses.replace(experiment, architecture=found)
        return base.with_transforms(experiment) if found.keep_preprocessing else experiment, base

    def _base_of(self, experiment: Experiment, config: Path) -> Base | None:
        declared = experiment.outline.base
        if declared is None:
            return None
        words = config.parent, declared.from_run
        if words not in self._read:
            from nnrun.experiments.base import find_base

            self._read[words] = find_base(declared.from_run, config.parent, self._runs_dir)
        return self._read[words]


def load(config: Path, overrides: Sequence[str] = (), bases: Bases | None = None) -> Declared:
    """Read and check a config, and its data as far as possible without reading rows.

    Args:
        config: The YAML file.
        overrides: Changes of the form `training.epochs=5`.
        bases: Reads the run that the model is built on; None looks in `RUNS`.

    Raises:
        ConfigError: With every problem found.
    """
    known = bases or Bases(RUNS)
    experiment = load_experiment(
        config,
        overrides,
        check_source=lambda experiment: check_source(
            experiment.dataset, roles_of_graph(experiment)
        ),
        check_base=lambda experiment: known.problems(experiment, config),
        to_be_trained=True,
    )
    return Declared(*known.located(experiment, config), config)


def doubts_of(experiment: Experiment) -> list[Problem]:
    """Warnings about a config without mistakes, before its data are read."""
    catalogue = load_catalogue()
    facts = named_facts(experiment, catalogue)
    return [
        *find_doubts(experiment, catalogue, facts),
        *search_doubts(experiment, catalogue, facts),
    ]


def load_run(
    directory: RunDirectory, *, trust: bool, epochs: int | None = None, edited: bool = False
) -> Experiment:
    """The config of a run as it was run, or with another last epoch.

    Raises:
        ConfigError: It is not one that this nnrun takes.
        UserError: It names code of the user's own and is not trusted.
    """
    overrides = () if epochs is None else (f"training.epochs={epochs}",)
    experiment = load_experiment(
        directory.resolved,
        overrides,
        text=read_resolved(directory, edited=edited),
    )
    check_trust(experiment, directory.resolved, trust=trust)
    return experiment
