"""The record of a run and its figures."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock
from nnrun.runs.manifest import DIED, STATUSES, Metrics, RunRecord, derived_status

RECORD = RunRecord(
    name="digits",
    status="finished",
    command="nnrun train configs/digits.yaml",
    seed=42,
    created="2026-11-20T14:30:05+00:00",
    ended="2026-11-20T14:31:05+00:00",
    seconds=60,
    versions={"python": "3.11.7"},
    engine={"name": "compiled", "reason": "the data fit into memory"},
    git={"commit": "0123abc", "dirty": True},
    data={"fingerprint": "sha256:12", "rows": 1797},
    parameters=266610,
    best_epoch=7,
    epochs=10,
    expectations=({"figure": "params", "value": 266610, "equals": 266610, "held": True},),
)


def test_a_record_reads_back(tmp_path: Path) -> None:
    RECORD.write(tmp_path / "run.json")
    assert RunRecord.read(tmp_path / "run.json") == RECORD
    assert json.loads((tmp_path / "run.json").read_text())["format"] == 1
    least = RunRecord(name="x", status="running", command="", seed=1, created="")
    least.write(tmp_path / "run.json")
    assert RunRecord.read(tmp_path / "run.json") == least


def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**RECORD.to_json(), "colour": "blue"}))
    assert RunRecord.read(tmp_path / "run.json") == RECORD


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "has format 2; this nnrun reads up to 1"),
        ({"format": None}, "does not say its format"),
        ({"format": 0}, "does not say its format"),
        ({"status": "dancing"}, "its status is 'dancing'"),
        ({"seed": "many"}, "seed is 'many'"),
        ({"expectations": ["x"]}, "an expectation is not a mapping"),
        ({"expectations": [{"value": "high"}]}, "'high' is not a number"),
        ({"versions": []}, "versions is"),
        ({"created": None}, "created is 'None'"),
    ],
)
def test_a_damaged_record_is_told(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**RECORD.to_json(), **change}))
    with pytest.raises(RunError, match=problem):
        RunRecord.read(tmp_path / "run.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b"3"])
def test_what_is_no_record_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunError, match="is damaged"):
        RunRecord.read(tmp_path / "run.json")


def test_missing_fields_and_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": 1, "name": "x"}')
    with pytest.raises(RunError, match="a field is missing"):
        RunRecord.read(tmp_path / "run.json")
    with pytest.raises(RunError, match="cannot read"):
        RunRecord.read(tmp_path / "none.json")


@pytest.mark.parametrize("status", STATUSES)
def test_running_without_a_lock_has_died(tmp_path: Path, status: str) -> None:
    run = RunDirectory(tmp_path)
    record = replace(RECORD, status=status)
    record.write(run.record)
    expected = DIED if status == "running" else status
    assert derived_status(run) == expected
    assert derived_status(run, record) == expected
    with RunLock(tmp_path):
        assert derived_status(run, record) == status


def test_a_run_that_ends_while_it_is_looked_at_has_not_died(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    RECORD.write(run.record)
    assert derived_status(run, replace(RECORD, status="running")) == "finished"


def test_figures_read_back_and_nan_is_null(tmp_path: Path) -> None:
    Metrics({"loss": 0.1}, {"loss": float("nan")}, {"loss": 0.3}).write(tmp_path / "metrics.json")
    assert Metrics.read(tmp_path / "metrics.json") == Metrics(
        {"loss": 0.1}, {"loss": None}, {"loss": 0.3}
    )
    Metrics({"loss": 0.1}).write(tmp_path / "metrics.json")
    assert Metrics.read(tmp_path / "metrics.json").test is None


def test_a_figure_that_is_no_number_is_told(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"format": 1, "best": {"loss": "low"}}')
    with pytest.raises(RunError, match="'low' is not a number"):
        Metrics.read(tmp_path / "metrics.json")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1" + 400 * "0"])
def test_numbers_that_json_has_not_are_damage(tmp_path: Path, number: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(f'{{"format": 1, "best": {{"loss": {number}}}}}')
    with pytest.raises(RunError, match="is damaged: it is not JSON"):
        Metrics.read(path)


def test_what_is_missing_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"metrics\.json: it does not exist$"):
        Metrics.read(tmp_path / "metrics.json")
    with pytest.raises(RunError, match=r"metrics\.json: its directory does not exist$"):
        Metrics.read(tmp_path / "no" / "metrics.json")
    with pytest.raises(RunError, match=r": it is a directory$"):
        Metrics.read(tmp_path)
