"""`extends` and `--set`: what replaces what."""

import pytest

from nnrun.config.merging import FIRST_ARGUMENT, read_config
from nnrun.config.nested_kinds import SectionOf
from nnrun.config.reader import MAX_BYTES, plain_value
from nnrun.config.schema import Experiment
from nnrun.errors import ConfigError


@pytest.fixture
def merged(tmp_path):
    """Merges the text of a child over that of its base, with overrides."""

    def merge(base, child="", overrides=()):
        (tmp_path / "base.yaml").write_text(base)
        (tmp_path / "child.yaml").write_text("extends: base.yaml\n" + child)
        tree = read_config(tmp_path / "child.yaml", SectionOf(Experiment), overrides)
        return plain_value(tree)

    return merge


@pytest.mark.parametrize(
    ("base", "child", "expected"),
    [
        ("seed: 1", "", {"seed": 1}),
        ("seed: 1", "seed: 2", {"seed": 2}),
        ("seed: 1", "seed: null", {"seed": None}),
        (
            "training: {epochs: 1, batch_size: 2}",
            "training: {epochs: 3}",
            {"training": {"batch_size": 2, "epochs": 3}},
        ),
        ("metrics: [a, b]", "metrics: [c]", {"metrics": ["c"]}),
        (
            "optimizer: {SGD: {momentum: 0.9}}",
            "optimizer: {SGD: {learning_rate: 0.1}}",
            {"optimizer": {"SGD": {"momentum": 0.9, "learning_rate": 0.1}}},
        ),
        (
            "optimizer: {SGD: {momentum: 0.9}}",
            "optimizer: {Adam: {beta_1: 0.8}}",
            {"optimizer": {"Adam": {"beta_1": 0.8}}},
        ),
        ("optimizer: {SGD: {momentum: 0.9}}", "optimizer: Adam", {"optimizer": "Adam"}),
        (
            "optimizer: Adam",
            "optimizer: {SGD: {momentum: 0.9}}",
            {"optimizer": {"SGD": {"momentum": 0.9}}},
        ),
        (
            "optimizer: {SGD: 0.1}",
            "optimizer: {SGD: {momentum: 0.9}}",
            {"optimizer": {"SGD": {FIRST_ARGUMENT: 0.1, "momentum": 0.9}}},
        ),
        (
            "optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}",
            "optimizer: {SGD: 0.2}",
            {"optimizer": {"SGD": {"learning_rate": 0.1, "momentum": 0.9, FIRST_ARGUMENT: 0.2}}},
        ),
        (
            "optimizer: {SGD: {learning_rate: {CosineDecay: {decay_steps: 3, alpha: 1}}}}",
            "optimizer: {SGD: {learning_rate: {CosineDecay: {decay_steps: 5}}}}",
            {
                "optimizer": {
                    "SGD": {"learning_rate": {"CosineDecay": {"alpha": 1, "decay_steps": 5}}}
                }
            },
        ),
        (
            "training: {class_weight: {Cat: 1}}",
            "training: {class_weight: {Dog: 2}}",
            {"training": {"class_weight": {"Cat": 1, "Dog": 2}}},
        ),
        (
            "dataset: {csv: {path: a.csv, separator: ;}}",
            "dataset: {csv: {path: b.csv}}",
            {"dataset": {"csv": {"separator": ";", "path": "b.csv"}}},
        ),
        (
            "architecture: {MLP: {hidden: [3]}}",
            "architecture: [Flatten]",
            {"architecture": ["Flatten"]},
        ),
    ],
)
def test_extends(merged, base, child, expected):
    assert merged(base, child) == expected


@pytest.mark.parametrize(
    ("text", "override", "expected"),
    [
        ("seed: 1", "seed=2", {"seed": 2}),
        ("seed: 1", "seed=", {"seed": None}),
        ("seed: 1", "name='2'", {"seed": 1, "name": "2"}),
        ("seed: 1", "a.b.c=[1, {d: 1e-4}]", {"seed": 1, "a": {"b": {"c": [1, {"d": 0.0001}]}}}),
        ("metrics: [a, b]", "metrics.1=c", {"metrics": ["a", "c"]}),
        ("metrics: [a, b]", "metrics[0]=c", {"metrics": ["c", "b"]}),
        ("metrics: [a, b]", "metrics=[]", {"metrics": []}),
        (
            "architecture: [Flatten, {Dense: {units: 3}}]",
            "architecture.1.Dense.units=5",
            {"architecture": ["Flatten", {"Dense": {"units": 5}}]},
        ),
        (
            "architecture: [Flatten]",
            "architecture[0].Flatten.name=flat",
            {"architecture": [{"Flatten": {"name": "flat"}}]},
        ),
        (
            "architecture: [{Dense: 3}]",
            "architecture[0].Dense.activation=relu",
            {"architecture": [{"Dense": {FIRST_ARGUMENT: 3, "activation": "relu"}}]},
        ),
        ("optimizer: adam", "optimizer.Adam.beta_1=0.8", {"optimizer": {"adam": {"beta_1": 0.8}}}),
        (
            "optimizer: {adam: {beta_1: 0.8}}",
            "optimizer.Adam.beta_1=0.7",
            {"optimizer": {"adam": {"beta_1": 0.7}}},
        ),
        (
            "seed: 1",
            "optimizer.SGD.momentum=0.9",
            {"seed": 1, "optimizer": {"SGD": {"momentum": 0.9}}},
        ),
        ("optimizer:", "optimizer.SGD.momentum=0.9", {"optimizer": {"SGD": {"momentum": 0.9}}}),
    ],
)
def test_set(merged, text, override, expected):
    assert merged(text, overrides=[override]) == expected


def test_overrides_apply_after_extends_and_in_their_order(merged):
    assert merged("seed: 1", "seed: 2", ["seed=3", "seed=4"]) == {"seed": 4}


def test_all_wrong_overrides_are_told_at_once(merged):
    with pytest.raises(ConfigError) as caught:
        merged("seed: 1", overrides=["seed", "seed.a=1", "=2", "name=["])
    assert len(caught.value.problems) == 4


def test_each_value_keeps_where_it_came_from(tmp_path):
    (tmp_path / "base.yaml").write_text("seed: 1\ntraining: {epochs: 2}\n")
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nname: x\n")
    tree = read_config(tmp_path / "child.yaml", SectionOf(Experiment), ["seed=5"])
    sources = {key: node.place.source for key, node in tree.entries.items()}
    assert sources == {
        "training": str(tmp_path / "base.yaml"),
        "name": str(tmp_path / "child.yaml"),
        "seed": "--set seed=5",
    }


def test_a_base_is_found_beside_the_file_that_names_it(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "inner" / "b.yaml").write_text("extends: ../c.yaml\n")
    (tmp_path / "c.yaml").write_text("seed: 3\n")
    tree = read_config(tmp_path / "inner" / "a.yaml", SectionOf(Experiment))
    assert plain_value(tree) == {"seed": 3}


@pytest.mark.parametrize("name", ["/dev/zero", r"a\0b", "x" * 5000, "~", "''", "."])
def test_a_base_that_is_no_file_is_refused(tmp_path, name):
    config = tmp_path / "mine.yaml"
    config.write_text(f'extends: "{name}"\n')
    with pytest.raises(ConfigError) as caught:
        read_config(config, SectionOf(Experiment))
    assert caught.value.problems[0].place.line == 1


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger"):
        read_config(config, SectionOf(Experiment))


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_bytes("\ufeffseed: 1\n".encode())
    tree = read_config(config, SectionOf(Experiment))
    assert tree.key_places["seed"].column == 1
