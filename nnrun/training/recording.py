"""Callbacks that measure the model after some of the epochs, and keep a row of figures each time.

They go with the compiled engines and with blocks of tiny epochs: a block ends where one of them
looks. Their tables are CSV files that a resumed run cuts back to the state it goes on from.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from nnrun.data.splits import Part
from nnrun.reading import open_own
from nnrun.runs.history import History
from nnrun.training.engines import make_resident


class Recorder(keras.callbacks.Callback):
    """The base of callbacks that measure the model; `attach` is called before the first step.

    Args:
        every: It looks after every so many epochs.

    Attributes:
        table: The name of its file, in the run's folder for callbacks.
        state: The attributes that it is resumed with, besides its table.
        charted: Whether TensorBoard shows its figures.
        looks_first: Whether it looks before the first epoch too.
        points: Rows that TensorBoard has not been told of yet.
    """

    table: ClassVar[str]
    state: ClassVar[tuple[str, ...]] = ()
    charted: ClassVar[bool] = True
    looks_first: ClassVar[bool] = True

    def __init__(self, every: int = 1) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be 1 epoch at least, not {every}")
        self.every = every
        self.filename = ""
        self.points: list[tuple[int, Mapping[str, float]]] = []

    def write_into(self, folder: Path) -> None:
        """Keep the table in a folder, which need not exist yet."""
        self.filename = str(folder / self.table)

    def attach(self, model: Any, train: Part) -> None:
        """Take in the model and the training rows, before anything is compiled."""

    def measure(self, epoch: int) -> Mapping[str, float]:
        """The figures of the model as it is after an epoch, 0 before the first."""
        raise NotImplementedError

    def figures(self) -> Mapping[str, float]:
        """Figures of the saved model (now `self.model`) that `expect:` may ask for."""
        return {}

    def says(self, history: History, best_epoch: int) -> Sequence[tuple[str, str]]:
        """Findings in sentences, each with its kind; `self.model` is the saved model."""
        del history, best_epoch
        return ()

    def restored(self) -> None:
        """Called when `state` has been given back."""

    def next_look(self, epoch: int) -> int | None:
        """The next epoch after which it measures; None if there is none."""
        return -(-epoch // self.every) * self.every

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Look at the model before its first epoch."""
        del logs
        if not self._rows_written() and self.looks_first:
            self._record(0)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the model, where it is time to."""
        del logs
        if self.next_look(epoch + 1) == epoch + 1:
            self._record(epoch + 1)

    def take_points(self) -> list[tuple[int, Mapping[str, float]]]:
        """The rows since the last call, for TensorBoard."""
        points, self.points = self.points, []
        return points if self.charted else []

    def _rows_written(self) -> bool:
        file = Path(self.filename)
        return file.exists() and file.stat().st_size > 0

    def _record(self, epoch: int) -> None:
        # The model is asked for by name: one that is further on, in a block, refuses to answer.
        figures = self.measure(epoch) if self.model.layers else {}
        text = History([{"epoch": epoch, **figures}]).to_csv()
        if self._rows_written():
            text = text.partition("\n")[2]
        Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
        opened = open_own(Path(self.filename), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        with open(opened, "a", encoding="utf-8", newline="") as file:  # noqa: PTH123 - of a descriptor
            file.write(text)
        self.points = [*self.points, (epoch, figures)]


class Probe:
    """The outputs of a model's layers for some rows, without side effects.

    Dropout and its like are off and batch normalization uses its averages, so nothing is drawn and
    nothing learned.

    Args:
        model: A compiled model.
        part: The rows.
    """

    def __init__(self, model: Any, part: Part) -> None:
        data = make_resident(part)
        self.model = model
        self.x, self.y = data.x, data.y
        self.seen = {layer.name: layer.output for layer in model.layers if _has_output(layer)}
        inputs = model.inputs
        if isinstance(self.x, Mapping):
            inputs = {tensor.name: tensor for tensor in inputs}
        self._inside = keras.Model(inputs, list(self.seen.values())) if self.seen else None

    def run(self) -> tuple[dict[str, Any], Any]:
        """The outputs of the layers by name, and those of the model."""
        values = [] if self._inside is None else self._inside(self.x, training=False)
        predicted = self.model(self.x, training=False)
        return dict(zip(self.seen, values, strict=True)), predicted


def _has_output(layer: Any) -> bool:
    """Whether a layer has exactly one output, a tensor; shared layers have several."""
    try:
        return bool(keras.backend.is_keras_tensor(layer.output))
    except (AttributeError, ValueError):
        return False


def spread_rows(part: Part, count: int) -> Part:
    """Evenly spaced rows of a part."""
    chosen = np.unique(np.linspace(0, part.rows - 1, min(count, part.rows)).astype(int))
    return part.take(chosen)


@contextmanager
def no_trace(model: Any) -> Iterator[None]:
    """Undo, at the block's end, changes to variables that aren't trained (metrics, seeds, averages)."""
    kept = [
        (variable, np.array(variable.numpy()))
        for variable in (*model.metrics_variables, *model.non_trainable_variables)
    ]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def next_look(callbacks: Sequence[Any], epoch: int, last: int) -> int:
    """The next epoch after which a `Recorder` measures; else the last."""
    looks = (one.next_look(epoch) for one in callbacks if isinstance(one, Recorder))
    return min([look for look in looks if look is not None], default=last)


def callback_figures(recorders: Sequence[Recorder]) -> dict[str, float] | None:
    """The figures of the saved model that callbacks provide; None if none does."""
    figures = {name: value for recorder in recorders for name, value in recorder.figures().items()}
    return figures or None
