"""Models of the user's own classes: what they may be, how they are built, and what of them is told."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.doubts import find_doubts
from nnrun.errors import ConfigError
from nnrun.training.choosing import inner_layers
from tests.models.conftest import Build, Declare

CODE = """\
import keras


class Branching(keras.Model):
    def __init__(self, units=3, gives=1, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gives = units, gives
        self.hidden = [keras.layers.Dense(units, activation="relu") for _ in range(2)]
        self.out = keras.layers.Dense(gives)

    def call(self, inputs):
        x = inputs
        for layer in self.hidden:
            x = layer(x)
        return self.out(keras.ops.concatenate([inputs, x], axis=-1))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "gives": self.gives}


class Doubling(Branching):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight)


class Unsaved(keras.Model):
    def __init__(self, function=len):
        super().__init__()


def number():
    return 3
"""


@pytest.fixture(autouse=True)
def _code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "branching_models.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("branching_models", None)


def config(name: str, arguments: str = "{}") -> str:
    return f"architecture: {{'branching_models:{name}': {arguments}}}\n"


def test_a_class_of_one_s_own_is_the_model(build: Build) -> None:
    model: Any = build(config("Branching", "{units: 5}"))
    # (3 + 1) * 5, then (5 + 1) * 5, then (3 + 5 + 1) * 1 into the output
    assert model.count_params() == 20 + 30 + 9
    (own,) = model.layers
    assert type(own).__name__ == "Branching"
    kinds = {type(layer).__name__ for layer in inner_layers(own)}
    assert kinds == {"Branching", "Dense"}


def test_a_loss_of_one_s_own_is_asked_for(build: Build) -> None:
    """Within another model, Keras would never call it."""
    plain, doubling = build(config("Branching")), build(config("Doubling"))
    assert type(doubling).__name__ == "Doubling"
    doubling.set_weights(plain.get_weights())
    rows = np.ones((2, 3), "float32"), np.zeros((2, 1), "float32")
    once, twice = (float(model.train_step(rows)["loss"]) for model in (plain, doubling))
    assert twice == pytest.approx(2 * once)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("number", "{}", "does not make a Keras model"),
        ("nothing", "{}", "cannot import branching_models:nothing"),
        ("Branching", "{unit: 3}", "unit"),
        ("Branching", "{gives: 2}", "the model gives [2] for a row, but the target is 1 number"),
        ("Unsaved", "{}", "cannot be saved"),
    ],
)
def test_what_is_no_model_of_these_data_is_told(
    build: Build, name: str, arguments: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build(config(name, arguments))
    (problem,) = refused.value.problems
    assert told in problem.message
    assert problem.path == f"architecture.branching_models:{name}"
    assert problem.place is not None


def test_preprocessing_has_no_place_before_a_training_of_one_s_own(build: Build) -> None:
    from nnrun.data.transforms.scaling import Scaling

    with pytest.raises(ConfigError, match="takes the rows as they are"):
        build(config("Doubling"), steps=[Scaling(0.5, 0.0)])


def test_regularization_does_not_reach_into_it(build: Build) -> None:
    with pytest.raises(ConfigError, match="cannot put it into the layers of"):
        build(config("Branching") + "regularization: {dropout: 0.5}\n")


def test_its_arguments_are_not_those_of_a_preset(declare: Declare) -> None:
    """Whatever a preset means by these names, a class means something of its own."""
    own = "{some_module:Own: {hidden: [2], activation: linear, output_activation: softmax}}"
    experiment = declare(f"dataset: {{name: iris}}\narchitecture: {own}")
    assert experiment.outline.own is not None
    assert find_doubts(experiment, load_catalogue()) == []
