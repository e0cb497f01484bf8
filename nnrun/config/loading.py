"""The door into `config`: a file and overrides → a checked experiment."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from nnrun.config.catalogue import Catalogue, load_catalogue
from nnrun.config.checking import check_experiment
from nnrun.config.facts import DataFacts, as_used
from nnrun.config.kinds import SectionOf
from nnrun.config.merging import read_config
from nnrun.config.relations import check_relations
from nnrun.config.schema import Dataset, Experiment
from nnrun.errors import ConfigError, Problem


def load_experiment(
    path: Path,
    overrides: Sequence[str] = (),
    *,
    check_source: Callable[[Dataset], Sequence[Problem]] | None = None,
    check_base: Callable[[Experiment], Sequence[Problem]] | None = None,
    text: str | None = None,
) -> Experiment:
    """Read, merge and check a config file.

    Args:
        path: The YAML file.
        overrides: Changes of the form `training.epochs=5`, applied last.
        check_source: What can cheaply be said against the source of the data.
        check_base: What can be said against the run that the model is built on.
        text: What the file is taken to hold; what it does hold where None.

    Raises:
        ConfigError: With every problem found.
    """
    catalogue = load_catalogue()
    tree = read_config(path, SectionOf(Experiment), overrides, text)
    experiment, problems, doubtful = check_experiment(
        tree, catalogue, path.parent.resolve(), _default_name(path)
    )
    facts = named_facts(experiment, catalogue)
    problems += check_relations(experiment, catalogue, facts, without=doubtful)
    blamed = {*doubtful, *(problem.path for problem in problems)}
    if check_source and not any(path.startswith("dataset") for path in blamed):
        problems += _placed(check_source(experiment.dataset), experiment)
    if check_base and "architecture.from_run" not in blamed:
        problems += _placed(check_base(experiment), experiment)
    if problems:
        raise ConfigError(problems)
    return experiment


def _placed(problems: Sequence[Problem], experiment: Experiment) -> list[Problem]:
    """Problems that know their path, with the place that belongs to it."""
    return [
        dataclasses.replace(problem, place=experiment.place_of(problem.path))
        for problem in problems
    ]


def named_facts(experiment: Experiment, catalogue: Catalogue) -> DataFacts | None:
    """What is known of the data before they are read: named data sets only."""
    dataset = experiment.dataset
    named = catalogue.dataset(dataset.name) if dataset.name is not None else None
    if named is None:
        return None
    return as_used(
        named.facts, classes=dataset.classes, positive=dataset.positive, task=dataset.task
    )


def _default_name(path: Path) -> str:
    allowed = [
        char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in path.stem
    ]
    return "".join(allowed).lstrip(".")[:64] or "experiment"
