"""Configs of strangers: none runs code, reads what is not its own, or takes the terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY

from nnrun.config.components import Component
from nnrun.errors import ConfigError

pytestmark = pytest.mark.faults

CORPUS = sorted(Path(__file__).parent.glob("*.yaml"))
OWN = TINY.replace("{MLP: {hidden: [8]}}", "['theirs:Layer', {Dense: 3}]")


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) > 20


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
@pytest.mark.usefixtures("in_time")
def test_hostile_configs_are_refused(
    file: Path, traps: Any, tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    text = file.read_text(encoding="utf-8")
    expected = text.partition("\n")[0].removeprefix("# refused: ")
    text = text.replace("@SECRET@", str(traps.secret)).replace("@RAN@", str(traps.ran))
    config = tmp_path / "theirs.yaml"
    config.write_text(text, encoding="utf-8")
    for command in ("validate", "train"):
        done = nnrun(command, config)
        assert done.code == 2
        assert expected in done.err
        assert f"{config}:" in done.err
        assert "Traceback" not in done.err
        assert "\x1b" not in done.out + done.err
        assert traps.untouched(done.out, done.err)
    assert list(tmp_path.iterdir()) == [config]


WRITING = {
    "CSVLogger": {"filename": "../../log.csv"},
    "ModelCheckpoint": {"filepath": "{epoch.__doc__:.>2.0}/{epoch.__doc__:.>2.0}/x.keras"},
    "OrbaxCheckpoint": {"directory": "../checkpoints"},
    "TensorBoard": {"log_dir": "/tmp/logs"},
}


@pytest.mark.parametrize("name", WRITING)
def test_callbacks_write_in_their_folder_only(name: str, tmp_path: Path) -> None:
    from nnrun.training.callbacks import build_callbacks

    component = Component(name, "callbacks", "keras.callbacks", WRITING[name])
    with pytest.raises(ConfigError, match="lies outside the run's folder for callbacks"):
        build_callbacks([component], tmp_path / "callbacks")
    assert not list(tmp_path.iterdir())


def test_what_a_figure_is_formatted_to_stays_in_the_folder(
    write_config: Callable[..., Path], tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    name = WRITING["ModelCheckpoint"]["filepath"]
    config = write_config(f"{TINY}callbacks:\n- ModelCheckpoint: {{filepath: '{name}'}}\n")
    done = nnrun("train", config, "--runs-dir", tmp_path / "runs")
    assert done.code == 2
    assert "lies outside the run's folder" in done.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["runs", "tiny.yaml"]


def test_figures_may_stand_in_the_name_of_a_file(
    write_config: Callable[..., Path], tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    name = "epoch-{epoch:02d}-{val_loss:.3f}.keras"
    config = write_config(f"{TINY}callbacks:\n- ModelCheckpoint: {{filepath: '{name}'}}\n")
    done = nnrun("train", config, "--run-dir", tmp_path / "run")
    assert done.code == 0, done.err
    assert any(path.name.startswith("epoch-01-") for path in tmp_path.glob("run/callbacks/*"))


@pytest.mark.usefixtures("in_time")
def test_pipes_in_place_of_configs_and_data_do_not_hang(
    tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    for name in ("theirs.yaml", "base.yaml", "rows.csv"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "extending.yaml").write_text("extends: base.yaml\n")
    (tmp_path / "reading.yaml").write_text(
        "dataset: {csv: rows.csv, target: y}\narchitecture: [Dense: 1]\n"
    )
    for name in ("theirs.yaml", "extending.yaml", "reading.yaml"):
        done = nnrun("validate", tmp_path / name)
        assert done.code == 2
        assert "not a regular file" in done.err or "there is no file" in done.err


def test_only_training_runs_code_of_their_own(
    write_config: Callable[..., Path], traps: Any, tmp_path: Path, nnrun: Callable[..., Any]
) -> None:
    leaves_a_trace = f"open({str(traps.ran)!r}, 'w').close()\n"
    (tmp_path / "theirs.py").write_text(leaves_a_trace)
    config = write_config(OWN)
    assert nnrun("validate", config).code == 0
    shown = nnrun("show", config)
    assert shown.code == 2
    assert "names code of its own" in shown.err
    assert "--trust" in shown.err
    assert traps.untouched()
    assert nnrun("show", config, "--trust").code == 2  # it has no class Layer, but it ran
    assert traps.ran.exists()
    traps.ran.unlink()
    sys.modules.pop("theirs")
    nnrun("train", config, "--runs-dir", tmp_path / "runs")
    assert traps.ran.exists()
    traps.ran.unlink()
    sys.modules.pop("theirs")


NAMES = ("numpy", "yaml", "typer", "keras", "pandas", "csv", "tensorboard")


def test_files_beside_a_config_take_no_modules_place(traps: Any, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open({str(traps.ran)!r}, 'w').close()\n")
    (tmp_path / "theirs.yaml").write_text(f"{TINY}modules: .\n")
    for command in ("validate", "show"):
        done = subprocess.run(
            [sys.executable, "-m", "nnrun", command, "theirs.yaml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert traps.untouched()


def git(folder: Path, *arguments: str) -> None:
    named = ("-c", "user.email=a@example.org", "-c", "user.name=a")
    subprocess.run(["git", *named, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.mark.parametrize("how", ["core.fsmonitor", "filter.theirs.clean", "hook"])
def test_a_repository_of_theirs_starts_no_program(how: str, traps: Any, tmp_path: Path) -> None:
    from nnrun.runs.provenance import git_state

    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitattributes").write_text("* filter=theirs\n")
    (tmp_path / "theirs.yaml").write_text(TINY)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    program = f"touch {traps.ran}"
    if how == "hook":
        hook = tmp_path / ".git" / "hooks" / "post-index-change"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{program}\n")
        hook.chmod(0o755)
    else:
        git(tmp_path, "config", how, f"{program}; cat")
    (tmp_path / "theirs.yaml").write_text(TINY.replace("8", "9"))
    state = git_state(tmp_path)
    assert traps.untouched()
    assert state is not None
    assert len(state["commit"]) == 40
    assert state["dirty"] is (True if how == "hook" else None)
