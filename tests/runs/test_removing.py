"""Which runs may be removed."""

from pathlib import Path

import pytest

from nnrun.errors import RunError
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock
from nnrun.runs.removing import plan_removal, remove_runs


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path / "runs" / "a")
    (run.path / "plots").mkdir(parents=True)
    run.record.write_text("{}")
    (run.plots / "x.png").write_bytes(b"12345")
    return run


def test_a_run_is_removed_whole_and_links_lead_nowhere(run: RunDirectory, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (run.path / "link").symlink_to(precious)
    removal = plan_removal(run, tmp_path / "runs")
    remove_runs([removal])
    assert list((tmp_path / "runs").iterdir()) == []
    assert (precious / "file").exists()


def test_the_size_is_that_of_the_files(run: RunDirectory, tmp_path: Path) -> None:
    assert plan_removal(run, tmp_path / "runs").size == 2 + 5


def test_what_is_written_stays(run: RunDirectory, tmp_path: Path) -> None:
    removal = plan_removal(run, tmp_path / "runs")
    with RunLock(run.path):
        with pytest.raises(RunError, match="a process is writing"):
            plan_removal(run, tmp_path / "runs")
        with pytest.raises(RunError, match="another process"):
            remove_runs([removal])
    assert run.record.exists()


def test_what_is_no_run_stays(run: RunDirectory, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "link").symlink_to(run.path)
    (runs / "folder").mkdir()
    (runs / "fake").mkdir()
    (runs / "fake" / "run.json").symlink_to(run.record)
    cases = {"link": "is a link", "folder": "is not a run", "fake": "is not a run"}
    for name, message in cases.items():
        with pytest.raises(RunError, match=message):
            plan_removal(RunDirectory(runs / name), runs)
    for outside in (runs / "folder", run.path):
        with pytest.raises(RunError, match="does not lie in"):
            plan_removal(run, outside)
    assert run.record.exists()


def test_a_link_on_the_way_out_is_seen_through(run: RunDirectory, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sub").symlink_to(tmp_path / "runs")
    with pytest.raises(RunError, match="does not lie in"):
        plan_removal(RunDirectory(other / "sub" / "a"), other)
