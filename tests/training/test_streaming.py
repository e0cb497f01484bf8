"""Rows handed over block by block give the bits that resident rows give."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import optimizers

from nnrun.data.splits import Part
from nnrun.training.engines import CompiledEvaluation, CompiledTraining, make_resident
from nnrun.training.order import epoch_order
from nnrun.training.streaming import StreamedEvaluation, StreamedTraining

from .conftest import (
    BATCH,
    FEATURES,
    ROWS,
    assert_same_bits,
    every_variable,
    make_model,
    make_part,
)
from .test_engines import random_layers

PART = make_part()
WEIGHTS = np.linspace(0.25, 2, ROWS).astype("float32")
ROW_BYTES = 4 * FEATURES + 4
TWO_STEPS = 2 * BATCH * ROW_BYTES
ORDERS = [epoch_order(ROWS, seed=5, epoch=epoch) for epoch in (1, 2)]
MODEL = partial(make_model, partial(optimizers.Adam, 0.01), random_layers)


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_streamed_training_gives_the_bits_of_resident_training(engine: str) -> None:
    model, twin = MODEL(), MODEL()
    resident = CompiledTraining(model, make_resident(PART, WEIGHTS), BATCH, engine)
    # Blocks of two steps: one full, one short, and the two rows left over.
    streamed = StreamedTraining(
        twin, PART, BATCH, engine, weights=WEIGHTS, block_bytes=TWO_STEPS + 5
    )
    assert (streamed.steps, streamed.full_steps, streamed.rows_left) == (4, 3, 2)
    for order, bounds in zip(ORDERS, ((0, 4), (0, 1, 3, 4)), strict=True):
        resident.begin_epoch(order)
        streamed.begin_epoch(order)
        for start, stop in pairwise(bounds):
            assert streamed.run(start, stop) == resident.run(start, stop)
    assert_same_bits(every_variable(twin), every_variable(model))


def test_an_epoch_can_begin_at_any_step() -> None:
    model, twin = make_model("sgd"), make_model("sgd")
    resident = CompiledTraining(model, make_resident(PART), BATCH, "graph")
    streamed = StreamedTraining(twin, PART, BATCH, "graph", block_bytes=1)  # one step a block
    for start in (3, 1, 2, 0):
        resident.begin_epoch(ORDERS[0])
        streamed.begin_epoch(ORDERS[0])
        assert streamed.run(start, 4) == resident.run(start, 4)
    assert_same_bits(every_variable(twin), every_variable(model))


def test_fewer_rows_than_a_batch_are_one_step() -> None:
    part = make_part(4)
    model, twin = make_model(), make_model()
    resident = CompiledTraining(model, make_resident(part), 32, "graph")
    streamed = StreamedTraining(twin, part, 32, "graph")
    assert (streamed.full_steps, streamed.steps) == (0, 1)
    order = np.arange(4, dtype="int32")[::-1].copy()
    resident.begin_epoch(order)
    streamed.begin_epoch(order)
    assert streamed.run(0, 1) == resident.run(0, 1)


@pytest.mark.parametrize("block_bytes", [1, 2 * 8 * ROW_BYTES, 10**9])
def test_streamed_evaluation_gives_the_same_figures(block_bytes: int) -> None:
    model = make_model(layers=random_layers)
    resident = CompiledEvaluation(model, make_resident(PART), "graph", 8)
    streamed = StreamedEvaluation(model, PART, "graph", 8, block_bytes=block_bytes)
    assert streamed.steps == 7
    expected = resident.run()
    assert streamed.run() == expected
    assert streamed.run() == expected


def test_rows_may_lie_on_disk_and_keep_their_dtype(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (ROWS, FEATURES), dtype=np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    targets = PART.targets
    model, twin = make_model(), make_model()
    resident = CompiledTraining(model, make_resident(Part({"x": pixels}, targets)), BATCH, "graph")
    streamed = StreamedTraining(twin, Part({"x": mapped}, targets), BATCH, "graph", block_bytes=500)
    for training in (resident, streamed):
        training.begin_epoch(ORDERS[0])
    assert streamed.run(0, 4) == resident.run(0, 4)
    assert streamed._blocks.take(0).data.x.dtype == "uint8"


@pytest.mark.parametrize("mode", ["xla", "graph", "streaming"])
def test_several_outputs_equal_keras(mode: str) -> None:
    targets = {"label": PART.targets["y"], "value": PART.inputs["x"][:, :1] ** 2}
    part = Part(PART.inputs, targets)

    def two_headed() -> keras.Model:
        keras.utils.set_random_seed(3)
        row = keras.Input((FEATURES,))
        hidden = keras.layers.Dense(8, "tanh")(row)
        heads = {
            "label": keras.layers.Dense(3, "softmax", name="label")(hidden),
            "value": keras.layers.Dense(1, name="value")(hidden),
        }
        model = keras.Model(row, heads)
        model.compile(
            optimizers.SGD(0.1, momentum=0.9, clipvalue=0.05),
            loss={"label": "sparse_categorical_crossentropy", "value": "mse"},
            loss_weights={"label": 1.0, "value": 0.3},
            metrics={"label": "accuracy", "value": "mae"},
        )
        model.optimizer.build(model.trainable_variables)
        return model

    model, twin = two_headed(), two_headed()
    training: CompiledTraining | StreamedTraining
    if mode == "streaming":
        training = StreamedTraining(model, part, BATCH, "graph", block_bytes=TWO_STEPS)
    else:
        training = CompiledTraining(model, make_resident(part), BATCH, mode)
    training.begin_epoch(ORDERS[0])
    figures = training.run(0, 4)
    loss = accuracy = error = 0.0
    for start in range(0, ROWS, BATCH):
        rows = ORDERS[0][start : start + BATCH]
        of_batch = {name: array[rows] for name, array in targets.items()}
        batch = twin.train_on_batch(part.inputs["x"][rows], of_batch, return_dict=True)
        loss += len(rows) * float(batch["loss"]) / ROWS
        accuracy += len(rows) * float(batch["label_accuracy"]) / ROWS
        error += len(rows) * float(batch["value_mae"]) / ROWS
    found = [figures[name] for name in ("loss", "label_accuracy", "value_mae")]
    assert found == pytest.approx([loss, accuracy, error], rel=1e-5)
    for mine, expected in zip(model.variables, twin.variables, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=2e-6)
