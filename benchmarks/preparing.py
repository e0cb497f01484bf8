"""Writes what peers train on: `python -m benchmarks.preparing WORKLOAD EPOCHS LONG FOLDER`.

A process of its own, so that the comparison stays small: the peak memory of a process counts that of
the one which started it. The rows and their split are those that nnrun makes of its config.
"""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.task import Task
from benchmarks.workloads import WORKLOADS
from nnrun.config.components import Component
from nnrun.errors import UserError
from nnrun.experiments.prepare import prepare
from nnrun.sources.finding import named_dataset

PICTURES = 7000


def write_pictures(path: Path) -> None:
    """The first pictures of Fashion-MNIST as a CSV file, a column for each pixel."""
    rows = named_dataset("fashion_mnist").load()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"pixel{pixel}" for pixel in range(28 * 28)), "label"])
        for picture, label in zip(rows.rows[:PICTURES], rows.targets, strict=False):
            writer.writerow([*picture.ravel().tolist(), int(label)])


def plain(component: Component) -> tuple[str, dict[str, Any]]:
    """A component as Keras's name and arguments; only activations are components within it."""
    arguments = {
        key: value.name if isinstance(value, Component) else value
        for key, value in component.arguments.items()
    }
    return component.name, arguments


def write_task(name: str, epochs: int, long: int, folder: Path) -> None:
    (workload,) = [workload for workload in WORKLOADS if workload.name == name]
    overrides = ["callbacks=[]", "expect=null"]
    if name == "fashion_cnn":
        write_pictures(folder / "fashion_rows.csv")
        overrides.append(f"dataset.csv={folder / 'fashion_rows.csv'}")
    prepared = prepare(Path(workload.config), overrides)
    experiment = prepared.experiment
    # Pixels stay bytes on disk, and every peer divides them; what is standardized is so beforehand.
    scale = experiment.dataset.preprocess.scale or 1.0
    for part, rows in prepared.splits.parts.items():
        given = rows.inputs if scale != 1.0 else prepared.transforms.within(rows.inputs)
        (inputs,), (targets,) = given.values(), rows.targets.values()
        np.save(folder / f"{part}_x.npy", inputs)
        np.save(folder / f"{part}_y.npy", targets)
    metric, *_ = experiment.metrics
    task = Task(
        config=workload.config,
        overrides=overrides,
        layers=[plain(layer) for layer in experiment.architecture],
        loss=experiment.loss.name,
        optimizer=plain(experiment.optimizer),
        batch_size=experiment.training.batch_size,
        metric=metric.name,
        scale=scale,
        epochs=epochs,
        long=long,
        writes=workload.writes,
        seed=experiment.seed,
        folder=str(folder),
    )
    (folder / "task.json").write_text(json.dumps(asdict(task)))


if __name__ == "__main__":
    try:
        write_task(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    except UserError as error:
        sys.exit(f"{error}\n{error.hint}")
