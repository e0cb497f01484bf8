"""The JSON Schema says of a config what `nnrun validate` says, as far as a schema can."""

import json
from pathlib import Path

import jsonschema
import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.gallery_sheet import SHEET
from nnrun.config.json_schema import build_schema
from nnrun.config.options import options_of
from nnrun.config.reader import plain_value, read_yaml
from nnrun.config.schema import Experiment

CONFIGS = Path(__file__).parents[2] / "configs"
GALLERY = sorted(path for path in CONFIGS.glob("**/*.yaml") if path.name != SHEET)
GOOD = "dataset: {name: digits}\narchitecture: [Flatten, Dense: {units: 10, activation: softmax}]\n"


@pytest.fixture(scope="module")
def schema():
    return build_schema(load_catalogue())


@pytest.fixture(scope="module")
def is_valid(schema):
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: validator.is_valid(plain_value(read_yaml(text, "x")))


def test_it_is_a_schema(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


def test_it_is_compact(schema):
    assert len(json.dumps(schema)) < 500_000


def test_every_reference_leads_somewhere(schema):
    text = json.dumps(schema)
    wanted = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert wanted <= set(schema["$defs"])


def test_every_option_is_described(schema):
    assert set(schema["properties"]) == {"extends", *options_of(Experiment)}
    assert all(option["description"] for option in schema["properties"].values())
    epochs = schema["properties"]["training"]["properties"]["epochs"]
    assert epochs["default"] == 10
    assert epochs["minimum"] == 1


def test_components_are_described(schema):
    dense = schema["$defs"]["layers.Dense"]
    by_name = dense["anyOf"][0]
    assert by_name["required"] == ["units"]
    assert by_name["properties"]["units"]["description"]
    assert by_name["properties"]["use_bias"]["default"] is True


@pytest.mark.parametrize("config", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_valid(is_valid, config):
    assert is_valid(config.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "more",
    [
        "",
        "optimizer: adam",
        "optimizer: {adam: {learning_rate: 1e-3}}",
        "optimizer: {SGD: 0.1}",
        "optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 1, decay_steps: 9}}}}",
        "schedule: {ExponentialDecay: {decay_steps: 20 epochs, decay_rate: 0.1}}",
        "schedule: null",
        "metrics: [accuracy, AUC, {AUC: {curve: PR}}, 'my.metrics:Own']",
        "loss: mse",
        "callbacks: [EarlyStopping, {EarlyStopping: val_loss}, {my:Own: {a: 1}}, my:Other]",
        "regularization: {clip: {norm: 1.0}, dropout: 0.2}",
        "training: {class_weight: balanced, monitor: null}",
        "training: {class_weight: {0: 1, 1: 2.5}}",
        "expect: {params: 5, val_loss: {max: 1}}",
        "search: {space: {training: {epochs: {from: 1, to: 9}}}, time: 30 min, stop_early: none}",
        "search: {together: [[{training.epochs: 9}, {schedule: null}]], confirm: {best: 0}}",
    ],
)
def test_right_configs_are_valid(is_valid, more):
    assert is_valid(GOOD + more)


@pytest.mark.parametrize(
    "layer",
    [
        "Flatten",
        "Flatten:",
        "Dropout: 0.5",
        "Dropout: {rate: 0.5}",
        "TimeDistributed: {Dense: 3}",
        "TimeDistributed: {layer: {Dense: 3}}",
        "Dense: {units: 3, activation: {LeakyReLU: 0.2}, kernel_regularizer: {l2: 1e-4}}",
        "my_layers:Squash: {rate: 2}",
        "Conv2D: {filters: 3, kernel_size: [3, 3], padding: same}",
    ],
)
def test_right_layers_are_valid(is_valid, layer):
    assert is_valid(f"dataset: {{name: digits}}\narchitecture:\n  - {layer}\n")


@pytest.mark.parametrize(
    "text",
    [
        "dataset: {name: digits}",
        "architecture: [Flatten]",
        "[]",
        GOOD + "epochs: 3",
        GOOD + "training: {epoch: 3}",
        GOOD + "training: {epochs: 0}",
        GOOD + "training: {epochs: ten}",
        GOOD + "training: {shuffle: yes}",
        GOOD + "name: a b",
        GOOD + "optimizer: Adan",
        GOOD + "optimizer: {Adam: {lr: 1}}",
        GOOD + "optimizer: {Adam: {}, SGD: {}}",
        GOOD + "loss: accuracy",
        GOOD + "metrics: accuracy",
        GOOD + "callbacks: [BackupAndRestore]",
        GOOD + "schedule: {ExponentialDecay: {decay_steps: 20 ep, decay_rate: 0.1}}",
        GOOD + "expect: {loss: {mim: 3}}",
        GOOD + "search: {trails: 3}",
        GOOD + "search: {space: [training.epochs]}",
        GOOD + "search: {method: rnadom}",
        GOOD + "search: {time: 30}",
        GOOD + "search: {together: [[{training.epochs: 9}]]}",
        GOOD.replace("Flatten", "Dense"),
        GOOD.replace("Flatten", "flatten"),
        GOOD.replace("units", "unit"),
        GOOD.replace("softmax", "sofmax"),
        GOOD.replace("Flatten", "Lambda: {function: abs}"),
    ],
)
def test_wrong_configs_are_not(is_valid, text):
    assert not is_valid(text)


def test_what_extends_another_file_may_leave_out_what_that_says(is_valid):
    assert is_valid("extends: base.yaml")
    assert is_valid("extends: base.yaml\nschedule: {ExponentialDecay: {decay_rate: 0.1}}")
    assert not is_valid("extends: base.yaml\nepochs: 3")
