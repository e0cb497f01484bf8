"""What a stranger has put into a run's folders: nothing is written elsewhere, and nothing waited for."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY, Done

from nnrun.errors import RunError
from nnrun.experiments.api import resume, train
from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("in_time", "_undrawn")]

Nnrun = Callable[..., Done]
CALLBACKS = """\
callbacks:
  - CSVLogger: {filename: log.csv}
  - ModelCheckpoint: {filepath: "{epoch:02d}.weights.h5", save_weights_only: true}
  - EarlyStopping: {patience: 9, restore_best_weights: true}
"""


@pytest.fixture(scope="module")
def _logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logged")
    config = folder / "tiny.yaml"
    config.write_text(TINY + CALLBACKS)
    train(config, run_dir=folder / "run")
    return folder / "run"


@pytest.fixture
def run(_logged: Path, tmp_path: Path) -> RunDirectory:
    """A finished run whose callbacks wrote files, the test's own to spoil."""
    return RunDirectory(shutil.copytree(_logged, tmp_path / "run"))


def link(path: Path, traps: Any) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(traps.secret)


def second_name(path: Path, traps: Any) -> None:
    path.unlink(missing_ok=True)
    os.link(traps.secret, path)


def pipe(path: Path, traps: Any) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def folder_elsewhere(path: Path, traps: Any) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.symlink_to(traps.secret.parent, target_is_directory=True)


PLANTED: dict[str, tuple[str, Callable[[Path, Any], None], str]] = {
    "a link that a name is filled into": ("callbacks/03.weights.h5", link, "it is a link"),
    "a link for a log": ("callbacks/log.csv", link, "it is a link"),
    "a second name for a log": ("callbacks/log.csv", second_name, "it has a second name"),
    "a pipe for a log": ("callbacks/log.csv", pipe, "it is not a regular file"),
    "a pipe that nobody names": ("callbacks/x", pipe, "it is not a regular file"),
    "a folder for a callback": ("callbacks/tensorboard", folder_elsewhere, "it is a link"),
    "a folder for points": ("tensorboard/train", folder_elsewhere, "it is a link"),
    "all callbacks": ("callbacks", folder_elsewhere, "it is a link"),
    "a second name for the lock": (".lock", second_name, "it has a second name"),
    "a link for the lock": (".lock", link, "it is a link"),
    "a pipe for the lock": (".lock", pipe, "it is not a regular file"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_resume_writes_nowhere_else(
    case: str, run: RunDirectory, traps: Any, nnrun: Nnrun
) -> None:
    name, plant, told = PLANTED[case]
    plant(run.path / name, traps)
    done = nnrun("resume", run.path, "--epochs", 3)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert Path(name).name in done.err


def test_a_resume_replaces_links_and_pipes_where_files_are_replaced(
    run: RunDirectory, traps: Any
) -> None:
    link(run.metrics, traps)
    pipe(run.model, traps)
    second_name(run.config, traps)
    assert resume(run, epochs=3).status == "finished"
    assert not run.metrics.is_symlink()
    assert run.model.is_file()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [damage, Path.unlink])
def test_a_damaged_log_is_not_carried_on(
    spoil: Callable[[Path], None], run: RunDirectory, nnrun: Nnrun
) -> None:
    spoil(run.callbacks / "log.csv")
    done = nnrun("resume", run.path, "--epochs", 3)
    assert done.code == 2
    assert "callbacks/log.csv: it does not begin with what the run wrote" in done.err
    done = nnrun("resume", run.path, "--epochs", 3, "--anyway")
    assert done.code == 0
    (note,) = json.loads(run.record.read_text())["resumes"]
    assert (note["exact"], len(note["differences"])) == (False, 1)


def test_damaged_points_are_written_anew(run: RunDirectory) -> None:
    (events,) = (run.tensorboard / "train").iterdir()
    damage(events)
    warnings = resume(run, epochs=3).warnings
    assert f"{events} is damaged; it is written again from the history" in warnings
    assert len(list((run.tensorboard / "train").iterdir())) == 1


def test_a_log_that_is_whole_is_carried_on(run: RunDirectory) -> None:
    with (run.callbacks / "log.csv").open("a") as file:
        file.write("more than the state knows of\n")  # as after a kill: it is cut off
    assert resume(run, epochs=3).warnings == resume(run, epochs=4).warnings
    assert [line[0] for line in (run.callbacks / "log.csv").read_text().splitlines()] == list(
        "e0123"
    )


def test_a_planted_record_does_not_make_a_run_of_all_runs(
    make_run: Callable[..., RunDirectory], nnrun: Nnrun, tmp_path: Path
) -> None:
    inner = make_run("inner", [0.5])
    runs = inner.path.parent
    shutil.copy(inner.record, runs / "run.json")
    done = nnrun("rm", runs, "--yes", "--runs-dir", tmp_path)
    assert done.code == 2
    assert "holds another run, inner; nothing was removed" in done.err
    assert inner.record.exists()


def test_of_nested_runs_all_are_removed_or_none(
    make_run: Callable[..., RunDirectory], nnrun: Nnrun
) -> None:
    outer = make_run("outer", [0.5])
    inner = make_run("outer/sub", [0.5])
    other = make_run("other", [0.5])
    runs = outer.path.parent
    done = nnrun("rm", "other", "outer", inner.path, "--yes", "--runs-dir", runs)
    assert (done.code, done.out) == (2, "")
    assert outer.record.exists()
    assert inner.record.exists()
    assert other.record.exists()


@pytest.mark.parametrize("fails", ["lock", "rename"])
def test_where_one_run_cannot_go_none_goes(
    fails: str, make_run: Callable[..., RunDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnrun.runs.removing import plan_removal, remove_runs

    runs = [make_run(name, [0.5]) for name in ("a", "b", "c")]
    removals = [plan_removal(run, run.path.parent) for run in runs]
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == "b":
            raise OSError(13, "no")
        return rename(path, target)

    if fails == "rename":
        monkeypatch.setattr(Path, "rename", refuse)
        with pytest.raises(RunError, match="nothing was removed"):
            remove_runs(removals)
    else:
        with RunLock(runs[1].path), pytest.raises(RunError, match="another process"):
            remove_runs(removals)
    assert [run.record.exists() for run in runs] == [True] * 3
    assert sorted(path.name for path in runs[0].path.parent.iterdir()) == ["a", "b", "c"]


def test_folders_without_end_are_not_walked(
    make_run: Callable[..., RunDirectory], nnrun: Nnrun
) -> None:
    run = make_run("deep", [0.5])
    deep = run.path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    done = nnrun("rm", "deep", "--yes", "--runs-dir", run.path.parent)
    assert (done.code, "nested too deep" in done.err) == (2, True)
