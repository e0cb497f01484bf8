"""What a peer is given to train, and what it reports; read from and told to `benchmarks.compare`."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    """One training that every peer carries out in its own way.

    Attributes:
        config: nnrun's config of it.
        overrides: What nnrun changes in it, as for `--set`.
        layers: Keras's layer names with their arguments, the output layer last.
        loss: Keras's name of the loss.
        optimizer: Keras's name of the optimizer, and its arguments.
        batch_size: Rows in a step.
        metric: What Keras calls the metric: `accuracy` or `mae`.
        scale: What inputs are divided by.
        epochs: How many are trained; the quality is that after the last of them.
        long: How many nnrun trains, whose epochs are too short to be timed in so few.
        writes: Whether Keras writes a history and a checkpoint after every epoch, as nnrun does.
        seed: For whatever is random.
        folder: Where the arrays lie.
        output: Where the peer may write.
    """

    config: str
    overrides: list[str]
    layers: list[tuple[str, dict[str, Any]]]
    loss: str
    optimizer: tuple[str, dict[str, Any]]
    batch_size: int
    metric: str
    scale: float
    epochs: int
    long: int
    writes: bool
    seed: int
    folder: str
    output: str = ""

    def load(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None]:
        """Training and validation rows: float32 inputs in the range the model wants, and targets."""
        training = self._part("train")
        return training, self._part("validation") if self._file(
            "validation", "x"
        ).exists() else None

    def _part(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        inputs = np.load(self._file(part, "x")).astype("float32") / np.float32(self.scale)
        return inputs, np.load(self._file(part, "y"))

    def _file(self, part: str, name: str) -> Path:
        return Path(self.folder) / f"{part}_{name}.npy"

    @property
    def is_classification(self) -> bool:
        """Whether the targets are classes."""
        return "crossentropy" in self.loss


def given_task() -> Task:
    """The task of this process: its command line names the task's folder and one to write in."""
    folder, output = sys.argv[1:]
    fields = json.loads((Path(folder) / "task.json").read_text())
    return Task(**{**fields, "output": output})


def seconds_per_epoch(ends: list[float], first: int | None = None) -> float | None:
    """Mean seconds of an epoch in the steady state: without the first tenth of them.

    Args:
        ends: When each epoch ended.
        first: The index to start from instead.
    """
    start = warm_up(len(ends)) - 1 if first is None else first
    counted = len(ends) - 1 - start
    return (ends[-1] - ends[start]) / counted if counted else None


def warm_up(epochs: int) -> int:
    """How many of the first epochs do not count: programs are compiled, memory is claimed."""
    return max(1, epochs // 10)


def report(
    seconds: float | None, quality: dict[str, float], first_step: float | None = None
) -> None:
    """Tell the figures to the comparison.

    Args:
        seconds: Of an epoch, in the steady state; None where there was but one.
        quality: Figures after `epochs` epochs, named as Keras names them.
        first_step: `time.time()` when the first step was done.
    """
    print(json.dumps({"seconds": seconds, "quality": quality, "first_step": first_step}))


def decline(reason: str) -> None:
    """Tell why this peer cannot express the task, and end."""
    print(json.dumps({"declined": reason}))
    sys.exit()


def now() -> float:
    """A clock for the ends of epochs."""
    return time.perf_counter()
