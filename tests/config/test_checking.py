"""Nodes + schema + catalogue → an experiment: the four forms, the kinds, and whom a problem blames."""

import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.checking import INVALID, Checker
from nnrun.config.components import Component, Duration
from nnrun.config.kinds import Anything, Boolean, FilePath, Integer, Number, Share, Steps, Text
from nnrun.config.loading import load_experiment
from nnrun.config.nested_kinds import ComponentOf, ListOf, MapOf, OneOf, SectionOf
from nnrun.config.reader import read_yaml
from nnrun.config.schema import Expectation, Training
from nnrun.errors import ConfigError, Place

LAYER = ComponentOf(("layers",))
RATE = OneOf((Number(), ComponentOf(("schedules",))))


@pytest.fixture
def check(tmp_path):
    """Checks a text by a kind; gives the value and the problems."""

    def checked(kind, text):
        checker = Checker(load_catalogue(), tmp_path)
        value = checker.check(kind, read_yaml(text, "mine.yaml"), "it")
        assert value is not INVALID or checker.problems
        return value, checker.problems

    return checked


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Boolean(), "true", True),
        (Integer(), "3", 3),
        (Integer(), "3.0", 3),
        (Integer(), "1e3", 1000),
        (Integer(minimum=1, maximum=3), "3", 3),
        (Number(), "3", 3),
        (Number(), "1e-4", 0.0001),
        (Number(above=0.0, below=1.0), "0.5", 0.5),
        (Text(), "a b", "a b"),
        (Text(choices=("a", "b")), "b", "b"),
        (Share(), "0.2", 0.2),
        (Share(), "5000", 5000),
        (Share(), "100.0", 100),
        (Steps(), "100", 100),
        (Steps(), "20 epochs", Duration(20)),
        (Steps(), "1 epoch", Duration(1)),
        (Steps(), "0.5epochs", Duration(0.5)),
        (Steps(), "1e1 epochs", Duration(10)),
        (ListOf(Integer()), "[1, 2]", (1, 2)),
        (ListOf(Integer()), "[]", ()),
        (MapOf(Number()), "{1: 2, no: 3}", {"1": 2, "no": 3}),
        (OneOf((Number(), SectionOf(Expectation))), "3", 3),
        (OneOf((Number(), SectionOf(Expectation))), "{min: 3}", Expectation(min=3)),
        (Anything(), "[1, {a: null}]", [1, {"a": None}]),
    ],
)
def test_values(check, kind, text, expected):
    value, _ = check(kind, text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Boolean(), "yes"),
        (Boolean(), "1"),
        (Boolean(), "null"),
        (Integer(), "true"),
        (Integer(), "2.5"),
        (Integer(), "'2'"),
        (Integer(), ".inf"),
        (Integer(), "1e300"),
        (Integer(minimum=1), "0"),
        (Number(), ".nan"),
        (Number(), "true"),
        (Number(above=0.0), "0"),
        (Number(below=1.0), "1"),
        (Text(), "3"),
        (Text(), "null"),
        (Text(choices=("a",)), "b"),
        (Text(pattern="[a-z]+"), "A"),
        (FilePath(), "3"),
        (FilePath(), "' '"),
        (FilePath(), r'"a\0b"'),
        (Share(), "0"),
        (Share(), "1.5"),
        (Share(), "20%"),
        (Steps(), "-1"),
        (Steps(), "2.5"),
        (Steps(), "-1 epochs"),
        (Steps(), ".inf epochs"),
        (Steps(), "true epochs"),
        (Steps(), "epochs"),
        (ListOf(Integer()), "1"),
        (ListOf(Integer(), minimum=1), "[]"),
        (ListOf(Integer()), "[1, a]"),
        (MapOf(Number()), "[1]"),
        (LAYER, "3"),
        (LAYER, "{}"),
        (LAYER, "[]"),
        (LAYER, "null"),
    ],
)
def test_wrong_values_give_one_problem(check, kind, text):
    _, problems = check(kind, text)
    assert len(problems) == 1
    assert problems[0].place.line == 1


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("Flatten", {}),
        ("Flatten:", {}),
        ("Flatten: {}", {}),
        ("Flatten: {data_format: channels_last}", {"data_format": "channels_last"}),
        ("Dropout: 0.5", {"rate": 0.5}),
        ("Dropout: {rate: 0.5, seed: 1}", {"rate": 0.5, "seed": 1}),
        ("Dense: {units: 3, activation: null}", {"units": 3, "activation": None}),
        ("Dense: {units: 3, use_bias: null}", {"units": 3}),
    ],
)
def test_the_forms_of_a_component(check, text, arguments):
    value, _ = check(LAYER, text)
    assert value.module == "keras.layers"
    assert value.arguments == arguments


@pytest.mark.parametrize(
    "text", ["TimeDistributed: {Dense: 3}", "TimeDistributed: {layer: {Dense: 3}}"]
)
def test_a_component_as_first_argument(check, text):
    value, _ = check(LAYER, text)
    inner = value.arguments["layer"]
    assert (inner.name, inner.arguments) == ("Dense", {"units": 3})
    assert inner.path == "it.TimeDistributed.layer.Dense"


def test_a_cell_as_first_argument(check):
    value, _ = check(LAYER, "RNN: {LSTMCell: 3}")
    assert value.arguments["cell"].name == "LSTMCell"


def test_a_list_of_cells(check):
    value, _ = check(LAYER, "RNN: [LSTMCell: 3, GRUCell: 4]")
    assert [cell.name for cell in value.arguments["cell"]] == ["LSTMCell", "GRUCell"]


def test_a_class_of_ones_own_keeps_its_arguments_unchecked(check):
    value, _ = check(LAYER, "my.layers:Squash: {anything: [1, x]}")
    assert value == Component("my.layers:Squash", "layers", None, {"anything": [1, "x"]})
    assert value.is_users_own


@pytest.mark.parametrize("text", ["Adam", "adam", "adam: {}", "Adam:"])
def test_optimizers_by_either_name(check, text):
    value, _ = check(ComponentOf(("optimizers",)), text)
    assert (value.name, value.module) == ("Adam", "keras.optimizers")


def test_an_alias_stays_one_without_arguments(check):
    value, _ = check(ComponentOf(("losses",)), "mse")
    assert (value.name, value.module) == ("mse", None)
    value, _ = check(ComponentOf(("losses",)), "huber: {delta: 2}")
    assert (value.name, value.module) == ("Huber", "keras.losses")


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (RATE, "0.1x", "expected a number or a learning-rate schedule"),
        (RATE, "fast", "expected a number or a learning-rate schedule"),
        (RATE, "CosinDecay", "unknown learning-rate schedule"),
        (RATE, "[1]", "expected a number or a learning-rate schedule"),
        (OneOf((Text(choices=("balanced",)), MapOf(Number()))), "{a: b}", "expected a number"),
        (OneOf((Text(choices=("balanced",)), MapOf(Number()))), "balance", "unknown value"),
        (OneOf((Number(), SectionOf(Expectation))), "{mim: 1}", "unknown key 'mim'"),
    ],
)
def test_the_right_alternative_is_blamed(check, kind, text, words):
    _, problems = check(kind, text)
    assert [words in problem.message for problem in problems] == [True]


def test_null_leaves_an_option_to_its_default(check):
    value, problems = check(SectionOf(Training), "{epochs: null, batch_size: ~, shuffle: }")
    assert not problems
    assert value == Training()


def test_every_mistake_is_told_at_once(check):
    _, problems = check(SectionOf(Training), "{epoch: 3, batch_size: 0, shuffle: no, zzz: 1}")
    assert len(problems) == 4


@pytest.mark.parametrize("misspelt", ["datset", "architcture"])
def test_a_misspelt_section_is_told_once(tmp_path, misspelt):
    right = {"datset": "dataset", "architcture": "architecture"}[misspelt]
    text = (
        "dataset: {name: digits}\narchitecture: [Dense: {units: 3}]\n"
        "callbacks: [EarlyStopping]\nloss: mse\nexpect: {val_loss: 3}\n"
    )
    config = tmp_path / "mine.yaml"
    config.write_text(text.replace(right, misspelt))
    with pytest.raises(ConfigError) as caught:
        load_experiment(config)
    messages = [problem.message for problem in caught.value.problems]
    assert f"unknown key '{misspelt}'" in messages
    assert not any("is missing" in message for message in messages)


def test_places_of_values(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(
        "dataset: {name: digits}\narchitecture:\n  - Dense: {units: 10, activation: softmax}\n"
    )
    experiment = load_experiment(config, ["seed=3"])
    assert experiment.place_of("architecture[0].Dense.units").column == 20
    assert experiment.place_of("architecture[0].Dense.use_bias").line == 3
    assert experiment.place_of("seed").is_override
    assert experiment.place_of("training.epochs") == Place(str(config))
    assert experiment.architecture[0].place.column == 5


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("my-run", "my-run"),
        ("my run", "my-run"),
        ("é", "-"),
        (".hidden", "hidden"),
        ("a" * 99, "a" * 64),
    ],
)
def test_the_name_follows_from_the_file(tmp_path, stem, name):
    config = tmp_path / f"{stem}.yaml"
    config.write_text(
        "dataset: {name: iris}\narchitecture: [Dense: {units: 3, activation: softmax}]\n"
    )
    assert load_experiment(config).name == name
