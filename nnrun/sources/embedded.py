"""Small data sets that come with the package, and truth tables; CREDITS.md names the authors."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from nnrun.config.facts import DataFacts
from nnrun.config.tasks import task_of_classes
from nnrun.sources.frame import Arrays
from nnrun.sources.named import NamedDataset

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = "embedded"


def _table(
    name: str,
    *,
    title: str,
    credit: str,
    rows: int,
    features: tuple[str, ...],
    target: str,
    classes: tuple[str, ...] = (),
    image: tuple[int, ...] = (),
) -> NamedDataset:
    """The entry of a data set in a file of this package."""
    facts = _facts(rows=rows, shape=image or (len(features),), classes=classes)
    return NamedDataset(
        key=name,
        title=title,
        facts=facts,
        features=() if image else features,
        target=target,
        credit=credit,
        load=partial(_read, name, facts, image),
    )


def _truth_table(
    name: str, title: str, features: tuple[str, ...], says: Callable[..., bool]
) -> NamedDataset:
    """The entry of a logical function: every combination of its inputs, 0 and 1."""
    return NamedDataset(
        key=name,
        title=title,
        facts=_facts(rows=2 ** len(features), shape=(len(features),), classes=("0", "1")),
        features=features,
        target="result",
        credit="computed",
        load=partial(_enumerate, len(features), says),
    )


def _facts(*, rows: int, shape: tuple[int, ...], classes: tuple[str, ...]) -> DataFacts:
    task = task_of_classes(len(classes))
    return DataFacts(task, len(classes), classes, shape, 1, train_rows=rows, test_rows=0)


def _read(name: str, facts: DataFacts, image: tuple[int, ...]) -> Arrays:
    """Reads `tables/NAME.csv.gz`: a header, the features, and the target in the last column."""
    import csv
    import gzip

    import numpy as np

    packed = files("nnrun.sources").joinpath("tables", f"{name}.csv.gz").read_bytes()
    lines = list(csv.reader(gzip.decompress(packed).decode("utf-8").splitlines()))[1:]
    inputs = np.array([line[:-1] for line in lines], dtype=np.float64)
    if image:
        inputs = inputs.reshape(-1, *image).astype(np.uint8)
    targets = (
        np.array([facts.class_names.index(line[-1]) for line in lines], np.int32)
        if facts.classes
        else np.array([[line[-1]] for line in lines], dtype=np.float64).astype(np.float32)
    )
    return Arrays(inputs if image else inputs.astype(np.float32), targets, SOURCE)


def _enumerate(width: int, says: Callable[..., bool]) -> Arrays:
    from itertools import product

    import numpy as np

    inputs = np.array(list(product((0, 1), repeat=width)), np.float32)
    return Arrays(inputs, np.array([says(*row) for row in inputs], np.int32), "computed")


def _one_hot_rows(width: int) -> Arrays:
    import numpy as np

    return Arrays(np.eye(width, dtype=np.float32), np.arange(width, dtype=np.int32), "computed")


_CELL = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)

DATASETS = {
    "digits": _table(
        "digits",
        title="Handwritten digits, 8x8 pixels of 0 to 16",
        credit="E. Alpaydin and C. Kaynak, 1998",
        rows=1797,
        features=tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8)),
        target="digit",
        classes=tuple("0123456789"),
        image=(8, 8),
    ),
    "iris": _table(
        "iris",
        title="Three species of iris by four measures of their flowers",
        credit="R. A. Fisher, 1936",
        rows=150,
        features=("sepal_length", "sepal_width", "petal_length", "petal_width"),
        target="species",
        classes=("setosa", "versicolor", "virginica"),
    ),
    "wine": _table(
        "wine",
        title="Wines of three cultivators by thirteen chemical measures",
        credit="M. Forina et al., 1988",
        rows=178,
        features=(
            "alcohol",
            "malic_acid",
            "ash",
            "alcalinity_of_ash",
            "magnesium",
            "total_phenols",
            "flavanoids",
            "nonflavanoid_phenols",
            "proanthocyanins",
            "color_intensity",
            "hue",
            "od280_od315",
            "proline",
        ),
        target="cultivar",
        classes=("class_0", "class_1", "class_2"),
    ),
    "breast_cancer": _table(
        "breast_cancer",
        title="Breast tumours, malignant or benign, by thirty measures of cell nuclei",
        credit="W. H. Wolberg, W. N. Street and O. L. Mangasarian, 1995",
        rows=569,
        features=(
            *(f"mean_{measure}" for measure in _CELL),
            *(f"{measure}_error" for measure in _CELL),
            *(f"worst_{measure}" for measure in _CELL),
        ),
        target="diagnosis",
        classes=("malignant", "benign"),
    ),
    "diabetes": _table(
        "diabetes",
        title="Progression of diabetes after a year, by ten measures in their own units",
        credit="B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, 2004",
        rows=442,
        features=("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        target="progression",
    ),
    "and": _truth_table("and", "Logical AND", ("a", "b"), lambda a, b: a and b),
    "or": _truth_table("or", "Logical OR", ("a", "b"), lambda a, b: a or b),
    "xor": _truth_table("xor", "Logical XOR", ("a", "b"), lambda a, b: a != b),
    "not": _truth_table("not", "Logical NOT", ("a",), lambda a: not a),
    "identity": NamedDataset(
        key="identity",
        title="Eight one-hot rows, each its own class; with `one_hot` the targets are the inputs",
        facts=_facts(rows=8, shape=(8,), classes=tuple("01234567")),
        features=tuple(f"bit_{bit}" for bit in range(8)),
        target="row",
        credit="computed",
        load=partial(_one_hot_rows, 8),
    ),
}
