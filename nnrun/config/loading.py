"""The door into `config`: a file and overrides → a checked experiment."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nnrun.config.catalogue import Catalogue, load_catalogue
from nnrun.config.checking import check_experiment
from nnrun.config.facts import DataFacts
from nnrun.config.kinds import SectionOf
from nnrun.config.merging import read_config
from nnrun.config.relations import check_relations
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError


def load_experiment(
    path: Path, overrides: Sequence[str] = (), catalogue: Catalogue | None = None
) -> Experiment:
    """Read, merge and check a config file.

    Args:
        path: The YAML file.
        overrides: Changes of the form `training.epochs=5`, applied last.
        catalogue: What classes take; that of the installed Keras where it is left out.

    Raises:
        ConfigError: With every problem found.
    """
    catalogue = catalogue or load_catalogue()
    tree = read_config(path, SectionOf(Experiment), overrides)
    experiment, problems, doubtful = check_experiment(
        tree, catalogue, path.parent.resolve(), _default_name(path)
    )
    facts = named_facts(experiment, catalogue)
    problems += check_relations(experiment, catalogue, facts, without=doubtful)
    if problems:
        raise ConfigError(problems)
    return experiment


def named_facts(experiment: Experiment, catalogue: Catalogue) -> DataFacts | None:
    """What is known of the data before they are read: named data sets only."""
    if experiment.dataset is None or experiment.dataset.name is None:
        return None
    named = catalogue.dataset(experiment.dataset.name)
    if named is None:
        return None
    if named.facts.classes and experiment.dataset.task == "multiclass":
        return dataclasses.replace(named.facts, task="multiclass")
    return named.facts


def _default_name(path: Path) -> str:
    allowed = [char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in path.stem]
    return "".join(allowed).lstrip(".")[:64] or "experiment"
