"""Timing an engine leaves no trace in the model, and its answer is remembered."""

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from nnrun.caching import SWITCH
from nnrun.training import timing
from nnrun.training.choosing import engine_for
from nnrun.training.engines import CompiledTraining, make_resident

from .conftest import (
    BATCH,
    CLASSES,
    FEATURES,
    assert_same_bits,
    every_variable,
    make_model,
    make_part,
)

PART = make_part()


class Noisy(keras.layers.Layer):
    """A layer of the user's own that draws without a seed."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return inputs + keras.random.normal((FEATURES,)) if training else inputs


class Convolving(keras.layers.Layer):
    """A layer of the user's own that nobody would take for a convolution."""

    def call(self, inputs: Any) -> Any:
        return keras.ops.conv(inputs[..., None], keras.ops.ones((3, 1, 1)))[..., 0]


class Unique(keras.layers.Layer):
    """A layer of the user's own with an operation that XLA has not."""

    def call(self, inputs: Any) -> Any:
        return inputs + tf.cast(tf.strings.length(tf.strings.as_string(inputs)), "float32")


def model_with(*first: Any) -> Any:
    def all_layers() -> list[Any]:
        return [
            *(layer() for layer in first),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.Dense(CLASSES, "softmax"),
        ]

    return make_model("adam", all_layers)


def answered(model: Any) -> tuple[str, str]:
    choice = engine_for(model, "auto", rows=PART, batch_size=BATCH)
    return choice.name, choice.reason


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nnrun" / "engines"


def test_a_timed_training_has_the_bits_of_one_that_was_not() -> None:
    results = []
    for timed in (True, False):
        model = model_with(Noisy)
        if timed:
            name, reason = answered(model)
            assert name in ("xla", "graph")
            assert reason.startswith("timed: xla ")
            assert " ms a step, graph " in reason
        training = CompiledTraining(model, make_resident(PART), BATCH, "graph")
        training.begin_epoch(np.arange(PART.rows, dtype="int32"))
        results.append((training.run(0, training.steps), every_variable(model)))
    assert results[0][0] == results[1][0]
    assert_same_bits(results[0][1], results[1][1])


def test_what_is_drawn_without_a_seed_is_as_before() -> None:
    model = model_with(Noisy)
    keras.random.normal((1,))  # now Keras's own generator exists
    generator = timing.global_state.get_global_attribute("global_seed_generator")
    before = (generator.state.numpy().tolist(), random.getstate(), np.random.get_state()[2])
    with timing.undisturbed(model):
        keras.random.normal((1,))
        random.random()
        np.random.normal()
    assert before == (generator.state.numpy().tolist(), random.getstate(), np.random.get_state()[2])


def test_convolutions_are_found_in_a_layer_of_the_users_own() -> None:
    answer = answered(model_with(Convolving))
    assert answer == ("graph", "convolutions are faster without XLA on the CPU")


def test_what_xla_cannot_run_is_run_as_a_graph() -> None:
    name, reason = answered(model_with(Unique))
    assert name == "graph"
    assert reason.startswith("XLA cannot run this model: ")


@pytest.mark.parametrize(
    ("graph", "xla", "engine"),
    [(0.002, 0.004, "graph"), (0.002, 0.003, "xla"), (0.002, 0.001, "xla")],
)
def test_xla_is_taken_unless_the_graph_is_clearly_faster(
    graph: float, xla: float, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_step_seconds", lambda _: {"graph": graph, "xla": xla})
    reason = f"timed: xla {1000 * xla:.3g} ms a step, graph {1000 * graph:.3g}"
    assert answered(model_with(Noisy)) == (engine, reason)


def test_an_answer_is_remembered_for_this_model_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_compare", lambda *_: ("graph", "timed once"))
    assert answered(model_with(Noisy)) == ("graph", "timed once")
    monkeypatch.setattr(timing, "_compare", lambda *_: ("xla", "timed anew"))
    assert answered(model_with(Noisy)) == ("graph", "timed once")
    assert answered(model_with(Noisy, Noisy)) == ("xla", "timed anew")
    assert len(list(cache.iterdir())) == 2
    for damaged in ("", "[]", '{"engine": "fast", "reason": ""}', '{"engine": "graph"}'):
        for file in cache.iterdir():
            file.write_text(damaged)
        assert answered(model_with(Noisy)) == ("xla", "timed anew")
