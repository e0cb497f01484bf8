"""Seconds that commands without TensorFlow take, against `import tensorflow`, side by side.

python -m benchmarks.startup [--rounds 7]
"""

import argparse
import statistics
import subprocess
import sys
import time

from benchmarks.machine import describe_machine

COMMANDS = {
    "import tensorflow": [sys.executable, "-c", "import tensorflow"],
    "nnrun --help": [sys.executable, "-m", "nnrun", "--help"],
    "nnrun validate": [sys.executable, "-m", "nnrun", "validate", "configs/fashion_mlp.yaml"],
}


def seconds(command: list[str]) -> float:
    """Wall seconds of one process."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def print_shares(commands: dict[str, list[str]], rounds: int) -> None:
    """Time the commands in turn and print each median, and its share of the first command's."""
    for command in commands.values():
        seconds(command)
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    whole = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:<24} {median:>7.3f} s  {median / whole:>6.3f} of the import")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(describe_machine())
    print_shares(COMMANDS, rounds)


if __name__ == "__main__":
    main()
