"""Seconds an epoch of `fashion_mlp` takes under nnrun and under `model.fit`, side by side.

    NNRUN_DATA=... python -m benchmarks.epochs [--rounds 3] [--epochs 5]

Both train the same network on the same rows with validation, in processes of their own, in turn;
nnrun's epochs include its history, its checkpoints and its TensorBoard logs. The first epoch of
each, in which programs are compiled, is left out. Prints seconds and ratio, round by round.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

from benchmarks.machine import describe_machine


def time_fit(epochs: int) -> float:
    """Median seconds an epoch of `model.fit`."""
    command = [sys.executable, "-m", "benchmarks.fit_script", str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return statistics.median(json.loads(done.stdout)[1:])


def time_nnrun(epochs: int) -> float:
    """Seconds that each epoch after the first adds to a training, all that it writes included."""
    return (_train_seconds(epochs) - _train_seconds(1)) / (epochs - 1)


def _train_seconds(epochs: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "nnrun", "train", "configs/fashion_mlp.yaml", "--json",
            "--run-dir", f"{folder}/run", "--set", f"training.epochs={epochs}", "--set", "expect=null",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(json.loads(done.stdout)["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    print(describe_machine())
    print(f"{'round':>5}  {'model.fit':>10}  {'nnrun':>10}  {'ratio':>6}")
    ratios = []
    for number in range(1, options.rounds + 1):
        fit, own = time_fit(options.epochs), time_nnrun(options.epochs)
        ratios.append(fit / own)
        print(f"{number:>5}  {fit:>8.3f} s  {own:>8.3f} s  {fit / own:>5.1f}x", flush=True)
    print(f"median ratio {statistics.median(ratios):.1f}x")


if __name__ == "__main__":
    main()
