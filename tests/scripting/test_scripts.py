"""`nnrun code`: the script alone has the rows, the model and the figures that nnrun has."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnrun.config.gallery_sheet import SHEET
from nnrun.preparing import build, prepare
from nnrun.scripting.writing import write_script

CONFIGS = Path(__file__).parents[2] / "configs"
GOLDEN = Path(__file__).parent / "golden"
BIG = ("mnist", "fashion", "cifar", "california")
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml") if path.name != SHEET)
UNWRITABLE = ("diabetes_bounded", "digits_pruning", "fashion_base", "fashion_transfer")
"""What no script can say: scaled labels, pruning, some classes of a data set, a model built on a run."""
SMALL = [name for name in NAMES if not name.startswith(BIG) and name not in UNWRITABLE]
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
PARTS = {"train": "train", "validation": "valid", "test": "test"}
RULES = "E4,E7,E9,F,I"  # ruff's own choice, and sorted imports


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of the test's own; classes that a script registers with Keras are forgotten."""
    import keras
    from keras.src.saving import object_registration as registry

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    known = (registry.GLOBAL_CUSTOM_OBJECTS, registry.GLOBAL_CUSTOM_NAMES)
    before = [dict(one) for one in known]
    yield
    for one, was in zip(known, before, strict=True):
        one.clear()
        one.update(was)
    keras.config.set_dtype_policy("float32")


def until_trained(script: str) -> dict[str, Any]:
    """What a script has defined just before it trains."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script.partition("history = model.fit(")[0], "script.py", "exec"), names)
    return names


def assert_same(config: Path, overrides: tuple[str, ...] = ()) -> None:
    """A script has the rows, the weights, the outputs, the loss and the rates of nnrun."""
    prepared = prepare(config, overrides)
    theirs = until_trained(write_script(prepared))
    splits = prepared.splits
    for part, short in PARTS.items():
        assert (part in splits.parts) == (f"X_{short}" in theirs), part
        if part in splits.parts:
            rows = splits.parts[part]
            assert_equal(theirs[f"X_{short}"], rows.inputs, within=0.0)
            # What an autoencoder gives back is reckoned in another precision.
            inexact = any(target.input for target in splits.targets.values())
            assert_equal(theirs[f"y_{short}"], rows.targets, within=1e-5 * inexact)
    model = theirs["model"]
    ours = build(prepared)
    assert model.count_params() == ours.count_params()
    for mine, other in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    rows, labels = (some(arrays) for arrays in (splits.train.inputs, splits.train.targets))
    expected = figures(ours, rows, labels)
    told = figures(model, some(theirs["X_train"]), some(theirs["y_train"]))
    assert told == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert rates(model, prepared) == pytest.approx(rates(ours, prepared), rel=1e-6)
    settings = ("learning_rate", "name")
    mine, other = (
        {key: value for key, value in one.optimizer.get_config().items() if key not in settings}
        for one in (ours, model)
    )
    assert mine == other


def assert_equal(theirs: Any, ours: Mapping[str, np.ndarray], *, within: float) -> None:
    """A script's array, or its arrays by name, hold the values of nnrun's."""
    by_name = theirs if isinstance(theirs, dict) else {next(iter(ours)): theirs}
    assert by_name.keys() == ours.keys()
    for name, array in ours.items():
        told = by_name[name].astype(array.dtype).reshape(array.shape)
        np.testing.assert_allclose(told, array, rtol=0, atol=within)


def some(arrays: Any) -> Any:
    """The first rows of an array, or of arrays by name; inputs as the numbers that Keras reckons in."""
    if isinstance(arrays, Mapping):
        cut = {name: some(array) for name, array in arrays.items()}
        return cut if len(cut) > 1 else next(iter(cut.values()))
    rows = arrays[:64]
    return rows if rows.dtype.kind == "i" and rows.ndim == 1 else rows.astype("float32")


def figures(model: Any, rows: Any, labels: Any) -> dict[str, float]:
    """Loss and metrics of rows, and the means of the outputs; no program is compiled for it."""
    import keras

    outputs = model(rows)
    labels = keras.tree.map_structure(keras.ops.convert_to_tensor, labels)
    loss = model.compute_loss(rows, labels, outputs)
    metrics = model.compute_metrics(rows, labels, outputs)
    told = {name: value for name, value in metrics.items() if not name.endswith("loss")}
    told |= {
        f"mean {at}": keras.ops.mean(one) for at, one in enumerate(keras.tree.flatten(outputs))
    }
    return {name: float(value) for name, value in {**told, "loss": loss}.items()}


def rates(model: Any, prepared: Any) -> list[float]:
    """The learning rate at some steps of the training."""
    last = prepared.steps_per_epoch * prepared.experiment.training.epochs
    schedule = model.optimizer._learning_rate
    if not callable(schedule):
        return [float(model.optimizer.learning_rate)]
    return [float(schedule(step)) for step in (0, 1, last // 3, last // 2, last)]


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


CSV = """\
size;kind;price;far;near
1.5;flat;10;yes;0
2.5;house;20;no;1
3.5;flat;30;no;0
4.0;hut;25;yes;1
1.0;hut;15;no;1
2.0;house;12;yes;0
"""


@pytest.mark.parametrize(
    "target",
    ["kind, features: [size, price]", "price, features: [size, near]",
     "[far, near], features: [size, price]", "kind, features: [size], positive: hut"],
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
regularization: {dropout: 0.5, l2: 0.01}
"""


@pytest.mark.parametrize("step", ["standardize: true", "minmax: true", "scale: 10"])
def test_a_graph_of_a_table_is_that_of_nnrun(
    step: str, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    lines = (f"{n},{n % 5},{n % 3},{n / 2},{'xy'[n % 2]}" for n in range(20))
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,kind", *lines, ""]))
    data = "csv: rows.csv, split: {validation: 0.25, stratify: true}"
    assert_same(write_config(f"dataset: {{{data}, preprocess: {{{step}}}}}\n{GRAPH}"))


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
    for step in ("standardize", "minmax"):
        text = f"dataset: {{csv: rows.csv, target: c, preprocess: {{{step}: true}}}}\n"
        assert_same(write_config(text + "architecture: {MLP: {hidden: [3]}}\n"))


@pytest.mark.data
@pytest.mark.parametrize("name", params(sorted({*NAMES} - {*SMALL, *UNWRITABLE})))
def test_a_script_of_the_big_data_sets_begins_where_nnrun_begins(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    import sklearn.datasets

    from nnrun.data.sources.finding import named_dataset

    config = CONFIGS / f"{name}.yaml"
    data = str(prepare(config).experiment.dataset.name)
    rows = named_dataset(data).load()
    if data == "california_housing":
        mixed = np.random.default_rng(0).permutation(len(rows.inputs))
        bunch = sklearn.utils.Bunch(data=rows.inputs[mixed], target=rows.targets[mixed, 0])
        monkeypatch.setattr(sklearn.datasets, "fetch_california_housing", lambda: bunch)
    else:
        assert rows.test is not None
        given = (rows.inputs, rows.targets), (rows.test.inputs, rows.test.targets)
        monkeypatch.setattr(getattr(keras.datasets, data), "load_data", lambda: given)
    assert_same(config)


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
    """After a wanted change: `nnrun code configs/NAME.yaml > tests/scripting/golden/NAME.txt`."""
    monkeypatch.chdir(CONFIGS.parent)
    assert write_script(prepare(Path(f"configs/{path.stem}.yaml"))) == path.read_text()


@pytest.mark.campaign
def test_a_script_alone_trains_what_nnrun_trains(
    tmp_path: Path, write_config: Callable[..., Path], nnrun: Callable[..., Any]
) -> None:
    from nnrun.experiment import train

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
    from nnrun.scripting.limits import _ABOUT_NNRUN, _WRITTEN

    for path, names in _WRITTEN.items():
        section: type = Experiment
        for name in filter(None, path.split(".")):
            section = options_of(section)[name].metadata["kind"].type
        assert names <= set(options_of(section)), f"{path} has lost an option"
    assert set(_ABOUT_NNRUN) <= set(options_of(Experiment))


def test_what_no_script_says_is_refused_by_name(write_config: Callable[..., Path]) -> None:
    import dataclasses

    from nnrun.config.components import Component
    from nnrun.errors import ConfigError
    from nnrun.scripting.limits import check_expressible

    experiment = prepare(write_config()).experiment
    check_expressible(experiment)
    watching = Component("Traces", "callbacks", "nnrun.training.callbacks")
    check_expressible(dataclasses.replace(experiment, callbacks=(watching,)))
    pruning = Component("Pruning", "callbacks", "nnrun.training.callbacks")
    taken = Component("ResNet50", "applications", "keras.applications")
    with pytest.raises(ConfigError) as caught:
        check_expressible(
            dataclasses.replace(experiment, callbacks=(pruning,), architecture=(taken,))
        )
    assert [problem.message for problem in caught.value.problems] == [
        "architecture cannot be written as plain Keras",
        "Pruning cannot be written as plain Keras",
    ]
