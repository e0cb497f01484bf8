"""Checks of a data set that read none of its rows, so that `nnrun validate` stays fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.roles import roles_of_dataset
from nnrun.errors import DataError, Problem
from nnrun.sources.finding import find_file, find_source
from nnrun.sources.table import TableSource, problems_of_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.source import Source


def check_source(dataset: Dataset, roles: Roles | None = None) -> list[Problem]:
    """Problems with the source of a data set; of a file, only the column names are read.

    Each problem has its `path` in the config; the caller adds line and column. Whether there is one
    source, and whether its name is known, the relations of the config check.

    Args:
        dataset: The config's section.
        roles: What a graph makes of the columns; None for an architecture without named inputs.
    """
    try:
        source = find_source(dataset)
    except DataError:
        return []
    asked = roles or roles_of_dataset(dataset)
    return [
        *source.problems(dataset, roles),
        *_problems_of_parts(source, dataset),
        *_seen_targets(dataset, asked),
        *_useless_choices(source, dataset, asked),
        *_problems_of_aside(dataset, asked),
    ]


def _problems_of_parts(source: Source, dataset: Dataset) -> Iterator[Problem]:
    """Problems with the files that hold one part's rows, if the source is a table."""
    if isinstance(source, TableSource):
        for part, path in dataset.split.files.items():
            yield from problems_of_part(find_file(dataset, path), dataset, f"dataset.split.{part}")


def _seen_targets(dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    """Targets that are also features."""
    seen: dict[tuple[str, str], None] = {}
    for name, columns in roles.inputs.items():
        own = columns == dataset.features
        path = "dataset.features" if own else f"architecture.inputs.{name}.features"
        seen |= {(path, target): None for target in roles.predicted if target in (columns or ())}
    for path, target in seen:
        message = f"the target '{target}' is also a feature"
        yield Problem(message, path=path, hint="a model must not see what it predicts")


_DOES = {
    "dataset.sample_weight": "weighs the rows",
    "dataset.split.group": "keeps rows together",
}


def _problems_of_aside(dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    """Weight, group and order columns used for something else; only an order may be a feature."""
    features = {name for columns in roles.inputs.values() for name in columns or ()}
    for path, column in dataset.columns_aside.items():
        uses = {"predicted": roles.predicted, "a feature": features if path in _DOES else ()}
        for use, columns in uses.items():
            if column in columns:
                hint = f"a column that {_DOES.get(path, 'orders the rows')} does only that"
                yield Problem(f"'{column}' is {use} as well", path=path, hint=hint)


def _useless_choices(source: Source, dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    """A choice of classes that no output predicts."""
    any_column = not source.target
    aims = [aim for aim in roles.aims.values() if not aim.predicts_input]
    own = dataset.targets if any_column else (source.target,)
    if any(aim.columns in ((), own) for aim in aims) or (any_column and len(aims) == 1):
        return
    hint = "leave it out"
    if aims and any_column:
        hint = "set dataset.target to the column of these classes"
    if dataset.positive is not None:
        yield Problem("no output predicts a class", path="dataset.positive", hint=hint)
    if dataset.classes is not None and any_column:
        message = "no output predicts a class that the rows could be chosen by"
        yield Problem(message, path="dataset.classes", hint=hint)
