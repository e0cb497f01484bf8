"""What is written as elsewhere is answered with YAML that a config takes."""

import doctest
import re

import pytest
import yaml

from nnrun.config import facts, habits
from nnrun.config.catalogue import load_catalogue
from nnrun.config.habits import ARGUMENTS, KEYS, NAMES, about_argument, about_key, about_section
from nnrun.config.loading import load_experiment
from nnrun.config.options import keys_of
from nnrun.config.python_calls import in_yaml, whole_call
from nnrun.config.reader import ScalarNode
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError, Place

CATALOGUE = load_catalogue()
CLASSES = {"name": "digits", "split": {"validation": 0.2}}
LAYERS = ["Flatten", {"Dense": {"units": 10, "activation": "softmax"}}]
HINTS = sorted(
    {*KEYS.values(), *ARGUMENTS.values(), *(h for t in NAMES.values() for h in t.values())}
)
SPANS = sorted(
    {re.sub("[<>]", "", span) for hint in HINTS for span in re.findall("`([^`]+)`", hint)}
)
TOP = set(keys_of(Experiment))


@pytest.mark.parametrize("span", SPANS)
def test_what_a_hint_says_to_write_is_taken(span, tmp_path):
    """A command, an option of the config, or a layer (or what stands in one)."""
    if span.startswith("nnrun ") or span in {"model.keras", "architecture:", "extends:"}:
        return
    said = yaml.safe_load(span)
    if isinstance(said, dict) and set(said) <= TOP:
        tree = {"dataset": CLASSES, "architecture": LAYERS, **said}
    else:
        said = said[0] if isinstance(said, list) else said
        is_layer = isinstance(said, str) or not next(iter(said)).islower()
        layer = said if is_layer else {"Dense": {"units": 5, **said}}
        if not is_layer and "filters" in said:
            layer = {"Conv1D": {"kernel_size": 2, **said}}
        if not is_layer and "learning_rate" in said:
            layer = "Flatten"
        tree = {"dataset": CLASSES, "architecture": ["Flatten", layer, *LAYERS[1:]]}
    if "split" in span:
        tree["dataset"] = CLASSES | tree["dataset"]
    if "mae" in span or "mse" in span or "R2Score" in span or "RootMean" in span:
        tree = {**tree, "dataset": {"name": "diabetes"}, "architecture": [{"Dense": 1}]}
    if "binary_crossentropy" in span and "sparse" not in span:
        tree |= {"dataset": {"name": "breast_cancer"}}
        tree |= {"architecture": [{"Dense": {"units": 1, "activation": "sigmoid"}}]}
    path = tmp_path / "said.yaml"
    path.write_text(yaml.safe_dump(tree))
    load_experiment(path)


def test_the_words_of_the_table_mean_nothing_here():
    """A word that the language takes needs no hint, and would never get one."""
    assert not set(KEYS) & TOP
    for group, words in NAMES.items():
        assert not set(words) & {*CATALOGUE.names(group), *CATALOGUE.aliases(group)}, group


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("fashion_mnist", "{name: fashion_mnist}"),
        ("keras.datasets.mnist", "{name: mnist}"),
        ("tf.keras.datasets.mnist.load_data()", "{name: mnist}"),
        ("sklearn.datasets.load_iris()", "{name: iris}"),
        ("data/flats.csv", "{csv: data/flats.csv}"),
        ("../my.flats.CSV", "{csv: ../my.flats.CSV}"),
    ],
)
def test_a_data_set_that_stands_alone(value, said):
    assert about_section("Dataset", value, []) == f"write `dataset: {said}`"


def test_the_example_gives_way_to_a_value_of_its_kind():
    def given(value):
        return ScalarNode(value, Place("a.yaml"))

    assert about_key("lr", given(0.5)) == "write `optimizer: {Adam: {learning_rate: 0.5}}`"
    assert about_key("LR", given("high")) == "write `optimizer: {Adam: {learning_rate: 0.001}}`"
    assert about_key("validation_data", given("held")) == (
        "write `dataset: {split: {validation: 0.2}}`"
    )
    assert about_argument("init", given("he_uniform")) == "write `kernel_initializer: he_uniform`"
    assert about_key("zzz", given(1)) == ""


@pytest.mark.parametrize(
    ("group", "text", "path", "said"),
    [
        ("layers", 'Dense(100, activation="relu")', "architecture[0]", "- Dense: {units: 100, activation: relu}"),
        ("layers", "keras.layers.Conv2D(32, (3, 3), padding='same'),", "architecture[0]", "- Conv2D: {filters: 32, kernel_size: [3, 3], padding: same}"),
        ("layers", "Bidirectional(LSTM(8))", "architecture[0]", "- Bidirectional: {LSTM: 8}"),
        ("layers", "Dropout(rate=.5)", "architecture[0]", "- Dropout: {rate: 0.5}"),
        ("layers", "LeakyReLU(alpha=0.2)", "architecture[0]", "- LeakyReLU: {negative_slope: 0.2}"),
        ("layers", "Dense(8, use_bias=False, input_shape=(3,))", "architecture[0]", "- Dense: {units: 8, use_bias: false}"),
        ("layers", "dense(8)", "architecture[0]", "- Dense: 8"),
        ("layers", "Dense(units=", "architecture[0]", "- Dense: {units: …}"),
        ("callbacks", "EarlyStopping(patience=10)", "callbacks[0]", "- EarlyStopping: {patience: 10}"),
        ("optimizers", "SGD(lr=…)", "optimizer", "optimizer: {SGD: {learning_rate: …}}"),
        ("optimizers", "SGD(lr=-1e-3, decay=1)", "optimizer", "optimizer: {SGD: {learning_rate: -0.001}}"),
        ("optimizers", "tf.keras.optimizers.Adam", "optimizer", "optimizer: Adam"),
        ("optimizers", "Adam()", "optimizer", "optimizer: Adam"),
        ("regularizers", "l2(0.01)", "architecture[0].Dense.kernel_regularizer", "kernel_regularizer: {l2: 0.01}"),
        ("activations", "tf.nn.leaky_relu", "architecture[0].Dense.activation", "activation: leaky_relu"),
        ("losses", "Huber(delta=2.0)", "loss", "loss: {Huber: {delta: 2.0}}"),
        ("metrics", 'AUC(curve="PR", name="no: such")', "metrics[0]", "- AUC: {curve: PR, name: 'no: such'}"),
    ],
)  # fmt: skip
def test_python_is_answered_with_yaml(group, text, path, said):
    assert in_yaml(CATALOGUE, (group,), text, path) == f"write `{said}`"
    yaml.safe_load(said)


@pytest.mark.parametrize(
    "text",
    ["Dense", "Densse", "relu", "my_layers:Squash", "", "(", "f(", "x" * 5000, "a=b", "Zzz(3)"],
)
def test_what_is_no_python_or_nobody_knows(text):
    assert in_yaml(CATALOGUE, ("layers",), text, "architecture[0]") == ""


def test_a_call_that_a_comma_has_cut():
    line = 'architecture: [Dense(100, activation="relu"), Dense(10)]'
    place = Place("a.yaml", 1, line.index("Dense") + 1, 1, line)
    assert whole_call("Dense(100", place) == 'Dense(100, activation="relu")'
    assert whole_call("Dense(100", Place("--set x")) == "Dense(100"
    assert whole_call("Dense", place) == "Dense"


@pytest.mark.parametrize(
    "text", ["__import__('os').system('x')", "Dense(**{'units': 3})", "Dense(open('x'))"]
)
def test_nothing_is_run(text, tmp_path):
    """It is read, and never evaluated."""
    config = tmp_path / "theirs.yaml"
    config.write_text(yaml.safe_dump({"dataset": CLASSES, "architecture": [text]}))
    with pytest.raises(ConfigError):
        load_experiment(config)


def test_the_examples_of_the_docstrings():
    assert doctest.testmod(habits).failed == 0
    assert doctest.testmod(facts).failed == 0
