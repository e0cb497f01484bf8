"""Heaviside units, HalfSquaredError, plain SGD and one row at a time: Rosenblatt's rule."""

from typing import Any

import keras
import numpy as np
import pytest

from nnrun.data.splits import Part
from nnrun.models.activations import Heaviside
from nnrun.models.losses import HalfSquaredError
from nnrun.training.engines import CompiledTraining, make_resident

ROWS = np.float32([[2, 1], [-1, 3], [1, -1], [0.5, 2]])
LABELS = np.int32([0, 1, 0, 1])
RATE = 0.5


def perceptron(rate: float = RATE, units: int = 1) -> Any:
    unit = keras.layers.Dense(units, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((2,)), unit, Heaviside()])
    model.compile(keras.optimizers.SGD(rate), loss=HalfSquaredError(), metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_the_weights_after_every_instance_are_those_of_the_rule(engine: str) -> None:
    model = perceptron()
    data = make_resident(Part({"x": ROWS}, {"y": LABELS}))
    training = CompiledTraining(model, data, batch_size=1, engine=engine)
    training.begin_epoch(np.arange(4, dtype=np.int32))
    # ŷ is 1 from 0 on. Row by row: 0 is taken for 1, so w -= 0.5 x; -(-1) - 1.5 - 0.5 is below 0
    # and taken for 0, so w += 0.5 x; and so on.
    by_hand = [
        ([-1.0, -0.5], -0.5),  # x = (2, 1), y = 0, ŷ = 1
        ([-1.5, 1.0], 0.0),  # x = (-1, 3): 1 - 1.5 - 0.5 = -1, y = 1, ŷ = 0
        ([-1.5, 1.0], 0.0),  # x = (1, -1): -1.5 - 1 = -2.5, y = 0, ŷ = 0
        ([-1.5, 1.0], 0.0),  # x = (0.5, 2): -0.75 + 2 = 1.25, y = 1, ŷ = 1
    ]
    for step, (kernel, bias) in enumerate(by_hand):
        figures = training.run(step, step + 1)
        found = [array.ravel().tolist() for array in model.get_weights()]
        assert found == [kernel, [bias]]
    assert figures["accuracy"] == 0.5
    assert figures["loss"] == 0.5 * 2 / 4


def test_the_loss_is_half_the_squared_error_of_a_row() -> None:
    loss = HalfSquaredError()
    assert float(loss(np.int32([0, 1]), np.float32([[1], [0.5]]))) == (0.5 + 0.125) / 2
    assert float(loss(np.float32([[0, 1]]), np.float32([[1, 0]]))) == 1.0
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert isinstance(copy, HalfSquaredError)
