"""`nnrun code`: the script alone has the rows, the model and the figures that nnrun has."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.gallery_sheet import SHEET
from nnrun.experiments.prepare import prepare
from nnrun.export.script.writing import write_script
from tests.export.sameness import assert_same

CONFIGS = Path(__file__).parents[2] / "configs"
GOLDEN = Path(__file__).parent / "golden"
BIG = ("mnist", "fashion", "cifar", "california")
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml") if path.name != SHEET)
APART = ("digits_pruning", "fashion_transfer")
"""What no script can say: pruning; and what needs the run that it builds on."""
SMALL = [name for name in NAMES if not name.startswith(BIG) and name not in APART]
ALWAYS = (
    "digits_mlp",
    "digits_one_cycle",
    "digits_maxout",
    "fashion_mlp",
    "california_mlp",
    "iris_multitask",
    "points_multilabel",
    "wine_validation_rows",
)
"""Tried in every test run, the others in a campaign, since all of them take minutes."""
RULES = "E4,E7,E9,F,I"  # ruff's own choice, and sorted imports


def params(names: Iterable[str]) -> list[Any]:
    """Names of configs; those that are not always tried are marked."""
    marks = pytest.mark.campaign
    return [pytest.param(name, marks=() if name in ALWAYS else marks) for name in names]


@pytest.mark.parametrize("name", params(SMALL))
def test_a_script_begins_where_nnrun_begins(name: str) -> None:
    assert_same(CONFIGS / f"{name}.yaml")


@pytest.mark.parametrize(
    "changes",
    [
        ("dataset.preprocess={minmax: true}",),
        ("dataset.preprocess={scale: 2, minmax: true, one_hot: true}", "training.class_weight=balanced"),
        ("dataset.preprocess={scale: 10, standardize: true}", "runtime.precision=mixed_bfloat16"),
        ("dataset.split={validation: 20, test: 0.2, shuffle: false}", "training.shuffle=false"),
        ("dataset.features=[petal_width, sepal_length]", "regularization={l1: 0.01, dropout: 0.3}"),
        ("dataset.split={}", "metrics=[accuracy, {TopKCategoricalAccuracy: 2}]",
         "dataset.preprocess={one_hot: true}"),
    ],
)  # fmt: skip
def test_what_the_config_says_of_the_rows_is_said_in_the_script(
    changes: tuple[str, ...], write_config: Callable[..., Path]
) -> None:
    assert_same(write_config(), changes)


@pytest.mark.parametrize(
    "optimizer",
    ["ScheduleFreeAdamW", "{LossScaleOptimizer: {inner_optimizer: {ScheduleFreeAdamW: {}}}}"],
)
def test_an_optimizer_that_begins_at_the_weights_is_built_before_the_first_step(
    optimizer: str, write_config: Callable[..., Path]
) -> None:
    script = write_script(prepare(write_config(), (f"optimizer={optimizer}",)))
    before, _, after = script.partition("optimizer.build(model.trainable_variables)")
    assert "model.fit(" in after
    assert "optimizer = " in before
    assert "model.fit(" not in before


def test_no_other_optimizer_begins_at_the_weights() -> None:
    import keras

    from nnrun.cataloguing.collecting import keras_classes

    weights = np.array([[0.5, -0.25], [2.0, 3.0]], "float32")
    for name, cls in keras_classes("optimizers").items():
        if name in ("LossScaleOptimizer", "MultiOptimizer"):
            continue
        variable, optimizer = keras.Variable(weights), cls()
        optimizer.build([variable])
        held = [np.array(one.numpy()) for one in optimizer.variables]
        begins = any(one.shape == weights.shape and (one == weights).any() for one in held)
        assert begins == (name == "ScheduleFreeAdamW"), name


CSV = """\
size;kind;price;far;near;rooms
1.5;flat;10;yes;0;1
2.5;house;20;no;1;2
3.5;flat;30;no;0;3
4.0;hut;25;yes;1;3
1.0;hut;15;no;1;1
2.0;house;12;yes;0;2
"""


@pytest.mark.parametrize(
    "target",
    ["kind, features: [size, price]", "price, features: [size, near]", "near, features: [size]",
     "[far, near], features: [size, price]", "kind, features: [size], positive: hut",
     "near, features: [size], positive: '1'", "rooms, features: [size, price], positive: '3'",
     "kind, features: [size, price], classes: [hut, flat]",
     "rooms, features: [size, price], classes: [3, 1]",
     "kind, features: [size], classes: [2, flat, house], positive: flat",
     "near, features: [size], sample_weight: price"],
)  # fmt: skip
def test_rows_of_a_file_are_those_of_nnrun(
    target: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "rows.csv").write_text(CSV)
    assert_same(
        write_config(
            f'dataset: {{csv: {{path: rows.csv, separator: ";"}}, target: {target}, '
            "split: {validation: 2}}\narchitecture: {MLP: {hidden: [3]}}\n"
        )
    )


@pytest.mark.parametrize(
    "target",
    [
        "target: kind",
        "target: kind, classes: [hut, house]",
        "target: kind, classes: [hut, house], sample_weight: rooms",
        "target: kind, classes: [hut, house], sample_weight: {column: rooms, validation: true}",
        "task: autoencoder",
    ],
)
def test_parts_that_are_files_are_read_alike(
    target: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "rows.csv").write_text(CSV)
    (tmp_path / "others.csv").write_text("\n".join(CSV.splitlines()[:5]))
    files = "split: {validation: others.csv, test: 2}"
    assert_same(
        write_config(
            f'dataset: {{csv: {{path: rows.csv, separator: ";"}}, {target}, {files}, '
            "features: [size, price]}\narchitecture: {MLP: {hidden: [3]}}\n"
        )
    )


@pytest.mark.parametrize(
    "target",
    ["code", "code, positive: '1'", "code, classes: ['1', '02']", "grade", "[pair, near]", "cost"],
)
def test_cells_are_read_by_a_script_as_they_stand(
    target: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "rows.csv").write_text(
        "size;code;grade;pair;near;cost\n1,5;01;None;00;1;0,5\n2,5;1;mild;01;0;1,25\n"
        "3,5;02;severe;00;1;2,75\n4,5;1;mild;01;0;3,5\n"
    )
    assert_same(
        write_config(
            f'dataset: {{csv: {{path: rows.csv, separator: ";", decimal: ","}}, target: {target}, '
            "features: [size], split: {validation: 1}}\narchitecture: {MLP: {hidden: [3]}}\n"
        )
    )


GRAPH = """\
architecture:
  inputs: {first: {features: [a, b]}, other-one: {features: [b, c]}}
  layers:
    mean: {Dense: {units: 3, activation: relu}, from: first}
    again: {shared: mean, from: other-one}
    joined: {Concatenate: {}, from: [mean, again]}
  outputs:
    kind: {Dense: {units: 2, activation: softmax}, from: joined, target: kind, task: multiclass}
    size: {Dense: 1, from: joined, target: d, loss: Huber, weight: 0.25}
"""
WORDS = "    words: {Dense: {units: 2, activation: sigmoid}, from: joined, target: [u, v]}\n"
BACK = "    back: {Dense: 2, from: joined, target: first, task: autoencoder}\n"
PENALTY = "regularization: {dropout: 0.5, l2: 0.01}\n"


def write_table(folder: Path) -> None:
    """A table of numbers, classes and labels in words; `others.csv` has its first rows."""
    lines = [
        f"{n},{n % 5},{n % 3},{n / 2},{'xy'[n % 2]},{('up', 'down')[n % 2]},{n % 3 > 1}"
        for n in range(20)
    ]
    for name, count in (("rows", 20), ("others", 8)):
        text = "\n".join(["a,b,c,d,kind,u,v", *lines[:count], ""])
        (folder / f"{name}.csv").write_text(text)


@pytest.mark.parametrize(
    ("step", "outputs"),
    [
        ("standardize: true", ""),
        ("minmax: true, target: minmax", WORDS),
        ("scale: 10, minmax: true", BACK),
    ],
)
def test_a_graph_of_a_table_is_that_of_nnrun(
    step: str, outputs: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    write_table(tmp_path)
    data = "csv: rows.csv, split: {validation: 0.25, stratify: true}"
    text = f"dataset: {{{data}, preprocess: {{{step}}}}}\n{GRAPH}{outputs}{PENALTY}"
    assert_same(write_config(text))


def test_a_graph_takes_its_classes_and_its_parts_from_files(
    tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    write_table(tmp_path)
    data = "csv: rows.csv, target: c, classes: [2, 0], split: {validation: others.csv}"
    graph = GRAPH.replace("b, c]", "a, b]").replace("target: kind", "target: c")
    assert_same(write_config(f"dataset: {{{data}}}\n{graph}"))


PICTURES = """\
dataset: {name: digits, classes: [3, 8, 1], split: {validation: 0.2}, preprocess: {scale: 16}}
architecture:
  layers:
    flat: {Flatten: {}, from: inputs}
    code: {Dense: {units: 4, activation: relu}, from: flat}
    pixels: {Dense: 64, from: code}
  outputs:
    digit: {Dense: {units: 3, activation: softmax}, from: code}
    picture: {Reshape: {target_shape: [8, 8]}, from: pixels, task: autoencoder}
"""


def test_pictures_may_have_several_outputs(write_config: Callable[..., Path]) -> None:
    assert_same(write_config(PICTURES))


def test_outputs_may_all_give_back_their_input(write_config: Callable[..., Path]) -> None:
    again = "    digit: {Reshape: {target_shape: [8, 8]}, from: pixels, task: autoencoder}"
    lines = [again if "digit:" in line else line for line in PICTURES.splitlines()]
    assert_same(write_config("\n".join(lines).replace("classes: [3, 8, 1], ", "")))


@pytest.mark.parametrize("step", ["standardize: true", "minmax: true", "scale: 10"])
def test_an_autoencoder_gives_back_what_the_preprocessing_leaves(
    step: str, write_config: Callable[..., Path]
) -> None:
    data = "name: iris, task: autoencoder, split: {validation: 30, shuffle: false}"
    text = f"dataset: {{{data}, preprocess: {{{step}}}}}\narchitecture: {{MLP: {{hidden: [2]}}}}\n"
    assert_same(write_config(text))


def test_a_constant_column_becomes_nought(
    tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "rows.csv").write_text("a,b,c\n" + "".join(f"{n},7,{n}.5\n" for n in range(9)))
    back = "features: [a, b], task: autoencoder"
    for step, target in {"standardize": "target: c", "minmax": back}.items():
        text = f"dataset: {{csv: rows.csv, {target}, preprocess: {{{step}: true}}}}\n"
        assert_same(write_config(text + "architecture: {MLP: {hidden: [3]}}\n"))


@pytest.mark.parametrize("how", ["standardize", "minmax", "symmetric"])
def test_the_loss_sees_labels_in_the_scale_of_nnrun(
    how: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "rows.csv").write_text("a,b,c\n" + "".join(f"{n},7,{n}.5\n" for n in range(9)))
    data = f"csv: rows.csv, target: [b, c], preprocess: {{minmax: true, target: {how}}}"
    text = f"dataset: {{{data}}}\narchitecture: {{MLP: {{hidden: [3]}}}}\nloss: {{Huber: 0.1}}\n"
    assert_same(write_config(text), ("runtime.precision=mixed_bfloat16",))


@pytest.mark.data
@pytest.mark.parametrize("name", params(sorted({*NAMES} - {*SMALL, *APART})))
def test_a_script_of_the_big_data_sets_begins_where_nnrun_begins(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIGS / f"{name}.yaml"
    hand_out(str(prepare(config).experiment.dataset.name), monkeypatch)
    assert_same(config)


@pytest.mark.data
@pytest.mark.campaign
def test_a_script_builds_on_a_run_of_the_gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnrun.experiments.api import train

    hand_out("fashion_mnist", monkeypatch)
    base = tmp_path / "runs" / "fashion_base"
    train(CONFIGS / "fashion_base.yaml", run_dir=base, overrides=["training.epochs=1"])
    assert_same(CONFIGS / "fashion_transfer.yaml")


def hand_out(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Keras or scikit-learn give the rows that nnrun has, and fetch nothing."""
    import keras
    import sklearn.datasets

    from nnrun.sources.finding import named_dataset

    rows = named_dataset(data).load()
    if data == "california_housing":
        mixed = np.random.default_rng(0).permutation(len(rows.rows))
        bunch = sklearn.utils.Bunch(data=rows.rows[mixed], target=rows.targets[mixed, 0])
        monkeypatch.setattr(sklearn.datasets, "fetch_california_housing", lambda: bunch)
    else:
        assert rows.test is not None
        given = (rows.rows, rows.targets), (rows.test.rows, rows.test.targets)
        monkeypatch.setattr(getattr(keras.datasets, data), "load_data", lambda: given)


def test_the_scripts_are_formatted_and_clean(tmp_path: Path) -> None:
    for name in set(ALWAYS) & set(SMALL):
        (tmp_path / f"{name}.py").write_text(write_script(prepare(CONFIGS / f"{name}.yaml")))
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "100"]
    for command in (["check", "--select", RULES], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [*ruff, *command, *options, tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_a_script_reads_as_agreed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a wanted change: `nnrun code configs/NAME.yaml > tests/export/golden/NAME.txt`."""
    monkeypatch.chdir(CONFIGS.parent)
    assert write_script(prepare(Path(f"configs/{path.stem}.yaml"))) == path.read_text()


@pytest.mark.campaign
def test_a_script_alone_trains_what_nnrun_trains(
    tmp_path: Path, write_config: Callable[..., Path], nnrun: Callable[..., Any]
) -> None:
    from nnrun.experiments.api import train

    done = nnrun("code", CONFIGS / "wine_validation_rows.yaml", "--out", "script.py")
    assert (done.code, done.out, done.err) == (0, "", "")
    text = Path("script.py").read_text()
    assert not re.search(r"^\s*(import|from) nnrun", text, re.MULTILINE)
    alone = subprocess.run(
        [sys.executable, "-I", "script.py"],
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Total params: 275" in alone.stdout
    figures = dict(re.findall(r"^(validation|test) (\{.*\})$", alone.stdout, re.MULTILINE))
    outcome = train(CONFIGS / "wine_validation_rows.yaml", run_dir=tmp_path / "run")
    for part, ours in (
        ("validation", outcome.metrics["best"]["val_accuracy"]),
        ("test", outcome.metrics["test"]["accuracy"]),
    ):
        theirs = float(re.findall(r"'accuracy': ([0-9.]+)", figures[part])[0])
        assert theirs == pytest.approx(ours, abs=3 / 36), "three rows of 36"
    assert Path("wine_validation_rows.png").stat().st_size > 1000


def test_every_option_is_written_or_known_not_to_be() -> None:
    from nnrun.config.options import options_of
    from nnrun.config.schema import Experiment
    from nnrun.export.script.limits import _ABOUT_NNRUN, _WRITTEN

    for path, names in _WRITTEN.items():
        section: type = Experiment
        for name in filter(None, path.split(".")):
            kind = options_of(section)[name].metadata["kind"]
            section = kind.sections[0]
        assert names <= set(options_of(section)), f"{path} has lost an option"
    assert set(_ABOUT_NNRUN) <= set(options_of(Experiment))


def test_what_no_script_says_is_refused_by_name(
    write_config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from nnrun.config.components import Component
    from nnrun.errors import ConfigError
    from nnrun.export.script.limits import _WRITTEN, check_expressible

    experiment = prepare(write_config()).experiment
    check_expressible(experiment)
    watching = Component("Traces", "callbacks", "nnrun.training.callbacks")
    check_expressible(dataclasses.replace(experiment, callbacks=(watching,)))
    pruning = Component("Pruning", "callbacks", "nnrun.training.callbacks")
    monkeypatch.setitem(_WRITTEN, "dataset", _WRITTEN["dataset"] - {"split"})
    with pytest.raises(ConfigError) as caught:
        check_expressible(dataclasses.replace(experiment, callbacks=(pruning,)))
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [
        ("dataset.split", "`nnrun code` does not know how to write this option, and a script without "
         "it would do something else"),
        ("", "Pruning works between the steps of nnrun's own training loop, which a script that calls "
         "`fit` does not have"),
    ]  # fmt: skip
