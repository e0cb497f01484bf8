"""Preprocessing becomes layers that Keras alone can load; the catalogue's layers come to life."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.data.transforms.scaling import Scaling, Standardizing, Step, apply_steps
from nnrun.objects import instantiate

from .conftest import Build

TABLE = np.random.default_rng(1).normal(100, 30, (6, 3)).astype("float32")
IMAGES = np.random.default_rng(2).integers(0, 256, (6, 4, 4)).astype("uint8")
STEPS: list[tuple[tuple[Step, ...], np.ndarray]] = [
    ((Scaling(1 / 255, 0.0),), IMAGES),
    ((Scaling(1 / 255, 0.0), Standardizing(0.4, 0.09)), IMAGES),
    ((Standardizing((100.0, 90.0, 101.5), (900.0, 1.0, 850.0)),), TABLE),
    ((Scaling((0.01, 0.02, 0.5), (-1.0, 0.0, 2.0)),), TABLE),
    ((Scaling(0.1, 0.0), Scaling((0.1, 0.2, 0.3), (0.0, 1.0, -1.0))), TABLE),
    ((), TABLE),
]


def test_a_saved_model_takes_raw_rows_without_nnrun(build: Build, tmp_path: Path) -> None:
    steps = (*STEPS[3][0], *STEPS[2][0])
    model = build(
        "architecture: [Dense: {units: 4, activation: relu}, Dropout: 0.2, Dense: 1]",
        steps=steps,
    )
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as saved:
        assert b"nnrun" not in saved.read("config.json")
    predicted = keras.models.load_model(tmp_path / "model.keras").predict(TABLE, verbose=0)
    dense, _, output = model.layers[2:]
    hidden = np.maximum(apply_steps(steps, TABLE) @ dense.kernel.numpy(), 0)
    np.testing.assert_allclose(predicted, hidden @ output.kernel.numpy(), rtol=1e-5, atol=1e-5)


IMAGE_ARGUMENTS = {
    "Conv2D": {"filters": 2, "kernel_size": 2},
    "Conv2DTranspose": {"filters": 2, "kernel_size": 2},
    "DepthwiseConv2D": {"kernel_size": 2},
    "SeparableConv2D": {"filters": 2, "kernel_size": 2},
    "Dense": {"units": 2},
    "MaxPooling2D": {},
    "AveragePooling2D": {"pool_size": 2},
    "GlobalAveragePooling2D": {},
    "Flatten": {},
    "Reshape": {"target_shape": [16]},
    "Permute": {"dims": [2, 1, 3]},
    "BatchNormalization": {},
    "LayerNormalization": {},
    "GroupNormalization": {"groups": 1},
    "Dropout": {"rate": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "Rescaling": {"scale": 0.5},
    "Resizing": {"height": 2, "width": 2},
    "UpSampling2D": {},
    "ZeroPadding2D": {},
    "TimeDistributed": {"layer": Component("Dense", "layers", "keras.layers", {"units": 2})},
}


@pytest.mark.parametrize("name", IMAGE_ARGUMENTS)
def test_common_layers_come_to_life(name: str) -> None:
    entry = load_catalogue().find("layers", name)
    assert entry is not None
    layer = instantiate(Component(name, "layers", entry.module, IMAGE_ARGUMENTS[name]))
    assert layer(np.ones((1, 4, 4, 1), "float32")).shape[0] == 1


@pytest.mark.parametrize("name", load_catalogue().names("activations"))
def test_activation_layers_come_to_life(name: str) -> None:
    entry = load_catalogue().find("activations", name)
    assert entry is not None
    arguments = {"activation": "tanh"} if name == "Activation" else {}
    layer = instantiate(Component(name, "activations", entry.module, arguments))
    assert layer(np.ones((1, 4), "float32")).shape == (1, 4)


def test_wrapped_layers_are_made_from_the_inside_out() -> None:
    inner = Component("LSTM", "layers", "keras.layers", {"units": 2})
    layer = instantiate(Component("Bidirectional", "layers", "keras.layers", {"layer": inner}))
    assert layer(np.ones((1, 5, 3), "float32")).shape == (1, 4)
