"""Whether two runs came out as the same: everything a run directory holds, but for times."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nnrun.runs.checkpoints import CheckpointStore
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History

Contents = dict[str, Any]


def assert_same_run(one: RunDirectory, other: RunDirectory) -> None:
    """Compare all that two runs hold, bit for bit, and name what differs."""
    left, right = contents(one), contents(other)
    assert sorted(left) == sorted(right)
    assert [name for name in left if left[name] != right[name]] == []


def contents(run: RunDirectory) -> Contents:
    """Everything that the bits of a run decide, by name."""
    store = CheckpointStore(run.checkpoints)
    found: Contents = {}
    for name in ("best", "last"):
        checkpoint = store.load(name)
        assert checkpoint.refused == ()
        found |= {f"{name}: {key}": bits(array) for key, array in checkpoint.arrays.items()}
        for fact in ("epoch", "position", "callbacks"):
            found[f"{name}: {fact}"] = checkpoint.facts.get(fact)
    found["history"] = rows(run)
    found["metrics"] = without_seconds(json.loads(run.metrics.read_text()))
    found |= points(run.tensorboard)
    found |= {f"model.keras: {key}": value for key, value in weights(run.model)}
    for path in sorted(run.callbacks.rglob("*.*")):
        kept = dict(weights(path)) if path.suffix == ".keras" else path.read_bytes()
        found[str(path.relative_to(run.path))] = kept
    found["leftovers"] = [path.name for path in run.path.rglob(".*.tmp*")]
    assert found["leftovers"] == []
    return found


def rows(run: RunDirectory) -> list[dict[str, float]]:
    """The history without the seconds."""
    return [without_seconds(row) for row in History.read(run.history).rows]


def bits(array: np.ndarray) -> tuple[Any, ...]:
    """An array as something that is equal only to the same bits."""
    return str(array.dtype), array.shape, array.tobytes()


def without_seconds(value: Any) -> Any:
    """A value of JSON without what only times decide."""
    if isinstance(value, dict):
        return {key: without_seconds(item) for key, item in value.items() if key != "seconds"}
    return value


def weights(path: Path) -> Iterator[tuple[str, Any]]:
    """The arrays in a `.keras` file, by name."""
    with zipfile.ZipFile(path) as archive:
        data = archive.read("model.weights.h5")
    found: list[tuple[str, Any]] = []
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(
            lambda name, item: (
                found.append((name, bits(item[()]))) if isinstance(item, h5py.Dataset) else None
            )
        )
    yield from found


def points(folder: Path) -> Contents:
    """TensorBoard's points by part and chart: steps with values, or with a histogram's."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: Contents = {}
    for part in sorted(path for path in folder.glob("*") if path.is_dir()):
        charts = EventAccumulator(str(part), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        for tag in charts.Tags()["scalars"]:
            found[f"{part.name}: {tag}"] = [
                (point.step, point.value) for point in charts.Scalars(tag)
            ]
        for tag in charts.Tags()["tensors"]:
            found[f"{part.name}: {tag}"] = [
                (point.step, point.tensor_proto.SerializeToString())
                for point in charts.Tensors(tag)
            ]
    return found
