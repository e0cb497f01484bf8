"""What a model takes over from that of a run, and which of it learns."""

from typing import Any

import numpy as np
import pytest

from nnrun.errors import ConfigError
from nnrun.models.freezing import layers_to_unfreeze, leaves, nothing_learns, unfreeze
from nnrun.models.reused_layers import take_layers
from tests.models.conftest import Declare


@pytest.fixture
def graph() -> Any:
    """Rows go through `wide` and beside it, and come together."""
    import keras

    layers = keras.layers
    keras.backend.clear_session()
    rows = keras.Input((3,), name="rows")
    scaled = layers.Rescaling(0.5, name="scale_0")(rows)
    wide = layers.Dense(4, name="wide")(scaled)
    joined = layers.Concatenate(name="joined")([scaled, wide])
    return keras.Model(rows, layers.Dense(2, name="out")(joined))


def test_a_graph_is_taken_over_up_to_where_the_dropped_layers_begin(
    graph: Any, declare: Declare
) -> None:
    declared = declare("architecture: {from_run: x, drop_last: 1, freeze: [wide], add: [Dense: 1]}")
    (taken,) = take_layers(graph, declared)
    rows = np.array([[1.0, 2.0, 4.0]], np.float32)
    kernel, bias = (np.asarray(weight) for weight in graph.get_layer("wide").weights)
    # Without the preprocessing: the rows themselves go in, not their halves.
    assert np.asarray(taken(rows))[0] == pytest.approx([*rows[0], *(rows @ kernel + bias)[0]])
    assert taken.trainable_variables == []
    assert {layer.name for layer in leaves(taken)} >= {"wide", "joined"}


def test_what_is_left_of_a_graph_has_one_end(graph: Any, declare: Declare) -> None:
    declared = declare("architecture: {from_run: x, drop_last: 2, add: [Dense: 1]}")
    (taken,) = take_layers(graph, declared)
    assert taken.outputs[0].shape == (None, 4)
    with pytest.raises(ConfigError, match="so that none is left"):
        take_layers(graph, declare("architecture: {from_run: x, drop_last: 3}"))


def test_the_last_frozen_layers_with_weights_learn_later(declare: Declare) -> None:
    import keras

    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, name="a"), layers.BatchNormalization(name="b")],
        name="inner",
    )
    model = keras.Sequential(
        [
            keras.Input((3,)),
            inner,
            layers.Dense(3, name="c"),
            layers.Dropout(0.5, name="d"),
            layers.Dense(1, name="e"),
        ]
    )
    for name in ("inner", "c", "d"):
        model.get_layer(name).trainable = False
    text = "architecture: [Dense: 1]\ntraining: {fine_tune: {after_epoch: 1, learning_rate: 1.0, "

    def chosen(unfreeze: str) -> list[Any]:
        return layers_to_unfreeze(model, declare(f"{text}unfreeze: {unfreeze}}}}}"))

    assert [layer.name for layer in chosen("all")] == ["a", "b", "c"]
    assert [layer.name for layer in chosen("2")] == ["b", "c"]
    assert [layer.name for layer in chosen("[a]")] == ["a"]
    unfreeze(model, chosen("2"))
    learning = [variable.path.rsplit("/", 2)[-2:] for variable in model.trainable_variables]
    assert learning == [
        ["b", "gamma"],
        ["b", "beta"],
        ["c", "kernel"],
        ["c", "bias"],
        ["e", "kernel"],
        ["e", "bias"],
    ]


def test_a_model_in_which_nothing_learns_is_told(graph: Any, declare: Declare) -> None:
    declared = declare("architecture: {from_run: x, freeze: all}")
    assert list(nothing_learns(graph, declared)) == []
    graph.trainable = False
    (told,) = nothing_learns(graph, declared)
    assert (told.path, told.severity) == ("architecture", "warning")
    assert "changes nothing" in told.message
    later = "training: {fine_tune: {after_epoch: 1, learning_rate: 1.0}}"
    tuned = declare(f"architecture: {{from_run: x, freeze: all}}\n{later}")
    assert list(nothing_learns(graph, tuned)) == []
