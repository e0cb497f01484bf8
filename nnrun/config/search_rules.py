"""Rules for searches: the metric must be comparable between trials, and the search must end."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nnrun.config.best_epoch import monitored_figure
from nnrun.config.catalogue import Catalogue
from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import DataFacts
from nnrun.config.figures import Figure, is_loss, is_on_validation, on_validation, plain_name
from nnrun.config.modes import Mode
from nnrun.config.monitoring import declared_directions
from nnrun.config.relations import overlap, subject_of
from nnrun.config.schema import Experiment
from nnrun.config.search import GRID, SOBOL, SOBOL_DIMENSIONS, Search
from nnrun.config.space import Dimension
from nnrun.config.subject import Subject, recorded_names
from nnrun.config.wording import first_of, quoted
from nnrun.errors import Problem

_COUNTED_BY = ("loss", "dataset.preprocess.target", "dataset.sample_weight")
"""What changes in which units the loss counts, or how much a row counts in it."""
_PENALTIES = ("regularization.l1", "regularization.l2")
"""Options that add to the loss."""


@dataclass(frozen=True)
class _Asked:
    """A search, as the rules see it."""

    subject: Subject
    search: Search
    folder: Path

    @property
    def validates(self) -> bool:
        """Whether the trials have validation rows."""
        return self.subject.has_validation or self.search.folds is not None

    @cached_property
    def directions(self) -> Mapping[str, Mode]:
        """Whether each metric is better low or high, as far as known."""
        return declared_directions(self.subject, self.folder)

    @cached_property
    def figure(self) -> tuple[str, Mode]:
        """The metric to improve, and whether low or high is best."""
        experiment = self.subject.experiment
        return monitored_figure(
            self.search.metric or experiment.training.monitor,
            [(callback.name, callback.arguments) for callback in experiment.callbacks],
            self.directions,
            has_validation=self.validates,
        )

    @property
    def naming_a_metric(self) -> str:
        """A hint on how to improve a metric instead of the loss."""
        known = [name for name in recorded_names(self.subject) or () if not is_loss(name)]
        metric = next((name for name in known if is_on_validation(name)), "val_mae")
        return f"name a metric, as in `metric: {metric}`"

    @property
    def varied(self) -> Iterator[tuple[Dimension, str]]:
        """The varied dimensions, with each path that they set."""
        for dimension in self.search.settings.dimensions:
            for path in dimension.paths:
                yield dimension, path


def search_problems(subject: Subject, folder: Path, without: Collection[str]) -> list[Problem]:
    """Problems with a search whose space has no mistakes.

    Args:
        subject: The experiment, which has a search.
        folder: Where metrics of the user's own lie.
        without: Paths of values that had mistakes, whose rules are left out.
    """
    asked = _asked(subject, folder)
    return [
        problem
        for rule, read in _RULES.items()
        if not any(overlap(f"search.{read}", path) for path in without)
        for problem in rule(asked)
    ]


def search_doubts(
    experiment: Experiment, catalogue: Catalogue, facts: DataFacts | None
) -> list[Problem]:
    """Warnings about a search: what is allowed but hardly ever intended.

    Args:
        experiment: The config, without mistakes.
        catalogue: What Keras's classes take.
        facts: What is known of the data.
    """
    if experiment.search is None:
        return []
    subject = subject_of(experiment, catalogue, facts)
    return list(_penalised_loss(_asked(subject, Path(experiment.modules or ""))))


def searched_figure(subject: Subject, folder: Path) -> tuple[str, Mode]:
    """The metric that a search improves, and whether low or high is best.

    Args:
        subject: The experiment, which has a search.
        folder: Where metrics of the user's own lie.
    """
    return _asked(subject, folder).figure


def _asked(subject: Subject, folder: Path) -> _Asked:
    search = subject.experiment.search
    if search is None:
        raise ValueError("the config has no search")
    return _Asked(subject, search, folder)


def _metric(asked: _Asked) -> Iterator[Problem]:
    """The metric is recorded, not on the test rows, and has a known direction."""
    figure, subject, path = asked.search.metric, asked.subject, "search.metric"
    known = recorded_names(subject)
    if figure is None:
        return
    if Figure.parse(figure).part == "test":
        hint = f"write `metric: {on_validation(plain_name(figure))}`"
        yield subject.problem(path, "no trial looks at the test rows", hint)
    elif is_on_validation(figure) and not asked.validates:
        message = f"{quoted(figure)} is to be improved, but there are no validation rows"
        hint = "set dataset.split.validation, or `folds:` under `search`"
        yield subject.problem(path, message, hint)
    elif known is not None and figure not in known:
        hint = did_you_mean(figure, known) or f"recorded: {first_of(known)}"
        yield subject.problem(path, f"{quoted(figure)} is not recorded", hint)
    elif asked.directions.keys().isdisjoint((figure, plain_name(figure))):
        message = f"nothing says whether a low or a high {quoted(figure)} is better"
        hint = f"write `training: {{monitor: {figure}, mode: max}}`, or `mode: min`"
        yield subject.problem(path, message, hint)


def _compared_losses(asked: _Asked) -> Iterator[Problem]:
    """Trials with different losses can't be compared by loss."""
    figure, _ = asked.figure
    for dimension, path in asked.varied if is_loss(figure) else ():
        if any(overlap(path, counted) for counted in _COUNTED_BY) or path.endswith(".loss"):
            message = f"trials with another loss cannot be compared by {quoted(figure)}"
            yield _at(dimension, message, asked.naming_a_metric)


def _trials(asked: _Asked) -> Iterator[Problem]:
    """There are at least as many settings as trials, not counting the config's own."""
    size, trials = asked.search.settings.size, asked.search.trials
    if trials is not None and size is not None and trials > size + 1:
        message = f"the space holds {size:,} configs: too few for {trials:,} trials"
        yield asked.subject.problem("search.trials", message, f"write `trials: {size}`")


def _grid(asked: _Asked) -> Iterator[Problem]:
    """A grid has an end."""
    for dimension in asked.search.settings.dimensions if asked.search.method == GRID else ():
        if dimension.domain.size() is None:
            message = f"a grid cannot hold every number of {quoted(dimension.name)}"
            hint = "give the range a `step:`, list the values, or take another method"
            yield _at(dimension, message, hint)


def _sobol(asked: _Asked) -> Iterator[Problem]:
    """Sobol sequences have a limited number of dimensions."""
    parameters = len(asked.search.settings.parameters)
    if asked.search.method == SOBOL and parameters > SOBOL_DIMENSIONS:
        message = (
            f"sobol knows {SOBOL_DIMENSIONS} parameters at most, and the space has {parameters}"
        )
        yield asked.subject.problem("search.method", message, "write `method: random`")


def _means(asked: _Asked) -> Iterator[Problem]:
    """A trial's value is a mean over folds or over seeds."""
    if asked.search.folds is not None and asked.search.seeds is not None:
        message = "a trial is run on several folds or with several seeds, not both"
        yield asked.subject.problem("search.seeds", message, "keep one")


_RULES: dict[Callable[[_Asked], Iterator[Problem]], str] = {
    _metric: "metric",
    _compared_losses: "metric",
    _trials: "trials",
    _grid: "method",
    _sobol: "method",
    _means: "folds",
}
"""The rules, with the option that each reads."""


def _penalised_loss(asked: _Asked) -> Iterator[Problem]:
    """A loss that includes a penalty favours small penalties."""
    figure, _ = asked.figure
    for dimension, path in asked.varied if is_loss(figure) else ():
        if path in _PENALTIES:
            message = f"the penalty is part of {quoted(figure)}, so small ones look best"
            yield _at(dimension, message, asked.naming_a_metric, severity="warning")


def _at(dimension: Dimension, message: str, hint: str, severity: str = "error") -> Problem:
    return Problem(message, dimension.place, dimension.written, hint, severity)
