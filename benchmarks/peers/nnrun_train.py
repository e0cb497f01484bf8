"""nnrun: `nnrun.train` on the config; all that a run writes is written, and counted."""

import time
from pathlib import Path

import nnrun
from benchmarks.peers.task import given_task, now, report, seconds_per_epoch, warm_up
from nnrun.training.events import ChunkEnded, EpochEnded, Event


class Watch:
    """Notes when epochs end, which is told once they are written, and their figures."""

    def __init__(self) -> None:
        self.first_step: float | None = None
        self.ends: list[float] = []
        self.figures: list[dict[str, float]] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, ChunkEnded | EpochEnded):
            self.first_step = self.first_step or time.time()
        if isinstance(event, EpochEnded):
            self.ends.append(now())
            self.figures.append(dict(event.figures))


def steady_from(ends: list[float]) -> int:
    """The index to time from: after the warm-up, at the longest wait of the first half.

    Epochs that one program trained are told together, when it ends. Timed from amid them, epochs
    would count whose time does not; the longest wait follows the last epoch of a program.
    """
    choices = range(warm_up(len(ends)) - 1, max(len(ends) // 2, warm_up(len(ends))))
    return max(choices, key=lambda index: ends[index + 1] - ends[index]) if len(ends) > 1 else 0


def main() -> None:
    task, watch = given_task(), Watch()
    nnrun.train(
        task.config,
        overrides=[*task.overrides, f"training.epochs={task.long}"],
        run_dir=Path(task.output) / "run",
        watch=watch,
    )
    seconds = seconds_per_epoch(watch.ends, steady_from(watch.ends))
    report(seconds, watch.figures[task.epochs - 1], watch.first_step)


if __name__ == "__main__":
    main()
