"""What must hold between the parts; the golden cases show the wording, these the limits."""

import pytest

from nnrun.config.catalogue import load_catalogue
from nnrun.config.components import Component
from nnrun.config.facts import DataFacts
from nnrun.config.loading import load_experiment
from nnrun.config.relations import check_relations, find_output_layer
from nnrun.errors import ConfigError, Problem

DIGITS = "dataset: {name: digits, split: {validation: 0.2}}\n"
CANCER = DIGITS.replace("digits", "breast_cancer")
DIABETES = DIGITS.replace("digits", "diabetes")
ONE_HOT = DIGITS.replace("}}", "}, preprocess: {one_hot: true}}")


def ends(last, *others):
    return f"architecture: [Flatten, {', '.join([last, *others])}]\n"


TEN = ends("Dense: {units: 10, activation: softmax}")


@pytest.fixture
def load(tmp_path):
    def loaded(text, **options):
        config = tmp_path / "mine.yaml"
        config.write_text(text)
        return load_experiment(config, **options)

    return loaded


@pytest.mark.parametrize(
    "text",
    [
        DIGITS + TEN,
        DIGITS + TEN + "loss: sparse_categorical_crossentropy",
        DIGITS + ends("Dense: 10", "Softmax") + "loss: sparse_categorical_crossentropy",
        DIGITS + ends("Dense: 10", "Activation: softmax"),
        DIGITS + ends("Dense: 10") + "loss: {SparseCategoricalCrossentropy: {from_logits: true}}",
        DIGITS + "architecture: {MLP: {hidden: [5]}}",
        DIGITS + ends("my:Layer"),
        ONE_HOT + TEN + "loss: categorical_crossentropy",
        CANCER + ends("Dense: {units: 1, activation: sigmoid}") + "loss: binary_crossentropy",
        CANCER + ends("Dense: {units: 2, activation: softmax}"),
        DIABETES + ends("Dense: 1") + "loss: mse\nmetrics: [mae]",
        DIABETES + ends("Dense: 1") + "training: {monitor: val_mae}",
        DIGITS + TEN + "callbacks: [EarlyStopping: {monitor: val_accuracy}]",
        DIGITS + TEN + "metrics: ['my:Own']\ncallbacks: [EarlyStopping: {monitor: val_own}]",
        ONE_HOT + TEN + "metrics: [{AUC: {name: area}}]\nexpect: {val_area: {min: 0.5}}",
        DIGITS.replace("0.2", "0.5, test: 0.4") + TEN,
        "dataset: {name: digits}\n" + TEN + "callbacks: [EarlyStopping: {monitor: loss}]",
        "dataset: {name: mnist}\n" + TEN + "expect: {test_accuracy: {min: 0.9}}",
        CANCER + ends("Dense: {units: 1, activation: sigmoid}")
        + "training: {class_weight: {malignant: 2, '1': 1}}",
        DIGITS + TEN + "schedule: {PiecewiseConstantDecay: {boundaries: [5 epochs], values: [1, 0.1]}}",
        DIGITS + TEN + "regularization: {clip: {norm: 1.0}}",
        DIGITS + TEN + "callbacks: [Pruning: {end: 9}, Traces]\nexpect: {sparsity: 0.8, distinct_codes: 8}",
        DIGITS + TEN + "callbacks: [ModelCheckpoint: {filepath: x.keras, save_freq: 5 epochs}]",
    ],
)  # fmt: skip
def test_what_fits_is_accepted(load, text):
    assert load(text)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (DIGITS + ends("Dense: 10", "Softmax", "Softmax: 0").replace("10", "9"), ["architecture[1].Dense"]),
        (CANCER + ends("Dense: {units: 3, activation: sigmoid}"), ["architecture[1].Dense"]),
        (DIGITS + TEN + "optimizer: {SGD: {clipnorm: 1}}\nregularization: {clip: {value: 1}}", ["regularization.clip.value"]),
        (DIGITS + TEN + "optimizer: {SGD: {clipnorm: 1, clipvalue: 1}}", ["optimizer"]),
        (DIGITS + TEN + "expect: {val_loss: {min: 2, max: 1}}", ["expect.val_loss"]),
        (DIGITS + TEN + "callbacks: [Pruning: {end: 10}]", ["callbacks[0].Pruning"]),
        (DIGITS + TEN + "callbacks: [Pruning: {begin: 5, end: 5}]", ["callbacks[0].Pruning"]),
        (DIGITS + TEN + "optimizer: {SGD: {use_ema: true}}\ncallbacks: [Pruning]", ["callbacks[0].Pruning"]),
        (DIGITS + TEN + "expect: {sparsity: 0.8}", ["expect.sparsity"]),
        (DIGITS.replace("0.2", "0.5, test: 0.5") + TEN, ["dataset.split"]),
        (DIGITS.replace("0.2", "1797") + TEN, ["dataset.split"]),
        ("dataset: {name: digits}\n" + TEN + "callbacks: [ModelCheckpoint: {filepath: x.keras, monitor: val_x}]", ["callbacks[0].ModelCheckpoint"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_once(load, text, paths):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert [problem.path for problem in caught.value.problems] == paths
    assert all(problem.place and problem.hint for problem in caught.value.problems)


def test_rules_about_a_wrong_value_are_left_out(load):
    with pytest.raises(ConfigError) as caught:
        load(
            DIGITS + ends("Dense: {units: ten, activation: softmax}") + "loss: binary_crossentropy"
        )
    assert [problem.path for problem in caught.value.problems] == ["architecture[1].Dense.units"]


def test_facts_of_the_data_are_checked_when_they_are_known(load, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    experiment = load("dataset: {csv: rows.csv, target: b}\n" + ends("Dense: 3"))
    facts = DataFacts("regression", 0, (), (1,), 1, 100, 0)
    problems = check_relations(experiment, load_catalogue(), facts)
    assert [problem.path for problem in problems] == ["architecture[1].Dense"]
    assert not check_relations(experiment, load_catalogue(), facts, without=["architecture"])


def test_the_source_is_checked_only_where_it_is_well_formed(load):
    asked = []

    def check_source(dataset):
        asked.append(dataset)
        return [Problem("bad", path="dataset.name")]

    with pytest.raises(ConfigError) as caught:
        load(DIGITS + TEN, check_source=check_source)
    assert caught.value.problems[0].place.line == 1
    with pytest.raises(ConfigError):
        load(DIGITS.replace("0.2", "many%") + TEN.replace("10", "x"), check_source=check_source)
    with pytest.raises(ConfigError):
        load(DIGITS.replace("digits", "digit") + TEN, check_source=check_source)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Dense"], "Dense"),
        (["Dense", "Softmax"], "Dense"),
        (["Dense", "Reshape"], "Dense"),
        (["Dense", "Dropout"], None),
        ([], None),
    ],
)
def test_find_output_layer(names, found):
    output = find_output_layer(
        [Component(name, "layers", arguments={"units": 3}) for name in names]
    )
    assert (output.component.name if output else None) == found
