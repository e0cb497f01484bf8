"""Loads a checked experiment from a config file and overrides."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnrun.config.catalogue import Catalogue, load_catalogue
from nnrun.config.checking import check_experiment
from nnrun.config.facts import DataFacts
from nnrun.config.merging import read_config
from nnrun.config.modes import Mode
from nnrun.config.monitoring import without_mode
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.reader import MappingNode
from nnrun.config.relations import check_relations, overlap, subject_of
from nnrun.config.roles import facts_for, roles_of
from nnrun.config.schema import Experiment
from nnrun.config.search_rules import search_problems, searched_figure
from nnrun.config.sources import known_data
from nnrun.config.space_reading import SpaceReader
from nnrun.config.subject import Subject
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
        check_source: Finds problems with the data source cheaply.
        check_base: Finds problems with the run that the model is built on.
        text: The content to use for the file; None to read it.
        to_be_trained: Whether a training is about to begin, which must be able to learn and must
            know the direction of every monitored metric.

    Raises:
        ConfigError: With all problems.
    """
    tree = read_config(path, SectionOf(Experiment), overrides, text)
    check = _Check(path, load_catalogue(), check_source, check_base, to_be_trained=to_be_trained)
    experiment, problems, doubtful = check.of(tree)
    search = tree.entries.get("search")
    if experiment.search is not None and isinstance(search, MappingNode):
        reader = SpaceReader(tree, check.judge_beside(experiment), experiment.search.folds)
        searched = dataclasses.replace(experiment.search, settings=reader.read(search))
        experiment = dataclasses.replace(experiment, search=searched)
        problems += reader.problems
        if not reader.problems:
            problems += search_problems(
                check.subject_of(experiment), check.modules_of(experiment), doubtful
            )
    if problems:
        raise ConfigError(problems)
    return experiment


@dataclass(frozen=True)
class _Check:
    """Finds the problems of a config: of its single values, and of relations between them."""

    path: Path
    catalogue: Catalogue
    check_source: Callable[[Experiment], Sequence[Problem]] | None
    check_base: Callable[[Experiment], Sequence[Problem]] | None
    to_be_trained: bool

    def judge_beside(self, base: Experiment) -> Callable[[MappingNode], list[Problem]]:
        """Returns a function that finds the problems of configs that differ in a few values."""
        return lambda tree: self.of(tree, base)[1]

    def of(
        self, tree: MappingNode, base: Experiment | None = None
    ) -> tuple[Experiment, list[Problem], set[str]]:
        """The experiment that a tree declares, its problems, and the paths of wrong values.

        Args:
            tree: The config.
            base: A config that has been checked: files are checked only if they differ from its.
        """
        experiment, problems, doubtful = check_experiment(
            tree, self.catalogue, self.path.parent.resolve(), _default_name(self.path)
        )
        experiment = experiment.folded()
        problems += check_relations(
            experiment,
            self.catalogue,
            named_facts(experiment, self.catalogue),
            without=doubtful,
            by_output=_named_facts_by_output(experiment, self.catalogue),
            to_be_trained=self.to_be_trained,
        )
        if self.to_be_trained and "metrics" not in doubtful:
            problems += without_mode(self.subject_of(experiment), self.modules_of(experiment))
        if base is None or _reads_others(experiment, base):
            problems += self._of_files(experiment, {*doubtful, *(one.path for one in problems)})
        return experiment, problems, doubtful

    def _of_files(self, experiment: Experiment, blamed: set[str]) -> list[Problem]:
        """Problems with the data source and the run that the model is built on."""
        found: list[Problem] = []
        if self.check_source and not any(path.startswith("dataset") for path in blamed):
            found += _placed(self.check_source(experiment), experiment)
        if self.check_base and not any(overlap("architecture.from_run", path) for path in blamed):
            found += _placed(self.check_base(experiment), experiment)
        return found

    def subject_of(self, experiment: Experiment) -> Subject:
        """An experiment as the relations see it."""
        return _subject(experiment, self.catalogue)

    def modules_of(self, experiment: Experiment) -> Path:
        """The folder of the user's own classes."""
        return Path(experiment.modules) if experiment.modules else self.path.parent.resolve()


def searched_figure_of(experiment: Experiment, folder: Path) -> tuple[str, Mode]:
    """The metric that a config's search improves, and whether low or high is best.

    Args:
        experiment: The checked config.
        folder: The folder of the user's own metrics.
    """
    return searched_figure(_subject(experiment, load_catalogue()), folder)


def _subject(experiment: Experiment, catalogue: Catalogue) -> Subject:
    facts = named_facts(experiment, catalogue)
    by_output = _named_facts_by_output(experiment, catalogue)
    return subject_of(experiment, catalogue, facts, by_output=by_output)


def _reads_others(experiment: Experiment, base: Experiment) -> bool:
    """Whether two experiments may read different files or columns."""
    outline = experiment.outline
    names_files = outline.names_nodes or outline.base is not None
    is_another = experiment.architecture != base.architecture
    return experiment.dataset != base.dataset or (names_files and is_another)


def _named_facts_by_output(experiment: Experiment, catalogue: Catalogue) -> dict[str, DataFacts]:
    return {
        name: known
        for name in roles_of(experiment).aims
        if (known := named_facts(experiment, catalogue, name))
    }


def _placed(problems: Sequence[Problem], experiment: Experiment) -> list[Problem]:
    """Problems with a path, with the position of that path."""
    return [
        dataclasses.replace(problem, place=experiment.place_of(problem.path))
        for problem in problems
    ]


def named_facts(experiment: Experiment, catalogue: Catalogue, output: str = "") -> DataFacts | None:
    """The known facts about an output's data before reading rows: only for named data sets.

    Args:
        experiment: The config.
        catalogue: The known data sets.
        output: The output of a graph; by default the first one.
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
