"""Settings written into a config's text: its comments and order stay, and it declares just that."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnrun.config.changed_text import with_changes
from nnrun.config.loading import load_experiment
from nnrun.config.plain_reader import read_plain
from nnrun.config.writer import experiment_to_yaml, overrides_of
from nnrun.errors import ConfigError

CONFIG = """\
# The flats of the town.
name: flats
dataset:
  name: digits            # small
  split: {validation: 0.2}
architecture:
  MLP:
    hidden:               # wide, then narrow
      - 300
      - 100
    activation: relu
# How it learns.
optimizer:
  SGD:                    # heavy ball
    learning_rate: 0.01   # the usual
    momentum: 0.9
training: {epochs: 5}     # few
search:
  space: {training.batch_size: [32, 64]}   # and no more
# the end
"""


def changed(text: str, changes: list[str], folder: Path, target: str = "best.yaml") -> str:
    """The text, which declares just the changes."""
    config = folder / "mine.yaml"
    config.write_text(text)
    (folder / target).parent.mkdir(exist_ok=True)
    found = with_changes(config, changes, folder / target)
    (folder / target).write_text(found)
    wanted, declared = load_experiment(config, changes), load_experiment(folder / target)
    away = f"{target.partition('/')[0]}/../"
    assert read_plain(experiment_to_yaml(declared).replace(away, "")) == (
        read_plain(experiment_to_yaml(wanted))
    )
    return found


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ("training.epochs=9", "{epochs: 5} ", "{epochs: 9} "),
        ("training.batch_size=64", "{epochs: 5} ", "{batch_size: 64, epochs: 5} "),
        ("optimizer.SGD.momentum=0.5", "momentum: 0.9", "momentum: 0.5"),
        (
            "optimizer={AdamW: {learning_rate: 1e-05}}",
            "optimizer:\n  SGD:                    # heavy ball\n"
            "    learning_rate: 0.01   # the usual\n    momentum: 0.9\n",
            "optimizer: {AdamW: {learning_rate: 1e-05}}\n",
        ),
        (
            "architecture.MLP.hidden=[42, 42]",
            "hidden:               # wide, then narrow\n      - 300\n      - 100\n",
            "hidden: [42, 42]               # wide, then narrow\n",
        ),
        ("architecture.MLP.hidden.1=50", "- 100", "- 50"),
        (
            "regularization.dropout=0.1",
            "# the end\n",
            "# the end\nregularization: {dropout: 0.1}\n",
        ),
        ("schedule=null", "# the end\n", "# the end\nschedule: null\n"),
        ("dataset.split.seed=3", "{validation: 0.2}", "{seed: 3, validation: 0.2}"),
        ("search.trials=3", "  space:", "  trials: 3\n  space:"),
    ],
)
def test_a_change_in_its_place(change: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in CONFIG
    assert changed(CONFIG, [change], tmp_path) == CONFIG.replace(old, new)


def test_several_changes_and_nothing_at_all(tmp_path: Path) -> None:
    assert changed(CONFIG, [], tmp_path) == CONFIG
    found = changed(CONFIG, ["optimizer.SGD.learning_rate=0.1", "training.epochs=3"], tmp_path)
    assert found == CONFIG.replace("0.01 ", "0.1 ").replace("epochs: 5", "epochs: 3")


def test_the_name_stays_that_of_the_experiment(tmp_path: Path) -> None:
    text = CONFIG.replace("name: flats\n", "")
    found = changed(text, ["training.epochs=3"], tmp_path)
    assert found.startswith("# The flats of the town.\nname: mine\ndataset:\n")


@pytest.mark.parametrize(
    ("layer", "change", "new"),
    [
        ("Dropout: 0.5", "architecture.1.Dropout.rate=0.2", "Dropout: 0.2"),
        ("Dropout: 0.5", "architecture.1.Dropout.seed=3", "Dropout: {rate: 0.5, seed: 3}"),
        ("Dense: 8", "architecture.1.Dense={units: 9}", "Dense: {units: 9}"),
        ("BatchNormalization", "architecture.1.BatchNormalization.momentum=0.9",
         "{BatchNormalization: {momentum: 0.9}}"),
        ("Dense: {units: 8}", "architecture.1={Dropout: 0.1}", "{Dropout: 0.1}"),
    ],
)  # fmt: skip
def test_a_layer_in_each_of_its_forms(layer: str, change: str, new: str, tmp_path: Path) -> None:
    text = (
        "dataset: {name: digits}\narchitecture:\n  - Flatten\n"
        f"  - {layer}  # here\n  - Dense: {{units: 10, activation: softmax}}\nname: flats\n"
    )
    assert changed(text, [change], tmp_path) == text.replace(layer, new)


def test_files_are_found_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "base.yaml").write_text("architecture: {MLP: {hidden: [8]}} # small\n")
    text = (
        "extends: base.yaml\nname: rows\n"
        "dataset: {csv: rows.csv, target: b, split: {validation: 0.2}} # mine\nseed: 3\n"
    )
    found = changed(text, ["architecture.MLP.hidden=[4]"], tmp_path, "study/best.yaml")
    assert found == (
        "extends: ../base.yaml\nname: rows\n"
        "dataset: {csv: ../rows.csv, target: b, split: {validation: 0.2}} # mine\nseed: 3\n"
        "architecture:\n  MLP: {hidden: [4]}\n"
    )


def test_code_of_the_users_own_is_found_from_another_folder(tmp_path: Path) -> None:
    text = CONFIG + "callbacks: ['own:Callback']\n"
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "study").mkdir()
    found = with_changes(tmp_path / "mine.yaml", ["seed=3"], tmp_path / "study" / "best.yaml")
    assert found.endswith("seed: 3\nmodules: ..\n")


def test_what_cannot_be_edited_alone_is_written_out(tmp_path: Path) -> None:
    """The rate and the share of units are one value of the file: changing it would change both."""
    text = CONFIG.replace("0.01 ", "&r 0.01 ") + "regularization: {dropout: *r}\n"
    found = changed(text, ["optimizer.SGD.learning_rate=0.1"], tmp_path)
    assert "dropout: 0.01" in found
    assert "learning_rate: 0.1\n" in found
    assert "#" not in found


def test_mistakes_are_told(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(CONFIG)
    with pytest.raises(ConfigError):
        with_changes(config, ["training.epoch=3"], tmp_path / "best.yaml")


VALUES = {
    "training.epochs": st.integers(1, 99),
    "training.batch_size": st.integers(1, 99),
    "architecture.MLP.hidden": st.lists(st.integers(1, 99), max_size=3),
    "architecture.MLP.activation": st.sampled_from(["elu", {"LeakyReLU": {"negative_slope": 0.1}}]),
    "optimizer": st.sampled_from(["Adam", {"Adam": {"beta_1": 0.8}}, {"RMSprop": {}}]),
    "schedule": st.sampled_from([None, {"CosineDecay": {"decay_steps": "9 epochs"}}]),
    "regularization.l2": st.floats(1e-9, 1.0),
    "metrics": st.sampled_from([["accuracy"], []]),
}


@settings(max_examples=40)
@given(st.fixed_dictionaries({}, optional=VALUES))
def test_any_setting_reads_back(
    tmp_path_factory: pytest.TempPathFactory, setting: dict[str, object]
) -> None:
    found = changed(CONFIG, list(overrides_of(setting)), tmp_path_factory.getbasetemp())
    assert found.startswith("# The flats of the town.\nname: flats\n")
    assert found.count("# and no more") == 1
