"""A run directory is claimed by one process, or refused before anything starts."""

import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from nnrun.config.schema import NAME_PATTERN
from nnrun.errors import RunError
from nnrun.runs.directory import RUN_NAME, RunDirectory, create_run, create_run_at

from . import names_in

NOW = datetime(2026, 11, 20, 14, 30, 5)


def test_a_name_says_what_and_when(tmp_path: Path) -> None:
    run = create_run(tmp_path / "new" / "runs", "digits_mlp", NOW)
    assert re.fullmatch(r"digits_mlp-20261120-143005-[a-z]{4}", run.name)
    assert run.path.is_dir()
    assert names_in(run.path) == []


def test_names_are_those_of_the_config() -> None:
    assert RUN_NAME.pattern == NAME_PATTERN


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../a", "a b", "a\n", "x" * 65])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="cannot name a run"):
        create_run(tmp_path, name, NOW)
    assert names_in(tmp_path) == []


def test_a_collision_draws_other_letters(tmp_path: Path) -> None:
    letters = itertools.chain(["aaaa", "aaaa", "bbbb"]).__next__
    names = [create_run(tmp_path, "x", NOW, letters=letters).name for _ in range(2)]
    assert names == ["x-20261120-143005-aaaa", "x-20261120-143005-bbbb"]
    with pytest.raises(RunError, match="free name"):
        create_run(tmp_path, "x", NOW, letters=lambda: "aaaa")


def test_eight_at_once_get_eight_directories(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: create_run(tmp_path, "x", NOW), range(8)))
    assert len({run.path for run in runs}) == 8


def test_a_directory_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert create_run_at(tmp_path / "empty").claimed
    assert create_run_at(tmp_path / "a" / "b").path.is_dir()


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RunError, match=r"not empty: it holds notes\.txt"):
        create_run_at(tmp_path)
    (tmp_path / "run.json").touch()
    with pytest.raises(RunError, match="already holds a run") as caught:
        create_run_at(tmp_path)
    assert "empty directory" in caught.value.hint
    with pytest.raises(RunError, match="there is a file with that name"):
        create_run_at(tmp_path / "notes.txt")


def test_a_place_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for create in (
        lambda: create_run(tmp_path / "file" / "runs", "x", NOW),
        lambda: create_run_at(tmp_path / "file" / "run"),
    ):
        with pytest.raises(RunError, match="a part of its path is a file") as caught:
            create()
        assert "\n" not in caught.value.message


@pytest.mark.faults
def test_a_read_only_directory_is_told_in_a_line(tmp_path: Path) -> None:
    # Permission bits do not bind root, so root tries it as somebody else.
    code = """
import os
from datetime import datetime
from pathlib import Path
from nnrun.errors import RunError
from nnrun.runs.directory import create_run, create_run_at
if os.geteuid() == 0:
    os.setegid(65534), os.seteuid(65534)
for create in (lambda: create_run(Path("."), "x", datetime.now()), lambda: create_run_at(Path("."))):
    try:
        create()
    except RunError as error:
        print(error.message)
"""
    tmp_path.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.endswith("permission denied") for line in lines)
    assert names_in(tmp_path) == []


def test_too_little_room_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"not enough room .* wants 1000000\.0 TB"):
        create_run(tmp_path, "x", NOW, needed_bytes=10**18)
    with pytest.raises(RunError, match="not enough room"):
        create_run_at(tmp_path / "mine", needed_bytes=10**18)
    assert names_in(tmp_path) == []


def test_a_run_without_value_is_discarded(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x", NOW)
    run.make_subdirectories()
    run.config.write_text("")
    assert run.discard()
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("kept", ["metrics.json", "model.keras", "checkpoints/last-1.npz"])
def test_a_run_with_value_is_kept(tmp_path: Path, kept: str) -> None:
    run = create_run(tmp_path, "x", NOW)
    run.make_subdirectories()
    (run.path / kept).touch()
    assert not run.discard()
    assert (run.path / kept).exists()


def test_a_run_of_another_process_is_never_discarded(tmp_path: Path) -> None:
    path = create_run(tmp_path, "x", NOW).path
    assert not RunDirectory(path).discard()
    assert path.exists()


def test_an_evaluation_lies_below_its_run() -> None:
    run = RunDirectory(Path("runs/x"))
    files = run.evaluation("test")
    assert files.path == run.evaluations / "test" == Path("runs/x/evaluation/test")
    assert files.predictions == Path("runs/x/evaluation/test/predictions.csv")


def test_the_files_lie_where_the_format_says() -> None:
    run = RunDirectory(Path("runs/x"))
    paths = (
        run.config, run.resolved, run.record, run.history, run.metrics, run.model, run.checkpoints,
        run.learning_curves, run.learning_rate, run.tensorboard,
    )  # fmt: skip
    assert [str(path.relative_to(run.path)) for path in paths] == [
        "config.yaml", "resolved.yaml", "run.json", "history.csv", "metrics.json", "model.keras", "checkpoints",
        "plots/learning_curves.png", "plots/learning_rate.png", "tensorboard",
    ]  # fmt: skip
