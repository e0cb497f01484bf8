"""What committing a run's state costs: epochs of a training with and without it, in turn.

    NNRUN_DATA=... python -m benchmarks.checkpointing [CONFIG] [--rounds 3] [--epochs 25]

Both trainings are whole ones of `nnrun.train`; without, nothing is committed between the first epoch
and the end. Prints seconds of an epoch, the first fifth of them left out, and the share that
committing takes.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe_machine

NEVER = 1e9


def time_epochs(config: str, epochs: int, *, committing: bool) -> float:
    """Seconds of an epoch, from one end that is told to the next; in this process."""
    import nnrun
    from nnrun.runs import run_writer
    from nnrun.training.events import EpochEnded

    if not committing:
        run_writer.COMMIT_SECONDS = NEVER
    ends: list[float] = []

    def watch(event: object) -> None:
        if isinstance(event, EpochEnded):
            ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"training.epochs={epochs}", "callbacks=[]"]
        nnrun.train(config, overrides=overrides, run_dir=Path(folder) / "run", watch=watch)
    first = epochs // 5
    return (ends[-1] - ends[first]) / (len(ends) - 1 - first)


def in_a_process(config: str, epochs: int, *, committing: bool) -> float:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.checkpointing", config]
    command += ["--epochs", str(epochs), "--only", "with" if committing else "without"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", nargs="?", default="configs/fashion_mlp.yaml")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--only", choices=("with", "without"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        seconds = time_epochs(options.config, options.epochs, committing=options.only == "with")
        print(seconds)
        return
    print(describe_machine())
    print(f"{'round':>5}   {'without':>9}   {'with':>9}   share")
    shares = []
    for number in range(1, options.rounds + 1):
        without, with_ = (
            in_a_process(options.config, options.epochs, committing=committing)
            for committing in (False, True)
        )
        shares.append(with_ / without - 1)
        print(f"{number:>5}   {without:>7.4f} s   {with_:>7.4f} s   {shares[-1]:+.1%}")
    print(f"committing takes {statistics.median(shares):+.1%} of an epoch in the median")


if __name__ == "__main__":
    main()
