"""`nnrun validate`: every mistake of every file, at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY

WriteConfig = Callable[..., Path]
Nnrun = Callable[..., Any]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_config_without_mistakes(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config()
    done = nnrun("validate", "tiny.yaml")
    assert (done.code, done.out, done.err) == (0, "tiny.yaml: ok\n", "")
    assert [path.name for path in Path().iterdir()] == ["tiny.yaml"]


def test_several_files_of_which_two_are_wrong(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config()
    write_config(TINY.replace("iris", "irsi"), "typo.yaml")
    write_config(
        TINY.replace("batch_size: 32", "batch_size: 0").replace("hidden", "hiden"), "two.yaml"
    )
    done = nnrun("validate", "typo.yaml", "tiny.yaml", "two.yaml", "missing.yaml")
    assert (done.code, done.out) == (2, "tiny.yaml: ok\n")
    assert "typo.yaml:4:9" in done.err
    assert "Did you mean 'iris'?" in done.err
    assert "batch_size" in done.err
    assert "Did you mean 'hidden'?" in done.err
    assert "missing.yaml" in done.err
    assert done.err.endswith("nnrun: 4 problems; nothing was run\n")


def test_json_names_file_line_and_column(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config(TINY.replace("iris", "irsi"), "typo.yaml")
    done = nnrun("validate", "typo.yaml", "--json")
    assert (done.code, done.err) == (2, "")
    told = json.loads(done.out)
    assert told["format"] == 1
    (problem,) = told["problems"]
    assert problem["path"] == "dataset.name"
    assert (problem["file"], problem["line"], problem["column"]) == ("typo.yaml", 4, 9)


def test_json_of_a_config_without_mistakes(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config()
    done = nnrun("validate", "tiny.yaml", "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {"format": 1, "problems": []}


def test_an_override_is_checked_as_such(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config()
    assert nnrun("validate", "tiny.yaml", "--set", "training.epochs=5").code == 0
    done = nnrun("validate", "tiny.yaml", "--set", "training.epoch=5")
    assert done.code == 2
    assert done.err.startswith("--set training.epoch=5")
    assert "Did you mean 'epochs'?" in done.err


@pytest.mark.parametrize("command", ["train", "show", "validate"])
@pytest.mark.parametrize("name", ["missing.yaml", "folder", "binary.yaml", "empty.yaml"])
def test_what_is_no_config_is_told_in_a_line(
    tmp_path: Path, nnrun: Nnrun, command: str, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff\xfe" * 20)
    (tmp_path / "empty.yaml").touch()
    before = sorted(Path().iterdir())
    done = nnrun(command, name)
    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert "Traceback" not in done.err
    assert sorted(Path().iterdir()) == before


def test_a_warning_is_no_mistake(nnrun: Nnrun, write_config: WriteConfig) -> None:
    write_config(TINY + "optimizer: {SGD: {learning_rate: 100}}\n", "bold.yaml")
    done = nnrun("validate", "bold.yaml")
    assert (done.code, done.out) == (0, "bold.yaml: ok\n")
    assert "warning: optimizer.SGD: a learning rate of 100" in done.err
    done = nnrun("validate", "bold.yaml", "--json")
    assert (done.code, done.err) == (0, "")
    (problem,) = json.loads(done.out)["problems"]
    assert (problem["severity"], problem["path"]) == ("warning", "optimizer.SGD")
