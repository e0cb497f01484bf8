"""--out FILE.html, .md and .json of every command that shows something."""

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TINY, write_run

COMMANDS = {
    "train tiny.yaml --set training.epochs=1": "validation",
    "train tiny.yaml --set training.epochs=1 --seeds 2": "± deviation",
    "train tiny.yaml --set training.epochs=1 --sweep training.batch_size=16,32": "batch_size = ",
    "search search.yaml": "learning_rate",
    "resume resumed --epochs 3": "epochs",
    "eval base --split validation": "95 % interval",
    "predict base rows.csv": "setosa",
    "validate tiny.yaml": "no mistake in tiny.yaml",
    "validate wrong.yaml tiny.yaml": "Did you mean 'epochs'?",
    "show tiny.yaml": "Dense",
    "show base": "best epoch",
    "lr-find tiny.yaml --steps 20 --budget 2": "what it looks for",
    "list": "val_loss",
    "compare base wide --anyway": "what came out",
    "diff base wide": "training.batch_size",
    "plot base wide": "The curves of base, wide",
    "gallery tiny.yaml --epochs 1": "expects nothing",
}
SEARCH = """\
search:
  space: {optimizer.Adam.learning_rate: {from: 0.01, to: 0.1, log: true}}
  metric: val_accuracy
  method: random
  trials: 2
  confirm: {best: 0}
"""
ROWS = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"
MISTAKEN = 2
UNCLOSED = {"meta", "br", "img"}


class Tags(HTMLParser):
    """Sees that every tag is closed, and keeps the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in UNCLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """`<line … />` opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


TRAINING = ("train", "search", "resume", "gallery", "lr-find")
"""Commands that take seconds: one kind of page of each is written in every run of the tests."""


@pytest.fixture(scope="module")
def folder(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs and two configs, one of them with a mistake."""
    made = tmp_path_factory.mktemp("pages")
    (made / "tiny.yaml").write_text(TINY)
    (made / "search.yaml").write_text(TINY.replace("epochs: 2", "epochs: 1") + SEARCH)
    (made / "wrong.yaml").write_text(TINY.replace("epochs", "epoches"))
    (made / "rows.csv").write_text(ROWS)
    shutil.copytree(_trained, made / "runs" / "base")
    write_run(made / "runs", "wide", [0.5, 0.6], overrides=["training.batch_size=16"])
    return made


@pytest.fixture
def _there(folder: Path, _trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder, with a run that can be resumed."""
    monkeypatch.chdir(folder)
    shutil.rmtree("runs/resumed", ignore_errors=True)
    shutil.copytree(_trained, "runs/resumed")


@pytest.mark.usefixtures("_there", "_undrawn")
@pytest.mark.parametrize(
    ("command", "suffix"),
    [
        pytest.param(
            command,
            suffix,
            marks=[pytest.mark.campaign]
            if command.startswith(TRAINING) and suffix != ".html"
            else [],
        )
        for command in COMMANDS
        for suffix in (".html", ".md", ".json")
    ],
)
def test_a_command_writes_what_it_shows(
    command: str, suffix: str, nnrun: Callable[..., Any]
) -> None:
    page = Path(f"{list(COMMANDS).index(command)}{suffix}")
    as_json = ["--json"] if suffix == ".json" else []
    done = nnrun(*command.split(), "--out", page, *as_json)
    assert done.code == (MISTAKEN if "wrong" in command else 0), done.err
    assert f"written: {page}" in (done.err if as_json else done.out)
    text, shown = page.read_text(), COMMANDS[command]
    if suffix == ".json":
        assert text == done.out
        assert isinstance(json.loads(text), dict)
    elif suffix == ".md":
        assert text.startswith("# ")
        assert shown in text.replace("\\", "")
        for picture in re.findall(r"!\[.*\]\((.*)\)", text):
            assert Path(picture).is_file()
    else:
        tags = Tags(text)
        assert tags.open == []
        assert shown in tags.text
