"""Which run a user means."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs.index import find_run, list_runs
from nnrun.runs.selection import select_runs

from .test_manifest import RECORD

NAMES = (
    "digits_mlp-20261120-143005-kqzt",
    "digits_mlp-20261121-090000-abcd",
    "fashion-20261119-080000-wxyz",
)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    for name in NAMES:
        (runs / name).mkdir(parents=True)
        stamp = name[-20:-5]
        created = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:00:00+00:00"
        replace(RECORD, created=created).write(runs / name / "run.json")
    return runs


def test_the_newest_stands_first(runs: Path) -> None:
    (runs / "notes").mkdir()
    (runs / ".gitkeep").touch()
    entries = list_runs(runs)
    assert [entry.name for entry in entries] == [NAMES[1], NAMES[0], NAMES[2]]
    assert [entry.status for entry in entries] == ["finished"] * 3
    assert entries[0].record
    assert list_runs(runs / "missing") == []


def test_a_damaged_run_is_reported(runs: Path) -> None:
    (runs / NAMES[0] / "run.json").write_text("{")
    (runs / NAMES[1] / "run.json").unlink()
    entries = {entry.name: entry for entry in list_runs(runs)}
    assert [entries[name].status for name in NAMES] == ["damaged", "damaged", "finished"]
    assert "not what was written" in entries[NAMES[0]].problem
    assert "does not exist" in entries[NAMES[1]].problem
    assert entries[NAMES[2]].problem == ""
    assert find_run("latest", runs).name == NAMES[2]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NAMES[0], NAMES[0]),
        ("fash", NAMES[2]),
        ("digits_mlp-20261121", NAMES[1]),
        ("latest", NAMES[1]),
    ],
)
def test_a_name_its_beginning_and_latest(runs: Path, text: str, name: str) -> None:
    assert find_run(text, runs).path == runs / name


def test_a_path(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_run(str(runs / NAMES[0]), runs / "elsewhere").path == runs / NAMES[0]
    monkeypatch.chdir(runs / NAMES[0])
    assert find_run(".", runs).name == NAMES[0]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("digits", "begins the names of 2 runs", "latest"),
        ("digit_mlp", "there is no run 'digit_mlp'", f"Did you mean {NAMES[1]}?"),
        (NAMES[0].replace("kqzt", "kqzz"), "there is no run", f"Did you mean {NAMES[0]}?"),
        ("unrelated", "there is no run", "the beginning of its name"),
        ("", "there is no run ''", ""),
        ("..", "is not a run", ""),
    ],
)
def test_what_is_no_run_is_told(runs: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(RunError, match=message) as caught:
        find_run(text, runs)
    assert hint in caught.value.hint


def test_where_there_are_none_it_says_how_to_start(tmp_path: Path) -> None:
    for text in ("latest", "x"):
        with pytest.raises(RunError) as caught:
            find_run(text, tmp_path)
        assert "nnrun train" in caught.value.hint


def test_a_link_out_of_the_runs_is_passed_over(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "link-20261122-090000-abcd").symlink_to(runs / NAMES[0])
    assert len(list_runs(runs)) == 3
    with pytest.raises(RunError):
        find_run("link", runs)


def test_a_thousand_runs_are_listed_without_reading_them(tmp_path: Path) -> None:
    text = "{ damaged"
    for number in range(1000):
        (tmp_path / f"x-20261120-{number:06}-abcd").mkdir()
        (tmp_path / f"x-20261120-{number:06}-abcd" / "run.json").write_text(text)
    start = time.perf_counter()
    assert len(list_runs(tmp_path)) == 1000
    assert find_run("x-20261120-000999", tmp_path).name.endswith("abcd")
    assert time.perf_counter() - start < 0.5


def test_a_name_longer_than_file_systems_take(runs: Path) -> None:
    with pytest.raises(RunError, match=r"^cannot look for the run 'x{80}…': its name is too long$"):
        find_run("x" * 5000, runs)
    with pytest.raises(RunError, match="its name is too long"):
        select_runs(["x" * 5000], runs)
