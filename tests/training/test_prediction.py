"""Compiled predictions are Keras's own, and draws of dropout touch nothing else."""

from typing import Any

import keras
import numpy as np
import pytest

from nnrun.errors import UserError
from nnrun.training.prediction import CompiledPrediction, dropout_on, sample
from nnrun.training.state import capture_state, restore_state

ROWS = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
INPUTS = {"inputs": ROWS}


def make_model(*hidden: Any) -> Any:
    keras.utils.set_random_seed(1)
    layers = [keras.Input((4,), name="inputs"), *hidden, keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("engine", ["xla", "graph"])
@pytest.mark.parametrize("batch_size", [None, 1, 4, 10, 64])
def test_predictions_are_keras_own(engine: str, batch_size: int | None) -> None:
    model = make_model(keras.layers.Dense(5), keras.layers.BatchNormalization())
    prediction = CompiledPrediction(model, len(ROWS), engine, batch_size)
    found = prediction.run(INPUTS)
    assert found == pytest.approx(model.predict(ROWS, verbose=0), rel=1e-5)


def test_half_precision_gives_float32() -> None:
    model = make_model(keras.layers.Dense(3, dtype="mixed_bfloat16"))
    assert CompiledPrediction(model, 10, "graph").run(INPUTS).dtype == np.float32


def test_the_mean_of_many_draws_is_that_of_the_dropout() -> None:
    """A linear layer behind dropout: mean w·x, variance w²x²·rate/(1 - rate)."""
    model = keras.Sequential([keras.Input((1,), name="inputs"), keras.layers.Dropout(0.2)])
    found = sample(model, {"inputs": np.full((4000, 1), 3.0, np.float32)}, draws=50, engine="graph")
    assert found.mean.mean() == pytest.approx(3, abs=0.02)
    assert (found.deviation**2).mean() == pytest.approx(9 * 0.25 * 49 / 50, abs=0.05)


def test_mean_and_deviation_are_those_of_the_draws() -> None:
    model = make_model(keras.layers.Dropout(0.5))
    draws: list[np.ndarray] = []

    def keep(outputs: np.ndarray) -> np.ndarray:
        draws.append(outputs)
        return outputs

    found = sample(model, INPUTS, draws=7, engine="xla", transform=keep)
    assert found.mean == pytest.approx(np.mean(draws, axis=0), rel=1e-5)
    assert found.deviation == pytest.approx(np.std(draws, axis=0), rel=1e-4, abs=1e-6)
    assert found.deviation.max() > 0.01


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_batch_normalization_stays_as_it_is(engine: str) -> None:
    model = make_model(keras.layers.BatchNormalization(), keras.layers.Dropout(0.0))
    model.layers[0].moving_mean.assign(np.full(4, 2.0))
    before = capture_state(model)
    plain = model.predict(ROWS, verbose=0)
    found = sample(model, INPUTS, draws=2, engine=engine)
    assert found.mean == pytest.approx(plain, rel=1e-5)
    assert found.deviation.max() < 1e-6
    after = capture_state(model)
    for name, array in before.items():
        if "seed" not in name:
            assert (after[name] == array).all(), name


def test_dropout_is_off_again_afterwards() -> None:
    model = make_model(keras.layers.Dropout(0.5), keras.layers.GaussianDropout(0.5))
    plain = model.predict(ROWS, verbose=0)
    with dropout_on(model):
        assert not np.allclose(model(ROWS, training=False), plain)
    assert np.array(model(ROWS, training=False)) == pytest.approx(plain, rel=1e-5)


def test_dropout_within_another_layer_is_found() -> None:
    inner = keras.Sequential([keras.layers.SpatialDropout1D(0.5)])
    model = keras.Sequential([keras.Input((4, 2), name="inputs"), inner])
    with dropout_on(model):
        assert (np.array(model(np.ones((8, 4, 2)), training=False)) == 0).any()


def test_the_same_state_draws_the_same() -> None:
    model = make_model(keras.layers.Dropout(0.5))
    state = capture_state(model)
    found = []
    for _ in range(2):
        restore_state(model, state)
        found.append(sample(model, INPUTS, draws=3, engine="graph").mean)
    assert (found[0] == found[1]).all()


def test_a_model_without_dropout_is_refused() -> None:
    with pytest.raises(UserError, match="no dropout layer"):
        sample(make_model(), INPUTS, draws=2, engine="graph")
