"""Which engine trains follows from the layers, where these tell."""

from typing import Any

import keras
import pytest
from keras import layers

from nnrun.training.choosing import Engine, choose_engine, engine_for

from .conftest import CLASSES, make_model


def wrapped(inner: Any) -> Any:
    return keras.Sequential([layers.TimeDistributed(layers.Identity()), keras.Sequential([inner])])


class Holder(keras.layers.Layer):
    """A layer of the user's own, with layers in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(2), layers.Conv2D(2, 2)]


class Doubled(keras.layers.Layer):
    """A layer of the user's own, of which nothing is known."""

    def call(self, inputs: Any) -> Any:
        return 2 * inputs


@pytest.mark.parametrize(
    ("layer", "on_gpu", "engine", "reason"),
    [
        (layers.Dense(3), False, "xla", "gains"),
        (layers.Dropout(0.3), False, "xla", "gains"),
        (layers.Conv2D(2, 2, name="c"), False, "graph", "'c' is faster without XLA on the CPU"),
        (layers.Conv2D(2, 2), True, "xla", "gains"),
        (layers.SeparableConv1D(2, 2), False, "graph", "faster"),
        (layers.Conv2DTranspose(2, 2), False, "graph", "faster"),
        (layers.ConvLSTM1D(2, 2), False, "graph", "faster"),
        (layers.TimeDistributed(layers.Conv1D(2, 2, name="i")), False, "graph", "'i' is faster"),
        (wrapped(layers.Conv1D(2, 2, name="deep")), False, "graph", "'deep' is faster"),
        (Holder(), False, "graph", "faster"),
        (layers.RandomRotation(0.1, name="turn"), True, "graph", "cannot compile 'turn'"),
        (layers.StringLookup(vocabulary=["a"]), True, "graph", "cannot compile"),
        (wrapped(layers.MixUp()), False, "graph", "cannot compile"),
    ],
)
def test_the_layers_choose_the_engine(layer: Any, on_gpu: bool, engine: str, reason: str) -> None:
    choice = choose_engine("auto", [layers.Flatten(), layer], on_gpu=on_gpu)
    assert choice is not None
    assert choice.name == engine
    assert reason in choice.reason


def test_an_engine_that_is_asked_for_is_taken() -> None:
    choice = choose_engine("xla", [layers.Conv2D(2, 2)], on_gpu=False)
    assert choice == Engine("xla", "set by runtime.engine")


@pytest.mark.parametrize(
    "layer", [layers.GRU(2), layers.Bidirectional(layers.SimpleRNN(2)), wrapped(Doubled())]
)
def test_some_layers_do_not_tell(layer: Any) -> None:
    assert choose_engine("auto", [layer, layers.Dense(1)], on_gpu=False) is None
    on_gpu = choose_engine("auto", [layer, layers.Dense(1)], on_gpu=True)
    assert on_gpu is not None
    assert on_gpu.name == "xla"


def test_nothing_is_timed_without_rows() -> None:
    model = make_model(layers=lambda: [Doubled(), layers.Dense(CLASSES, "softmax")])
    choice = engine_for(model, "auto")
    assert choice == Engine("xla", "most models gain by being compiled")
