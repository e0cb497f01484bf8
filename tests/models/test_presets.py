"""The MLP preset ends in what the task needs."""

import pytest

from nnrun.tasks.targets import TargetColumn, TargetSpec

from .conftest import NUMBER, TEN_CLASSES, TWO_CLASSES, Build

THREE_LABELS = TargetSpec(
    "multilabel", width=3, columns=tuple(TargetColumn(name, ("0", "1")) for name in "rst")
)
ONE_HOT_PAIR = TargetSpec("binary", ("no", "yes"), width=2, one_hot=True)


@pytest.mark.parametrize(
    ("target", "units", "activation", "loss"),
    [
        (NUMBER, 1, "linear", "mean_squared_error"),
        (TargetSpec("regression", width=3), 3, "linear", "mean_squared_error"),
        (THREE_LABELS, 3, "sigmoid", "binary_crossentropy"),
        (TWO_CLASSES, 1, "sigmoid", "binary_crossentropy"),
        (ONE_HOT_PAIR, 2, "softmax", "categorical_crossentropy"),
        (TEN_CLASSES, 10, "softmax", "sparse_categorical_crossentropy"),
    ],
)
def test_the_output_follows_the_task(
    build: Build, target: TargetSpec, units: int, activation: str, loss: str
) -> None:
    model = build("architecture: {MLP: {hidden: [5, 4]}}", (3,), target)
    first, second, output = model.layers
    assert (first.units, second.units, output.units) == (5, 4, units)
    assert first.activation.__name__ == second.activation.__name__ == "relu"
    assert output.activation.__name__ == activation
    assert model.loss.name == loss


def test_images_are_flattened_and_no_hidden_layer_is_a_linear_model(build: Build) -> None:
    model = build("architecture: {MLP: {hidden: []}}", (4, 4), TEN_CLASSES)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense"]
    assert model.count_params() == 16 * 10 + 10


def test_hidden_layers_take_activation_and_initializer(build: Build) -> None:
    model = build(
        "architecture: {MLP: {hidden: [5], activation: LeakyReLU, kernel_initializer: he_normal}}"
    )
    hidden, leaky, output = model.layers
    assert type(leaky).__name__ == "LeakyReLU"
    assert type(hidden.kernel_initializer).__name__ == "HeNormal"
    assert type(output.kernel_initializer).__name__ == "GlorotUniform"


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        ("relu", "HeNormal"),
        ("leaky_relu", "HeNormal"),
        ("PReLU", "HeNormal"),
        ("elu", "HeNormal"),
        ("swish", "HeNormal"),
        ("NoisyReLU", "HeNormal"),
        ("selu", "LecunNormal"),
        ("tanh", "GlorotUniform"),
        ("sigmoid", "GlorotUniform"),
    ],
)
def test_the_initializer_follows_the_activation(
    build: Build, activation: str, initializer: str
) -> None:
    model = build(f"architecture: {{MLP: {{hidden: [5], activation: {activation}}}}}")
    assert type(model.layers[0].kernel_initializer).__name__ == initializer
    assert type(model.layers[-1].kernel_initializer).__name__ == "GlorotUniform"


@pytest.mark.parametrize("activation", ["softplus", "sigmoid"])
def test_the_numbers_of_a_regression_may_be_bounded(build: Build, activation: str) -> None:
    text = f"architecture: {{MLP: {{hidden: [5], output_activation: {activation}}}}}"
    model = build(text)
    assert model.layers[-1].activation.__name__ == activation
    assert model.loss.name == "mean_squared_error"
