"""What TensorBoard's own reader finds in the files."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from nnrun.training.tensorboard import TensorBoardWriter

from .conftest import make_model


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tensorboard")
    writer = TensorBoardWriter(folder, histogram_freq=2)
    model = make_model(keras.optimizers.SGD(0.1))
    writer.set_model(model)
    for epoch in range(3):
        model.optimizer.learning_rate.assign(0.1 / 2**epoch)
        writer.on_epoch_end(epoch, {"loss": 3.0 - epoch, "val_loss": 4.0 - epoch, "val_mae": 0.5})
    writer.on_train_end()
    return folder


def read(folder: Path) -> Any:
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [
        (event.step, float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in read(folder).Tensors(tag)
    ]


def test_training_and_validation_are_two_runs_of_one_chart(logs: Path) -> None:
    assert points(logs / "train", "epoch_loss") == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert points(logs / "validation", "epoch_loss") == [(1, 4.0), (2, 3.0), (3, 2.0)]
    assert points(logs / "validation", "epoch_mae") == [(step, 0.5) for step in (1, 2, 3)]


def test_the_rate_is_written(logs: Path) -> None:
    expected = [(epoch + 1, pytest.approx(0.1 / 2**epoch)) for epoch in range(3)]
    assert points(logs / "train", "epoch_learning_rate") == expected


def test_histograms_come_as_often_as_asked_for(logs: Path) -> None:
    reader = read(logs / "train")
    tags = [tag for tag in reader.Tags()["tensors"] if "epoch" not in tag]
    assert sorted(tag.rpartition("/")[2] for tag in tags) == ["bias", "bias", "kernel", "kernel"]
    for tag in tags:
        (event,) = reader.Tensors(tag)
        assert event.step == 2
        buckets = tensor_util.make_ndarray(event.tensor_proto)
        assert buckets[:, 2].sum() in {6 * 8, 8, 8 * 3, 3}
        assert np.all(buckets[:, 0] <= buckets[:, 1])
