"""A config becomes the model it speaks of, or an error at the line that is to blame."""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.tasks.targets import TargetSpec

from .conftest import NUMBER, TEN_CLASSES, TWO_CLASSES, Build

DIGITS = """
architecture:
  - Flatten
  - Dense: {units: 300, activation: relu}
  - Dense: {units: 100, activation: relu}
  - Dense: {units: 10, activation: softmax}
"""
SMALL = """
architecture:
  - Dense: {units: 4, activation: relu}
  - Dropout: 0.5
  - Dense: 1
"""


def refusal(build: Build, *arguments: Any) -> Any:
    with pytest.raises(ConfigError) as caught:
        build(*arguments)
    (problem,) = caught.value.problems
    return problem


def test_the_classic_image_classifier_has_its_parameters(build: Build) -> None:
    model = build(DIGITS, (28, 28), TEN_CLASSES)
    assert model.count_params() == (784 * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", *["Dense"] * 3]
    assert model.output_shape == (None, 10)
    assert len(model.optimizer.variables) == 2 + 2 * 6  # the steps, the rate, two moments each


def test_the_same_seed_gives_the_same_bits(build: Build) -> None:
    first, second = build(SMALL), build(SMALL)
    assert len(first.variables) == len(second.variables) == 5
    for mine, other in zip(first.variables, second.variables, strict=True):
        assert mine.path == other.path
        np.testing.assert_array_equal(mine.numpy(), other.numpy())


def test_another_seed_gives_other_weights_and_dropout(build: Build) -> None:
    first, second = build("seed: 1\n" + SMALL), build("seed: 2\n" + SMALL)
    for index in (0, 2, 3):  # kernel, seed generator, kernel
        assert not np.array_equal(first.variables[index].numpy(), second.variables[index].numpy())


def test_a_list_with_nothing_but_dense_builds(build: Build) -> None:
    model = build("architecture: [Dense: 1]", (7,))
    assert model.count_params() == 8
    assert model.predict(np.zeros((2, 7), "float32"), verbose=0).tolist() == [[0.0], [0.0]]


def test_an_activation_with_arguments_becomes_a_layer(build: Build) -> None:
    model = build(
        "architecture: [Dense: {units: 2, activation: {LeakyReLU: {negative_slope: 0.3}}}, Dense: 1]"
    )
    dense, leaky, _ = model.layers
    assert dense.activation is keras.activations.linear
    assert leaky.negative_slope == 0.3


@pytest.mark.parametrize(
    ("layer", "shape", "line", "told"),
    [
        ("Conv2D: {filters: 2, kernel_size: 3}", (28, 28), 3, ("[28, 28]", "Reshape: [28, 28, 1]")),
        ("Conv1D: {filters: 2, kernel_size: 3}", (8,), 3, ("[8]", "Reshape: [8, 1]")),
        ("MaxPooling2D", (8,), 3, ("[8]", "MaxPooling2D takes rows with 3 axes")),
        ("Reshape: [5, 5]", (24,), 3, ("[24]", "")),
        ("Dense: 3", (28, 28), 4, ("[28, 1] for a row, but the target is 1 number", "Flatten")),
    ],
)
def test_a_layer_that_does_not_fit_is_blamed(
    build: Build, layer: str, shape: tuple[int, ...], line: int, told: tuple[str, str]
) -> None:
    says, hint = told
    problem = refusal(build, f"architecture:\n  - {layer}\n  - Dense: 1\n", shape)
    assert problem.place.line == line
    assert says in problem.message
    assert hint in problem.hint
    assert 'layer "' not in problem.message


@pytest.mark.parametrize(
    ("units", "target"),
    [
        (2, NUMBER),
        (1, TargetSpec("regression", width=2)),
        (3, TWO_CLASSES),
        (1, TargetSpec("binary", ("no", "yes"), width=2, one_hot=True)),
        (1, TEN_CLASSES),
    ],
)
def test_an_output_of_another_width_than_the_target_is_refused(
    build: Build, units: int, target: TargetSpec
) -> None:
    wanted = len(target.classes) or target.width
    problem = refusal(build, f"architecture: [Dense: 4, Dense: {units}]", (3,), target)
    assert f"gives [{units}] for a row, but the target is {wanted} " in problem.message
    assert problem.path == "architecture[1].Dense"
    assert problem.hint == f"End with `Dense: {wanted}`."


def test_a_class_of_the_users_own_is_imported_and_given_its_arguments(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_layers.py").write_text(
        "import keras\n"
        "class Doubled(keras.layers.Dense):\n"
        "    def __init__(self, units): super().__init__(2 * units)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    model = build("architecture: ['my_own_layers:Doubled': {units: 3}, Dense: 1]")
    assert model.layers[0].units == 6
    monkeypatch.delitem(sys.modules, "my_own_layers")


@pytest.mark.parametrize("name", ["nowhere_to_be_found:Layer", "json:NoSuchLayer"])
def test_a_class_that_cannot_be_imported_is_told(build: Build, name: str) -> None:
    problem = refusal(build, f"architecture:\n  - '{name}'\n  - Dense: 1\n")
    assert problem.message.startswith(f"cannot import {name}")
    assert problem.place.line == 3
    assert "beside the config file" in problem.hint


def test_arguments_that_a_class_refuses_are_told(build: Build) -> None:
    problem = refusal(build, "architecture:\n  - Dropout: {rate: 0.5, seed: x}\n  - Dense: 1\n")
    assert problem.place.line == 3


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_keeps_weights_and_output_in_full(build: Build, precision: str) -> None:
    from nnrun.data.transforms.scaling import Scaling

    text = f"runtime: {{precision: {precision}}}\n{SMALL}"
    model = build(text, steps=[Scaling(1 / 255, 0.0)])
    scale, hidden, _, output = model.layers
    assert scale.compute_dtype == "float32"
    assert hidden.compute_dtype == precision.removeprefix("mixed_")
    assert hidden.kernel.dtype == output.compute_dtype == "float32"
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "mixed_float16")
    build(SMALL)
    assert keras.config.dtype_policy().name == "float32"  # the next model is not touched by it
