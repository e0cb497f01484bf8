"""The `regularization` block reaches every hidden layer once, in the right place."""

import keras
import numpy as np
import pytest

from .conftest import Build

PLAIN = "architecture: [Dense: {units: 4, activation: tanh}, Dense: {units: 3}, Dense: 1]\n"


def kinds(model: keras.Model) -> list[str]:
    return [
        layer.activation.__name__ if type(layer).__name__ == "Activation" else type(layer).__name__
        for layer in model.layers
    ]


def test_penalties_lie_on_hidden_kernels_only(build: Build) -> None:
    model = build(PLAIN + "regularization: {l1: 0.01, l2: 0.1}")
    first, second, output = model.layers
    assert output.kernel_regularizer is None
    assert first.bias_regularizer is None
    expected = sum(
        0.01 * np.abs(kernel).sum() + 0.1 * np.square(kernel).sum()
        for kernel in (first.kernel.numpy(), second.kernel.numpy())
    )
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-6)


def test_what_a_layer_says_itself_is_kept(build: Build) -> None:
    model = build(
        """
architecture:
  - Dense: {units: 4, kernel_regularizer: {L2: 0.5}, kernel_constraint: NonNeg}
  - Dense: {units: 4, kernel_regularizer: null}
  - Dense: {units: 4}
  - Dense: 1
regularization: {l1: 0.1, max_norm: 2.0}
"""
    )
    own, none, ours, output = model.layers
    assert type(own.kernel_regularizer).__name__ == "L2"
    assert type(own.kernel_constraint).__name__ == "NonNeg"
    assert none.kernel_regularizer is None
    assert float(ours.kernel_regularizer.l1) == pytest.approx(0.1)
    assert ours.kernel_constraint.max_value == 2.0
    assert output.kernel_constraint is None


@pytest.mark.parametrize(
    ("layer", "shape", "into_a_unit"),
    [
        ("Dense: 4", (3,), (0,)),
        ("Conv1D: {filters: 4, kernel_size: 2}", (5, 3), (0, 1)),
        ("Conv2D: {filters: 4, kernel_size: 2}", (5, 5, 3), (0, 1, 2)),
        ("Conv2DTranspose: {filters: 4, kernel_size: 2}", (5, 5, 3), (0, 1, 3)),
    ],
)
def test_max_norm_bounds_the_weights_into_each_unit(
    build: Build, layer: str, shape: tuple[int, ...], into_a_unit: tuple[int, ...]
) -> None:
    text = f"architecture: [{{{layer}}}, Flatten, Dense: 1]\nregularization: {{max_norm: 0.5}}"
    hidden = build(text, shape).layers[0]
    kernel = np.random.default_rng(0).normal(size=hidden.kernel.shape).astype("float32")
    norms = np.sqrt((hidden.kernel_constraint(kernel).numpy() ** 2).sum(axis=into_a_unit))
    assert norms.shape == (4,)
    np.testing.assert_allclose(norms, 0.5, rtol=1e-5)


@pytest.mark.parametrize(
    ("layers", "regularization", "expected"),
    [
        (
            "Dense: {units: 4, activation: relu}",
            "dropout: 0.2",
            "Dense Dropout",
        ),
        (
            "Dense: {units: 4, activation: relu}",
            "batch_normalization: before_activation, dropout: 0.2",
            "Dense BatchNormalization relu Dropout",
        ),
        (
            "Dense: {units: 4, activation: relu}",
            "batch_normalization: after_activation, dropout: 0.2",
            "Dense BatchNormalization Dropout",
        ),
        (
            "Dense: {units: 4, activation: LeakyReLU}",
            "batch_normalization: before_activation, dropout: 0.2",
            "Dense BatchNormalization LeakyReLU Dropout",
        ),
        (
            "Dense: {units: 4, activation: LeakyReLU}",
            "batch_normalization: after_activation, dropout: 0.2",
            "Dense LeakyReLU BatchNormalization Dropout",
        ),
        (
            "Dense: 4, Activation: tanh",
            "batch_normalization: before_activation, dropout: 0.2",
            "Dense BatchNormalization tanh Dropout",
        ),
        (
            "Dense: 4, Activation: tanh",
            "batch_normalization: after_activation, dropout: 0.2",
            "Dense tanh BatchNormalization Dropout",
        ),
        (
            "Dense: 4, Activation: tanh, Dropout: 0.7",
            "batch_normalization: after_activation, dropout: 0.2",
            "Dense tanh BatchNormalization Dropout",
        ),
        (
            "Dense: 4, BatchNormalization: {momentum: 0.9}, ReLU: {}",
            "batch_normalization: before_activation, dropout: 0.2",
            "Dense BatchNormalization ReLU Dropout",
        ),
        (
            "Dense: 4",
            "batch_normalization: before_activation",
            "Dense BatchNormalization",
        ),
    ],
)
def test_normalization_and_dropout_stand_where_they_belong(
    build: Build, layers: str, regularization: str, expected: str
) -> None:
    model = build(f"architecture: [{layers}, Dense: 1]\nregularization: {{{regularization}}}")
    assert kinds(model) == [*expected.split(), "Dense"]
    has_own_activation = "relu" in layers and "before" not in regularization
    own = "relu" if has_own_activation else "linear"
    assert model.layers[0].activation.__name__ == own
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates in ([], [0.7] if "0.7" in layers else [0.2])


def test_the_last_convolution_before_pooling_is_no_output(build: Build) -> None:
    model = build(
        """
architecture:
  - Conv1D: {filters: 2, kernel_size: 2, activation: relu}
  - MaxPooling1D: 2
  - Flatten
  - Dense: 1
regularization: {dropout: 0.2, batch_normalization: after_activation}
""",
        (6, 1),
    )
    assert kinds(model) == [
        "Conv1D",
        "BatchNormalization",
        "Dropout",
        "MaxPooling1D",
        "Flatten",
        "Dense",
    ]


def test_clipping_goes_to_the_optimizer(build: Build) -> None:
    names = {"norm": "clipnorm", "global_norm": "global_clipnorm", "value": "clipvalue"}
    for ours, keras_name in names.items():
        model = build(PLAIN + f"regularization: {{clip: {{{ours}: 0.25}}}}")
        assert getattr(model.optimizer, keras_name) == 0.25
