"""What holds of every task: it reads what it says, its head fits its loss, its figures are right."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import keras
import numpy as np
import pytest

from nnrun.analysis.evaluation import score
from nnrun.analysis.predictions import Predictions
from nnrun.analysis.row_tests import compare_rows
from nnrun.config.tasks import CLASSES, LABELS, NUMBERS, TASKS
from nnrun.errors import ConfigError, DataError
from nnrun.objects import instantiate
from nnrun.runs.prediction_table import PredictionTable
from nnrun.sources.csv import Csv
from nnrun.tasks.autoencoder import target_of_input
from nnrun.tasks.lookup import KNOWN_TASKS, find_task
from nnrun.tasks.reading_targets import read_targets, read_targets_like
from nnrun.tasks.regression import Regression
from nnrun.tasks.targets import Targets

ROWS = """size,price,kind,two,a,b
1,10,tin,no,0,yes
2,12.5,box,yes,1,no
3,11,jar,yes,1,yes
4,-2,box,no,0,no
"""
OWN = f"{__name__}:Counts"


class Counts(Regression):
    """A task of the user's own: whole numbers, learnt by the Poisson loss."""

    outline = dataclasses.replace(Regression.outline, metric="mse")

    def ending(self, target):
        return target.width, "softplus"


class Mislabelled(Regression):
    """A task that says it predicts labels, and reads numbers."""

    outline = TASKS["multilabel"]


@dataclasses.dataclass(frozen=True)
class Case:
    """A task with columns for it, what it reads off them, and what a model gives for the rows.

    `figure` is one of the evaluation's, and `scored` one of a comparison's, by which a model that is
    always right differs by `worse`; all are worked out by hand.
    """

    task: str
    columns: tuple[str, ...]
    values: list
    raw: list
    ending: tuple[int, str]
    loss: str
    figure: tuple[str, float]
    scored: str
    worse: float


NUMBERS_READ = [[10], [12.5], [11], [-2]]
CLOSE = [[10], [12], [12], [0]]
CASES = [
    Case(
        "regression", ("price",), NUMBERS_READ, CLOSE, (1, "linear"), "MeanSquaredError",
        ("mae", (0 + 0.5 + 1 + 2) / 4), "mae", -(0 + 0.5 + 1 + 2) / 4,
    ),
    Case(
        "regression", ("price", "size"), [[10, 1], [12.5, 2], [11, 3], [-2, 4]],
        [[10, 1], [12, 2], [12, 3], [0, 4]], (2, "linear"), "MeanSquaredError",
        ("mae", (0 + 0.5 + 1 + 2 + 0) / 8), "mae", -(0 + 0.5 + 1 + 2) / 8,
    ),
    Case(
        OWN, ("price",), NUMBERS_READ, CLOSE, (1, "softplus"), "MeanSquaredError",
        ("mae", (0 + 0.5 + 1 + 2) / 4), "mae", -(0 + 0.5 + 1 + 2) / 4,
    ),
    Case(
        "binary", ("two",), [0, 1, 1, 0], [[0.2], [0.6], [0.3], [0.4]], (1, "sigmoid"),
        "BinaryCrossentropy", ("accuracy", 3 / 4), "accuracy", 1 / 4,
    ),
    Case(
        "multiclass", ("kind",), [2, 0, 1, 0],
        [[0, 0, 1], [1, 0, 0], [0.5, 0.25, 0.25], [0.5, 0.25, 0.25]], (3, "softmax"),
        "SparseCategoricalCrossentropy",
        ("log_loss", -(math.log(0.25) + math.log(0.5)) / 4), "log_loss", (math.log(0.25) + math.log(0.5)) / 4,
    ),
    Case(
        "multilabel", ("a", "b"), [[0, 1], [1, 0], [1, 1], [0, 0]],
        [[0.1, 0.9], [0.9, 0.1], [0.9, 0.4], [0.1, 0.1]], (2, "sigmoid"), "BinaryCrossentropy",
        ("hamming_loss", 1 / 8), "accuracy", 1 / 4,
    ),
]  # fmt: skip
every_task = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.task}{case.columns}")


@pytest.fixture
def file(tmp_path: Path) -> Csv:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return Csv(str(path))


def read(case: Case, file: Csv) -> Targets:
    return read_targets(file.read(), case.columns, case.task)


def predicted(case: Case, targets: Targets) -> Predictions:
    task, spec = find_task(case.task), targets.spec
    return Predictions(
        task.outputs(np.array(case.raw, np.float32), spec, logits=False),
        spec.classes,
        task.truth(targets.values, spec),
        columns=spec.names,
        are_labels=spec.predicts == LABELS,
    )


def test_every_task_is_in_the_list_of_a_config_and_has_a_case() -> None:
    assert KNOWN_TASKS.keys() == TASKS.keys()
    assert {*TASKS} - {case.task for case in CASES} == {"autoencoder"}, "it has tests of its own"
    for name in TASKS:
        assert find_task(name).facts == TASKS[name]


@every_task
def test_it_reads_its_targets_and_further_rows_alike(case: Case, file: Csv) -> None:
    targets = read(case, file)
    assert targets.values.tolist() == case.values
    assert targets.spec.task == case.task
    assert targets.spec.predicts == find_task(case.task).facts.predicts
    again = read_targets_like(file.read(), case.columns, targets.spec, source=str(file.path))
    assert again.tolist() == case.values
    assert again.dtype == targets.values.dtype


@every_task
def test_a_missing_cell_is_refused_with_its_line(case: Case, tmp_path: Path) -> None:
    path, (header, *lines) = tmp_path / "gap.csv", ROWS.splitlines()
    column = header.split(",").index(case.columns[-1])
    cells = lines[2].split(",")
    cells[column] = ""
    path.write_text("\n".join([header, *lines[:2], ",".join(cells), lines[3]]) + "\n")
    with pytest.raises(DataError, match="line 4"):
        read(case, Csv(str(path)))


@every_task
def test_its_head_fits_its_loss(case: Case, file: Csv) -> None:
    targets, task = read(case, file), find_task(case.task)
    units, activation = task.ending(targets.spec)
    assert (units, activation) == case.ending
    loss = task.loss(targets.spec, units, activation)
    assert loss.name == case.loss
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(units, activation=activation)(inputs))
    model.compile("sgd", instantiate(loss))
    assert math.isfinite(model.evaluate(np.ones((4, 1)), targets.values, verbose=0))


@every_task
def test_probabilities_are_those_of_the_logits(case: Case, file: Csv) -> None:
    targets, task = read(case, file), find_task(case.task)
    if targets.spec.predicts == NUMBERS:
        return
    (units, activation), raw = task.ending(targets.spec), np.array(case.raw, np.float64)
    told = np.clip(raw, 1e-9, 1 - 1e-9)
    logits = np.log(told) if activation == "softmax" else np.log(told / (1 - told))
    assert task.loss(targets.spec, units, "linear").arguments == {"from_logits": True}
    np.testing.assert_allclose(
        task.outputs(logits, targets.spec, logits=True),
        task.outputs(raw, targets.spec, logits=False),
        atol=1e-8,
    )


@every_task
def test_its_figures_are_those_worked_out_by_hand(case: Case, file: Csv) -> None:
    evaluation = score(
        predicted(case, read(case, file)), run="r", split="test", task=case.task, epoch=1, seed=0,
        recorded={}, where="",
    )  # fmt: skip
    name, value = case.figure
    assert evaluation.headline[name].value == pytest.approx(value)
    assert all(math.isfinite(figure.value) for figure in evaluation.headline.values())


@every_task
def test_predictions_are_written_and_read_back(case: Case, file: Csv, tmp_path: Path) -> None:
    predictions = predicted(case, read(case, file))
    predictions.write(tmp_path / "predictions.csv")
    table = PredictionTable.read(tmp_path / "predictions.csv")
    assert len(table.rows) == len(case.values)
    assert table.columns == predictions.columns
    has_probabilities = find_task(case.task).facts.predicts != NUMBERS
    assert list(table.probabilities) == [*(predictions.classes or predictions.columns)] * (
        has_probabilities
    )
    if find_task(case.task).facts.predicts == CLASSES:
        assert table.targets == tuple(predictions.classes[label] for label in case.values)


@every_task
def test_what_a_row_scores_tells_it_from_a_model_that_is_always_right(
    case: Case, file: Csv, tmp_path: Path
) -> None:
    given = predicted(case, read(case, file))
    right = given.truth
    if find_task(case.task).facts.predicts == CLASSES:
        right = np.eye(len(given.classes))[right]
    tables = []
    for predictions in (given, dataclasses.replace(given, outputs=right)):
        predictions.write(tmp_path / "predictions.csv")
        tables.append(PredictionTable.read(tmp_path / "predictions.csv"))
    test = compare_rows(case.scored, tables, {"mae": "min", "log_loss": "min", "accuracy": "max"})
    assert test.metric == case.scored.replace("_", " ")
    assert test.interval.difference == pytest.approx(case.worse)


@every_task
def test_nothing_is_doubted_of_these_targets(case: Case, file: Csv) -> None:
    targets = read(case, file)
    told = find_task(case.task).doubts(targets.spec, {"train": targets.values})
    assert list(told) == []


def test_an_autoencoder_predicts_its_input() -> None:
    task = find_task("autoencoder")
    flat = target_of_input("autoencoder", "inputs", (2,), ("a", "b"))
    pictures = target_of_input("autoencoder", "inputs", (2, 3), ())
    assert (task.ending(flat), task.ending(pictures)) == ((2, "linear"), (6, "linear"))
    assert flat.names == ("a", "b")
    rows = np.ones((4, 2, 3), np.float32)
    assert task.outputs(rows, pictures, logits=False) is rows
    assert task.truth(rows, pictures) is rows
    assert task.outputs(rows[:, 0, :2], flat, logits=False).dtype == np.float64


def test_a_task_that_reads_what_it_says_it_does_not_is_refused(file: Csv) -> None:
    with pytest.raises(ConfigError, match="reads numbers, but its outline says labels"):
        read_targets(file.read(), ["price"], f"{__name__}:Mislabelled")


def test_what_is_no_task_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"does not derive from nnrun\.tasks\.task\.Task"):
        find_task("collections:Counter")
    with pytest.raises(ConfigError, match="cannot import nowhere_at_all:Task"):
        find_task("nowhere_at_all:Task")
