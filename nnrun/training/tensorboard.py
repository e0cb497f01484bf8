"""TensorBoard's logs: a point an epoch, training and validation as two runs of one chart."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from nnrun.errors import RunError


class TensorBoardWriter(keras.callbacks.Callback):  # type: ignore[misc] # Keras has no types
    """Writes loss, metrics and learning rate of every epoch, and histograms where asked for.

    Keras's own TensorBoard callback also writes every metric of every batch and starts its steps
    anew when a run is resumed; here a step is an epoch.

    Args:
        folder: The run's `tensorboard` folder.
        histogram_freq: Histograms of all weights every so many epochs; 0 for none.
    """

    def __init__(self, folder: Path, histogram_freq: int = 0) -> None:
        super().__init__()
        self.histogram_freq = histogram_freq
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the epoch's figures; `epoch` counts from 0, as Keras does.

        Raises:
            RunError: If they cannot be written.
        """
        with self._plain_errors():
            self._write(epoch + 1, logs or {})

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Close the files."""
        del logs
        with self._plain_errors():
            for writer in self._writers.values():
                writer.close()

    def _write(self, step: int, logs: Mapping[str, float]) -> None:
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            with self._writer(part).as_default(step=step):
                tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value)
        with self._writer("train").as_default(step=step):
            rate = float(np.asarray(self.model.optimizer.learning_rate))
            tf.summary.scalar("epoch_learning_rate", rate)
            if self.histogram_freq and step % self.histogram_freq == 0:
                for variable in self.model.weights:
                    tf.summary.histogram(variable.path, variable.numpy())

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """TensorFlow's errors, of a full disk say, in a line."""
        try:
            yield
        except tf.errors.OpError as error:
            reason = str(error.message).splitlines()[0]
            raise RunError(f"cannot write {self._folder}: {reason}") from error

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = tf.summary.create_file_writer(str(self._folder / part))
        return self._writers[part]
