"""Rules about how the rows are divided."""

from collections.abc import Iterator, Sequence

from nnrun.config.facts import rows_of_share
from nnrun.config.sources import NAME
from nnrun.config.split import Fold
from nnrun.config.subject import Subject
from nnrun.errors import Problem


def rows_left(subject: Subject) -> Iterator[Problem]:
    """Validation and test rows leave some to train on."""
    split, facts = subject.experiment.dataset.split, subject.facts
    shares = [*split.shares.values()]
    fractions = sum(share for share in shares if isinstance(share, float))
    if fractions >= 1:
        message = f"validation and test together are {fractions:g} of the rows"
        yield subject.problem("dataset.split", message, "leave some to train on")
    elif facts is not None and _rows_taken(shares, facts.train_rows) >= facts.train_rows:
        message = f"no rows are left to train on: there are {facts.train_rows:,} in all"
        yield subject.problem("dataset.split", message, "give smaller parts")


def seed_that_draws(subject: Subject) -> Iterator[Problem]:
    """The seed of the split draws rows, or is left out."""
    split = subject.experiment.dataset.split
    if split.seed is not None and not split.shuffle:
        message = "split.seed has no effect: `shuffle: false` takes the rows in order"
        yield subject.problem("dataset.split.seed", message, "remove one of the two")
    elif split.seed is not None and split.order is not None:
        message = "split.seed has no effect: `order` takes the rows by its column"
        yield subject.problem("dataset.split.seed", message, "remove one of the two")


def one_way_to_split(subject: Subject) -> Iterator[Problem]:
    """Rows are split by classes, groups or order, and only by one of them."""
    split = subject.experiment.dataset.split
    ways = {"stratify": split.stratify, "group": split.group, "order": split.order}
    named = [way for way, value in ways.items() if value]
    for way in named[1:]:
        message = f"rows cannot be divided by `{named[0]}` and by `{way}` at once"
        yield subject.problem(f"dataset.split.{way}", message, "remove one of the two")


def rows_for_folds(subject: Subject) -> Iterator[Problem]:
    """The rows that validate in turn are the config's own, and it leaves the turns to the study."""
    experiment = subject.experiment
    if experiment.folds is None:
        return
    if "validation" in experiment.dataset.split.files:
        message = "the rows of folds are those that are left to train on, and no file"
        yield subject.problem("dataset.split.validation", message, "leave it out")


def fold_that_there_is(subject: Subject) -> Iterator[Problem]:
    """The fold exists."""
    fold = subject.experiment.dataset.split.validation
    if isinstance(fold, Fold) and fold.fold >= fold.of:
        message = f"there is no fold {fold.fold}: the {fold.of} folds are counted from 0"
        path = "dataset.split.validation.fold"
        yield subject.problem(path, message, f"give a number from 0 to {fold.of - 1}")


def _rows_taken(shares: Sequence[int | float], rows: int) -> int:
    return sum(rows_of_share(share, rows) for share in shares)


RULES = {
    rows_left: {NAME, "dataset.split"},
    one_way_to_split: {"dataset.split"},
    rows_for_folds: {"folds", "dataset.split.validation"},
    fold_that_there_is: {"dataset.split.validation"},
    seed_that_draws: {"dataset.split"},
}
"""Each rule with the paths it reads."""
