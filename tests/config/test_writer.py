"""Values → YAML → the same values; experiments likewise."""

import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.components import Component, Duration
from nnrun.config.gallery_sheet import SHEET
from nnrun.config.loading import load_experiment
from nnrun.config.options import is_default_option, to_plain
from nnrun.config.reader import plain_value, read_yaml
from nnrun.config.writer import experiment_to_yaml, write_yaml

CONFIGS = Path(__file__).parents[2] / "configs"
GALLERY = sorted(path for path in CONFIGS.glob("**/*.yaml") if path.name != SHEET)
TRICKY = [
    "", " ", "~", "null", "no", "yes", "on", "true", "True", "1", "1e-4", "1.", ".5", "0x10", "0o17", "1_000",
    ".inf", ".nan", "=", "<<", "- a", "a: b", "a #b", "# a", "[a", "{a", "*a", "&a", "!a", "|", ">", "%a", "@a",
    "`a", "'", '"', "\\", "a\nb", "a\n", "\n", "\ta", "a\t", "\x1b[1m", "\x00", "\x85", "\u2028", "\ufeff", "é", "😀",
    "2020-01-01", "---", "...", "? a", "-", ":", ",", "a" * 300, "9" * 500,
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(TRICKY)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


def read_back(value):
    return plain_value(read_yaml(write_yaml(value), "x"))


def same(left, right):
    """Equal, and of equal types all the way down."""
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and repr(left) == repr(right)


@given(values)
@settings(max_examples=500, deadline=None)
def test_what_is_written_is_read_back(value):
    assert same(read_back(value), value)


@pytest.mark.parametrize("text", TRICKY, ids=ascii)
def test_tricky_texts_are_read_back(text):
    assert read_back([text, {text or "x": text}]) == [text, {text or "x": text}]


def test_nan_is_read_back():
    assert math.isnan(read_back([math.nan])[0])


def test_the_layout_is_plain():
    assert write_yaml({"a": [1e-05, "1e-05", True], "b": {"c": None}}) == (
        "a:\n- 1e-05\n- '1e-05'\n- true\nb:\n  c: null\n"
    )


def test_what_stands_twice_is_written_twice():
    shared = {"a": 1}
    assert write_yaml([shared, shared]) == "- a: 1\n- a: 1\n"


@pytest.mark.parametrize("epochs", [1.0, 20.0, 0.5, 1234567.0, 1e-05, 1e16, 1 / 3])
def test_durations_are_read_back(epochs, tmp_path):
    config = tmp_path / "mine.yaml"
    text = "dataset: {name: digits}\narchitecture: [Dense: {units: 10, activation: softmax}]\n"
    config.write_text(text + f"schedule: {{CosineDecay: {{decay_steps: {Duration(epochs)}}}}}\n")
    schedule = load_experiment(config).schedule
    assert schedule.arguments["decay_steps"] == Duration(epochs)


def test_components_in_their_forms():
    dense = Component("Dense", "layers", "keras.layers", {"units": 3, "activation": None})
    assert to_plain(Component("Flatten", "layers")) == "Flatten"
    assert to_plain([dense]) == [{"Dense": {"units": 3, "activation": None}}]
    wrapped = Component("TimeDistributed", "layers", arguments={"layer": dense})
    assert to_plain(wrapped) == {"TimeDistributed": {"layer": to_plain(dense)}}


FULL = """\
name: full
dataset:
  csv: {path: rows.csv, separator: ;}
  target: kind
  features: [a, b]
  split: {validation: 0.2, test: more.csv, stratify: true}
  preprocess: {standardize: true}
architecture:
  - Flatten
  - Dropout: 0.5
  - Bidirectional: {LSTM: 3}
  - my_layers:Squash: {rate: 1e-4, name: "1e-4"}
  - Dense: {units: 3, activation: softmax, kernel_regularizer: {l2: 1e-3}, kernel_initializer: he_normal}
loss: sparse_categorical_crossentropy
metrics: [accuracy, {SparseTopKCategoricalAccuracy: {k: 2}}]
optimizer: {sgd: {momentum: 0.9, learning_rate: 0.1}}
regularization: {l2: 1e-4, clip: {norm: 1}}
callbacks: [EarlyStopping: {monitor: val_accuracy}]
training: {epochs: 3, class_weight: {"1": 2, "no": 0.5}}
expect: {params: 5, val_accuracy: {min: 0.5}}
"""


def test_a_full_experiment_is_read_back_elsewhere(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (first / "mine.yaml").write_text(FULL)
    experiment = load_experiment(first / "mine.yaml")
    (second / "resolved.yaml").write_text(experiment_to_yaml(experiment))
    again = load_experiment(second / "resolved.yaml")
    assert again == experiment
    assert experiment_to_yaml(again) == experiment_to_yaml(experiment)


@pytest.mark.parametrize("config", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_read_back(config, tmp_path):
    experiment = load_experiment(config)
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(experiment_to_yaml(experiment))
    single = dataclasses.replace(experiment, seeds=None, folds=None, search=None)
    assert load_experiment(resolved) == single


def test_without_defaults_only_what_differs_is_written(tmp_path):
    config = tmp_path / "mine.yaml"
    text = (
        "dataset:\n  name: iris\narchitecture:\n- Dense:\n    units: 3\n    activation: softmax\n"
    )
    config.write_text(text)
    experiment = load_experiment(config)
    assert write_yaml(to_plain(experiment, defaults=False)) == "name: mine\n" + text
    assert is_default_option(experiment, "training")
    assert not is_default_option(experiment, "dataset")
