"""The lines of a script that read the rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnrun.config.schema import named_columns
from nnrun.data.sources.finding import named_dataset
from nnrun.errors import UserError
from nnrun.scripting.expressions import assign, call, layout, literal, quoted
from nnrun.scripting.grouping import csv_lines, is_grouped, named_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.components import Component
    from nnrun.config.schema import Dataset
    from nnrun.data.prepared import Prepared
    from nnrun.data.sources.named import NamedDataset
    from nnrun.data.splits import InputSpec, TargetSpec
    from nnrun.scripting.expressions import Expression

PUBLISHED = ("mnist", "fashion_mnist", "cifar10", "cifar100")
"""Data sets of `keras.datasets` with test rows of their own."""
FLAT_LABELS = ("mnist", "fashion_mnist")
OF_SCIKIT_LEARN = {
    "digits": "load_digits()",
    "iris": "load_iris()",
    "wine": "load_wine()",
    "breast_cancer": "load_breast_cancer()",
    "diabetes": "load_diabetes(scaled=False)",
    "california_housing": "fetch_california_housing()",
}
"""Data sets that nnrun carries or reads, as scikit-learn has them: the same rows."""
_FEW_COLUMNS = 8


def loading_lines(prepared: Prepared, imports: set[str]) -> Iterator[str]:
    """Lines after which `X` and `y` hold the rows to divide, and parts of their own theirs.

    These are `X_test` and `y_test` of published data sets, and parts that are files. Where rows
    have weights, `sample_weight` holds them.

    Args:
        prepared: The experiment with its data.
        imports: Where the import statements that they need are added.

    Raises:
        UserError: The data come from where plain Python would not find them.
    """
    dataset = prepared.experiment.dataset
    spec = next(iter(prepared.splits.inputs.values()))
    target = next(iter(prepared.splits.targets.values()))
    grouped = is_grouped(prepared)
    if dataset.csv is not None:
        imports.add("import pandas as pd")
        yield from _csv_lines(prepared, dataset, spec, target, imports)
        yield from _weight_lines(dataset, dataset.csv)
        return
    named = named_dataset(str(dataset.name))
    if dataset.name in PUBLISHED:
        yield from _published_lines(str(dataset.name))
    elif dataset.name in OF_SCIKIT_LEARN:
        yield from _scikit_learn_lines(str(dataset.name), spec, imports)
    elif named.credit == "computed":
        yield from _computed_lines(named, imports)
    else:
        raise UserError("the rows of this config cannot be read by a script without nnrun")
    if dataset.sample_weight is not None:
        column = named.features.index(dataset.sample_weight)
        yield f"sample_weight = X[:, {column}]  # {dataset.sample_weight}"
    if grouped:
        yield from named_lines(prepared)
    else:
        yield from _columns(spec, named.features)
    if target.positive:
        number = named.facts.class_names.index(target.positive)
        yield f'y = (y == {number}).astype("int32")  # {target.positive}'


def _published_lines(name: str) -> Iterator[str]:
    yield f"(X, y), (X_test, y_test) = keras.datasets.{name}.load_data()"
    if name not in FLAT_LABELS:
        yield "y, y_test = y.reshape(-1), y_test.reshape(-1)"


def _scikit_learn_lines(name: str, spec: InputSpec, imports: set[str]) -> Iterator[str]:
    loader = OF_SCIKIT_LEARN[name]
    imports.add(f"from sklearn.datasets import {loader.partition('(')[0]}")
    yield f"{name} = {loader}"
    if name == "california_housing":
        imports.add("import numpy as np")
        yield f'X, y = {name}.data.astype("float32"), {name}.target.astype("float32")'
        yield "order = np.lexsort([y, *X.T])  # copies of these data differ in their order"
        yield "X, y = X[order], y[order]"
    else:
        inputs = "images" if len(spec.shape) > 1 else "data"
        yield f"X, y = {name}.{inputs}, {name}.target"


def _columns(spec: InputSpec, features: Sequence[str]) -> Iterator[str]:
    if tuple(spec.features) != tuple(features):
        chosen = [features.index(name) for name in spec.features]
        yield f"X = X[:, {chosen}]  # {', '.join(spec.features)}"


def _computed_lines(named: NamedDataset, imports: set[str]) -> Iterator[str]:
    """The rows themselves: truth tables are written out."""
    imports.add("import numpy as np")
    rows = named.load()
    inputs, targets = rows.inputs.astype(int).tolist(), rows.targets.tolist()
    yield assign("X", call("np.array", literal(inputs), dtype=literal("float32")))
    yield assign("y", call("np.array", literal(targets)))


def _csv_lines(
    prepared: Prepared, dataset: Dataset, spec: InputSpec, target: TargetSpec, imports: set[str]
) -> Iterator[str]:
    split = dataset.split
    files = {"valid": split.validation, "test": split.test}
    own = {part: file for part, file in files.items() if isinstance(file, str)}
    assert dataset.csv is not None  # noqa: S101 asked by the caller
    path, options = str(dataset.csv.arguments["path"]), _reading_options(dataset.csv)
    if is_grouped(prepared):
        if own:
            raise UserError("several outputs of several files cannot be written as plain Keras yet")
        yield assign("rows", call("pd.read_csv", literal(_shown(path)), **options))
        yield from csv_lines(prepared)
        return
    if target.input and own:
        raise UserError("an autoencoder of several files cannot be written as plain Keras yet")
    if target.input:
        columns = layout(literal(list(spec.features)))
        yield assign("rows", call("pd.read_csv", literal(_shown(path)), **options))
        yield f'X = rows[{columns}].to_numpy("float32")'
        return
    inputs, targets = _features(dataset, spec), _targets(dataset, target)
    if not own:
        yield assign("rows", call("pd.read_csv", literal(_shown(path)), **options))
        yield f"X = {inputs}"
        yield f"y = {targets}"
    else:
        read = layout(call("pd.read_csv", "path", **options), column=11)
        yield f"def read(path):\n    rows = {read}\n    return {inputs}, {targets}\n\n"
        yield f"X, y = read({quoted(_shown(path))})"
        for part, file in own.items():
            yield f"X_{part}, y_{part} = read({quoted(_shown(file))})"
    if target.classes and not target.positive:
        imports.add("import numpy as np")
        yield "classes, y = np.unique(y, return_inverse=True)"
        yield from (f"y_{part} = np.searchsorted(classes, y_{part})" for part in own)


def _weight_lines(dataset: Dataset, csv: Component) -> Iterator[str]:
    if dataset.sample_weight is None:
        return
    table = "rows"
    if any(isinstance(share, str) for share in (dataset.split.validation, dataset.split.test)):
        path = literal(_shown(str(csv.arguments["path"])))
        table = layout(call("pd.read_csv", path, **_reading_options(csv)))
    yield f'sample_weight = {table}[{quoted(dataset.sample_weight)}].to_numpy("float32")'


def _reading_options(csv: Component) -> dict[str, Expression]:
    separator = csv.arguments.get("separator", ",")
    return {} if separator == "," else {"sep": literal(separator)}


def _shown(path: str) -> str:
    """A file by its name from where the command was typed, if it lies below."""
    full, here = Path(path).resolve(), Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)


def _features(dataset: Dataset, spec: InputSpec) -> str:
    if dataset.features is None or len(spec.features) > _FEW_COLUMNS:
        columns = [*dataset.targets, *named_columns(dataset.sample_weight)]
        left_out = quoted(columns[0]) if len(columns) == 1 else layout(literal(columns))
        if dataset.features is None:
            return f'rows.drop(columns={left_out}).to_numpy("float32")'
    return f'rows[{layout(literal(list(spec.features)))}].to_numpy("float32")'


def _targets(dataset: Dataset, target: TargetSpec) -> str:
    columns = list(dataset.targets)
    names = quoted(columns[0]) if len(columns) == 1 else layout(literal(columns))
    if target.positive:
        return f'(rows[{names}] == {quoted(target.positive)}).to_numpy("int32")'
    if target.classes:
        return f"rows[{names}].to_numpy()"
    ones = [column.values[1] for column in target.columns if column.values]
    if set(ones) - {"1", "True"}:
        cells = [{"1": 1, "True": True}.get(one, one) for one in ones]
        return f'(rows[{names}] == {layout(literal(cells))}).to_numpy("float32")'
    return f'rows[{names}].to_numpy("float32")'
