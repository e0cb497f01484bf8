"""The lines of a script that read the rows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from nnrun.config.facts import class_numbers
from nnrun.errors import UserError
from nnrun.export.script.expressions import WIDTH, assign, call, literal
from nnrun.export.script.grouping import dealing_lines
from nnrun.export.script.table_lines import NO_LINES, table_lines
from nnrun.sources.finding import find_source
from nnrun.sources.named import NamedDataset
from nnrun.sources.table import TableSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nnrun.config.schema import Dataset
    from nnrun.data.splits import InputSpec
    from nnrun.experiments.prepared import Prepared

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
    source = find_source(dataset)
    if isinstance(source, TableSource):
        imports.add("import pandas as pd")
        yield from table_lines(prepared, source)
    elif isinstance(source, NamedDataset):
        yield from _named_lines(prepared, source, imports)
    else:
        raise UserError(NO_LINES)


def _named_lines(prepared: Prepared, named: NamedDataset, imports: set[str]) -> Iterator[str]:
    dataset = prepared.experiment.dataset
    suffixes = [""]
    if named.key in PUBLISHED:
        suffixes = ["", "_test"]
        yield from _published_lines(named.key)
    elif named.key in OF_SCIKIT_LEARN:
        spec = next(iter(prepared.splits.inputs.values()))
        yield from _scikit_learn_lines(named.key, spec, imports)
    elif named.credit == "computed":
        yield from _computed_lines(named)
    else:
        raise UserError(NO_LINES)
    yield from _class_lines(dataset, named.facts.class_names, suffixes)
    column = dataset.weighting.column
    if column is not None:
        yield f"sample_weight = X[:, {named.features.index(column)}]  # {column}"
    for suffix in suffixes:
        yield from dealing_lines(prepared, named, suffix)


def _class_lines(dataset: Dataset, names: Sequence[str], suffixes: Sequence[str]) -> Iterator[str]:
    """Lines that keep the rows of some classes, and tell one class from all others.

    Args:
        dataset: The config's section.
        names: The classes of the data set.
        suffixes: What the names of the arrays end in.
    """
    if dataset.classes is not None:
        numbers = class_numbers(names, dataset.classes)
        names = [names[number] for number in numbers]
        told = f'"""The rows of some classes, renumbered from 0: {", ".join(names)}."""'
        yield "\n".join(
            [
                "def select(X, y):",
                *textwrap.wrap(told, WIDTH, initial_indent="    ", subsequent_indent="    "),
                f"    matches = y[:, np.newaxis] == {numbers}",
                "    kept = matches.any(axis=1)",
                "    return X[kept], matches[kept].argmax(axis=1)",
            ]
        )
        yield from (f"X{one}, y{one} = select(X{one}, y{one})" for one in suffixes)
    if dataset.positive is not None:
        number = list(names).index(dataset.positive)
        for one in suffixes:
            yield f'y{one} = (y{one} == {number}).astype("int32")  # {dataset.positive}'


def _published_lines(name: str) -> Iterator[str]:
    yield f"(X, y), (X_test, y_test) = keras.datasets.{name}.load_data()"
    if name not in FLAT_LABELS:
        yield "y, y_test = y.reshape(-1), y_test.reshape(-1)"


def _scikit_learn_lines(name: str, spec: InputSpec, imports: set[str]) -> Iterator[str]:
    loader = OF_SCIKIT_LEARN[name]
    imports.add(f"from sklearn.datasets import {loader.partition('(')[0]}")
    yield f"{name} = {loader}"
    if name == "california_housing":
        yield f'X, y = {name}.data.astype("float32"), {name}.target.astype("float32")'
        yield "order = np.lexsort([y, *X.T])  # copies of these data differ in their order"
        yield "X, y = X[order], y[order]"
    else:
        inputs = "images" if len(spec.shape) > 1 else "data"
        yield f"X, y = {name}.{inputs}, {name}.target"


def _computed_lines(named: NamedDataset) -> Iterator[str]:
    """The rows themselves: truth tables are written out."""
    rows = named.load()
    inputs, targets = rows.rows.astype(int).tolist(), rows.targets.tolist()
    yield assign("X", call("np.array", literal(inputs), dtype=literal("float32")))
    yield assign("y", call("np.array", literal(targets)))
