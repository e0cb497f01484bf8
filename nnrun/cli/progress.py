"""Progress of trainings and searches: a row per epoch, and live bars in a terminal."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from nnrun.cli.printing import fold, printable, warn
from nnrun.pages.bars import print_above, progress_bars, waiting_sign
from nnrun.pages.numbers import format_decimals

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status

    from nnrun.experiments.lr_find import SearchStep
    from nnrun.training.events import ChunkEnded, EpochEnded, Event, TrainingEnded, TrainingStarted

MOST_ROWS = 60
"""Runs with more epochs print only every second, tenth, … one."""
_WIDTHS = {"epoch": 5, "seconds": 7}  # loss and accuracy of two parts fit 80 columns with them


class TrainingDisplay:
    """Shows training events on standard output: bars in a terminal, plain rows elsewhere.

    Args:
        silent: Show nothing at all.
    """

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self._waiting: Status | None = None
        self._bars: _Bars | None = None
        self._stride = 1
        self._printed = 0
        self._latest: EpochEnded | None = None
        self._begun = False

    def __enter__(self) -> Self:
        if not self.silent and sys.stdout.isatty():
            self._waiting = waiting_sign("reading the data and starting TensorFlow")
            self._waiting.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop_waiting()
        if self._bars is not None:
            self._bars.stop()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def show(self, event: "Event") -> None:
        """Show one event."""
        if not self.silent:
            self._show(event)

    def tell(self, sentence: str) -> None:
        """Print a sentence before the training begins."""
        if not self.silent:
            self._stop_waiting()
            self._say(sentence)

    def _show(self, event: "Event") -> None:
        from nnrun.training.events import (
            ChunkEnded,
            Doubted,
            EpochEnded,
            FineTuningBegan,
            TrainingEnded,
            TrainingStarted,
        )

        match event:
            case TrainingStarted():
                self._start(event)
            case ChunkEnded() if self._bars is not None:
                self._bars.chunk(event)
            case EpochEnded():
                self._epoch(event)
            case FineTuningBegan():
                layers = ", ".join(event.layers)
                self._say(f"now {layers} learn too, at a rate of {event.learning_rate:.3g}")
            case Doubted():
                self._say(f"warning: {event.warning}")
            case TrainingEnded():
                self._end(event)

    def _start(self, event: "TrainingStarted") -> None:
        self._stop_waiting()
        rows = ", ".join(f"{count:,} {part}" for part, count in event.rows.items())
        self._print(event.where)
        self._say(f"{event.parameters:,} parameters; {rows} rows; {event.device}; {event.engine}")
        for warning in event.warnings:
            warn(warning)
        self._stride = -(-event.epochs // MOST_ROWS)
        if event.done:
            self._print(f"continuing after epoch {event.done}")
        if sys.stdout.isatty():
            self._bars = _Bars(event.epochs, event.steps, event.done)

    def _epoch(self, event: "EpochEnded") -> None:
        self._latest = event
        first, self._begun = not self._begun, True
        if first:
            self._print(_header(event))
        if first or event.epoch % self._stride == 0:
            self._print_row(event)
        if self._bars is not None:
            self._bars.epoch(event)

    def _end(self, event: "TrainingEnded") -> None:
        if self._latest is not None and self._latest.epoch != self._printed:
            self._print_row(self._latest)
        if self._bars is not None:
            self._bars.stop()
        text = {
            "stopped": f"stopped by {event.detail} after epoch {event.epoch}",
            "interrupted": f"interrupted after epoch {event.epoch}",
            "paused": f"paused after epoch {event.epoch}",
            "diverged": f"diverged: {event.detail}",
        }
        if event.reason in text:
            self._say(text[event.reason])
        if event.hint:
            self._say(event.hint)

    def _print_row(self, event: "EpochEnded") -> None:
        self._printed = event.epoch
        self._print(_row(event))

    def _say(self, sentence: str) -> None:
        self._print(fold(sentence, sys.stdout))

    def _print(self, line: str) -> None:
        if self._bars is not None:
            self._bars.print(line)
        else:
            print(printable(line), flush=True)  # noqa: T201


class _Bars:
    """Two bars, one over the epochs and one over the steps of an epoch."""

    def __init__(self, epochs: int, steps: int, done: int) -> None:
        self._progress = progress_bars(sys.stdout)
        self._epochs: TaskID = self._progress.add_task(
            "epoch", total=epochs, completed=done, told="compiling"
        )
        self._steps: TaskID = self._progress.add_task("step ", total=steps, told="")
        self._left = epochs - done
        self._started: float | None = None
        self._warm_epochs = 0
        self._progress.start()

    def chunk(self, event: "ChunkEnded") -> None:
        """Move the bar of the steps; after the first one, everything is compiled."""
        self._progress.update(self._steps, completed=event.step, told=_figures(event.metrics))
        if self._started is None:
            self._progress.update(self._epochs, told="first epoch")

    def epoch(self, event: "EpochEnded") -> None:
        """Move the bar of the epochs; the first one, which compiles, gives no estimate."""
        self._left -= 1
        if self._started is None:
            self._started = time.monotonic()
        else:
            self._warm_epochs += 1
        text = f"lr {event.figures['learning_rate']:.3g}"
        if self._warm_epochs:
            seconds = (time.monotonic() - self._started) / self._warm_epochs * self._left
            text += f", {_clock(seconds)} left"
        self._progress.update(self._epochs, completed=event.epoch, told=text)

    def print(self, line: str) -> None:
        """Print a line above the bars."""
        print_above(self._progress, line)

    def stop(self) -> None:
        """Remove the bars."""
        self._progress.stop()


class SearchDisplay:
    """A bar over the steps of a search on standard error, if that is a terminal.

    Args:
        steps: How many steps its range test has.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._progress = progress_bars(sys.stderr)
            self._bar = self._progress.add_task(
                "range test", total=self._steps, told="reading the data and starting TensorFlow"
            )
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, step: "SearchStep") -> None:
        """Move the bar."""
        if self._progress is not None:
            text = f"loss {_figure(step.loss)}"
            self._progress.update(
                self._bar,
                description=step.doing,
                completed=step.number,
                total=step.total,
                told=text,
            )


def _header(event: "EpochEnded") -> str:
    names = ["epoch", *event.figures, "seconds"]
    return "  ".join(f"{name:>{_width(name)}}" for name in names)


def _row(event: "EpochEnded") -> str:
    cells = [f"{event.epoch:>{_width('epoch')}}"]
    cells += [f"{_figure(value):>{_width(name)}}" for name, value in event.figures.items()]
    cells.append(f"{event.seconds:>{_width('seconds')}.3f}")
    return "  ".join(cells) + ("  *" if event.improved else "")


def _figure(value: float) -> str:
    """Format a number without thousands separators, since the columns are narrow."""
    return format_decimals(value, most=1e5).replace(",", "")


def _width(name: str) -> int:
    return max(len(name), _WIDTHS.get(name, 9))


def _figures(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {_figure(value)}" for name, value in metrics.items())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
