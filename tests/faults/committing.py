"""A small run that commits, with a fault at any call of the system; TensorFlow has no part in it.

`python committing.py FOLDER` makes a run for each call: a process of its own that dies right there.
"""

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import RunRecord
from nnrun.runs.run_writer import RunWriter, Snapshot
from nnrun.runs.saved import load_saved

EPOCHS = 3
BEST = {1: 1, 2: 2, 3: 2}
"""The best epoch so far, by epoch."""


def write_run(run: RunDirectory, told: Callable[[int], Any] = lambda epoch: None) -> None:
    """Write a run from where it stands, with a commit after each epoch, told when it is made."""
    run.path.mkdir(exist_ok=True)
    begun = run.record.exists()
    record = RunRecord(name="small", status="running", command="", seed=1, created="")
    with RunLock(run.path), RunWriter(run, record) as writer:
        done = 0
        if begun:
            saved = load_saved(run)
            done = saved.facts.get("epoch", 0)
            writer.resume(saved, "name: small\n", {})
        else:
            writer.begin(b"name: small\n", "name: small\n", {})
        for epoch in range(done + 1, EPOCHS + 1):
            writer.add_epoch(epoch, {"loss": 1 / epoch, "val_loss": 2 / epoch}, 0.5)
            if BEST[epoch] == epoch:
                writer.keep_best(Snapshot(epoch, {"model/w": np.full(5, float(epoch))}))
            arrays = {"model/w": np.full(5, float(epoch)), "optimizer/m": np.arange(3.0) + epoch}
            position = {"epoch": epoch, "step": 0, "best_epoch": BEST[epoch]}
            facts = {"position": position, "callbacks": [], "config": "", "seconds": 0.5 * epoch}
            writer.keep_last(Snapshot(epoch, arrays, facts))
            writer.commit()
            told(epoch)


@contextmanager
def fault_at(number: int, fault: Callable[[], Any]) -> Iterator[list[int]]:
    """Within the block, `fault` comes before the call of this number that opens, syncs or renames."""
    count = [0]

    def faulty(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == number:
                fault()
            return call(*arguments, **options)

        return wrapped

    calls = [(os, "fsync"), (os, "replace"), (os, "truncate"), (Path, "open"), (Path, "mkdir")]
    kept = [(owner, name, getattr(owner, name)) for owner, name in calls]
    for owner, name, call in kept:
        setattr(owner, name, faulty(call))
    try:
        yield count
    finally:
        for owner, name, call in kept:
            setattr(owner, name, call)


def full_disk() -> None:
    """What the system says of a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


def die() -> None:
    """Nothing is closed, flushed or removed."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path) -> None:
    """Have processes die at their first call, their second, and so on, until one survives."""
    write_run(RunDirectory(folder / "whole"))
    number, survived = 0, False
    while not survived:
        number += 1
        child = os.fork()
        if child == 0:
            told = (folder / f"{number}.told").open("w")
            with fault_at(number, die):
                write_run(
                    RunDirectory(folder / str(number)),
                    functools.partial(print, file=told, flush=True),
                )
            os._exit(0)
        survived = os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
