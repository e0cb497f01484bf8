"""`nnrun train`: what it prints, and for whom."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY

from nnrun.runs.history import History
from nnrun.runs.manifest import RunRecord

WriteConfig = Callable[..., Path]
Nnrun = Callable[..., Any]
RESULT_KEYS = [
    "format",
    "run_dir",
    "status",
    "stop_reason",
    "epochs",
    "best_epoch",
    "metrics",
    "expectations",
    "warnings",
    "seconds",
    "engine",
    "diagnosis",
]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def the_run(folder: Path = Path("runs")) -> Path:
    (run,) = folder.iterdir()
    return run


def test_what_is_printed_is_plain_lines(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config(TINY + "expect: {params: 67, val_accuracy: {min: 0.0}}\n")
    done = nnrun("train", "tiny.yaml")
    assert done.code == 0
    assert not set(done.out) & {"\x1b", "\r", "\b"}
    assert re.fullmatch(r"tiny-\d{8}-\d{6}-[a-z]{4}", the_run().name)
    lines = done.out.splitlines()
    assert lines[0] == str(the_run())
    assert lines[1].startswith("67 parameters; 90 train, 30 validation, 30 test rows; CPU (")
    assert lines[2].split() == [*History.read(the_run() / "history.csv").columns]
    assert [line.split()[0] for line in lines[3:5]] == ["1", "2"]
    assert lines[4].endswith("*")
    assert f"{the_run().name} finished" in lines
    assert any(line.split() == ["run", str(the_run())] for line in lines)


def test_long_trainings_print_at_most_some_sixty_rows(
    nnrun: Nnrun, write_config: WriteConfig
) -> None:
    done = nnrun("train", write_config(), "--set", "training.epochs=131")
    epochs = [int(row[1]) for row in re.finditer(r"^ +(\d+)  ", done.out, re.MULTILINE)]
    assert epochs == [1, *range(3, 131, 3), 131]


def test_json_prints_one_object_and_nothing_else(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("train", write_config(), "--json", "--seed", "3", "--name", "other")
    assert (done.code, done.err) == (0, "")
    result = json.loads(done.out)
    assert list(result) == RESULT_KEYS
    assert Path(result["run_dir"]) == the_run()
    assert (result["format"], result["status"], result["epochs"]) == (1, "finished", 2)
    record = RunRecord.read(the_run() / "run.json")
    assert (record.name, record.seed) == ("other", 3)
    assert record.best_epoch == result["best_epoch"]
    assert record.seconds == result["seconds"]
    assert record.command.startswith("nnrun train ")
    assert record.command.endswith("--json --seed 3 --name other")


def test_json_stays_alone_when_tensorflow_talks(
    write_config: WriteConfig, nnrun_process: Callable[..., Any]
) -> None:
    process = nnrun_process(
        "train", write_config(), "--json", env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"}
    )
    out, _ = process.communicate()
    assert process.returncode == 0
    assert list(json.loads(out)) == RESULT_KEYS


def test_json_holds_numbers_that_every_reader_takes(
    tmp_path: Path, nnrun: Nnrun, write_config: WriteConfig
) -> None:
    rows = [(x, 2 * x) for x in range(20)]
    for name, factor in (("train", 1), ("test", 1e30)):
        lines = [f"{x},{y * factor}" for x, y in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["x,y", *lines, ""]))
    write_config(
        "dataset: {csv: train.csv, target: y, task: regression, split: {test: test.csv}}\n"
        "architecture: [Dense: 1]\ntraining: {epochs: 1}\nruntime: {engine: graph}\n"
        "expect: {test_loss: {max: 1}}\n"
    )
    done = nnrun("train", "tiny.yaml", "--json")
    assert done.code == 1

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    result = json.loads(done.out, parse_constant=refuse)
    assert result["metrics"]["test"]["loss"] is None
    assert result["expectations"][0]["held"] is False


def test_quiet_prints_nothing(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("train", write_config(), "--quiet", "--runs-dir", "mine")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert RunRecord.read(the_run(Path("mine")) / "run.json").status == "finished"


def test_quiet_tells_of_a_missed_expectation(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("train", write_config(), "-q", "--run-dir", "r", "--set", "expect={params: 1}")
    assert (done.code, done.out) == (1, "")
    assert done.err == "r: params is 67, expected 1\n"


def test_quiet_does_not_hide_mistakes(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("train", write_config(), "--quiet", "--set", "training.epochs=none")
    assert (done.code, done.out) == (2, "")
    assert "--set training.epochs=none" in done.err
    assert not Path("runs").exists()


def test_doubts_about_the_data_go_to_standard_error(
    nnrun: Nnrun, write_config: WriteConfig
) -> None:
    done = nnrun(
        "train", write_config(), "--set", "dataset.preprocess={}", "--set", "dataset.name=wine"
    )
    assert done.code == 0
    assert "warning: the column 'proline' reaches the model unscaled" in done.err
    assert "warning" not in done.out


def test_a_missed_expectation_is_named(nnrun: Nnrun, write_config: WriteConfig) -> None:
    done = nnrun("train", write_config(TINY + "expect: {params: 68}\n"))
    assert done.code == 1
    assert re.search(r"^✗ +params +67 +expected 68$", done.out, re.MULTILINE)


def test_a_divergence_is_told_with_its_epoch(nnrun: Nnrun, write_config: WriteConfig) -> None:
    text = (
        "dataset: {name: diabetes}\narchitecture: {MLP: {hidden: [4]}}\nruntime: {engine: graph}\n"
    )
    done = nnrun("train", write_config(text), "--set", "optimizer={SGD: {learning_rate: 1e30}}")
    assert done.code == 1
    told = [line for line in done.out.splitlines() if line.startswith("diverged: ")]
    assert len(told) == 1
    assert "in epoch 1: after step " in told[0]
    assert "Try a learning rate of 1e+29 instead of 1e+30, clip the gradients" in done.out
    assert "Traceback" not in done.err


def test_a_reader_that_leaves_does_not_end_the_training(
    tmp_path: Path, write_config: WriteConfig, nnrun_process: Callable[..., Any]
) -> None:
    process = nnrun_process("train", write_config(), env=os.environ | {"PYTHONUNBUFFERED": "1"})
    process.stdout.close()  # what `| head -1` does, only earlier
    process.stdout = None
    _, err = process.communicate()
    assert process.returncode == 0
    assert all(line.startswith("warning: ") for line in err.splitlines()), err
    assert RunRecord.read(the_run(tmp_path / "runs") / "run.json").status == "finished"


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.campaign)])
def test_any_encoding_will_do(
    tmp_path: Path,
    write_config: WriteConfig,
    nnrun_process: Callable[..., Any],
    encoding: str,
) -> None:
    config = write_config(TINY + "expect: {params: 67}\n", "日本.yaml")
    process = nnrun_process(
        "train",
        config.name,
        "--runs-dir",
        "läufe",
        env=os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": encoding},
        stderr=subprocess.STDOUT,
        text=False,
    )
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert b"Traceback" not in out
    assert re.search(rb"^ok +params", out, re.MULTILINE)
    assert RunRecord.read(the_run(tmp_path / "läufe") / "run.json").status == "finished"
