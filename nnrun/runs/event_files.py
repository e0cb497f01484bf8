"""TensorBoard's event files: one point per epoch, training and validation as two runs of a chart.

Keras's own TensorBoard callback also writes every metric of every batch, and restarts its steps
when a run is resumed. Here a step is an epoch, and a resumed run continues in the same file, cut
back to the state it resumes from, without gaps or duplicate points.
"""

import contextlib
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nnrun.config.figures import Figure
from nnrun.errors import RunError
from nnrun.reading import open_own
from nnrun.runs.atomic import describe_cause
from nnrun.runs.directory import refuse_link
from nnrun.runs.history import epoch_figures

if TYPE_CHECKING:
    import numpy as np

_LAYOUT = "brain.Event:2"
_PARTS = ("train", "validation")


class EventFiles:
    """The event files of a run.

    Args:
        folder: The run's `tensorboard` folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, IO[bytes]] = {}
        self._names: dict[str, str] = {}

    def add_epoch(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Write an epoch's metrics; those named `val_…` go to the validation's file.

        Raises:
            RunError: If they cannot be written.
        """
        parts: dict[str, dict[str, float]] = {}
        for name, value in figures.items():
            figure = Figure.logged(name)
            parts.setdefault(figure.part, {})[f"epoch_{figure.plain}"] = value
        for part, points in parts.items():
            self._write(part, epoch, [_scalar(tag, value) for tag, value in points.items()])

    def add_points(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Write further values, which the history doesn't have, to the training's file.

        Raises:
            RunError: If they cannot be written.
        """
        self._write("train", epoch, [_scalar(tag, value) for tag, value in figures.items()])

    def add_histograms(
        self, epoch: int, arrays: Iterable[tuple[str, "np.ndarray[Any, Any]"]]
    ) -> None:
        """Write histograms of arrays to the training's file.

        Raises:
            RunError: If they cannot be written.
        """
        self._write("train", epoch, [_histogram(tag, array) for tag, array in arrays])

    def add_settings(self, trial: str, settings: Mapping[str, float | str]) -> None:
        """Write the settings of a trial for the page of hyperparameters, into the folder itself.

        Raises:
            RunError: If they cannot be written.
        """
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        self._write("", 0, list(hparams_pb(dict(settings), trial_id=trial).value))

    def flush(self) -> dict[str, list[Any]]:
        """Flush everything to disk; returns the name and size of each part's file.

        Raises:
            RunError: If it cannot be written.
        """
        with _plain_errors(self._folder):
            for file in self._open.values():
                file.flush()
        return {part: [self._names[part], file.tell()] for part, file in self._open.items()}

    def close(self) -> None:
        """Close the files.

        Raises:
            RunError: If they cannot be written.
        """
        with _plain_errors(self._folder):
            for file in self._open.values():
                file.close()
        self._open = {}

    def resume(
        self,
        sizes: Mapping[str, list[Any]],
        rows: Iterable[Mapping[str, float]],
        *,
        is_whole: bool = True,
    ) -> None:
        """Continue the files if they are intact, otherwise write them again from the history.

        Args:
            sizes: The result of `flush` for the state to resume from.
            rows: The rows of the history up to that state.
            is_whole: Whether the files are intact.

        Raises:
            RunError: They can't be written, or are outside the run's directory.
        """
        kept = {self._folder / part / name: size for part, (name, size) in sizes.items()}
        for folder in (self._folder, *(self._folder / part for part in _PARTS)):
            refuse_link(folder)
        own = {self._folder / part for part in _PARTS}
        if any(path.parent not in own or path.is_symlink() for path in kept):
            raise RunError(f"{self._folder} is not what the run wrote; nothing was done there")
        whole = is_whole and all(_size(path) >= size for path, size in kept.items())
        with _plain_errors(self._folder):
            for part in _PARTS:
                for path in (self._folder / part).glob("*tfevents*"):
                    if not whole or path not in kept:
                        path.unlink()
            if whole:
                for path, size in kept.items():
                    opened = open_own(path, os.O_WRONLY | os.O_APPEND)
                    os.ftruncate(opened, size)
                    self._names[path.parent.name] = path.name
                    self._open[path.parent.name] = os.fdopen(opened, "ab")
                return
        for row in rows:
            self.add_epoch(int(row["epoch"]), epoch_figures(row))

    def _write(self, part: str, step: int, values: list[Any]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
        with _plain_errors(self._folder):
            _append(self._file(part), event)

    def _file(self, part: str) -> IO[bytes]:
        if part not in self._open:
            from tensorboard.compat.proto.event_pb2 import Event

            folder = self._folder / part
            folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}"
            self._open[part], self._names[part] = (folder / name).open("xb"), name
            _append(self._open[part], Event(wall_time=time.time(), file_version=_LAYOUT))
        return self._open[part]


def _append(file: IO[bytes], event: Any) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    RecordWriter(file).write(event.SerializeToString())


def _scalar(tag: str, value: float) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    # The oldest form of a point: a third of the work of a tensor, and every TensorBoard reads it.
    return Summary.Value(tag=tag, simple_value=value)


def _histogram(tag: str, array: "np.ndarray[Any, Any]") -> Any:
    from tensorboard.plugins.histogram.summary_v2 import histogram_pb

    return histogram_pb(tag, array).value[0]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


@contextlib.contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """Within the block, turn system errors into one-line run errors."""
    try:
        yield
    except OSError as error:
        raise RunError(f"cannot write {folder}: {describe_cause(error)}") from error
