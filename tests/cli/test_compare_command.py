"""`nnrun compare` and `nnrun diff`: their screens, their JSON, their refusals."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnrun.runs.directory import RunDirectory

Make = Callable[..., RunDirectory]
SGD = "optimizer={SGD: {learning_rate: 0.1}}"
WIDE = "architecture={MLP: {hidden: [16]}}"


@pytest.fixture
def two(make_run: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two runs, in the folder that the commands run in."""
    make_run("base-1", [0.5, 0.75], overrides=["name=base"], test=0.7)
    make_run("sgd-1", [0.5, 0.8], overrides=["name=sgd", SGD, WIDE], test=0.6, parameters=131)
    monkeypatch.chdir(tmp_path)
    return "base-1", "sgd-1"


SCREEN = """\
runs  directory    seed  status
base  runs/base-1    42  finished
sgd   runs/sgd-1     42  finished

what differs in the configs
setting                  base              sgd
architecture.MLP.hidden  [8]               [16]
optimizer                Adam              SGD: {learning_rate: 0.1}
(learning rate)          0.001 throughout  0.1 throughout

what came out        base     sgd  difference
val_accuracy       0.7500  0.8000   +0.0500 ▲
val_loss           0.2500  0.2000   -0.0500 ▲
test_accuracy      0.7000  0.6000   -0.1000 ▼
last.val_loss      0.2500  0.2000   -0.0500 ▲
last.val_accuracy  0.7500  0.8000   +0.0500 ▲
best_epoch              2       2
epochs                  2       2        same
seconds             2.0 s   2.0 s        same
parameters             67     131         +64
"""


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_screen_of_two_runs(
    nnrun: Callable[..., Any], two: tuple[str, str], width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    done = nnrun("compare", *two)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(SCREEN)
    assert done.out.removeprefix(SCREEN) == (
        "\nTo test the difference row by row, run `nnrun eval runs/base-1` and `nnrun eval "
        "runs/sgd-1` first.\n"
        "With one seed each, this can't tell a better setting from a luckier seed.\n"
    )


def test_a_plain_terminal_gets_words(two: tuple[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nnrun", "compare", *two],
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-0.1000 worse" in done.stdout
    assert done.stdout.isascii()


def test_diff_shows_the_configs_alone(nnrun: Callable[..., Any], two: tuple[str, str]) -> None:
    done = nnrun("diff", *two)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "setting                  base-1  sgd-1\n"
        "name                     base    sgd\n"
        "architecture.MLP.hidden  [8]     [16]\n"
        "optimizer                Adam    SGD: {learning_rate: 0.1}\n"
    )
    found = json.loads(nnrun("diff", *two, "--json").out)
    assert found["format"] == 1
    assert found["differences"][1] == {
        "path": "architecture.MLP.hidden",
        "kind": "changed",
        "before": [8],
        "after": [16],
    }


def test_diff_of_a_run_with_itself(nnrun: Callable[..., Any], two: tuple[str, str]) -> None:
    assert nnrun("diff", "base", "runs/base-1").out == "the configs are the same\n"


def test_the_json_holds_what_the_screen_does(
    nnrun: Callable[..., Any], two: tuple[str, str]
) -> None:
    done = nnrun("compare", *two, "--json", "--out", "c.csv")
    assert (done.code, done.err) == (0, "written: c.csv\n")
    told = json.loads(done.out)
    assert (told["format"], told["metric"], told["mode"]) == (1, "val_accuracy", "max")
    assert told["ranking"] == ["sgd", "base"]
    first, second = told["groups"]
    assert first["runs"][0]["figures"]["val_accuracy"] == 0.75
    assert [item["path"] for item in second["differences"]] == [
        "name",
        "architecture.MLP.hidden",
        "optimizer",
    ]
    assert [verdict["method"] for verdict in told["verdicts"]] == ["none", "none"]


def test_the_page_sets_commands_as_code(
    nnrun: Callable[..., Any], two: tuple[str, str], make_run: Make
) -> None:
    made = make_run("<b>-1", [0.5], overrides=["name=b", SGD])
    assert nnrun("compare", "base-1", f"runs/{made.name}", "--out", "c.html").code == 0
    page = Path("c.html").read_text()
    assert "<code>nnrun eval runs/base-1</code>" in page
    assert "&lt;b&gt;-1" in page
    assert "<b>" not in page
    assert "`" not in page


def test_columns_and_precision(nnrun: Callable[..., Any], two: tuple[str, str]) -> None:
    done = nnrun("compare", *two, "--columns", "val_loss, training.epochs", "--precision", 2)
    assert "val_loss         0.25  0.20     -0.05 ▲\ntraining.epochs     2     2\n" in done.out
    assert "val_accuracy " not in done.out


@pytest.mark.parametrize("pattern", ["runs/*", "*-?"])
def test_a_pattern_means_runs_by_path_or_by_name(
    nnrun: Callable[..., Any], two: tuple[str, str], make_run: Make, pattern: str
) -> None:
    make_run("gone-1", [0.5], status="failed")
    Path("runs/notes.txt").write_text("")
    Path("notes-1").write_text("")  # in the way of the second pattern, were it one over paths
    done = nnrun("compare", pattern)
    assert done.code == 0
    assert done.out.startswith(SCREEN)
    assert "skipped runs/gone-1: it has no figures yet: its status is failed\n" in done.err
    assert ("skipped runs/notes.txt: it is not a run directory" in done.err) == (
        pattern == "runs/*"
    )


@pytest.fixture
def fifty(make_run: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(50):
        changes = [
            f"training.batch_size={number + 1}",
            f"optimizer={'Adam' if number % 2 else 'Nadam'}",
        ]
        make_run(
            f"sweep-20260301-1200{number:02}-abcd",
            [0.5 + (number * 7 % 50) / 100],
            overrides=[*changes, f"regularization.dropout={number / 100}"],
            seconds=1.0 + number,
        )


def test_fifty_runs_are_a_leaderboard(
    nnrun: Callable[..., Any], fifty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = nnrun("compare", "runs/*")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0] == (
        "    run                         val_accuracy  optimizer  dropout  batch_size  val_loss  seconds"
    )
    # 0.99 where 7 n = 49 (mod 50): the run 7.
    assert lines[1].split()[:5] == ["1", "sweep-20260301-120007-abcd", "0.9900", "Adam", "0.07"]
    assert lines[50].split()[:3] == ["50", "sweep-20260301-120000-abcd", "0.5000"]
    assert max(map(len, lines[:51])) <= 100


@pytest.mark.parametrize("width", ["60", "80"])
def test_a_narrow_terminal_is_told_what_is_left_out(
    nnrun: Callable[..., Any], fifty: None, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    lines = nnrun("compare", "runs/*").out.splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("not shown: "))
    tables = "\n".join(lines[:end]).split("\n\n")
    assert max(map(len, lines[:end])) <= int(width)
    assert {len(table.splitlines()) for table in tables} == {51}
    heads = " ".join(table.splitlines()[0] for table in tables)
    assert all(setting in heads for setting in ("optimizer", "batch_size"))


def test_other_data_are_refused(
    nnrun: Callable[..., Any], two: tuple[str, str], make_run: Make
) -> None:
    make_run("other-1", [0.5], data={"fingerprint": "f" * 64}, overrides=["name=other", SGD])
    done = nnrun("compare", "base-1", "other-1", "--out", "c.html")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "nnrun: base-1 and other-1 were trained on different data: 90 train, 30 test rows "
        "(fingerprint 00000000) and unknown rows (fingerprint ffffffff); the rows themselves "
        "are different\n"
        "  Their figures say nothing about each other; --anyway compares them all the same.\n"
    )
    assert not Path("c.html").exists()
    done = nnrun("compare", "base-1", "other-1", "--anyway")
    assert done.code == 0
    assert "note: the data differ" in done.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["base-1"], "a comparison takes two runs at least; 1 can be compared"),
        (["base-1", "base-1"], "a comparison takes two runs at least; 1 can be compared"),
        (["base-1", "sdg-1"], "there is no run 'sdg-1' in runs\n  Did you mean sgd-1?"),
        (["nothing-*"], "no run matches 'nothing-*'"),
        (["*-1", "--metric", "f1"], "no run has the figure 'f1'\n  There are: "),
        (["*-1", "--columns", "batch"], "no run has a figure or setting 'batch'"),
        (
            ["*-1", "--split", "train"],
            "--split: 'train' is not a part\n  Choose test or validation.",
        ),
        (
            ["*-1", "--out", "x.txt"],
            "--out: cannot write x.txt\n  End it in .html, .png, .csv, .md, .json.",
        ),
        (["*-1", "--out", "no/x.md"], "--out: there is no folder no"),
    ],
)
def test_what_cannot_be_compared_is_said(
    nnrun: Callable[..., Any], two: tuple[str, str], arguments: list[str], told: str
) -> None:
    done = nnrun("compare", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"nnrun: {'--columns: ' if '--columns' in arguments else ''}{told}")


@pytest.mark.parametrize("command", ["compare", "diff"])
def test_neither_tensorflow_nor_pandas_is_imported(two: tuple[str, str], command: str) -> None:
    code = (
        "import atexit, sys\n"
        f"sys.argv = ['nnrun', {command!r}, 'base-1', 'sgd-1']\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'matplotlib', 'numpy'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr))\n"
        "from nnrun.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_real_run_is_compared(
    nnrun: Callable[..., Any], tiny_run: RunDirectory, make_run: Make
) -> None:
    other = make_run("other", [0.5], overrides=[SGD, "name=other"])
    done = nnrun(
        "compare", tiny_run.path, other.path, "--anyway", "--out", tiny_run.path / "c.html"
    )
    assert (done.code, done.err) == (0, "")
    assert "optimizer" in done.out
    assert (tiny_run.path / "c.html").read_text().startswith("<!DOCTYPE html>")
