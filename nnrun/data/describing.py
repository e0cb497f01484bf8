"""What can be said of a data set without reading its rows; light enough for `nnrun validate`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnrun.config.diagnostics import did_you_mean
from nnrun.config.facts import as_used, class_numbers
from nnrun.config.roles import roles_of_dataset
from nnrun.config.schema import named_columns
from nnrun.config.tasks import contradicts, predicts_input
from nnrun.config.wording import first_of
from nnrun.errors import DataError, Problem
from nnrun.sources.csv import Csv
from nnrun.sources.finding import named_dataset, named_datasets
from nnrun.sources.headers import NO_HEADER, is_headerless, nearest_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.facts import DataFacts
    from nnrun.config.roles import Roles
    from nnrun.config.schema import Dataset
    from nnrun.sources.named import NamedDataset


def describe(dataset: Dataset) -> DataFacts | None:
    """The facts of a data set as the config uses it: with its choice of features and of the task.

    Returns:
        The facts; None for files, which would have to be read.

    Raises:
        DataError: No data set has that name.
    """
    if dataset.name is None:
        return None
    named = named_dataset(dataset.name)
    facts = facts_in_use(named, dataset, dataset.task)
    if not named.features:
        return facts
    columns = dataset.features or [one for one in named.features if one != dataset.sample_weight]
    return replace(facts, input_shape=(len(columns),))


def facts_in_use(named: NamedDataset, dataset: Dataset, task: str) -> DataFacts:
    """The facts of a named data set with the classes that a config keeps, for one task."""
    return as_used(named.facts, classes=dataset.classes, positive=dataset.positive, task=task)


def source_of(dataset: Dataset, path: str | None = None) -> Csv:
    """The file that a config names, or another one of the same kind."""
    if dataset.csv is None:
        raise DataError("the config names no data", hint="set dataset.name or dataset.csv")
    arguments = dict(dataset.csv.arguments)
    return Csv(**(arguments if path is None else arguments | {"path": path}))


def check_source(dataset: Dataset, roles: Roles | None = None) -> list[Problem]:
    """What is wrong with the source of a data set; of a file, only the header is read.

    Each problem says its `path` in the config; the caller knows the place. Whether there is one
    source, and whether its name is known, the relations of the config check.

    Args:
        dataset: The config's section.
        roles: What a graph makes of the columns; None for an architecture without named inputs.
    """
    problems: list[Problem] = []
    if dataset.name in named_datasets():
        problems += _named_problems(named_datasets()[dataset.name], dataset)
        if roles is not None:
            problems += _roles_of_named(named_datasets()[dataset.name], dataset, roles)
    if dataset.csv is not None:
        problems += _file_problems(dataset, names_outputs=roles is not None)
        if roles is not None and not problems:
            problems += _roles_of_file(dataset, roles)
    asked = roles or roles_of_dataset(dataset)
    return [*problems, *_useless_choices(dataset, asked), *_weight_problems(dataset, asked)]


def _weight_problems(dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    """A column that weighs the rows does nothing else, and there is none in pictures."""
    column, path = dataset.sample_weight, "dataset.sample_weight"
    if column is None:
        return
    named = named_datasets().get(dataset.name or "")
    if named is not None and not named.features:
        message = f"'{dataset.name}' holds pictures, and no column that could weigh them"
        yield Problem(message, path=path, hint="leave it out")
    elif named is not None:
        yield from _unknown_columns(path, column, named.features, f"'{dataset.name}'")
    features = {name for columns in roles.inputs.values() for name in columns or ()}
    for what, names in (("predicted", roles.predicted), ("a feature", features)):
        if column in names:
            message = f"'{column}' is {what} as well"
            yield Problem(message, path=path, hint="a column that weighs the rows does only that")


def _useless_choices(dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    """A choice of classes where no output has these classes."""
    named = named_datasets().get(dataset.name or "")
    own = (named.target,) if named else dataset.targets
    aims = [aim for aim in roles.aims.values() if not aim.predicts_input]
    if any(aim.columns in ((), own) for aim in aims) or (named is None and len(aims) == 1):
        return
    hint = "leave it out"
    if aims and named is None:
        hint = "set dataset.target to the column of these classes"
    if dataset.positive is not None:
        yield Problem("no output predicts a class", path="dataset.positive", hint=hint)
    if dataset.classes is not None and named is None:
        message = "no output predicts a class that the rows could be chosen by"
        yield Problem(message, path="dataset.classes", hint=hint)


def _roles_of_named(named: NamedDataset, dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    where = f"'{dataset.name}'"
    for name, columns in roles.inputs.items():
        path = f"architecture.inputs.{name}.features"
        if not columns or columns == dataset.features:
            continue
        if named.features:
            yield from _unknown_columns(path, columns, named.features, where)
        else:
            hint = "leave `features` out: the input is the whole row"
            yield Problem(f"{where} has no columns to choose from", path=path, hint=hint)
    for name, aim in roles.aims.items():
        path = f"architecture.outputs.{name}.target"
        if aim.columns and named.target in aim.columns and len(aim.columns) > 1:
            message = f"'{named.target}' is predicted by itself, not together with other columns"
            yield Problem(message, path=path, hint="give it an output of its own")
        elif aim.columns not in ((), (named.target,)):
            known = (named.target, *named.features)
            yield from _unknown_columns(path, aim.columns, known, where)
        elif contradicts(aim.task, task := facts_in_use(named, dataset, aim.task).task):
            yield Problem(
                f"'{named.target}' is a {task} target, not {aim.task}",
                path=f"architecture.outputs.{name}.task",
                hint="leave it out",
            )


def _roles_of_file(dataset: Dataset, roles: Roles) -> Iterator[Problem]:
    source = source_of(dataset)
    known, where = source.columns(), str(source.path)
    for name, columns in roles.inputs.items():
        if columns and columns != dataset.features:
            path = f"architecture.inputs.{name}.features"
            yield from _unknown_columns(path, columns, known, where, roles.predicted)
    for name, aim in roles.aims.items():
        if aim.columns != dataset.targets:
            path = f"architecture.outputs.{name}.target"
            yield from _unknown_columns(path, aim.columns, known, where)


def _named_problems(named: NamedDataset, dataset: Dataset) -> Iterator[Problem]:
    if dataset.targets not in ((), (named.target,)):
        asked = ", ".join(f"'{name}'" for name in dataset.targets)
        yield Problem(
            f"'{dataset.name}' predicts '{named.target}', not {asked}",
            path="dataset.target",
            hint="leave it out",
        )
    if dataset.features and not named.features:
        yield Problem(
            f"'{dataset.name}' has no columns to choose from",
            path="dataset.features",
            hint="leave it out",
        )
    elif dataset.features:
        yield from _unknown_columns(
            "features", dataset.features, named.features, f"'{dataset.name}'"
        )
    yield from _class_problems(dataset, named.facts.class_names, f"'{dataset.name}'")
    facts = facts_in_use(named, dataset, dataset.task)
    if dataset.positive is not None and dataset.positive not in named.facts.class_names:
        classes = named.facts.class_names
        yield Problem(
            f"'{dataset.name}' has no class '{dataset.positive}'",
            path="dataset.positive",
            hint=did_you_mean(dataset.positive, classes)
            or (f"its classes: {', '.join(classes)}" if classes else "leave it out"),
        )
    elif contradicts(dataset.task, facts.task):
        yield Problem(
            f"'{dataset.name}' is a {facts.task} data set, not {dataset.task}",
            path="dataset.task",
            hint="leave it out",
        )
    for part, share in (("validation", dataset.split.validation), ("test", dataset.split.test)):
        if isinstance(share, str):
            yield Problem(
                f"'{share}' cannot be read beside '{dataset.name}': "
                "a file as a part goes with a file as the source",
                path=f"dataset.split.{part}",
                hint="give a number of rows or a fraction",
            )
        elif part == "test" and share is not None and named.facts.test_rows:
            yield Problem(
                f"'{dataset.name}' has its own {named.facts.test_rows:,} published test rows",
                path="dataset.split.test",
                hint="leave it out",
            )


def _class_problems(dataset: Dataset, names: Sequence[str], where: str) -> Iterator[Problem]:
    """What is wrong with the choice of classes."""
    wanted = dataset.classes
    if wanted is None:
        return
    if not names:
        yield Problem(f"{where} has no classes", path="dataset.classes", hint="leave it out")
        return
    try:
        numbers = class_numbers(names, wanted)
    except LookupError as error:
        (index,) = error.args
        message = f"{where} has no class '{wanted[index]}'"
        hint = did_you_mean(str(wanted[index]), names) or f"classes: {first_of(names, 10)}"
        yield Problem(message, path=f"dataset.classes[{index}]", hint=hint)
        return
    for index, number in enumerate(numbers):
        if number in numbers[:index]:
            message = f"the class '{names[number]}' is listed twice"
            yield Problem(message, path=f"dataset.classes[{index}]", hint="name each class once")


def refuse_classes(dataset: Dataset, names: Sequence[str], where: str) -> None:
    """See that the classes to keep are classes of the data.

    Raises:
        DataError: One is not, or the data have none.
    """
    for problem in _class_problems(dataset, names, where):
        raise DataError(f"{problem.path}: {problem.message}", hint=problem.hint)


def _file_problems(dataset: Dataset, *, names_outputs: bool) -> Iterator[Problem]:
    targets = dataset.targets
    if not targets and not names_outputs and not predicts_input(dataset.task):
        hint = "name the column to predict"
        yield Problem("'target' is missing", path="dataset.target", hint=hint)
    for target in dict.fromkeys(targets):
        if target in (dataset.features or ()):
            yield Problem(
                f"the target '{target}' is also a feature",
                path="dataset.features",
                hint="a model must not see what it predicts",
            )
    files = {
        "dataset.csv": None,
        "dataset.split.validation": dataset.split.validation,
        "dataset.split.test": dataset.split.test,
    }
    for path, file in files.items():
        if path == "dataset.csv" or isinstance(file, str):
            main = path == "dataset.csv"
            yield from _column_problems(dataset, None if main else str(file), path)


def _column_problems(dataset: Dataset, file: str | None, path: str) -> Iterator[Problem]:
    """Problems of one file: of its header, and of the columns that the config expects in it."""
    try:
        source = source_of(dataset, file)
        columns = source.columns()
    except DataError as error:
        yield Problem(error.message, path=path, hint=error.hint)
        return
    named = {*dataset.targets, *(dataset.features or ())}
    if is_headerless(columns) and not named <= set(columns):
        yield Problem(f"the first line of {source.path} {NO_HEADER}", path=path)
        return
    targets, features = dataset.targets, dataset.features or ()
    weighs = dataset.sample_weight if file is None else None  # only training rows are weighed
    for option, names, used in (
        ("target", dataset.target or (), features),
        ("features", features, targets),
        ("sample_weight", weighs or (), (*features, *targets)),
    ):
        problems = _unknown_columns(option, names, columns, str(source.path), used)
        yield from problems if file is None else (replace(item, path=path) for item in problems)


def _unknown_columns(
    option: str,
    wanted: str | Sequence[str],
    known: Sequence[str],
    where: str,
    used: Sequence[str] = (),
) -> Iterator[Problem]:
    columns, before = set(known), set[str]()
    for index, name in enumerate(named_columns(wanted)):
        path = option if "." in option else f"dataset.{option}"
        path += "" if isinstance(wanted, str) else f"[{index}]"
        if name not in columns:
            hint = nearest_column(name, known, [*named_columns(wanted), *used])
            yield Problem(f"{where} has no column '{name}'", path=path, hint=hint)
        elif name in before:
            yield Problem(f"'{name}' is listed twice", path=path, hint="name each column once")
        before.add(name)
