"""Our activations against numbers worked out by hand, in every engine."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nnrun.models.activations import Heaviside, NoisyReLU
from nnrun.training.engines import compilable_random


@pytest.mark.parametrize("compiled", [True, False])
def test_heaviside_is_a_step_whose_gradient_passes_through(compiled: bool) -> None:
    layer = Heaviside()

    @tf.function(jit_compile=compiled)
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(3.0 * y)
        return y, tape.gradient(loss, x)

    y, slope = both(tf.constant([-1e30, -0.3, -1e-30, 0.0, 1e-30, 0.3, 1e30]))
    assert y.numpy().tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert slope.numpy().tolist() == [3.0] * 7


def noisy(layer: Any, x: np.ndarray, engine: str = "graph") -> np.ndarray:
    @tf.function(jit_compile=engine == "xla")
    def draw() -> Any:
        with compilable_random(engine):
            return layer(x, training=True)

    drawn: np.ndarray = draw().numpy()
    return drawn


def test_without_training_a_noisy_relu_is_a_relu() -> None:
    x = np.float32([-2, 0, 3])
    assert NoisyReLU()(x).numpy().tolist() == [0, 0, 3]
    assert NoisyReLU(stddev=0.5)(x, training=False).numpy().tolist() == [0, 0, 3]
    assert NoisyReLU(stddev=0.0)(x, training=True).numpy().tolist() == [0, 0, 3]


@pytest.mark.parametrize("engine", ["xla", "graph"])
@pytest.mark.parametrize(
    ("stddev", "at", "deviation"), [(0.5, 10.0, 0.5), (None, 8.0, (1 / (1 + np.exp(-8.0))) ** 0.5)]
)
def test_the_noise_has_its_mean_and_deviation(
    engine: str, stddev: float | None, at: float, deviation: float
) -> None:
    # So far above 0 nothing is cut off.
    drawn = noisy(NoisyReLU(stddev, seed=1), np.full((100, 100), at, np.float32), engine)
    assert abs(drawn.mean() - at) < 5 * deviation / 100
    assert abs(drawn.std() - deviation) < 5 * deviation / (100 * np.sqrt(2))


def test_by_default_the_variance_is_the_sigmoid_of_the_input() -> None:
    drawn = noisy(NoisyReLU(seed=1), np.zeros((200, 200), np.float32))
    # At 0 the deviation is the root of a half, and half of the values are cut off.
    assert abs((drawn == 0).mean() - 0.5) < 5 * 0.5 / 200
    assert abs(np.square(drawn).mean() - 0.5 / 2) < 5 * 0.6 / 200


def test_the_seed_decides_the_noise_and_its_state_is_a_variable() -> None:
    x = np.ones((4, 4), np.float32)
    layer = NoisyReLU(seed=1)
    first, second = noisy(layer, x), noisy(layer, x)
    again = NoisyReLU(seed=1)
    np.testing.assert_array_equal(noisy(again, x), first)
    assert not np.array_equal(first, second)
    again.seed_generator.state.assign(layer.seed_generator.state)
    np.testing.assert_array_equal(noisy(again, x), noisy(layer, x))


def test_the_noise_is_a_constant_in_the_gradient() -> None:
    x = tf.constant(np.linspace(-3, 3, 50, dtype="float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = NoisyReLU(seed=3)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), (y > 0).numpy().astype("float32"))


def test_they_are_made_anew_from_their_config() -> None:
    layer = NoisyReLU(stddev=0.5, seed=3)
    copy = NoisyReLU.from_config(layer.get_config())
    assert (copy.stddev, copy.seed) == (0.5, 3)
    assert isinstance(keras.layers.deserialize(keras.layers.serialize(Heaviside())), Heaviside)
    with pytest.raises(ValueError, match="0 or more"):
        NoisyReLU(stddev=-1.0)
