"""Every layer of the catalogue trains a step from its config, or it is said here why it cannot stand in a list."""

from typing import Any

import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from tests.models.conftest import Build

pytestmark = pytest.mark.filterwarnings("ignore")

SEVERAL_INPUTS = "takes several inputs: it stands in a graph"
CELL = "is a cell, which stands in an RNN"
TEXT = "takes text: tests/models/test_texts.py"
LABELS = "changes the labels with the pictures, which stand in no list of layers"
BOXES = "takes bounding boxes, which nnrun does not read"

NOT_IN_A_LIST = {
    **dict.fromkeys(
        (
            "Add",
            "AdditiveAttention",
            "Attention",
            "Average",
            "Concatenate",
            "Dot",
            "GroupQueryAttention",
            "HashedCrossing",
            "Maximum",
            "Minimum",
            "MultiHeadAttention",
            "Multiply",
            "Subtract",
        ),
        SEVERAL_INPUTS,
    ),
    **dict.fromkeys(("GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"), CELL),
    **dict.fromkeys(("StringLookup", "TextVectorization"), TEXT),
    **dict.fromkeys(("CutMix", "MixUp"), LABELS),
    "MaxNumBoundingBoxes": BOXES,
}

ROW, SEQUENCE, IMAGE, VOLUME = (6,), (8, 4), (12, 12, 3), (6, 6, 6, 2)
ARGUMENTS: dict[str, str] = {
    "Activation": "tanh",
    "Bidirectional": "{LSTM: 3}",
    "CategoryEncoding": "{num_tokens: 9}",
    "Conv1D": "{filters: 2, kernel_size: 3}",
    "Discretization": "{bin_boundaries: [0.0, 1.0, 2.0]}",
    "EinsumDense": "{equation: 'ab,bc->ac', output_shape: 3}",
    "Embedding": "{input_dim: 9, output_dim: 3}",
    "IntegerLookup": "{vocabulary: [1, 2, 3]}",
    "Normalization": "{mean: 1.0, variance: 2.0}",
    "Permute": "[2, 1]",
    "Pipeline": "[Flatten, Dense: 3]",
    "RNN": "{cell: {GRUCell: 3}}",
    "Reshape": "[3, 2]",
    "ReversibleEmbedding": "{input_dim: 9, output_dim: 3}",
    "SpectralNormalization": "{Dense: 3}",
    "TimeDistributed": "{Dense: 3}",
}
BY_ARGUMENT = {
    "cropping": "1",
    "factor": "0.5",
    "filters": "2",
    "height": "6",
    "height_factor": "0.2",
    "width": "6",
    "width_factor": "0.2",
    "kernel_size": "3",
    "n": "2",
    "num_bins": "5",
    "output_size": "2",
    "pool_size": "2",
    "rate": "0.5",
    "scale": "2.0",
    "stddev": "0.1",
    "units": "3",
}
SHAPES: dict[str, tuple[int, ...]] = {
    "Bidirectional": SEQUENCE,
    "ConvLSTM1D": (3, 8, 2),
    "ConvLSTM2D": (3, 8, 8, 2),
    "ConvLSTM3D": (3, 5, 5, 5, 2),
    "ContrastLimitedAdaptiveHistogramEqualization": (16, 16, 3),
    "GRU": SEQUENCE,
    "GroupNormalization": (32,),
    "LSTM": SEQUENCE,
    "MelSpectrogram": (4000,),
    "Permute": SEQUENCE,
    "RNN": SEQUENCE,
    "STFTSpectrogram": (600, 1),
    "SimpleRNN": SEQUENCE,
    "TimeDistributed": SEQUENCE,
}
PICTURES = (
    "AugMix",
    "AutoContrast",
    "CenterCrop",
    "RandAugment",
    "Random",
    "Resizing",
    "Solarization",
)


def shape_of(name: str) -> tuple[int, ...]:
    if name in SHAPES:
        return SHAPES[name]
    if name.startswith(PICTURES):
        return IMAGE
    for mark, shape in (("1D", SEQUENCE), ("2D", IMAGE), ("3D", VOLUME)):
        if mark in name:
            return shape
    return ROW


def arguments_of(name: str) -> str:
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    entry = load_catalogue().find("layers", name)
    assert entry is not None
    required = [argument.name for argument in entry.arguments.values() if argument.required]
    if "factor" in required and name in ("RandomPosterization",):
        return "{factor: 4}"
    return "{" + ", ".join(f"{one}: {BY_ARGUMENT[one]}" for one in required) + "}"


@pytest.mark.parametrize(
    "name",
    [name for name in load_catalogue().names("layers") if name not in NOT_IN_A_LIST],
)
def test_a_layer_trains_a_step(name: str, build: Build) -> None:
    shape = shape_of(name)
    text = f"architecture:\n  - {name}: {arguments_of(name)}\n  - Flatten\n  - Dense: 1\n"
    model: Any = build(text, shape)
    rows = np.random.default_rng(0).integers(0, 4, size=(4, *shape)).astype("float32")
    before = [np.array(weight) for weight in model.trainable_variables]
    figures = model.train_step((rows, np.arange(4, dtype="float32").reshape(-1, 1)))
    assert np.isfinite(float(figures["loss"]))
    changed = [
        not np.array_equal(old, new)
        for old, new in zip(before, model.trainable_variables, strict=True)
    ]
    assert any(changed)


def test_no_layer_is_excused_that_is_not_there() -> None:
    assert set(NOT_IN_A_LIST) <= set(load_catalogue().names("layers"))
