"""Many seeds as one study, against as many commands; and what a study costs beside its trainings.

python -m benchmarks.studies [--config configs/digits_mlp.yaml] [--seeds 20]
python -m benchmarks.studies --jobs 2 --set training.epochs=300 --set 'callbacks=[]' --seeds 8
python -m benchmarks.studies --memory 300
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from benchmarks.machine import describe_machine
from nnrun.runs.history import History
from nnrun.runs.index import list_studies
from nnrun.runs.study_directory import StudyDirectory
from nnrun.runs.trial_table import TrialTable

NNRUN = [sys.executable, "-m", "nnrun", "train"]
ROW = re.compile(r"^ +(\d+) +\d+ ")
MB = 1e6


def seconds_of(command: list[str]) -> float:
    """Wall seconds of one process."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def watched_study(command: list[str]) -> tuple[float, list[float], list[float]]:
    """The seconds of a study, when each row of it was printed, and how many MB it took by then."""
    started, ends, memory = time.perf_counter(), [], []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        if ROW.match(line):
            ends.append(time.perf_counter() - started)
            memory.append(resident(process.pid))
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - started, ends, memory


def resident(pid: int) -> float:
    """The MB that a process takes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 / MB if found else 0.0


def bare_seconds(study: StudyDirectory) -> list[float]:
    """What the epochs of each trial took, validation included."""
    rows = TrialTable.read(study.table).rows
    histories = (History.read(study.trial(row.number).history) for row in rows)
    return [sum(history.column("seconds")) for history in histories]


def print_against_commands(config: list[str], seeds: int, folder: Path) -> None:
    """The study and the commands, half of them before it and half after."""
    alone = [*NNRUN, *config, "--quiet", "--runs-dir", str(folder / "alone"), "--seed"]
    many = [*NNRUN, *config, "--runs-dir", str(folder / "many"), "--seeds", str(seeds)]
    seconds_of([*alone, "41"])  # what is compiled here is in the cache for all
    numbers = [str(42 + number) for number in range(seeds)]
    singles = [seconds_of([*alone, seed]) for seed in numbers[: seeds // 2]]
    whole, ends, _ = watched_study(many)
    singles += [seconds_of([*alone, seed]) for seed in numbers[seeds // 2 :]]
    (study,) = list_studies(folder / "many")
    bare = bare_seconds(study)[1:]
    taken = [after - before for before, after in pairwise(ends)]
    beside = [all_of_it - own for all_of_it, own in zip(taken, bare, strict=True)]
    print(
        f"{seeds} commands      {sum(singles):8.1f} s   median {statistics.median(singles):.2f} s"
    )
    print(f"a study of {seeds}    {whole:8.1f} s   {sum(singles) / whole:.1f} times as fast")
    print(f"its first seed    {ends[0]:8.1f} s")
    print(f"each further seed {statistics.median(taken):8.2f} s   (median)")
    print(f"  its epochs      {statistics.median(bare):8.2f} s")
    print(f"  beside them     {statistics.median(beside):8.2f} s   at most {max(beside):.2f} s")


def print_jobs(config: list[str], seeds: int, jobs: int, folder: Path) -> None:
    """One job, and several, each with one thread for every trial."""
    taken = {}
    for number in (1, jobs):
        runs = str(folder / f"jobs{number}")
        many = [*NNRUN, *config, "--runs-dir", runs, "--seeds", str(seeds), "--jobs", str(jobs)]
        if number == 1:  # the same study, and so the same threads, by one process
            begin_and_stop(many, Path(runs))
            (study,) = list_studies(Path(runs))
            command = [sys.executable, "-m", "nnrun", "resume", str(study.path), "--jobs", "1"]
        else:
            command = many
        taken[number], _, _ = watched_study(command)
    for number, seconds in taken.items():
        print(f"{seeds} trials by {number} at a time  {seconds:8.1f} s")
    print(f"{taken[1] / taken[jobs]:.2f} times as fast")


def begin_and_stop(command: list[str], runs: Path) -> None:
    """Have a study with its number of jobs on record, and none of its trials."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (studies := list_studies(runs)):
        time.sleep(0.01)
    process.kill()
    process.wait()
    shutil.rmtree(studies[0].trials)
    studies[0].trials.mkdir()


def print_memory(config: list[str], seeds: int, folder: Path) -> None:
    """What a process takes after so many trials."""
    many = [*NNRUN, *config, "--runs-dir", str(folder), "--seeds", str(seeds)]
    whole, ends, memory = watched_study(many)
    for place in sorted({0, 1, *range(24, seeds, 25), seeds - 1}):
        print(f"after {place + 1:>4} trials  {memory[place]:8.0f} MB  {ends[place]:8.1f} s")
    print(f"{whole:.1f} s in all")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", default="configs/digits_mlp.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--memory", type=int, default=0, metavar="TRIALS")
    asked = parser.parse_args()
    config = [asked.config, "--set", "expect=null"]
    config += [word for change in asked.set for word in ("--set", change)]
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        if asked.memory:
            print_memory(config, asked.memory, Path(name))
        elif asked.jobs > 1:
            print_jobs(config, asked.seeds, asked.jobs, Path(name))
        else:
            print_against_commands(config, asked.seeds, Path(name))


if __name__ == "__main__":
    main()
