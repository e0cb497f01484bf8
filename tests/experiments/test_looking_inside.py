"""Real runs, each made to show one thing: what the diagnosis says, and what callbacks leave."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_run import points, rows

from nnrun.experiments.api import train
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord

DIGITS = """\
dataset: {name: digits, split: {validation: 200, stratify: true}, preprocess: {scale: 16}}
architecture: {MLP: {hidden: [16]}}
runtime: {engine: graph}
"""
TABLE = """\
dataset: {csv: rows.csv, target: y, split: {validation: 60, stratify: true}}
runtime: {engine: graph}
"""
RUNS = {
    "rate_too_high": DIGITS + "optimizer: {SGD: {learning_rate: 10.0}}\ntraining: {epochs: 12}\n",
    "rate_too_low": DIGITS + "optimizer: {SGD: {learning_rate: 1e-4}}\ntraining: {epochs: 10}\n",
    "not_learning": "dataset: {name: breast_cancer, split: {validation: 114}}\n"
    + "architecture: {MLP: {hidden: [16]}}\noptimizer: {SGD: {learning_rate: 0.05}}\n"
    + "training: {epochs: 8}\nruntime: {engine: graph}\n",
    "overfitting": TABLE
    + "architecture: {MLP: {hidden: [64]}}\n"
    + "optimizer: {Adam: {learning_rate: 0.01}}\ntraining: {epochs: 60}\n",
    "imbalance_ignored": TABLE.replace("rows.csv", "rare.csv")
    + "architecture: {MLP: {hidden: [4]}}\noptimizer: {Adam: {learning_rate: 0.01}}\n"
    + "training: {epochs: 40}\n",
    "vanishing": DIGITS.replace("[16]", "[8, 8, 8, 8, 8, 8, 8, 8, 8, 8], activation: sigmoid")
    + "callbacks: [LayerMonitor]\ntraining: {epochs: 5}\n",
}
INSIDE = """\
dataset: {name: iris, split: {validation: 30, stratify: true}, preprocess: {standardize: true}}
architecture: {MLP: {hidden: [8]}}
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 8, batch_size: 16}
runtime: {engine: graph}
callbacks:
  - LayerMonitor: {every: 2}
  - Traces: {every: 3, rows: 4}
"""
PRUNED = (
    INSIDE
    + "  - Pruning: {sparsity: 0.5, begin: 2, end: 5}\n"
    + "expect: {sparsity: 0.5, distinct_codes: {min: 1}}\n"
)


def write_tables(folder: Path) -> None:
    """Rows of pure chance, and rows of which a twentieth are of a class that is hard to tell."""
    draw = random.Random(3)
    head = ",".join([*"abcdefgh", "y"])
    chance = [[f"{draw.gauss(0, 1):.3f}" for _ in range(8)] for _ in range(160)]
    lines = [",".join([*row, draw.choice(["no", "yes"])]) for row in chance]
    (folder / "rows.csv").write_text("\n".join([head, *lines]) + "\n")
    rare = [
        ",".join([*(f"{draw.gauss(0, 1):.3f}" for _ in range(8)), "yes" if row % 10 == 0 else "no"])
        for row in range(300)
    ]
    (folder / "rare.csv").write_text("\n".join([head, *rare]) + "\n")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunDirectory]:
    folder = tmp_path_factory.mktemp("inside")
    write_tables(folder)
    texts = RUNS | {"plain": INSIDE.partition("callbacks")[0], "inside": INSIDE, "pruned": PRUNED}

    def run(name: str) -> RunDirectory:
        directory = RunDirectory(folder / name)
        if not directory.path.exists():
            config = folder / f"{name}.yaml"
            config.write_text(texts[name])
            train(config, run_dir=directory.path)
        return directory

    return run


@pytest.mark.parametrize(
    "kind",
    RUNS,
)
def test_a_run_made_to_show_it_is_diagnosed_so(
    kind: str, runs: Callable[[str], RunDirectory]
) -> None:
    found = RunRecord.read(runs(kind).record).diagnosis
    assert kind in [item["kind"] for item in found], found


def test_looking_does_not_change_the_training(runs: Callable[[str], RunDirectory]) -> None:
    inside, plain = runs("inside"), runs("plain")
    assert rows(inside) == rows(plain)
    engines = [RunRecord.read(run.record).engine for run in (inside, plain)]
    assert engines[0] == engines[1]
    assert engines[0]["many_epochs_a_call"]


def test_tables_hold_a_row_for_each_look(runs: Callable[[str], RunDirectory]) -> None:
    run = runs("inside")
    looks = {
        path: History.from_csv(path.read_text()).column("epoch")
        for path in (run.monitor, run.traces)
    }
    assert looks == {run.monitor: [0, 2, 4, 6, 8], run.traces: [0, 3, 6]}
    assert run.traces_plot.stat().st_size > 10_000
    charted = points(run.tensorboard)
    monitored = History.from_csv(run.monitor.read_text())
    assert [step for step, _ in charted["train: dense/gradient_norm"]] == [0, 2, 4, 6, 8]
    assert [value for _, value in charted["train: dense/gradient_norm"]] == pytest.approx(
        monitored.column("dense/gradient_norm")
    )
    assert not [name for name in charted if "hidden/" in name]


def test_the_saved_model_is_pruned_and_the_run_says_what_it_cost(
    runs: Callable[[str], RunDirectory],
) -> None:
    import keras

    run = runs("pruned")
    record = RunRecord.read(run.record)
    assert record.best_epoch is not None
    assert record.best_epoch > 5, "only pruned epochs can be the best"
    kernels = [w.numpy() for w in keras.models.load_model(run.model).weights if "kernel" in w.path]
    assert [float((kernel == 0).mean()) for kernel in kernels] == [0.5, 0.5]
    metrics = Metrics.read(run.metrics)
    assert metrics.callbacks is not None
    assert metrics.callbacks["sparsity"] == 0.5
    assert [item["held"] for item in record.expectations] == [True, True]
    (told,) = [item["text"] for item in record.diagnosis if item["kind"] == "pruned"]
    assert told.startswith(
        "Pruned: 50.0 % of 56 weights are 0 (dense 50.0 %, dense_1 50.0 %); val_"
    )
    pruned = History.from_csv((run.callbacks / "pruning.csv").read_text())
    assert pruned.column("epoch") == [3, 4, 5]
    assert np.diff(pruned.column("sparsity")).min() > 0


def test_a_run_is_shown_with_its_diagnosis(
    nnrun: Callable[..., Any], runs: Callable[[str], RunDirectory], tmp_path: Path
) -> None:
    run = shutil.copytree(runs("overfitting").path, tmp_path / "run")
    shown = nnrun("show", run)
    told = json.loads(nnrun("show", run, "--json").out)["record"]["diagnosis"]
    assert told[0]["text"] in " ".join(shown.out.split())
    assert [sorted(item) for item in told] == [["advice", "kind", "text"]]
