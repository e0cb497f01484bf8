"""A graph in a config becomes the Keras model that one would write by hand."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.data.splits import InputSpec
from nnrun.data.transforms.chain import Transforms
from nnrun.errors import ConfigError
from nnrun.models.building import build_model
from nnrun.tasks.targets import TargetSpec

from .conftest import NUMBER, Declare

Make = Callable[..., Any]
TABLE = "dataset: {csv: rows.csv, target: y, features: [a]}\n"
TWO_SIDES = """
architecture:
  inputs: {left: {features: [a]}, right: {features: [a]}}
  layers:
    joined: {Concatenate: {}, from: [one, other]}
    one: {Dense: {units: 5, activation: relu}, from: left}
    other: {shared: one, from: right}
  outputs:
    price: {Dense: 1, from: joined, loss: mse, weight: 0.25}
    kind: {Dense: 1, from: one, loss: mae, metrics: [mse]}
"""


@pytest.fixture
def make(declare: Declare) -> Make:
    """The model of a graph, its inputs of the given shapes."""

    def make(
        text: str,
        shapes: dict[str, tuple[int, ...]],
        targets: dict[str, TargetSpec] | None = None,
    ) -> Any:
        experiment = declare(text if "dataset:" in text else TABLE + text)
        names = experiment.outline.outputs
        return build_model(
            experiment,
            inputs={name: InputSpec(shape, "float32") for name, shape in shapes.items()},
            targets=targets or dict.fromkeys(names, NUMBER),
            transforms=Transforms(),
            catalogue=load_catalogue(),
            steps_per_epoch=10,
        )

    return make


def test_a_shared_layer_has_one_set_of_weights(make: Make) -> None:
    model = make(TWO_SIDES, {"left": (3,), "right": (3,)})
    assert model.count_params() == (3 * 5 + 5) + (10 * 1 + 1) + (5 * 1 + 1)
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    given = model.predict({"left": x[0], "right": x[1]}, verbose=0)
    kernel, bias = model.get_layer("one").get_weights()
    one, other = (np.maximum(side @ kernel + bias, 0) for side in x)
    weights, last = model.get_layer("price").get_weights()
    expected = np.concatenate([one, other], axis=1) @ weights + last
    np.testing.assert_allclose(given["price"], expected, rtol=1e-5)


def test_the_loss_is_the_weighted_sum(make: Make) -> None:
    model = make(TWO_SIDES, {"left": (3,), "right": (3,)})
    x = np.ones((4, 3), "float32")
    rows = {"left": x, "right": x}
    truth = {"price": np.full((4, 1), 2.0, "float32"), "kind": np.full((4, 1), 3.0, "float32")}
    given = model.predict(rows, verbose=0)
    figures = model.evaluate(rows, truth, verbose=0, return_dict=True)
    squared = np.mean((given["price"] - 2) ** 2)
    absolute = np.mean(np.abs(given["kind"] - 3))
    assert set(figures) == {"loss", "price_loss", "price_mae", "kind_loss", "kind_mse"}
    assert figures["loss"] == pytest.approx(0.25 * squared + absolute, rel=1e-5)
    assert figures["kind_loss"] == pytest.approx(absolute, rel=1e-5)


def test_the_same_model_written_by_hand_has_the_same_bits(make: Make) -> None:
    mine = make(TWO_SIDES, {"left": (3,), "right": (3,)})
    keras.utils.set_random_seed(42)
    left, right = keras.Input((3,)), keras.Input((3,))
    one = keras.layers.Dense(5, "relu")
    first, second = one(left), one(right)
    joined = keras.layers.Concatenate()([first, second])
    outputs = [keras.layers.Dense(1)(joined), keras.layers.Dense(1)(first)]
    hand = keras.Model([left, right], outputs)
    mine_by_shape = {weight.shape: weight.numpy() for weight in mine.weights}
    for weight in hand.weights:
        np.testing.assert_array_equal(mine_by_shape[weight.shape], weight.numpy())


def test_regularization_reaches_the_hidden_layers_of_a_graph(make: Make) -> None:
    model = make(
        """
regularization: {l2: 0.1, dropout: 0.5, batch_normalization: before_activation}
architecture:
  layers:
    first: {Dense: {units: 4, activation: relu}, from: inputs}
    second: {Dense: 6, from: first}
    active: {ReLU: {}, from: second}
    own: {Dropout: 0.2, from: active}
  outputs:
    y: {Dense: 1, from: own}
""",
        {"inputs": (3,)},
    )
    assert [layer.name for layer in model.layers] == [
        "inputs",
        "first", "first_batchnormalization", "first_activation", "first_dropout",
        "second", "second_batchnormalization", "active", "own",
        "y",
    ]  # fmt: skip
    assert [model.get_layer(name).kernel_regularizer is None for name in ("first", "second", "y")] == [
        False, False, True,
    ]  # fmt: skip
    assert model.get_layer("own").rate == 0.2


def test_arguments_by_name_go_to_a_layer_that_takes_several(make: Make) -> None:
    model = make(
        """
architecture:
  layers:
    attended:
      MultiHeadAttention: {num_heads: 1, key_dim: 2}
      from: {query: inputs, value: inputs}
    flat: {Flatten: {}, from: attended}
  outputs:
    y: {Dense: 1, from: flat}
""",
        {"inputs": (5, 3)},
    )
    assert model.get_layer("attended").output.shape == (None, 5, 3)


@pytest.mark.parametrize(
    ("old", "new", "path", "told"),
    [
        ("Dense: {units: 5, activation: relu}", "Conv1D: {filters: 1, kernel_size: 1}",
         "architecture.layers.one.Conv1D", "does not fit rows of shape [3]"),
        ("Concatenate: {}", "Add: {}", "architecture.layers.joined.Add",
         "does not fit rows of shape [5] and [3]"),
        ("price: {Dense: 1", "price: {Dense: 2", "architecture.outputs.price.Dense",
         "the last layer has 2 units"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_blamed_by_name(
    make: Make, old: str, new: str, path: str, told: str
) -> None:
    text = TWO_SIDES.replace(old, new)
    if "Add" in new:
        text = text.replace("from: [one, other]", "from: [one, right]").replace(
            "    other: {shared: one, from: right}\n", ""
        )
    with pytest.raises(ConfigError) as caught:
        make("dataset: {csv: rows.csv, target: y, features: [a], task: regression}\n" + text,
             {"left": (3,), "right": (3,)})  # fmt: skip
    problem = caught.value.problems[0]
    assert problem.path == path
    assert problem.message.startswith(told)


@pytest.mark.parametrize(
    ("end", "hint"),
    [
        ("Dense: 64", "End with `Reshape: [8, 8]`."),
        ("LayerNormalization", "End with `Dense: 64` and `Reshape: [8, 8]`."),
    ],
)
def test_an_autoencoder_gives_back_the_shape_of_its_input(make: Make, end: str, hint: str) -> None:
    target = TargetSpec("autoencoder", width=64, input="inputs", shape=(8, 8))
    text = """
dataset: {name: digits}
architecture:
  layers: {flat: {Flatten: {}, from: inputs}, code: {Dense: 5, from: flat}}
  outputs: {picture: {%s: {}, from: code, task: autoencoder}}
"""
    name, _, units = end.partition(": ")
    text = text.replace("%s: {}", f"{name}: {units or '{}'}")
    with pytest.raises(ConfigError) as caught:
        make(text, {"inputs": (8, 8)}, {"picture": target})
    assert caught.value.problems[0].hint == hint
