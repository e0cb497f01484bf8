"""The reader of the catalogue: what it says, and what it costs."""

import importlib.metadata
import json
import subprocess
import sys

import pytest

from nnrun.config import catalogue as reading
from nnrun.config.catalogue import PACKAGED, Catalogue, installed_keras, load_catalogue, parse_kind
from nnrun.config.kinds import Anything, Boolean, Integer, Number, Steps, Text
from nnrun.config.nested_kinds import ComponentOf, ListOf, OneOf

RATE = Number(minimum=0.0, below=1.0)
SCHEDULED = OneOf((Number(), ComponentOf(("schedules",))))


@pytest.fixture
def catalogue():
    return load_catalogue()


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Another version of Keras than the packaged one, and a cache of one's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(reading, "installed_keras", lambda: "9.9.9")
    load_catalogue.cache_clear()
    yield tmp_path / "nnrun" / f"catalogue-9.9.9-{reading.__version__}.json"
    load_catalogue.cache_clear()


@pytest.mark.parametrize(
    ("group", "name", "argument", "expected"),
    [
        ("layers", "Dense", "units", (Integer(), True, None)),
        ("layers", "Dense", "activation", (ComponentOf(("activations",)), False, None)),
        ("layers", "Dense", "use_bias", (Boolean(), False, True)),
        (
            "layers",
            "Dense",
            "kernel_initializer",
            (ComponentOf(("initializers",)), False, "glorot_uniform"),
        ),
        ("layers", "Dense", "kernel_constraint", (ComponentOf(("constraints",)), False, None)),
        ("layers", "Dense", "trainable", (Boolean(), False, True)),
        ("layers", "Dropout", "rate", (RATE, True, None)),
        ("layers", "Conv2D", "filters", (Integer(), True, None)),
        ("layers", "Conv2D", "kernel_size", (Anything(), True, None)),
        ("layers", "Conv2D", "strides", (Anything(), False, [1, 1])),
        ("layers", "MaxPooling2D", "padding", (Text(choices=("valid", "same")), False, "valid")),
        ("layers", "Bidirectional", "layer", (ComponentOf(("layers",)), True, None)),
        ("optimizers", "SGD", "learning_rate", (SCHEDULED, False, 0.01)),
        ("optimizers", "SGD", "momentum", (Number(), False, 0.0)),
        ("optimizers", "SGD", "nesterov", (Boolean(), False, False)),
        ("optimizers", "SGD", "clipnorm", (Number(), False, None)),
        ("schedules", "ExponentialDecay", "decay_steps", (Steps(), True, None)),
        ("schedules", "ExponentialDecay", "decay_rate", (Number(), True, None)),
        ("schedules", "PiecewiseConstantDecay", "boundaries", (ListOf(Steps()), True, None)),
        ("callbacks", "EarlyStopping", "patience", (Integer(), False, 0)),
        (
            "callbacks",
            "EarlyStopping",
            "mode",
            (Text(choices=("auto", "min", "max")), False, "auto"),
        ),
        ("callbacks", "EarlyStopping", "min_delta", (Number(), False, 0)),
        ("regularizers", "L2", "l2", (Number(), False, 0.01)),
        ("initializers", "HeNormal", "seed", (Anything(), False, None)),
        ("losses", "SparseCategoricalCrossentropy", "from_logits", (Boolean(), False, False)),
    ],
)
def test_arguments(catalogue, group, name, argument, expected):
    found = catalogue.find(group, name).arguments[argument]
    assert (found.kind, found.required, found.default) == expected


def test_the_first_argument_is_the_one_that_a_bare_value_fills(catalogue):
    first = {
        name: next(iter(catalogue.find("layers", name).arguments))
        for name in ("Dense", "Dropout", "Conv2D")
    }
    assert first == {"Dense": "units", "Dropout": "rate", "Conv2D": "filters"}


def test_an_entry_tells_where_its_class_is(catalogue):
    dense = catalogue.find("layers", "Dense")
    assert (dense.module, dense.alias) == ("keras.layers", "")
    assert dense.summary == "Just your regular densely-connected NN layer."
    assert dense.arguments["units"].doc == "Positive integer, dimensionality of the output space."
    assert not dense.open


@pytest.mark.parametrize(
    ("group", "alias", "name"),
    [
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("metrics", "mae", "MeanAbsoluteError"),
        ("optimizers", "adam", "Adam"),
        ("initializers", "he_normal", "HeNormal"),
        ("regularizers", "l2", "L2"),
        ("constraints", "max_norm", "MaxNorm"),
        ("layers", "MaxPool2D", "MaxPooling2D"),
    ],
)
def test_an_alias_finds_its_class(catalogue, group, alias, name):
    entry = catalogue.find(group, alias)
    assert (entry.name, entry.alias) == (name, alias)
    assert entry.module


@pytest.mark.parametrize(("group", "alias"), [("metrics", "accuracy"), ("activations", "relu")])
def test_an_alias_without_a_class(catalogue, group, alias):
    entry = catalogue.find(group, alias)
    assert (entry.name, entry.alias, entry.module) == (alias, alias, "")
    assert catalogue.aliases(group)[alias] is None


def test_refused_unknown_and_recorded_names(catalogue):
    assert "Python function" in catalogue.find("layers", "Lambda").refused
    assert catalogue.find("layers", "Dens") is None
    assert catalogue.find("no_group", "Dense") is None
    assert catalogue.find("metrics", "MeanAbsoluteError").recorded_as == "mean_absolute_error"
    assert catalogue.find("metrics", "AUC").recorded_as == "auc"
    assert "LeakyReLU" in catalogue.names("activations")
    assert "Lambda" not in catalogue.names("layers")


def test_null_is_taken_where_keras_takes_it(catalogue):
    dense = catalogue.find("layers", "Dense").arguments
    assert dense["kernel_regularizer"].nullable
    assert not dense["units"].nullable
    assert catalogue.find("layers", "LSTM").arguments["activation"].nullable


def test_data_sets():
    raw = {
        "title": "Clothes",
        "features": ["a"],
        "facts": {
            "task": "multiclass",
            "classes": 2,
            "class_names": ["x", "y"],
            "input_shape": [28, 28],
            "target_width": 1,
            "train_rows": 10,
            "test_rows": 0,
        },
    }
    catalogue = Catalogue({"datasets": {"clothes": raw}})
    found = catalogue.dataset("clothes")
    assert (found.title, found.features) == ("Clothes", ("a",))
    assert found.facts.class_names == ("x", "y")
    assert found.facts.input_shape == (28, 28)
    assert catalogue.dataset_names == ("clothes",)
    assert catalogue.dataset("shoes") is None


def test_kinds_nest():
    layers = ComponentOf(("layers",))
    assert parse_kind("list:component:layers|component:layers") == OneOf((ListOf(layers), layers))
    assert parse_kind("choice:a|b") == Text(choices=("a", "b"))


def test_reading_imports_neither_keras_nor_tensorflow():
    program = (
        "import sys; from nnrun.config.catalogue import load_catalogue;"
        "load_catalogue().find('layers', 'Dense');"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'importlib.metadata'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_installed_keras_is_what_its_metadata_says():
    assert installed_keras() == importlib.metadata.version("keras")


def test_another_keras_is_read_once_into_the_cache(elsewhere, monkeypatch, capsys):
    def generate(command, **_):
        assert command[1:] == ["-P", "-m", "nnrun.cataloguing", "--output", str(elsewhere)]
        elsewhere.parent.mkdir(parents=True)
        elsewhere.write_text(json.dumps(json.loads(PACKAGED.read_bytes()) | {"keras": "9.9.9"}))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", generate)
    assert load_catalogue().keras_version == "9.9.9"
    assert (
        capsys.readouterr().err == "nnrun: reading the classes of Keras 9.9.9; this happens once.\n"
    )
    load_catalogue.cache_clear()
    assert load_catalogue().keras_version == "9.9.9"
    assert capsys.readouterr().err == ""


def test_the_packaged_catalogue_serves_when_generating_fails(elsewhere, monkeypatch):
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1)
    )
    assert load_catalogue().keras_version == json.loads(PACKAGED.read_bytes())["keras"]
    assert not elsewhere.exists()
