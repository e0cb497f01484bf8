"""Maxout against numbers worked out by hand."""

from pathlib import Path

import keras
import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.models.layers import Maxout

from .conftest import Build


def test_every_unit_gives_the_greatest_of_its_pieces() -> None:
    layer = Maxout(2, pieces=2)
    layer.build((None, 2))
    # Unit 1: max(a, -a) = |a|; unit 2: max(a + b, 2b + 1).
    layer.set_weights([np.float32([[1, -1, 1, 0], [0, 0, 1, 2]]), np.float32([0, 0, 0, 1])])
    rows = np.float32([[3, 1], [-2, 4], [5, -1]])
    assert layer(rows).numpy().tolist() == [[3, 4], [2, 9], [5, 4]]
    assert layer(rows[:, None]).shape == (3, 1, 2)


def test_only_the_greatest_piece_learns(build: Build) -> None:
    model = build(
        "architecture: [Maxout: {units: 1, pieces: 2, kernel_initializer: zeros}, Dense: "
        "{units: 1, kernel_initializer: ones}]\noptimizer: {SGD: 0.5}\nloss: mse",
        (1,),
    )
    hidden = model.layers[0]
    hidden.set_weights([np.float32([[2, -1]]), np.float32([0, 0])])
    model.train_on_batch(np.float32([[1]]), np.float32([[3]]))
    # The output is 2, the gradient of (2 - 3)² is -2: the first piece gains 0.5 * 2 * 1.
    assert hidden.kernel.numpy().tolist() == [[3, -1]]
    assert hidden.bias.numpy().tolist() == [1, 0]


def test_its_shape_is_known_and_it_is_made_anew_from_its_config() -> None:
    layer = Maxout(3, pieces=4, kernel_initializer="he_normal")
    assert layer.compute_output_shape((None, 7, 5)) == (None, 7, 3)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    copy.build((None, 5))
    assert copy.kernel.shape == (5, 12)
    assert (copy.pieces, type(copy.kernel_initializer).__name__) == (4, "HeNormal")


def test_it_is_a_hidden_layer_like_any_other(build: Build) -> None:
    text = "architecture: [Maxout: 4, Dense: 1]\nregularization: {l2: 0.1, dropout: 0.2}"
    model = build(text)
    assert [type(layer).__name__ for layer in model.layers] == ["Maxout", "Dropout", "Dense"]
    assert model.layers[0].kernel_regularizer is not None


@pytest.mark.parametrize("wrong", ["units: 0", "units: 3, pieces: 0", "units: 3, activation: relu"])
def test_what_it_cannot_be_is_refused(build: Build, wrong: str) -> None:
    with pytest.raises(ConfigError):
        build(f"architecture: [Maxout: {{{wrong}}}, Dense: 1]")


def test_a_saved_model_of_our_classes_is_read_by_keras(build: Build, tmp_path: Path) -> None:
    model = build(
        """
architecture:
  - Maxout: {units: 4, pieces: 3}
  - Dense: {units: 3, activation: NoisyReLU}
  - Dense: {units: 1, activation: Heaviside}
loss: HalfSquaredError
optimizer: {SGD: {learning_rate: 0.1}}
schedule: {OneCycle: 20 epochs}
"""
    )
    rows = np.random.default_rng(0).normal(size=(9, 3)).astype("float32")
    model.save(tmp_path / "model.keras")
    copy = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.predict(rows, verbose=0), model.predict(rows, verbose=0))
    assert type(copy.loss).__name__ == "HalfSquaredError"
    assert float(copy.optimizer.learning_rate) == float(model.optimizer.learning_rate)
