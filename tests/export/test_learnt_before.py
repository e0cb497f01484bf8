"""Scripts of models that have learnt something before the first step: from a run, or from the rows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.errors import ConfigError, RunError, UserError
from nnrun.experiments.prepare import prepare
from nnrun.export.script.writing import write_script
from nnrun.runs.directory import RunDirectory
from tests.export.sameness import assert_same

MOVED = """\
# The run `tiny_run` with another output.
name: moved
dataset:
  name: iris
  classes: [virginica, setosa]
  split: {validation: 20}
  preprocess: {standardize: true}
architecture:
  from_run: tiny_run
  drop_last: 1
  freeze: all
  add:
    - Dense: {units: 4, activation: relu}
    - Dense: {units: 1, activation: sigmoid}
optimizer: {Adam: {learning_rate: 0.05}}
training:
  epochs: 4
  batch_size: 16
  shuffle: false
  fine_tune: {after_epoch: 2, learning_rate: 0.001}
runtime: {engine: graph}
"""
GRAPH = """\
dataset: {name: iris, preprocess: {scale: 2, standardize: true}}
architecture:
  layers:
    one: {Dense: {units: 8, activation: relu}, from: inputs}
    two: {Maxout: {units: 8, pieces: 2}, from: one}
    sum: {Add: {}, from: [one, two]}
    top: {Dense: {units: 4, activation: relu}, from: sum}
  outputs:
    kind: {Dense: {units: 3, activation: softmax}, from: top}
training: {epochs: 1, batch_size: 150}
runtime: {engine: graph}
"""
ADAPTING = """\
name: adapting
dataset: {name: iris, split: {validation: 0.2}}
architecture:
  - Normalization
  - Dense: {units: 8, activation: relu}
  - Dense: {units: 3, activation: softmax}
training: {epochs: 3, batch_size: 40, shuffle: false}
runtime: {engine: graph}
"""
CONFIGS = {"moved": MOVED, "adapting": ADAPTING}
GOLDEN = Path(__file__).parent / "golden" / "learnt_before"
KEPT = ("architecture.keep_preprocessing=true", "dataset.preprocess={}")
ALONE = ("architecture.add=[]", "dataset.classes=null", "architecture.drop_last=0")
FROZEN = "architecture.add=[{Dense: {units: 4, trainable: false}}, {Dense: {units: 1, activation: sigmoid}}]"


@pytest.fixture(scope="module")
def graph_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of GRAPH."""
    from nnrun.experiments.api import train

    folder = tmp_path_factory.mktemp("graph")
    (folder / "graph.yaml").write_text(GRAPH)
    train(folder / "graph.yaml", run_dir=folder / "graph_run")
    return folder / "graph_run"


CHANGES = [
    (FROZEN, "training.fine_tune.unfreeze=1", "callbacks=[{EarlyStopping: {patience: 2, restore_best_weights: true}}]"),
    (*KEPT, "architecture.freeze=[dense]", "optimizer=SGD", "schedule={OneCycle: {steps: 4 epochs}}"),
    (*ALONE, "architecture.freeze=1", "training.fine_tune=null"),
]  # fmt: skip


@pytest.mark.parametrize(
    "changes", [(), *(pytest.param(one, marks=pytest.mark.campaign) for one in CHANGES)]
)
def test_a_script_goes_on_with_the_layers_of_a_run(
    changes: tuple[str, ...], tiny_run: RunDirectory, write_config: Callable[..., Path]
) -> None:
    assert_same(write_config(MOVED), (f"architecture.from_run={tiny_run.name}", *changes))


@pytest.mark.campaign
@pytest.mark.parametrize(
    "changes",
    [
        ("architecture.drop_last=0",),
        ("architecture.freeze=2", "training.fine_tune.unfreeze=1"),
        (*KEPT, "architecture.freeze=[one, top]", "training.fine_tune.unfreeze=[one]"),
        ("architecture.freeze=[one, top]",),
    ],
)
def test_a_script_goes_on_with_a_part_of_a_graph(
    changes: tuple[str, ...], graph_run: Path, write_config: Callable[..., Path]
) -> None:
    assert_same(write_config(MOVED), (f"architecture.from_run={graph_run}", *changes))


@pytest.mark.campaign
def test_a_script_leaves_the_scale_of_a_runs_labels_behind(
    tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    from nnrun.experiments.api import train

    data = "dataset: {name: diabetes, preprocess: {standardize: true%s}}\n"
    model = "architecture: [{Dense: 4}, {Dense: 1}]\ntraining: {epochs: 1}\n"
    train(write_config(data % ", target: standardize" + model), run_dir=tmp_path / "scaled")
    taken = "architecture: {from_run: scaled, drop_last: 1, add: [{Dense: 1}]}\n"
    assert_same(write_config(data % "" + taken))


@pytest.mark.parametrize(
    "layers",
    [
        "[{Dense: 4}, Normalization, {Discretization: {num_bins: 5}}, {Dropout: 0.1}, {Dense: 3}]",
        pytest.param(
            "[{IntegerLookup: {output_mode: multi_hot}}, {Dense: 3}]", marks=pytest.mark.campaign
        ),
    ],
)
def test_layers_adapt_to_what_those_before_them_hand_on(
    layers: str, write_config: Callable[..., Path]
) -> None:
    assert_same(write_config(ADAPTING), (f"architecture={layers}",))


TEXTS = """\
note,city,weight,late
"Please, handle with care",Oslo,1.5,yes
Leave it at the door,007,0.5,no
Ring twice!,NA,4.0,no
Handle with great care,007,3.5,yes
Leave it,Oslo,2.5,no
"""
READING = """\
dataset: {csv: orders.csv, target: late, split: {validation: 2, shuffle: false}, preprocess: {minmax: true}}
architecture:
  inputs: {note: {features: [note]}, city: {features: [city]}, weight: {features: [weight]}}
  layers:
    words: {TextVectorization: {max_tokens: 9}, from: note}
    embedded: {Embedding: {input_dim: 9, output_dim: 2}, from: words}
    flat: {Flatten, from: embedded}
    cities: {StringLookup: {vocabulary: [Oslo, "007"], output_mode: one_hot}, from: city}
    joined: {Concatenate, from: [flat, cities, weight]}
  outputs:
    late: {Dense: {units: 1, activation: sigmoid}, from: joined}
"""


def test_text_is_read_once_as_nnrun_reads_it(
    tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    (tmp_path / "orders.csv").write_text(TEXTS)
    assert_same(write_config(READING))


@pytest.mark.parametrize("name", ["moved", "adapting"])
def test_such_a_script_reads_as_agreed(
    name: str, tiny_run: RunDirectory, write_config: Callable[..., Path]
) -> None:
    """After a wanted change, copy what the script is now into `golden/learnt_before/`."""
    script = write_script(prepare(write_config(CONFIGS[name], f"{name}.yaml")))
    assert script == (GOLDEN / f"{name}.txt").read_text(), tiny_run


APPLICATION = """\
dataset: {name: digits, split: {validation: 0.2}, preprocess: {scale: 16}}
architecture:
  - Reshape: {target_shape: [8, 8, 1]}
  - UpSampling2D: 4
  - Conv2D: {filters: 3, kernel_size: 1}
  - MobileNet: {weights: null, include_top: false, pooling: avg, alpha: 0.25, trainable: false}
  - Dense: {units: 10, activation: softmax}
training: {fine_tune: {after_epoch: 1, learning_rate: 0.001, unfreeze: 3}}
"""
IN_A_GRAPH = """\
architecture:
  layers:
    grey: {Reshape: {target_shape: [8, 8, 1]}, from: inputs}
    large: {UpSampling2D: 4, from: grey}
    net: {MobileNet: {weights: null, include_top: false, pooling: avg, alpha: 0.25, trainable: false}, from: rgb}
    rgb: {Conv2D: {filters: 3, kernel_size: 1}, from: large}
    still: {Dense: {units: 4, trainable: false}, from: net}
  outputs:
    digit: {Dense: {units: 10, activation: softmax}, from: still}
training: {fine_tune: {after_epoch: 1, learning_rate: 0.001}}
"""


@pytest.mark.campaign
@pytest.mark.parametrize("text", [APPLICATION, APPLICATION.partition("arch")[0] + IN_A_GRAPH])
def test_models_of_keras_are_called_as_keras_has_them(
    text: str, write_config: Callable[..., Path]
) -> None:
    assert_same(write_config(text))


def test_a_config_that_a_run_keeps_is_written_from_where_the_user_is(
    tiny_run: RunDirectory, tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    """A run keeps where its base lies, and another folder of runs is found."""
    runs = tmp_path / "elsewhere"
    runs.mkdir()
    shutil.move(tiny_run.path, runs / "tiny_run")
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "resolved.yaml"
    kept.write_text(MOVED)
    done = nnrun("code", kept, "--runs-dir", runs)
    assert (done.code, done.err) == (0, "")
    assert 'load_model("elsewhere/tiny_run/model.keras", compile=False)' in done.out


def test_what_cannot_be_taken_over_is_said(
    tiny_run: RunDirectory, write_config: Callable[..., Path]
) -> None:
    config = write_config(MOVED)
    with pytest.raises(ConfigError, match="in float32 cannot have them compute in mixed_bfloat16"):
        write_script(prepare(config, ["runtime.precision=mixed_bfloat16"]))
    tiny_run.model.unlink()
    with pytest.raises(RunError, match=r"tiny_run has no model\.keras"):
        write_script(prepare(config))


ALONE_IN_PYTHON = """\
import runpy
import sys

sys.modules["nnrun"] = None  # so that importing it fails
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
"""


@pytest.mark.campaign
def test_scripts_alone_train_what_nnrun_trains(
    tiny_run: RunDirectory, tmp_path: Path, write_config: Callable[..., Path]
) -> None:
    """In the rows' own order and without dropout, script and run agree to the rounding."""
    from nnrun.experiments.api import train

    parameters = {"moved": 81, "adapting": 67 + 9}  # mean, variance and count of four features
    for name, text in CONFIGS.items():
        config = write_config(text, f"{name}.yaml")
        Path(f"{name}.py").write_text(write_script(prepare(config)))
    Path("alone.py").write_text(ALONE_IN_PYTHON)
    done = subprocess.run(
        [sys.executable, "-I", "alone.py", *(f"{name}.py" for name in parameters)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = re.findall(r"Total params: (\d+)", done.stdout)
    assert told == [str(count) for count in parameters.values()]
    lines = re.findall(r"^validation \{(.*)\}$", done.stdout, re.MULTILINE)
    for name, line in zip(parameters, lines, strict=True):
        outcome = train(tmp_path / f"{name}.yaml", run_dir=tmp_path / f"run_{name}")
        figures = {key: float(value) for key, value in re.findall(r"'(\w+)': ([-e0-9.]+)", line)}
        best = {key: outcome.metrics["best"][f"val_{key}"] for key in figures}
        assert figures == pytest.approx(best, rel=1e-4), name
    assert tiny_run.model.is_file()


def test_code_of_ones_own_runs_only_where_it_is_trusted(write_config: Callable[..., Path]) -> None:
    config = write_config(
        "dataset: {name: iris}\n"
        "architecture: [{'never_run:Layer': {trainable: false}}, {Dense: 3}]\n"
        "training: {fine_tune: {after_epoch: 1, learning_rate: 0.1}}\n"
    )
    Path("never_run.py").write_text("raise AssertionError('this ran')")
    with pytest.raises(UserError, match="names code of its own"):
        write_script(prepare(config))
