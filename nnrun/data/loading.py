"""The only door to the data: from the config's section to splits ready for training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnrun.config.graphs import INPUT, TARGET
from nnrun.config.roles import Roles, roles_of_dataset
from nnrun.data.dealing import Dealt, columns_of, deal_file, deal_named, group
from nnrun.data.describing import check_source, describe, source_of
from nnrun.data.fingerprint import fingerprint
from nnrun.data.splits import EXACT, InputSpec, Part, Splits
from nnrun.data.splitting import split_rows
from nnrun.data.tables import Table, read_table_like
from nnrun.data.weights import refuse_no_weight
from nnrun.errors import DataError
from nnrun.sources.csv import Csv
from nnrun.sources.finding import named_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnrun.config.schema import Dataset
    from nnrun.data.signature import Signature
    from nnrun.tasks.targets import TargetSpec

__all__ = ["INPUT", "TARGET", "check_source", "describe", "load_inputs", "load_rows", "load_splits"]


def load_splits(
    dataset: Dataset, *, seed: int, roles: Roles | None = None, exact: bool | None = None
) -> Splits:
    """Reads a data set and divides it as the config asks; no transform has turned a row yet.

    Args:
        dataset: The config's section; relative file names are taken from the working directory.
        seed: The experiment's seed, which the draw of the rows follows from.
        roles: What a graph makes of the columns; None for one input and one target.
        exact: Whether an input is kept in float64 where float32 loses some of it; None for those
            that are to be scaled. Runs of nnrun 0.1.0 have all of them in float32.

    Returns:
        The parts. The one input is called "inputs", those of a graph as it calls them: `(rows,
        *shape)`, uint8 for images, float32 for tables and strings for text. The one target is called
        "targets", those of a graph by its outputs: `(rows,)` int32 labels, `(rows, 1)` float32 for
        regression, `(rows, columns)` float32 for several columns, or `(rows, classes)` float32 with
        `preprocess.one_hot`; what an autoencoder is to give back comes with the transforms.

    Raises:
        DataError: The data cannot be found, read, or used as the config asks.
    """
    for problem in check_source(dataset, roles):
        raise DataError(problem.message, hint=problem.hint)
    asked = roles or roles_of_dataset(dataset)
    loaded = deal_named(dataset, asked) if dataset.name else deal_file(dataset, asked)
    targets = loaded.targets
    if dataset.preprocess.one_hot:
        targets = _as_one_hot(targets)
    divided = _divide(loaded, dataset, seed)
    refuse_no_weight(divided["train"])
    scaled = dataset.preprocess.standardize or dataset.preprocess.minmax
    is_exact = scaled if exact is None else exact
    parts = {
        name: _as_asked(rows, targets, is_exact=is_exact, weighs=name == "train")
        for name, rows in divided.items()
    }
    return Splits(
        inputs=_exact_specs(loaded.inputs, parts["train"]) if is_exact else loaded.inputs,
        targets=targets,
        train=parts["train"],
        validation=parts.get("validation"),
        test=parts.get("test"),
        fingerprint=fingerprint(parts),
        source=loaded.source,
        notes=loaded.notes,
    )


def _exact_specs(inputs: Mapping[str, InputSpec], train: Part) -> dict[str, InputSpec]:
    """The inputs, in float64 those of which float32 loses some."""
    return {
        name: replace(spec, dtype=EXACT) if name in train.exact else spec
        for name, spec in inputs.items()
    }


def _as_asked(
    rows: Part, targets: Mapping[str, TargetSpec], *, is_exact: bool, weighs: bool
) -> Part:
    """Rows with inputs in float64 where that is asked for, and targets as the loss wants them."""
    inputs = {**rows.inputs, **rows.exact} if is_exact else rows.inputs
    weights = rows.weights if weighs else None
    return Part(inputs, _encode(rows.targets, targets), weights, exact=rows.exact)


def load_rows(
    dataset: Dataset, signature: Signature, file: str, roles: Roles | None = None
) -> Part:
    """Reads further rows of a data set from a CSV file: features and targets, by their names.

    No transform has turned them yet.

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
    features = columns_of(signature.inputs)
    targets = {}
    for name, aim in (roles or roles_of_dataset(dataset)).aims.items():
        if not aim.predicts_input:
            columns = aim.columns or (named_dataset(str(dataset.name)).target,)
            like = _empty_table(features, signature.targets[name], signature.source)
            targets[name] = read_table_like(source, like, target=columns).rows.targets
    inputs = _inputs_like(source, features, signature)
    return Part(inputs, _encode(targets, signature.targets))


def load_inputs(dataset: Dataset, signature: Signature, file: str) -> dict[str, np.ndarray]:
    """Reads rows to predict from, `(rows, columns)` by input, text as strings; no target is sought.

    Raises:
        DataError: As for `load_rows`.
    """
    source = _table_file(dataset, signature, file)
    return _inputs_like(source, columns_of(signature.inputs), signature)


def _inputs_like(
    source: Csv, features: tuple[str, ...], signature: Signature
) -> dict[str, np.ndarray]:
    inputs = group(source.read_inputs(features), features, signature.inputs)
    exact = {
        name: source.read_exact(spec.features)
        for name, spec in signature.inputs.items()
        if spec.dtype == EXACT
    }
    return {**inputs, **exact}


def _table_file(dataset: Dataset, signature: Signature, file: str) -> Csv:
    pictures = [spec for spec in signature.inputs.values() if not spec.columns]
    if pictures:
        shape = " x ".join(map(str, pictures[0].shape))
        raise DataError(
            f"{file} cannot be read as rows of this data set: they are pictures of {shape} pixels, "
            "not tables",
            hint="`nnrun predict` takes PNG and JPEG files",
        )
    source = source_of(dataset, file) if dataset.csv is not None else Csv(file)
    return source.with_texts([name for spec in signature.inputs.values() for name in spec.text])


def _divide(loaded: Dealt, dataset: Dataset, seed: int) -> dict[str, Part]:
    """The rows of each part."""
    rows = loaded.rows
    labels = next((rows.targets[name] for name, one in loaded.targets.items() if one.classes), None)
    has_test = "test" in loaded.parts and not isinstance(dataset.split.test, str)
    indices = split_rows(rows.rows, labels, dataset.split, seed, has_test=has_test)
    if list(indices) == ["train"]:
        return {"train": rows, **loaded.parts}
    drawn = {part: rows.take(index) for part, index in indices.items()}
    return {**drawn, **loaded.parts}


def _empty_table(features: tuple[str, ...], target: TargetSpec, source: str) -> Table:
    from nnrun.sources.named import Rows

    return Table(
        Rows(np.empty((0, len(features)), np.float32), np.empty(0), source), features, target
    )


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
