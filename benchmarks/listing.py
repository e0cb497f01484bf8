"""Seconds of commands over a thousand runs, against `import tensorflow`, side by side.

python -m benchmarks.listing [--rounds 5] [--runs 1000]
"""

import argparse
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.startup import print_shares
from nnrun.runs.directory import RunDirectory
from nnrun.runs.history import History
from nnrun.runs.manifest import Metrics, RunRecord

RESOLVED = """\
version: 1
name: digits
seed: {seed}
dataset: {{name: digits, task: auto, split: {{validation: 0.15, stratify: true}}}}
architecture:
- Flatten
- Dense: {{units: 64, activation: relu}}
- Dense: {{units: 10, activation: softmax}}
optimizer: {{Adam: {{learning_rate: {rate}}}}}
training: {{epochs: 60, batch_size: 32, shuffle: true}}
runtime: {{engine: auto, device: auto, precision: float32, deterministic: true}}
"""


def make_runs(folder: Path, count: int) -> list[str]:
    """Finished runs as `nnrun train` leaves them, without what no list reads; their names."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        created = start + timedelta(minutes=number)
        run = RunDirectory(folder / f"digits-{created:%Y%m%d-%H%M%S}-abcd")
        run.path.mkdir()
        figures = {"loss": 0.1, "val_loss": 0.2, "val_accuracy": number / count}
        RunRecord(
            name="digits",
            status="finished",
            command="nnrun train digits.yaml",
            seed=number,
            created=created.isoformat(),
            ended=created.isoformat(),
            seconds=2.5,
            versions={"python": "3.11.7", "tensorflow": "2.21.0"},
            engine={"name": "xla", "reason": "every layer gains by being compiled"},
            data={"source": "embedded", "rows": {"train": 1257, "validation": 270}},
            parameters=6570,
            best_epoch=20,
            epochs=30,
        ).write(run.record)
        Metrics(best={"epoch": 20, **figures}, last={"epoch": 30, **figures}).write(run.metrics)
        History({"epoch": epoch, **figures} for epoch in range(1, 31)).write(run.history)
        run.resolved.write_text(RESOLVED.format(seed=number, rate=0.001 + number / 1e6))
    return sorted(path.name for path in folder.iterdir())


def commands(folder: Path, names: list[str]) -> dict[str, list[str]]:
    """What is measured; a command over runs is one more line."""
    nnrun = [sys.executable, "-m", "nnrun"]
    place = ["--runs-dir", str(folder)]
    by_rate = ["--sort", "val_accuracy", "--filter", "optimizer.learning_rate>0.0015"]
    return {
        "import tensorflow": [sys.executable, "-c", "import tensorflow"],
        "list": [*nnrun, "list", *place],
        "list by a config value": [*nnrun, "list", *by_rate, *place],
        "show of a run": [*nnrun, "show", "latest", *place],
        "compare of two": [*nnrun, "compare", names[0], names[1], "--anyway", *place],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        names = make_runs(Path(folder), options.runs)
        print_shares(commands(Path(folder), names), options.rounds)


if __name__ == "__main__":
    main()
