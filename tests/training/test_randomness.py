"""What is random in a layer follows from the seed and has the right distribution."""

import contextlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from nnrun.data.splits import Part
from nnrun.training.engines import CompiledTraining, make_resident
from nnrun.training.randomness import compilable_random, hashed_bits

from .conftest import FEATURES, make_model

RATE = 0.3


def drawn(layer: Any, engine: str, steps: int = 2) -> list[np.ndarray]:
    """What a layer makes of ones in every step, as a program of the engine's."""
    ones = tf.ones((64, 8, 8, 3))

    @tf.function(jit_compile=engine == "xla")
    def draw() -> Any:
        with compilable_random(engine):
            return layer(ones, training=True)

    return [draw().numpy() for _ in range(steps)]


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_dropout_keeps_its_share_and_scales_it(engine: str) -> None:
    first, second = drawn(layers.Dropout(RATE, seed=1), engine)
    assert np.unique(first).tolist() == [0, np.float32(1 / (1 - RATE))]
    deviation = np.sqrt(RATE * (1 - RATE) / first.size)
    assert abs((first > 0).mean() - (1 - RATE)) < 5 * deviation
    both = ((first > 0) & (second > 0)).mean()
    assert abs(both - (1 - RATE) ** 2) < 5 * deviation  # the masks of two steps are independent


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: layers.Dropout(RATE, seed=seed),
        lambda seed: layers.SpatialDropout2D(RATE, seed=seed),
        lambda seed: layers.AlphaDropout(RATE, seed=seed),
        lambda seed: layers.GaussianDropout(RATE, seed=seed),
        lambda seed: layers.GaussianNoise(RATE, seed=seed),
        lambda seed: layers.RandomBrightness(0.5, value_range=(0, 9), seed=seed),
    ],
)
def test_the_seed_decides_what_is_drawn(make: Any) -> None:
    first, second = drawn(make(1), "xla")
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(drawn(make(1), "xla"), [first, second])
    assert not np.array_equal(drawn(make(2), "xla")[0], first)


def test_without_xla_the_numbers_are_those_of_keras() -> None:
    ours, layer = drawn(layers.Dropout(RATE, seed=1), "graph"), layers.Dropout(RATE, seed=1)
    for mine in ours:
        np.testing.assert_array_equal(mine, layer(tf.ones((64, 8, 8, 3)), training=True))


def hashed(shape: tuple[int, ...], seed: tuple[int, int]) -> np.ndarray:
    bits: np.ndarray = hashed_bits(shape, tf.constant(seed, tf.int32)).numpy()
    return bits


def test_bits_are_those_of_the_hash_worked_out_with_python_integers() -> None:
    def mix(bits: int) -> int:
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            bits = (bits ^ bits >> shift) * factor % 2**32
        return bits ^ bits >> 16

    seed = (3, 2**31 - 1)
    first = mix((seed[0] + 0x9E3779B9) % 2**32)
    second = mix(seed[1] ^ mix(first))
    inner = mix((first + second) % 2**32)
    expected = [mix(mix((number + inner) % 2**32) ^ second) for number in range(6)]
    assert hashed((2, 3), seed).ravel().tolist() == expected


@pytest.mark.parametrize("seed", [(0, 0), (0, 1), (1, 0), (-5, 7), (1337, 123_456)])
def test_every_bit_is_as_often_set_as_not_and_neighbours_do_not_agree(
    seed: tuple[int, int],
) -> None:
    bits = (hashed((2**16,), seed)[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    deviation = 0.5 / np.sqrt(len(bits))
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * deviation
    for distance in (1, 2, 8, 512):
        agree = (bits[distance:] == bits[:-distance]).mean(axis=0)
        assert np.abs(agree - 0.5).max() < 5 * deviation


def test_two_seeds_give_bits_that_have_nothing_to_do_with_each_other() -> None:
    drawn_ones = [hashed((2**16,), (7, count)) for count in range(8)]
    drawn_ones += [hashed((2**16,), (seed, 0)) for seed in range(8, 16)]
    kept = np.array([bits >= 2**31 for bits in drawn_ones], float)
    correlation = np.corrcoef(kept) - np.eye(len(kept))
    assert np.abs(correlation).max() < 5 / np.sqrt(2**16)
    assert len({int(np.sort(bits)[0]) for bits in drawn_ones}) == len(drawn_ones)


def test_random_flips_compile() -> None:
    layer, rows = layers.RandomFlip("horizontal", seed=1), tf.random.uniform((32, 2, 2, 1))

    @tf.function(jit_compile=True)
    def draw() -> Any:
        with compilable_random("xla"):
            return layer(rows, training=True)

    flipped = np.any(draw().numpy() != rows.numpy(), axis=(1, 2, 3))
    assert 0 < flipped.sum() < 32


def test_tensorflow_is_itself_again_even_after_an_error() -> None:
    names = ("stateless_normal", "stateless_truncated_normal", "stateless_uniform")
    before = [tf.nn.experimental.stateless_dropout, *(getattr(tf.random, name) for name in names)]
    with contextlib.suppress(ZeroDivisionError), compilable_random("xla"):
        assert tf.nn.experimental.stateless_dropout is not before[0]
        raise ZeroDivisionError
    after = [tf.nn.experimental.stateless_dropout, *(getattr(tf.random, name) for name in names)]
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_every_step_of_a_training_has_a_mask_of_its_own() -> None:
    """Kernels of ones, no learning: a step's loss is the mean of what dropout let through."""
    rows = 40
    part = Part({"x": np.ones((rows, FEATURES), "float32")}, {"y": np.zeros((rows, 1), "float32")})
    model = make_model(
        keras.optimizers.SGD(0.0),
        lambda: [layers.Dropout(0.5), layers.Dense(1, kernel_initializer="ones")],
        loss="mae",
        metrics=[],
    )
    training = CompiledTraining(model, make_resident(part), 4, "xla")
    epochs = []
    for _ in range(2):
        training.begin_epoch(np.arange(rows, dtype="int32"))
        model.reset_metrics()
        means = np.array([training.run(step, step + 1)["loss"] for step in range(training.steps)])
        epochs.append(np.diff(means * np.arange(1, training.steps + 1), prepend=0).round(3))
    assert len(set(epochs[0])) > training.steps / 2
    assert not np.array_equal(*epochs)
    assert np.mean(epochs) == pytest.approx(FEATURES, rel=0.2)  # half of them, doubled


def test_what_xla_cannot_compile_is_told_in_words() -> None:
    from nnrun.errors import UserError

    def turned() -> list[Any]:
        image = (FEATURES // 2, 2, 1)
        turn = layers.RandomRotation(0.1)
        return [layers.Reshape(image), turn, layers.Flatten(), layers.Dense(1)]

    part = Part({"x": np.ones((4, FEATURES), "float32")}, {"y": np.zeros((4, 1), "float32")})
    model = make_model(layers=turned, loss="mse", metrics=[])
    training = CompiledTraining(model, make_resident(part), 4, "xla")
    training.begin_epoch(np.arange(4, dtype="int32"))
    with pytest.raises(UserError, match="XLA cannot run this model") as caught:
        training.run(0, 1)
    assert caught.value.hint == "Set runtime.engine: graph."
    training = CompiledTraining(model, make_resident(part), 4, "graph")
    training.begin_epoch(np.arange(4, dtype="int32"))
    assert training.run(0, 1)["loss"] > 0
