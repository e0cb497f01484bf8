"""What TensorBoard's own reader finds in the event files of a run, resumed or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from nnrun.errors import RunError
from nnrun.runs.event_files import EventFiles

EPOCHS = [
    {
        "loss": 3.0 - index,
        "learning_rate": 0.125 / 2**index,
        "val_loss": 4.0 - index,
        "val_mae": 0.5,
    }
    for index in range(3)
]
ROWS = [{"epoch": epoch, **row, "seconds": 0.1} for epoch, row in enumerate(EPOCHS, start=1)]
KERNEL = np.linspace(-1, 1, 48, dtype=np.float32).reshape(6, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tensorboard"


@pytest.fixture
def files(folder: Path) -> Iterator[EventFiles]:
    files = EventFiles(folder)
    yield files
    files.close()


def read(folder: Path) -> Any:
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read(folder).Scalars(tag)]


def write(files: EventFiles, first: int, last: int) -> dict[str, list[Any]]:
    for epoch in range(first, last + 1):
        files.add_epoch(epoch, EPOCHS[epoch - 1])
    return files.flush()


def expect_all_points(folder: Path) -> None:
    assert points(folder / "train", "epoch_loss") == [(1, 3.0), (2, 2.0), (3, 1.0)]
    rates = [(epoch + 1, 0.125 / 2**epoch) for epoch in range(3)]
    assert points(folder / "train", "epoch_learning_rate") == rates
    assert points(folder / "validation", "epoch_loss") == [(1, 4.0), (2, 3.0), (3, 2.0)]
    assert points(folder / "validation", "epoch_mae") == [(step, 0.5) for step in (1, 2, 3)]
    assert all(len(list(part.iterdir())) == 1 for part in folder.iterdir())


def test_training_and_validation_are_two_runs_of_one_chart(files: EventFiles, folder: Path) -> None:
    write(files, 1, 3)
    expect_all_points(folder)


def test_histograms_hold_every_value(files: EventFiles, folder: Path) -> None:
    files.add_histograms(2, [("dense/kernel", KERNEL)])
    files.flush()
    (event,) = read(folder / "train").Tensors("dense/kernel")
    buckets = tensor_util.make_ndarray(event.tensor_proto)
    assert event.step == 2
    assert buckets[:, 2].sum() == KERNEL.size
    assert np.all(buckets[:, 0] <= buckets[:, 1])
    assert (buckets[0, 0], buckets[-1, 1]) == (-1, 1)


def test_a_resumed_run_has_no_point_twice(files: EventFiles, folder: Path) -> None:
    sizes = write(files, 1, 1)
    write(files, 2, 3)
    files.close()
    resumed = EventFiles(folder)
    resumed.resume(sizes, ROWS[:1])
    write(resumed, 2, 3)
    resumed.close()
    expect_all_points(folder)


@pytest.mark.parametrize("lost", ["cut", "gone"])
def test_what_is_not_whole_is_written_anew_from_the_history(
    files: EventFiles, folder: Path, lost: str
) -> None:
    sizes = write(files, 1, 2)
    files.close()
    damaged = folder / "validation" / sizes["validation"][0]
    if lost == "cut":
        damaged.write_bytes(damaged.read_bytes()[:-1])
    else:
        damaged.unlink()
    resumed = EventFiles(folder)
    resumed.resume(sizes, ROWS[:2])
    write(resumed, 3, 3)
    resumed.close()
    expect_all_points(folder)


def test_without_a_saved_state_nothing_is_kept(files: EventFiles, folder: Path) -> None:
    write(files, 1, 2)
    files.close()
    resumed = EventFiles(folder)
    resumed.resume({}, [])
    write(resumed, 1, 3)
    resumed.close()
    expect_all_points(folder)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("train", "../../tfevents"),
        ("..", "tfevents"),
        ("../../..", "tfevents"),
        ("train", "/{outside}"),
        ("train", "link.tfevents"),
    ],
)
def test_a_state_that_names_files_elsewhere_is_refused(
    files: EventFiles, folder: Path, part: str, name: str
) -> None:
    write(files, 1, 1)
    outside = folder.parent / "tfevents"
    outside.write_bytes(b"mine")
    (folder / "train" / "link.tfevents").symlink_to(outside)
    with pytest.raises(RunError, match="nothing was done there"):
        EventFiles(folder).resume({part: [name.format(outside=outside), 1]}, [])
    assert outside.read_bytes() == b"mine"
    assert points(folder / "train", "epoch_loss") == [(1, 3.0)]


def test_a_folder_that_is_a_link_is_refused(files: EventFiles, folder: Path) -> None:
    sizes = write(files, 1, 1)
    files.close()
    elsewhere = folder.parent / "elsewhere"
    (folder / "train").rename(elsewhere)
    (folder / "train").symlink_to(elsewhere)
    with pytest.raises(RunError, match="is a link"):
        EventFiles(folder).resume(sizes, [])
    assert len(list(elsewhere.iterdir())) == 1
