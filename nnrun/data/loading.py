"""The only door to the data: from the config's section to splits ready for training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.facts import with_classes
from nnrun.data.describing import check_source, describe, refuse_classes, source_of
from nnrun.data.fingerprint import fingerprint
from nnrun.data.selecting import select_classes, select_target
from nnrun.data.sources.csv import Csv
from nnrun.data.sources.finding import named_dataset
from nnrun.data.sources.named import Rows
from nnrun.data.splits import InputSpec, Part, Splits, TargetSpec
from nnrun.data.splitting import split_rows
from nnrun.data.tables import Table
from nnrun.data.targets import against_others
from nnrun.errors import DataError

if TYPE_CHECKING:
    from nnrun.config.schema import Dataset
    from nnrun.data.signature import Signature

__all__ = ["check_source", "describe", "load_inputs", "load_rows", "load_splits"]

INPUT = "inputs"
TARGET = "targets"


@dataclass(frozen=True)
class _Loaded:
    """Rows with what they mean; `parts` are those that were read from files of their own."""

    rows: Rows
    input: InputSpec
    target: TargetSpec
    parts: dict[str, Rows]


def load_splits(dataset: Dataset, *, seed: int) -> Splits:
    """Reads a data set and divides it as the config asks; nothing is scaled yet.

    Args:
        dataset: The config's section; relative file names are taken from the working directory.
        seed: The experiment's seed, which the draw of the rows follows from.

    Returns:
        The parts. The one input is called "inputs": `(rows, *shape)`, uint8 for images and float32
        for tables. The one target is called "targets": `(rows,)` int32 labels, `(rows, 1)` float32
        for regression, `(rows, columns)` float32 for several columns, or `(rows, classes)` float32
        with `preprocess.one_hot`.

    Raises:
        DataError: The data cannot be found, read, or used as the config asks.
    """
    for problem in check_source(dataset):
        raise DataError(problem.message, hint=problem.hint)
    loaded = _of_classes(_load_named(dataset) if dataset.name else _load_file(dataset), dataset)
    if dataset.positive is not None:
        loaded = _against_others(loaded, dataset.positive, dataset.task)
    target = loaded.target
    if dataset.preprocess.one_hot:
        target = _as_one_hot(target)
    parts = {
        name: Part({INPUT: rows.inputs}, {TARGET: _encode(rows.targets, target)})
        for name, rows in _divide(loaded, dataset, seed).items()
    }
    return Splits(
        inputs={INPUT: loaded.input},
        targets={TARGET: target},
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        fingerprint=fingerprint(parts),
        source=loaded.rows.source,
    )


def load_rows(dataset: Dataset, signature: Signature, file: str) -> Part:
    """Reads further rows of a data set from a CSV file: features and target, by their names.

    Args:
        dataset: The config's section.
        signature: What the features and classes are.
        file: The file, with the columns of the config's source.

    Raises:
        DataError: The file cannot be used, has a class that the data set has not, or the data set
            is not a table.
    """
    ((spec,), (target,)) = signature.inputs.values(), signature.targets.values()
    source = _table_file(dataset, spec, file)
    columns = (named_dataset(dataset.name).target,) if dataset.name else dataset.targets
    none = Rows(np.empty((0, *spec.shape), np.float32), np.empty(0), signature.source)
    rows = source.read_like(Table(none, spec.features, target), target=columns).rows
    return Part({INPUT: rows.inputs}, {TARGET: _encode(rows.targets, target)})


def load_inputs(dataset: Dataset, signature: Signature, file: str) -> np.ndarray:
    """Reads rows to predict from, `(rows, features)` float32; a target is not looked for.

    Raises:
        DataError: As for `load_rows`.
    """
    (spec,) = signature.inputs.values()
    return _table_file(dataset, spec, file).read_inputs(spec.features)


def _table_file(dataset: Dataset, spec: InputSpec, file: str) -> Csv:
    if not spec.features:
        shape = " x ".join(map(str, spec.shape))
        raise DataError(
            f"{file} cannot be read as rows of this data set: they are pictures of {shape} pixels, "
            "not tables",
            hint="`nnrun predict` takes PNG and JPEG files",
        )
    return source_of(dataset, file) if dataset.csv is not None else Csv(file)


def _load_named(dataset: Dataset) -> _Loaded:
    named = named_dataset(str(dataset.name))
    facts = describe(dataset) or named.facts
    whole = with_classes(named.facts, None, dataset.task)
    rows = named.load()
    features = dataset.features or named.features
    if features != named.features:
        rows = replace(rows, inputs=rows.inputs[:, [named.features.index(one) for one in features]])
    return _Loaded(
        rows,
        InputSpec(facts.input_shape, named.input_dtype, features),
        TargetSpec(whole.task, whole.class_names, whole.target_width),
        parts={} if rows.test is None else {"test": rows.test},
    )


def _load_file(dataset: Dataset) -> _Loaded:
    many = dataset.positive is not None and dataset.task != "regression"
    table = source_of(dataset).read(
        target=dataset.target,
        features=dataset.features,
        task="multiclass" if many else dataset.task,
    )
    files = {"validation": dataset.split.validation, "test": dataset.split.test}
    return _Loaded(
        table.rows,
        InputSpec((len(table.features),), "float32", table.features),
        table.target,
        parts={
            part: source_of(dataset, file).read_like(table, target=dataset.targets).rows
            for part, file in files.items()
            if isinstance(file, str)
        },
    )


def _against_others(loaded: _Loaded, positive: str, task: str) -> _Loaded:
    """The rows with one class told from all others."""

    def relabelled(rows: Rows) -> Rows:
        return replace(rows, targets=against_others(rows.targets, loaded.target, positive, task)[0])

    _, target = against_others(np.empty(0), loaded.target, positive, task)
    parts = {name: relabelled(rows) for name, rows in loaded.parts.items()}
    return _Loaded(relabelled(loaded.rows), loaded.input, target, parts)


def _of_classes(loaded: _Loaded, dataset: Dataset) -> _Loaded:
    """The rows of the classes that the config keeps."""
    wanted, names = dataset.classes, loaded.target.classes
    if wanted is None:
        return loaded
    refuse_classes(dataset, names, loaded.rows.source)
    return _Loaded(
        select_classes(loaded.rows, names, wanted),
        loaded.input,
        select_target(loaded.target, wanted, dataset.task),
        parts={part: select_classes(rows, names, wanted) for part, rows in loaded.parts.items()},
    )


def _divide(loaded: _Loaded, dataset: Dataset, seed: int) -> dict[str, Rows]:
    """The rows of each part."""
    rows = loaded.rows
    labels = rows.targets if loaded.target.classes else None
    indices = split_rows(
        len(rows.inputs), labels, dataset.split, seed, has_test=rows.test is not None
    )
    if list(indices) == ["train"]:
        return {"train": rows, **loaded.parts}
    drawn = {
        part: Rows(rows.inputs[index], rows.targets[index], rows.source)
        for part, index in indices.items()
    }
    return {**drawn, **loaded.parts}


def _as_one_hot(target: TargetSpec) -> TargetSpec:
    if not target.classes:
        raise DataError(
            "preprocess.one_hot needs classes, one for each row, and the target gives none",
            hint="remove preprocess.one_hot",
        )
    return replace(target, width=len(target.classes), one_hot=True)


def _encode(targets: np.ndarray, target: TargetSpec) -> np.ndarray:
    return np.eye(target.width, dtype=np.float32)[targets] if target.one_hot else targets
