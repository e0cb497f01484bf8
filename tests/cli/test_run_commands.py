"""`nnrun list`, `show` of a run, `plot`, `rm` and `tensorboard`."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.runs.directory import RunDirectory
from nnrun.runs.locking import RunLock

Nnrun = Callable[..., Any]


@pytest.fixture
def runs(tiny_run: RunDirectory) -> Path:
    return tiny_run.path.parent


def test_list(nnrun: Nnrun, runs: Path) -> None:
    done = nnrun("list", "--runs-dir", runs, "--columns", "name,status,epochs,optimizer,seed")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1].split() == ["tiny_run", "finished", "2", "Adam", "42"]
    found = json.loads(nnrun("list", "--runs-dir", runs, "--json").out)
    assert found["format"] == 1
    assert found["runs"][0]["parameters"] == 67
    nothing = nnrun("list", "--runs-dir", runs, "--filter", "seed=1")
    assert nothing.out.startswith("no runs for which that holds")


def test_list_warns_of_a_damaged_run(nnrun: Nnrun, runs: Path, tiny_run: RunDirectory) -> None:
    tiny_run.record.write_text("{")
    done = nnrun("list", "--runs-dir", runs)
    assert done.code == 0
    assert re.search(r"tiny_run +damaged", done.out)
    assert "is damaged: its content is not what was written" in done.err


def test_show_of_a_run(nnrun: Nnrun, runs: Path, tiny_run: RunDirectory) -> None:
    done = nnrun("show", "latest", "--runs-dir", runs)
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "tiny_run finished"
    assert "data        iris; 90 train, 30 validation, 30 test" in lines
    assert "model       MLP [8]" in lines
    assert any(line.startswith("loss, 2 epochs") for line in lines)
    assert any(line.startswith("model") and line.endswith("model.keras") for line in lines)
    assert len(lines) < 40
    shown = json.loads(nnrun("show", tiny_run.path, "--json").out)
    assert (shown["format"], shown["status"]) == (1, "finished")
    assert shown["config"]["training"]["epochs"] == 2
    wrong = nnrun("show", "latest", "--runs-dir", runs, "--set", "seed=1")
    assert (wrong.code, "it changes a config" in wrong.err) == (2, True)


def test_show_tells_what_is_damaged(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    for path in (tiny_run.history, tiny_run.metrics, tiny_run.resolved):
        path.write_text("[}\x1b")
    done = nnrun("show", tiny_run.path)
    assert done.code == 0
    assert done.out.count(" is damaged: ") == 3
    assert "\x1b" not in done.out
    tiny_run.record.write_text("")
    done = nnrun("show", tiny_run.path)
    assert (done.code, "run.json is damaged" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
def test_plot(nnrun: Nnrun, tiny_run: RunDirectory, tmp_path: Path, name: str) -> None:
    first, second = tmp_path / name, tmp_path / f"again_{name}"
    for out in (first, second):
        done = nnrun("plot", tiny_run.path, "--smooth", "0.6", "--metric", "loss", "--out", out)
        assert (done.code, done.out, done.err) == (0, f"written: {out}\n", "")
    assert first.read_bytes() == second.read_bytes()
    assert len(first.read_bytes()) > 4000


def test_plot_refuses_what_it_cannot_draw(nnrun: Nnrun, tiny_run: RunDirectory) -> None:
    done = nnrun("plot", tiny_run.path, "--metric", "acuracy")
    assert (done.code, "Did you mean 'accuracy'?" in done.err) == (2, True)
    done = nnrun("plot", tiny_run.path, "--out", "x.gif")
    assert (done.code, "End it in .png" in done.err) == (2, True)
    tiny_run.history.unlink()
    done = nnrun("plot", tiny_run.path)
    assert (done.code, "it has no epochs to draw" in done.err) == (2, True)


def test_plot_takes_a_pattern(nnrun: Nnrun, tiny_run: RunDirectory, runs: Path) -> None:
    shutil.copytree(tiny_run.path, runs / "tiny_again")
    shutil.copytree(tiny_run.path, runs / "tiny_without")
    (runs / "tiny_without" / "history.csv").unlink()
    done = nnrun("plot", "tiny_*", "--runs-dir", runs, "--out", runs / "c.svg", "--json")
    drawn = json.loads(done.out)
    assert sorted(drawn["runs"]) == ["tiny_again", "tiny_run"]
    assert drawn["skipped"] == {str(runs / "tiny_without"): "it has no epochs to draw"}
    assert done.err.splitlines() == [
        f"written: {runs / 'c.svg'}",
        f"skipped {runs / 'tiny_without'}: it has no epochs to draw",
    ]


def test_rm_asks(nnrun: Nnrun, runs: Path, tiny_run: RunDirectory) -> None:
    with open(os.devnull) as nowhere:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "nnrun", "rm", "tiny_run", "--runs-dir", str(runs)],
            stdin=nowhere,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, "Add --yes" in done.stderr) == (2, True)
    assert tiny_run.record.exists()


def test_rm(nnrun: Nnrun, runs: Path, tiny_run: RunDirectory) -> None:
    place = ("--yes", "--runs-dir", runs)
    assert nnrun("rm", *place).code == 2
    assert nnrun("rm", "tiny_run", "--filter", "seed=42", *place).code == 2
    with RunLock(tiny_run.path):
        assert "a process is writing" in nnrun("rm", "tiny_run", *place).err
    assert nnrun("rm", "--filter", "seed=1", *place).out == "nothing to remove\n"
    (runs / "other").mkdir()
    done = nnrun("rm", "tiny_*", runs / "other", *place)
    assert (done.code, "nothing was removed" in done.err) == (2, True)
    assert tiny_run.record.exists()
    shutil.copytree(tiny_run.path, runs / "tiny_again")
    assert nnrun("rm", "tiny_a*", *place).out.startswith("removed 1 run, ")
    assert tiny_run.record.exists()
    done = nnrun("rm", "--filter", "seed=42", "--json", *place)
    assert json.loads(done.out) == {"format": 1, "removed": [str(tiny_run.path.resolve())]}
    assert not tiny_run.path.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--columns", "optimizer"],
        ["show", "tiny_run"],
        ["rm", "tiny_run", "--yes"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(runs: Path, arguments: list[str]) -> None:
    code = (
        "import atexit, sys\n"
        f"sys.argv = ['nnrun', *{arguments!r}, '--runs-dir', '.']\n"
        "heavy = 'tensorflow keras pandas matplotlib numpy'.split()\n"
        "atexit.register(lambda: print('imported:', *[n for n in heavy if n in sys.modules]))\n"
        "from nnrun.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=runs, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].rstrip() == "imported:"


def test_show_of_a_name_longer_than_file_systems_take(nnrun: Nnrun, runs: Path) -> None:
    done = nnrun("show", "x" * 5000, "--runs-dir", runs)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("its name is too long\n")
