"""Small models and data for the engine; Keras itself is what everything is compared with."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from nnrun.data.splits import Part
from nnrun.device import import_tensorflow

import_tensorflow("cpu")

FEATURES, CLASSES = 6, 3
ROWS, BATCH = 50, 16  # three full steps and one with two rows


@pytest.fixture(autouse=True)
def _plain_precision() -> Iterator[None]:
    """A test's number format is its own: Keras keeps it for all models made afterwards."""
    import keras

    yield
    keras.config.set_dtype_policy("float32")


def make_part(rows: int = ROWS, seed: int = 0) -> Part:
    """Rows whose class depends on their features."""
    x = np.random.default_rng(seed).normal(size=(rows, FEATURES)).astype("float32")
    truth = np.random.default_rng(99).normal(size=(FEATURES, CLASSES))
    y = (x @ truth).argmax(axis=1).astype("int32")
    return Part({"x": x}, {"y": y})


def dense_layers() -> list[Any]:
    import keras

    return [keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(CLASSES, "softmax")]


def make_model(
    optimizer: Any = "sgd",
    layers: Callable[[], list[Any]] = dense_layers,
    seed: int = 7,
    precision: str = "float32",
    strategy: Any = None,
    **options: Any,
) -> Any:
    """A compiled classifier of `make_part`'s rows, with the weights that the seed gives."""
    import keras

    keras.utils.clear_session(free_memory=False)  # the names of the layers begin anew
    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = keras.Sequential([keras.Input((FEATURES,)), *layers()])
        model.compile(optimizer=optimizer() if callable(optimizer) else optimizer, **options)
        model.optimizer.build(model.trainable_variables)
    return model


def every_variable(model: Any) -> dict[str, np.ndarray]:
    from nnrun.training.state import capture_state

    return capture_state(model)


def assert_same_bits(mine: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> None:
    assert mine.keys() == other.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)
