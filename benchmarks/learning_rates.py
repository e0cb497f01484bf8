"""What `nnrun lr-find` recommends, against ten rates that are really trained with.

    NNRUN_DATA=... python -m benchmarks.learning_rates CONFIG... [--epochs 5] [--seeds 42]

Trains every config at the recommended rate and at ten rates on a log grid from 1e-4 to 1, and prints
the validation accuracy (the loss for regression) after the last epoch; a rate that diverges has none.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import describe_machine

GRID = [10 ** (-4 + 4 * step / 9) for step in range(10)]


def run_json(*arguments: str) -> dict:
    """What a command of nnrun prints with --json; it may end with 1, for a run that diverged."""
    command = [sys.executable, "-m", "nnrun", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def reached(config: str, optimizer: str, rate: float, epochs: int, seed: int) -> float | None:
    """The validation figure after the last epoch of a training at this rate; None if it diverged."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_json(
            "train", config, "--run-dir", f"{folder}/run", "--seed", str(seed),
            "--set", f"training.epochs={epochs}", "--set", f"optimizer.{optimizer}.learning_rate={rate!r}",
            "--set", "callbacks=[]", "--set", "expect=null",
        )  # fmt: skip
    last = outcome["metrics"]["last"]
    if outcome["status"] != "finished":
        return None
    return last.get("val_accuracy", last["val_loss"])


def recommended(config: str, seed: int) -> tuple[str, float]:
    """The optimizer of a config and the rate that the search recommends for it."""
    with tempfile.TemporaryDirectory() as folder:
        found = run_json("lr-find", config, "--set", f"seed={seed}", "--out-dir", folder)
    return found["optimizer"], found["recommended"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42])
    options = parser.parse_args()
    print(describe_machine())
    rates = "".join(f"{rate:>9.2g}" for rate in GRID)
    print(f"{'config':<20}{'seed':>5}{rates}   recommended")
    for config in options.configs:
        for seed in options.seeds:
            optimizer, rate = recommended(config, seed)
            figures = [
                reached(config, optimizer, value, options.epochs, seed) for value in [*GRID, rate]
            ]
            *grid, own = ["-" if figure is None else f"{figure:.4f}" for figure in figures]
            cells = "".join(f"{cell:>9}" for cell in grid)
            print(f"{Path(config).stem:<20}{seed:>5}{cells}   {own} at {rate:.2g}", flush=True)


if __name__ == "__main__":
    main()
