"""The door into `config`: a file and overrides → a checked experiment."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from nnrun.config.catalogue import Catalogue, load_catalogue
from nnrun.config.checking import check_experiment
from nnrun.config.facts import DataFacts
from nnrun.config.merging import read_config
from nnrun.config.monitoring import without_mode
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.relations import check_relations, overlap, subject_of
from nnrun.config.roles import facts_for, roles_of
from nnrun.config.schema import Experiment
from nnrun.config.sources import known_data
from nnrun.errors import ConfigError, Problem


def load_experiment(
    path: Path,
    overrides: Sequence[str] = (),
    *,
    check_source: Callable[[Experiment], Sequence[Problem]] | None = None,
    check_base: Callable[[Experiment], Sequence[Problem]] | None = None,
    text: str | None = None,
    to_be_trained: bool = False,
) -> Experiment:
    """Read, merge and check a config file.

    Args:
        path: The YAML file.
        overrides: Changes of the form `training.epochs=5`, applied last.
        check_source: What can cheaply be said against the source of the data.
        check_base: What can be said against the run that the model is built on.
        text: What the file is taken to hold; what it does hold where None.
        to_be_trained: Whether a training is to begin with it, which has to be able to learn, and
            to know of every figure that is watched which way it is better.

    Raises:
        ConfigError: With every problem found.
    """
    catalogue = load_catalogue()
    tree = read_config(path, SectionOf(Experiment), overrides, text)
    experiment, problems, doubtful = check_experiment(
        tree, catalogue, path.parent.resolve(), _default_name(path)
    )
    facts = named_facts(experiment, catalogue)
    by_output = _named_facts_by_output(experiment, catalogue)
    problems += check_relations(
        experiment,
        catalogue,
        facts,
        without=doubtful,
        by_output=by_output,
        to_be_trained=to_be_trained,
    )
    if to_be_trained and "metrics" not in doubtful:
        subject = subject_of(experiment, catalogue, facts, by_output=by_output)
        modules = Path(experiment.modules) if experiment.modules else path.parent.resolve()
        problems += without_mode(subject, modules)
    blamed = {*doubtful, *(problem.path for problem in problems)}
    if check_source and not any(path.startswith("dataset") for path in blamed):
        problems += _placed(check_source(experiment), experiment)
    if check_base and not any(overlap("architecture.from_run", path) for path in blamed):
        problems += _placed(check_base(experiment), experiment)
    if problems:
        raise ConfigError(problems)
    return experiment


def _named_facts_by_output(experiment: Experiment, catalogue: Catalogue) -> dict[str, DataFacts]:
    return {
        name: known
        for name in roles_of(experiment).aims
        if (known := named_facts(experiment, catalogue, name))
    }


def _placed(problems: Sequence[Problem], experiment: Experiment) -> list[Problem]:
    """Problems that know their path, with the place that belongs to it."""
    return [
        dataclasses.replace(problem, place=experiment.place_of(problem.path))
        for problem in problems
    ]


def named_facts(experiment: Experiment, catalogue: Catalogue, output: str = "") -> DataFacts | None:
    """What is known of the data before they are read, as an output meets them: named sets only.

    Args:
        experiment: The config.
        catalogue: What is known of data sets.
        output: The output of a graph; the first of all outputs where none is named.
    """
    named = known_data(experiment.dataset, catalogue)
    if named is None:
        return None
    roles = roles_of(experiment)
    aim = roles.aims.get(output) or next(iter(roles.aims.values()), None)
    if aim is None:
        return named.facts
    return facts_for(aim, experiment.dataset, named.facts, named.features, roles.inputs)


def _default_name(path: Path) -> str:
    allowed = [
        char if char.isascii() and (char.isalnum() or char in "._-") else "-" for char in path.stem
    ]
    return "".join(allowed).lstrip(".")[:64] or "experiment"
