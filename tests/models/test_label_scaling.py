"""The loss sees labels scaled, and all else is in their own units."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.models.label_scaling import ScaledLoss, loadable_by_keras, seen_by_loss
from nnrun.tasks.targets import TargetSpec

from .conftest import NUMBER, Build

ZEROS = "architecture: [Dense: {units: 1, kernel_initializer: zeros}]\n"
SCALED = TargetSpec("regression", scale=(4.0,), offset=(10.0,))
TWO = TargetSpec("regression", width=2, scale=(2.0, 100.0), offset=(0.0, 1000.0))
X = np.array([[1, 0, 2], [0, 1, 1], [3, 1, 0], [2, 2, 2]], np.float32)
Y = np.array([[10.0], [12.0], [18.0], [6.0]], np.float32)


def figures(model: keras.Model, y: np.ndarray) -> dict[str, float]:
    return model.evaluate(X, y, verbose=0, return_dict=True)


def test_predictions_and_metrics_are_in_own_units_and_the_loss_is_not(build: Build) -> None:
    model = build(ZEROS + "metrics: [mae, R2Score]", target=SCALED)
    assert model.predict(X, verbose=0).ravel().tolist() == [10.0] * 4  # 0 * 4 + 10
    told = figures(model, Y)
    assert told["mae"] == pytest.approx((0 + 2 + 8 + 4) / 4)
    assert told["r2_score"] == pytest.approx(1 - (0 + 4 + 64 + 16) / (2.25 + 0.25 + 42.25 + 30.25))
    assert told["loss"] == pytest.approx((0 + 0.5**2 + 2**2 + 1**2) / 4)


def test_each_column_has_a_scale_of_its_own(build: Build) -> None:
    model = build(ZEROS.replace("1,", "2,"), target=TWO)
    y = np.array([[2, 1000], [0, 1100], [4, 900], [0, 1000]], np.float32)
    assert model.predict(X, verbose=0)[0].tolist() == [0.0, 1000.0]
    told = figures(model, y)
    assert told["loss"] == pytest.approx((1 + 1 + 4 + 1) / 8)
    assert told["mae"] == pytest.approx((2 + 100 + 4 + 100) / 8)


def test_a_model_learns_what_it_would_from_scaled_labels(build: Build) -> None:
    text = "architecture: {MLP: {hidden: [5], output_activation: sigmoid}}\noptimizer: {SGD: 0.5}\n"
    target = TargetSpec("regression", scale=(12.0,), offset=(6.0,))
    own, plain = build(text, target=target), build(text, target=NUMBER)
    for _ in range(5):
        own.train_on_batch(X, Y)
        plain.train_on_batch(X, (Y - 6) / 12)
    assert len(own.weights) == len(plain.weights) == 4
    for one, other in zip(own.weights, plain.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        own.predict(X, verbose=0), plain.predict(X, verbose=0) * 12 + 6, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", (0 + 0.25 + 4 + 1) / 4),
        (keras.losses.Huber(delta=1.0), (0 + 0.125 + 1.5 + 0.5) / 4),
        (keras.losses.MeanAbsoluteError(reduction="sum"), 0 + 0.5 + 2 + 1),
    ],
)
def test_any_loss_is_wrapped_with_its_name_and_its_reduction(loss: object, expected: float) -> None:
    wrapped = seen_by_loss(loss, SCALED)
    again = ScaledLoss.from_config(
        keras.saving.deserialize_keras_object(
            keras.saving.serialize_keras_object(wrapped.get_config())
        )
    )
    for one in (wrapped, again):
        assert float(one(Y, np.full_like(Y, 10))) == pytest.approx(expected)
        assert one.name in {"mean_squared_error", "huber_loss", "mean_absolute_error"}
    assert seen_by_loss(loss, NUMBER) is loss


def test_labels_far_from_0_keep_their_digits() -> None:
    loss = ScaledLoss("mse", (0.1,), (2.0**20,))
    labels = np.array([[2.0**20 + 0.125]], np.float32)  # the last digit that a float32 has there
    assert float(loss(labels, np.array([[2.0**20]], np.float32))) == pytest.approx(1.25**2)


@pytest.mark.parametrize(
    "architecture",
    [
        "[Dense: {units: 1, name: own_units}]",
        "{layers: {own_units: {Dense: 2, from: inputs}}, "
        "outputs: {targets: {Dense: 1, from: own_units}}}",
    ],
)
def test_a_layer_that_has_the_name_of_the_last_is_told(build: Build, architecture: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(f"architecture: {architecture}", target=SCALED)
    assert "is named 'own_units', too" in caught.value.problems[0].message


def test_an_output_of_another_width_is_refused_as_ever(build: Build) -> None:
    with pytest.raises(ConfigError) as caught:
        build("architecture: [Dense: 3]", target=TWO)
    assert "gives [3] for a row, but the target is 2 numbers" in caught.value.problems[0].message


def test_a_class_that_trains_itself_takes_labels_as_they_are(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alone_with_labels.py").write_text(
        "import keras\n\n\nclass Alone(keras.Model):\n"
        "    def train_step(self, data):\n        return {}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="has a training step of its own"):
        build("architecture: {'alone_with_labels:Alone': {}}", target=SCALED)


def test_the_saved_model_needs_keras_alone(build: Build, tmp_path: Path) -> None:
    model = build("architecture: [Dense: {units: 1, activation: tanh}]", target=SCALED)
    with loadable_by_keras(model, model):
        model.save(tmp_path / "model.keras")
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert "nnrun" not in config
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.layers[-1].get_config()["scale"] == [4.0]
    model.train_on_batch(X, Y)  # it is compiled as before


def test_a_model_without_scaled_labels_is_saved_with_its_loss(build: Build, tmp_path: Path) -> None:
    model = build(ZEROS)
    with loadable_by_keras(model, model):
        model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").loss.name == "mean_squared_error"
