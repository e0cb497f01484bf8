"""nnrun against its peers, side by side: seconds of an epoch, start, peak memory, quality.

    NNRUN_DATA=... python -m benchmarks.compare [--workload fashion_mlp] [--rounds 3] [--quick]

Every peer trains every workload in a process of its own, one after the other, round by round.
`benchmarks/README.md` tells what is measured and how.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import describe_machine, installed_versions
from benchmarks.results import Results, target_table, workload_table
from benchmarks.workloads import OWN, WORKLOADS, Workload


class Peer(NamedTuple):
    """Who takes part: a module of `benchmarks.peers`, and the package that it needs."""

    title: str
    needs: str


PEERS = {
    OWN: Peer("nnrun", "tensorflow"),
    "keras_fit": Peer("Keras `model.fit`", "keras"),
    "keras_tfdata": Peer("Keras, `tf.data`, 32 steps per execution", "keras"),
    "lightning_trainer": Peer("PyTorch Lightning", "lightning"),
    "torch_loop": Peer("PyTorch, a loop", "torch"),
    "sklearn_mlp": Peer("scikit-learn", "sklearn"),
    "blas": Peer("the matrix products alone (BLAS)", "numpy"),
}
TITLES = {name: peer.title for name, peer in PEERS.items()}


def measure(peer: str, folder: Path) -> dict[str, Any]:
    """What a peer reports of the task in a folder, with its peak memory in bytes."""
    command = [sys.executable, "-m", f"benchmarks.peers.{peer}", str(folder)]
    with (folder / "errors.txt").open("w") as errors, tempfile.TemporaryDirectory() as own:
        # A folder of its own for what the peer writes; what it reads lies in the task's.
        started = time.time()
        process = subprocess.Popen([*command, own], stdout=subprocess.PIPE, stderr=errors)
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{peer} failed:\n{(folder / 'errors.txt').read_text()[-3000:]}")
    reported = json.loads(output.splitlines()[-1])
    if reported.get("first_step"):
        reported["first_step"] -= started
    return {**reported, "memory": usage.ru_maxrss * 1024}


def takes_part(workload: Workload, peers: list[str]) -> dict[str, str]:
    """Why each of these peers cannot take part; empty text where it can."""
    return {
        peer: "" if importlib.util.find_spec(PEERS[peer].needs) else "not installed"
        for peer in peers
        if workload.peers is None or peer in workload.peers
    }


def compare(workload: Workload, peers: list[str], rounds: int) -> Results:
    """Have the peers train a workload in turn."""
    results = Results(workload)
    able = takes_part(workload, peers)
    results.absent = {peer: reason for peer, reason in able.items() if reason}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = [workload.name, str(workload.epochs), str(workload.long), name]
        command = [sys.executable, "-m", "benchmarks.preparing", *arguments]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"{workload.name} has no data; --workload chooses others")
        for number in range(1, rounds + 1):
            for peer in able:
                if peer in results.absent or (number > 1 and peer not in workload.judged):
                    continue
                note(f"{workload.name}, round {number}: {peer}")
                figures = measure(peer, folder)
                if "declined" in figures:
                    results.absent[peer] = figures["declined"]
                else:
                    results.rounds.setdefault(peer, []).append(figures)
    return results


def note(text: str) -> None:
    """Say what is under way, to who waits."""
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--workload", nargs="+", choices=names, default=names)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="where all figures are written")
    parser.add_argument("--quick", action="store_true", help="one round of few epochs, as a test")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    rounds = 1 if options.quick else options.rounds
    started = time.perf_counter()
    print(describe_machine(), end="\n\n")
    all_results = []
    for workload in WORKLOADS:
        if workload.name not in options.workload:
            continue
        chosen = workload.shortened() if options.quick else workload
        all_results.append(compare(chosen, options.peers, rounds))
        print(workload_table(all_results[-1], TITLES), end="\n\n", flush=True)
    print("### What nnrun is to reach\n")
    print(target_table(all_results, TITLES))
    seconds = time.perf_counter() - started
    print(f"\nMiddle, least and most of {rounds} rounds, in {seconds:.0f} s.")
    if options.json:
        record = {
            "machine": describe_machine(),
            "versions": installed_versions(),
            "rounds": rounds,
            "seconds": seconds,
            "workloads": {results.workload.name: results.to_json() for results in all_results},
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
