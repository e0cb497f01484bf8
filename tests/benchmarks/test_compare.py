"""The comparison with the peers: its arithmetic, its tables, and that it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare import PEERS
from benchmarks.peers.nnrun_train import steady_from
from benchmarks.peers.task import seconds_per_epoch
from benchmarks.results import Results, Spread, target_table, tell, workload_table
from benchmarks.workloads import FIT, OWN, WORKLOADS, Target, Workload
from docs.generate import ROOT
from nnrun.config.loading import load_experiment


def figures(seconds: float, quality: float = 0.9, memory: float = 500e6) -> dict:
    return {
        "seconds": seconds,
        "first_step": None,
        "memory": memory,
        "quality": {"val_accuracy": quality},
    }


@pytest.fixture
def results() -> Results:
    workload = Workload(
        "toy", "A toy", "toy.yaml", 3, 9, "val_accuracy", (Target(FIT, 5.0), Target(FIT, 1.0, "memory"))
    )  # fmt: skip
    return Results(
        workload,
        {
            OWN: [figures(0.2), figures(0.1), figures(0.5)],
            FIT: [figures(1.0, 0.8, 400e6), figures(1.0, 0.8, 400e6), figures(1.5, 0.7, 400e6)],
        },
        {"torch_loop": "not installed"},
    )


def test_ratios_are_taken_within_a_round(results: Results) -> None:
    assert results.spread(FIT, "seconds") == Spread(1.0, 1.0, 1.5)
    assert results.ratio(FIT, "seconds") == Spread(3.0, 5.0, 10.0)
    assert results.ratio(FIT, "memory") == Spread(0.8, 0.8, 0.8)
    assert results.ratio(FIT, "first_step") is None


def test_who_took_part_once_is_compared_with_that_round(results: Results) -> None:
    assert results.workload.judged == {OWN, FIT}
    results.rounds["sklearn_mlp"] = [figures(3.0)]
    assert results.ratio("sklearn_mlp", "seconds") == Spread.of([3.0 / 0.2])


def test_a_table_names_every_peer_and_what_is_absent(results: Results) -> None:
    table = workload_table(results, {OWN: "nnrun", FIT: "Keras", "torch_loop": "PyTorch"})
    assert table.splitlines()[4:] == [
        "| nnrun | 200 ms (100 ms to 500 ms) | 1x (1 to 1) | 0.9000 | 500 MB |",
        "| Keras | 1.00 s (1.00 s to 1.50 s) | 5x (3 to 10) | 0.8000 | 400 MB |",
        "| PyTorch | not installed |  |  |  |",
    ]


def test_a_ratio_of_thousands_is_written_out(results: Results) -> None:
    results.rounds = {OWN: [figures(0.001)], FIT: [figures(3.456)]}
    row = workload_table(results, {FIT: "Keras"}).splitlines()[4]
    assert "| 3,456x (3,456 to 3,456) |" in row


def test_targets_are_judged_by_the_middle_of_the_rounds(results: Results) -> None:
    assert target_table([results], {FIT: "Keras"}).splitlines()[2:] == [
        "| toy | an epoch | Keras | 5x | 5x (3 to 10) | met |",
        "| toy | peak memory | Keras | 1x | 0.8x (0.8 to 0.8) | **missed** |",
    ]


def test_the_json_keeps_every_round(results: Results) -> None:
    told = json.loads(json.dumps(results.to_json()))
    assert told["absent"] == {"torch_loop": "not installed"}
    fit = told["peers"][FIT]
    assert fit["over_nnrun"]["seconds"] == {"least": 3.0, "median": 5.0, "greatest": 10.0}
    assert [row["seconds"] for row in fit["rounds"]] == [1.0, 1.0, 1.5]


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (0.0000168, "seconds", "0.0168 ms"),
        (0.25, "seconds", "250 ms"),
        (1.25, "seconds", "1.25 s"),
        (1.5e9, "memory", "1,500 MB"),
    ],
)
def test_figures_have_units(value: float, measure: str, text: str) -> None:
    assert tell(value, measure) == text


def test_the_steady_state_leaves_out_the_first_tenth() -> None:
    assert seconds_per_epoch([9.0, 10.0, 12.0]) == (12.0 - 9.0) / 2
    twenty = [50.0, 60.0, *(61.0 + epoch for epoch in range(18))]
    assert seconds_per_epoch(twenty) == 18 / 18
    assert seconds_per_epoch([3.0]) is None


def test_epochs_told_together_count_with_the_time_that_they_took() -> None:
    """Four programs of 25 epochs, 5 seconds each, the first compiled in 30 more."""
    ends = [30.0 + 5 * (1 + epoch // 25) for epoch in range(100)]
    assert steady_from(ends) in (24, 49)
    assert seconds_per_epoch(ends, steady_from(ends)) == pytest.approx(5 / 25)
    assert steady_from([1.0]) == 0


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_a_workload_has_a_sound_config_and_known_peers(workload: Workload) -> None:
    experiment = load_experiment(ROOT / workload.config)
    assert experiment.loss is not None
    assert experiment.metrics is not None
    assert experiment.schedule is None
    assert workload.long >= workload.epochs
    assert {target.against for target in workload.targets} < set(PEERS)
    assert set(workload.peers or PEERS) <= set(PEERS)


def test_every_peer_is_a_module() -> None:
    folder = ROOT / "benchmarks" / "peers"
    assert set(PEERS) == {path.stem for path in folder.glob("*.py")} - {"__init__", "task"}


@pytest.mark.campaign
def test_the_smallest_workload_is_compared(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "benchmarks.compare", "--quick", "--workload", "identity_8x3x8",
        "--peers", OWN, FIT, "sklearn_mlp", "blas", "--json", tmp_path / "results.json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "| scikit-learn | has no sigmoid outputs for a regression |" in done.stdout
    told = json.loads((tmp_path / "results.json").read_text())
    peers = told["workloads"]["identity_8x3x8"]["peers"]
    assert set(peers) == {OWN, FIT, "blas"}
    # The same weights, rows and steps: Keras's and nnrun's losses differ by rounding alone.
    assert peers[OWN]["quality"] == pytest.approx(peers[FIT]["quality"], rel=1e-4)
    for peer in peers.values():
        assert peer["figures"]["seconds"]["median"] > 0
        assert peer["figures"]["memory"]["median"] > 10e6
