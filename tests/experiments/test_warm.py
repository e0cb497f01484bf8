"""A model that was trained before is trained again for another seed, to the very same bits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY
from same_run import assert_same_run

from nnrun.experiments.api import train_declared
from nnrun.experiments.declare import load
from nnrun.experiments.kept import Kept
from nnrun.runs.directory import RunDirectory

WITH_STATE = """\
architecture:
  - Dense: {units: 8, activation: relu}
  - BatchNormalization
  - Dropout: 0.5
  - Dense: {units: 3, activation: softmax}
optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}
training: {epochs: 4, batch_size: 32}
callbacks:
  - EarlyStopping: {patience: 1, min_delta: 0.5, restore_best_weights: true}
  - ReduceLROnPlateau: {patience: 0, min_delta: 0.9}
"""

pytestmark = pytest.mark.usefixtures("_undrawn")


@pytest.fixture
def trained(write_config: Callable[..., Path], tmp_path: Path) -> Callable[..., RunDirectory]:
    lines = TINY.splitlines(keepends=True)
    config = write_config(
        "".join(line for line in lines if "archi" not in line and "{epochs" not in line)
        + WITH_STATE
    )

    def train(name: str, kept: Kept | None, *changes: str) -> RunDirectory:
        run = RunDirectory(tmp_path / name)
        declared = load(config, changes)
        train_declared(
            declared,
            runs_dir=tmp_path,
            run_dir=run.path,
            trust=False,
            deliver_signals=False,
            kept=kept,
        )
        return run

    return train


def test_seeds_and_rates_are_variables_of_one_program(
    trained: Callable[..., RunDirectory],
) -> None:
    kept = Kept()
    trained("first", kept, "dataset.split.seed=1")
    (before,) = kept.models.values()
    changes = ["seed=7", "dataset.split.seed=1", "optimizer.SGD.learning_rate=0.03"]
    warm = trained("warm", kept, *changes)
    assert [*kept.models.values()] == [before]
    assert_same_run(warm, trained("alone", None, *changes))


def test_other_values_are_constants_of_a_program(trained: Callable[..., RunDirectory]) -> None:
    kept = Kept()
    trained("first", kept, "training.epochs=1", "seed=3")
    trained("other", kept, "training.epochs=1", "optimizer.SGD.momentum=0.5")
    assert len(kept.models) == 2
    trained("seen", kept, "training.epochs=1", "callbacks=[LayerMonitor]")
    assert len(kept.models) == 2, "a model that callbacks look into is not kept"
