"""California housing, from scikit-learn's table as a CSV file or from Keras's copy.

Both have the same 20,640 districts, with different columns and in a different order. Here they
become the same rows, so that a config gives the same figures with either copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnrun.config.facts import DataFacts
from nnrun.config.tasks import task_of_classes
from nnrun.errors import DataError
from nnrun.sources.frame import Arrays
from nnrun.sources.named import NamedDataset
from nnrun.sources.places import fetch_with_keras, folders_of, roots

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

NAME = "california_housing"
FEATURES = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)
VALUE = "MedHouseVal"
ROWS = 20_640

MEANS = {
    "MedInc": 3.870671,
    "HouseAge": 28.639486,
    "AveRooms": 5.429000,
    "AveBedrms": 1.096675,
    "Population": 1425.476744,
    "AveOccup": 3.070655,
    "Latitude": 35.631861,
    "Longitude": -119.569704,
    "rooms": 2635.763081,
    "bedrooms": 537.898014,
    "households": 499.539680,
}
"""The mean of every column that a copy may have, which identifies the column."""
MEAN_VALUE = 206_855.8
TOLERANCE = 1e-4


def _load() -> Arrays:
    """Read the CSV file if there is one, otherwise Keras's copy from its cache or by download."""
    for folder in (*folders_of(NAME), *roots()):
        path = folder / f"{NAME}.csv"
        if path.is_file():
            from nnrun.sources.csv import Csv

            rows = Csv(str(path)).read().inputs([*FEATURES, VALUE])
            return _in_order(rows[:, :-1], rows[:, -1:], str(path))
    expected = f"{NAME}.csv with the columns {','.join((*FEATURES, VALUE))}"
    fetched = fetch_with_keras(NAME, expected, version="large", test_split=0.0)
    return _from_census(fetched[0], fetched[1], f"keras.datasets.{NAME}")


def _from_census(columns: np.ndarray, values: np.ndarray, source: str) -> Arrays:
    """Keras's columns, identified by their means, as features; values in 100,000 dollars."""
    import numpy as np

    named = {name: column for column in columns.T for name in [_name_of(column)] if name}
    scale = 1e5 if abs(float(np.mean(values)) / MEAN_VALUE - 1) < TOLERANCE else 1.0
    if "households" in named:
        named |= _averages(named)
    missing = [name for name in FEATURES if name not in named]
    if missing:
        raise DataError(
            f"{source} has no column that is {missing[0]}",
            hint=f"set NNRUN_DATA to a folder that holds {NAME}.csv as scikit-learn has it",
        )
    inputs = np.stack([named[name] for name in FEATURES], axis=1).astype(np.float32)
    targets = (np.asarray(values, np.float64) / scale).astype(np.float32).reshape(-1, 1)
    return _in_order(inputs, targets, source)


def _name_of(column: np.ndarray) -> str:
    import numpy as np

    mean = float(np.mean(column, dtype=np.float64))
    near = [name for name, own in MEANS.items() if abs(mean / own - 1) < TOLERANCE]
    return near[0] if near else ""


def _averages(census: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The three columns that are averages over the households of a district."""
    totals = {"AveRooms": "rooms", "AveBedrms": "bedrooms", "AveOccup": "Population"}
    return {
        name: census[total].astype("float64") / census["households"]
        for name, total in totals.items()
        if total in census
    }


def _in_order(inputs: np.ndarray, targets: np.ndarray, source: str) -> Arrays:
    """The rows sorted by their values, since the copies differ in their (meaningless) order."""
    import numpy as np

    if len(inputs) != ROWS:
        raise DataError(
            f"{source} has {len(inputs):,} rows, where {ROWS:,} were published",
            hint="fetch the file again",
        )
    order = np.lexsort([targets[:, 0], *inputs.T])
    return Arrays(inputs[order], targets[order], source)


DATASETS = {
    NAME: NamedDataset(
        key=NAME,
        title="Median house values of Californian districts, in 100,000 dollars",
        facts=DataFacts(task_of_classes(0), 0, (), (8,), 1, train_rows=ROWS, test_rows=0),
        features=FEATURES,
        target=VALUE,
        credit="R. K. Pace and R. Barry, 1997",
        load=_load,
    )
}
