"""The only door to the data: from the config's section to splits ready for training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.graphs import INPUT
from nnrun.config.roles import TARGET, Aim, Roles, roles_of_dataset
from nnrun.config.tasks import AUTOENCODER
from nnrun.data.describing import check_source, describe, source_of, task_of
from nnrun.data.fingerprint import fingerprint
from nnrun.data.preprocessing import apply_steps, fit
from nnrun.data.sources.csv import Csv
from nnrun.data.sources.finding import named_dataset
from nnrun.data.splits import InputSpec, Part, Splits, TargetColumn, TargetSpec
from nnrun.data.splitting import split_rows
from nnrun.data.tables import Table
from nnrun.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnrun.config.schema import Dataset
    from nnrun.data.preprocessing import Step
    from nnrun.data.signature import Signature
    from nnrun.data.sources.named import NamedDataset, Rows

__all__ = ["INPUT", "TARGET", "check_source", "describe", "load_inputs", "load_rows", "load_splits"]


@dataclass(frozen=True)
class _Loaded:
    """Rows with what they mean; `parts` are those that were read from files of their own."""

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    rows: Part
    parts: Mapping[str, Part]
    source: str


def load_splits(dataset: Dataset, *, seed: int, roles: Roles | None = None) -> Splits:
    """Reads a data set and divides it as the config asks; nothing is scaled yet.

    Args:
        dataset: The config's section; relative file names are taken from the working directory.
        seed: The experiment's seed, which the draw of the rows follows from.
        roles: What a graph makes of the columns; None for one input and one target.

    Returns:
        The parts. The one input is called "inputs", those of a graph as it calls them: `(rows,
        *shape)`, uint8 for images and float32 for tables. The one target is called "targets", those
        of a graph by its outputs: `(rows,)` int32 labels, `(rows, 1)` float32 for regression,
        `(rows, columns)` float32 for several columns, `(rows, classes)` float32 with
        `preprocess.one_hot`, or, of an autoencoder, float32 like its input once it is preprocessed.

    Raises:
        DataError: The data cannot be found, read, or used as the config asks.
    """
    for problem in check_source(dataset, roles):
        raise DataError(problem.message, hint=problem.hint)
    asked = roles or roles_of_dataset(dataset)
    loaded = _load_named(dataset, asked) if dataset.name else _load_file(dataset, asked)
    targets = loaded.targets
    if dataset.preprocess.one_hot:
        targets = _as_one_hot(targets)
    parts = {
        name: Part(rows.inputs, _encode(rows.targets, targets))
        for name, rows in _divide(loaded, dataset, seed).items()
    }
    splits = Splits(
        inputs=loaded.inputs,
        targets=targets,
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        fingerprint=fingerprint(parts),
        source=loaded.source,
    )
    if not any(target.input for target in targets.values()):
        return splits
    steps = fit(dataset.preprocess, splits)
    made = {name: _with_own_inputs(part, targets, steps) for name, part in parts.items()}
    return replace(
        splits, train=made["train"], validation=made.get("validation"), test=made.get("test")
    )


def load_rows(
    dataset: Dataset, signature: Signature, file: str, roles: Roles | None = None
) -> Part:
    """Reads further rows of a data set from a CSV file: features and targets, by their names.

    Args:
        dataset: The config's section.
        signature: What the features and classes are.
        file: The file, with the columns of the config's source.
        roles: As for `load_splits`.

    Raises:
        DataError: The file cannot be used, has a class that the data set has not, or the data set
            is not a table.
    """
    source = _table_file(dataset, signature, file)
    features = _columns_of(signature.inputs)
    targets = {}
    for name, aim in (roles or roles_of_dataset(dataset)).aims.items():
        if aim.task != AUTOENCODER:
            columns = aim.columns or (named_dataset(str(dataset.name)).target,)
            like = _empty_table(features, signature.targets[name], signature.source)
            targets[name] = source.read_like(like, target=columns).rows.targets
    inputs = _grouped(source.read_inputs(features), features, signature.inputs)
    part = Part(inputs, _encode(targets, signature.targets))
    if not any(target.input for target in signature.targets.values()):
        return part
    return _with_own_inputs(part, signature.targets, signature.steps)


def load_inputs(dataset: Dataset, signature: Signature, file: str) -> dict[str, np.ndarray]:
    """Reads rows to predict from, `(rows, features)` float32 by input; no target is looked for.

    Raises:
        DataError: As for `load_rows`.
    """
    features = _columns_of(signature.inputs)
    rows = _table_file(dataset, signature, file).read_inputs(features)
    return _grouped(rows, features, signature.inputs)


def _table_file(dataset: Dataset, signature: Signature, file: str) -> Csv:
    pictures = [spec for spec in signature.inputs.values() if not spec.features]
    if pictures:
        shape = " x ".join(map(str, pictures[0].shape))
        raise DataError(
            f"{file} cannot be read as rows of this data set: they are pictures of {shape} pixels, "
            "not tables",
            hint="`nnrun predict` takes PNG and JPEG files",
        )
    return source_of(dataset, file) if dataset.csv is not None else Csv(file)


def _load_named(dataset: Dataset, roles: Roles) -> _Loaded:
    named = named_dataset(str(dataset.name))
    rows = named.load()
    left = tuple(name for name in named.features if name not in roles.predicted)
    inputs = {
        name: InputSpec(
            (len(columns or left),) if named.features else named.facts.input_shape,
            named.input_dtype,
            (columns or left) if named.features else (),
        )
        for name, columns in roles.inputs.items()
    }
    targets = {name: _target_of_named(named, aim, inputs) for name, aim in roles.aims.items()}
    made = _as_part(rows, named, roles, inputs)
    parts = {} if rows.test is None else {"test": _as_part(rows.test, named, roles, inputs)}
    return _Loaded(inputs, targets, made, parts, rows.source)


def _target_of_named(named: NamedDataset, aim: Aim, inputs: Mapping[str, InputSpec]) -> TargetSpec:
    if aim.task == AUTOENCODER:
        return _target_of_autoencoder(aim, inputs)
    if aim.columns in ((), (named.target,)):
        facts = named.facts
        return TargetSpec(task_of(named, aim.task), facts.class_names, facts.target_width)
    columns = tuple(map(TargetColumn, aim.columns)) if len(aim.columns) > 1 else ()
    return TargetSpec("regression", width=len(aim.columns), columns=columns)


def _target_of_autoencoder(aim: Aim, inputs: Mapping[str, InputSpec]) -> TargetSpec:
    spec = inputs[aim.input]
    columns = tuple(map(TargetColumn, spec.features)) if len(spec.features) > 1 else ()
    width = int(np.prod(spec.shape))
    return TargetSpec(AUTOENCODER, (), width, columns=columns, input=aim.input, shape=spec.shape)


def _as_part(
    rows: Rows, named: NamedDataset, roles: Roles, inputs: Mapping[str, InputSpec]
) -> Part:
    """The rows of a named data set by input and output; what an autoencoder predicts comes later."""
    targets = {}
    for name, aim in roles.aims.items():
        if aim.columns in ((), (named.target,)) and aim.task != AUTOENCODER:
            targets[name] = rows.targets
        elif aim.task != AUTOENCODER:
            targets[name] = _columns(rows.inputs, named.features, aim.columns)
    return Part(_grouped(rows.inputs, named.features, inputs), targets)


def _load_file(dataset: Dataset, roles: Roles) -> _Loaded:
    source = source_of(dataset)
    aims = {name: aim for name, aim in roles.aims.items() if aim.task != AUTOENCODER}
    features = _wanted_columns(source, roles, alone=len(aims) == 1)
    tables = {
        name: source.read(target=aim.columns, features=features, task=aim.task)
        for name, aim in aims.items()
    }
    if tables:
        features = next(iter(tables.values())).features
    columns = features or ()
    inputs = {
        name: InputSpec((len(own or columns),), "float32", own or columns)
        for name, own in roles.inputs.items()
    }
    targets = {
        name: tables[name].target if name in tables else _target_of_autoencoder(aim, inputs)
        for name, aim in roles.aims.items()
    }

    def read(file: Csv) -> Part:
        of_file = {
            name: (table if file is source else file.read_like(table, target=aims[name].columns))
            for name, table in tables.items()
        }
        values = next((table.rows.inputs for table in of_file.values()), None)
        if values is None:
            values = file.read_inputs(columns)
        held = {name: table.rows.targets for name, table in of_file.items()}
        return Part(_grouped(values, columns, inputs), held)

    files = {"validation": dataset.split.validation, "test": dataset.split.test}
    parts = {
        part: read(source_of(dataset, file))
        for part, file in files.items()
        if isinstance(file, str)
    }
    return _Loaded(inputs, targets, read(source), parts, str(source.path))


def _wanted_columns(source: Csv, roles: Roles, *, alone: bool) -> tuple[str, ...] | None:
    """All columns that go into any input, each once; None for all but those of the one target."""
    given = list(roles.inputs.values())
    if None not in given:
        return tuple(dict.fromkeys(name for columns in given for name in columns or ()))
    if alone:
        return None
    left = tuple(name for name in source.columns() if name not in roles.predicted)
    if not left:
        raise DataError(
            f"all columns of {source.path} are targets, so there is nothing to predict from"
        )
    return left


def _divide(loaded: _Loaded, dataset: Dataset, seed: int) -> dict[str, Part]:
    """The rows of each part."""
    rows = loaded.rows
    labels = next((rows.targets[name] for name, one in loaded.targets.items() if one.classes), None)
    has_test = "test" in loaded.parts and not isinstance(dataset.split.test, str)
    indices = split_rows(rows.rows, labels, dataset.split, seed, has_test=has_test)
    if list(indices) == ["train"]:
        return {"train": rows, **loaded.parts}
    drawn = {
        part: Part(
            {name: array[index] for name, array in rows.inputs.items()},
            {name: array[index] for name, array in rows.targets.items()},
        )
        for part, index in indices.items()
    }
    return {**drawn, **loaded.parts}


def _grouped(
    rows: np.ndarray, features: Sequence[str], inputs: Mapping[str, InputSpec]
) -> dict[str, np.ndarray]:
    """The columns of each input; whole rows where they have no columns."""
    return {name: _columns(rows, features, spec.features) for name, spec in inputs.items()}


def _columns(rows: np.ndarray, features: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
    if tuple(wanted) == tuple(features):
        return rows
    return rows[:, [features.index(name) for name in wanted]]


def _columns_of(inputs: Mapping[str, InputSpec]) -> tuple[str, ...]:
    """The columns of all inputs, each once."""
    return tuple(dict.fromkeys(name for spec in inputs.values() for name in spec.features))


def _empty_table(features: tuple[str, ...], target: TargetSpec, source: str) -> Table:
    from nnrun.data.sources.named import Rows

    return Table(
        Rows(np.empty((0, len(features)), np.float32), np.empty(0), source), features, target
    )


def _with_own_inputs(
    part: Part, targets: Mapping[str, TargetSpec], steps: Mapping[str, Sequence[Step]]
) -> Part:
    """A part in which an autoencoder has its preprocessed input for its target."""
    made = {
        name: apply_steps(steps[target.input], part.inputs[target.input])
        for name, target in targets.items()
        if target.input
    }
    return Part(part.inputs, {name: {**part.targets, **made}[name] for name in targets})


def _as_one_hot(targets: Mapping[str, TargetSpec]) -> dict[str, TargetSpec]:
    if not any(target.classes for target in targets.values()):
        raise DataError(
            "preprocess.one_hot needs classes, one for each row, and the target gives none",
            hint="remove preprocess.one_hot",
        )
    return {
        name: replace(target, width=len(target.classes), one_hot=True) if target.classes else target
        for name, target in targets.items()
    }


def _encode(
    arrays: Mapping[str, np.ndarray], targets: Mapping[str, TargetSpec]
) -> dict[str, np.ndarray]:
    return {
        name: np.eye(targets[name].width, dtype=np.float32)[array]
        if targets[name].one_hot
        else array
        for name, array in arrays.items()
    }
