"""The tables of docs/json.md name exactly the fields that the commands print."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generate import ROOT
from nnrun.runs.directory import RunDirectory
from tests.conftest import TINY

PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
SECTIONS = {
    heading: set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    for heading, text in re.findall(r"^## (.+)\n((?:(?!^## ).*\n)+)", PAGE, re.MULTILINE)
}
WIDE = ["architecture={MLP: {hidden: [16]}}", "name=wide"]
SEARCH = "search: {space: {training.batch_size: [16, 64]}, method: grid}\n"
STUDIES = {name for name in SECTIONS["nnrun list"] if name.startswith("studies[]")}
COMMANDS = {
    "nnrun train": ("train tiny.yaml --run-dir new --set training.epochs=1", set()),
    "nnrun train --seeds": ("train tiny.yaml --set training.epochs=1 --seeds 2", set()),
    "nnrun search": ("search search.yaml --set training.epochs=1", set()),
    "nnrun resume": ("resume tiny_run --epochs 3", set()),
    "nnrun eval": ("eval tiny_run", set()),
    "nnrun predict": (
        "predict tiny_run rows.csv",
        {"rows[].file", "rows[].mc_mean", "rows[].mc_std", "rows[].mc_entropy"},
    ),
    "nnrun validate": ("validate wrong.yaml", set()),
    "nnrun show CONFIG": ("show tiny.yaml", set()),
    "nnrun show RUN": ("show tiny_run", set()),
    "nnrun lr-find": ("lr-find tiny.yaml --steps 60 --budget 2", set()),
    "nnrun list": ("list", STUDIES),
    "nnrun plot": ("plot base", set()),
    "nnrun rm": ("rm base --yes", set()),
    "nnrun gallery": ("gallery tiny.yaml --epochs 1", set()),
    "nnrun compare": ("compare base wide", set()),
    "nnrun diff": ("diff base wide", set()),
}
"""By the heading: a command, and the fields that it need not have."""


def fields(value: Any, known: set[str], path: str = "") -> Iterator[str]:
    """The paths of a document, no deeper than the tables go; a figure's name is FIGURE."""
    if isinstance(value, list) and any(name.startswith(f"{path}[]") for name in known):
        for item in value:
            yield from fields(item, known, f"{path}[]")
    elif isinstance(value, dict) and (
        not path or any(name.startswith(f"{path}.") for name in known)
    ):
        for key, item in value.items():
            below = f"{path}.{key}".lstrip(".")
            figure = key.startswith("val_") and below not in known
            yield from fields(item, known, f"{path}.FIGURE" if figure else below)
    else:
        yield path


@pytest.fixture
def _folder(
    tiny_run: RunDirectory,
    make_run: Callable[..., RunDirectory],
    write_config: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The test's own folder, with runs, configs and rows."""
    folder = tiny_run.path.parent
    monkeypatch.chdir(folder)
    make_run("base", [0.5])
    make_run("wide", [0.6], overrides=WIDE)
    write_config()
    write_config("dataset: {name: irris}\n", "wrong.yaml")
    write_config(TINY + SEARCH, "search.yaml")
    (folder / "rows.csv").write_text(
        "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n"
    )


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("heading", COMMANDS)
def test_every_field_has_its_line(heading: str, nnrun: Callable[..., Any]) -> None:
    command, optional = COMMANDS[heading]
    told = json.loads(nnrun(*command.split(), "--json").out)
    assert told.pop("format") == 1
    known = SECTIONS[heading]
    assert set(fields(told, known)) == known - optional


def test_every_command_with_json_has_a_section() -> None:
    from typer.main import get_command

    from nnrun.cli.app import app

    found = {
        f"nnrun {name}"
        for name, command in get_command(app).commands.items()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert found == {" ".join(heading.split()[:2]) for heading in SECTIONS}
    assert SECTIONS.keys() == COMMANDS.keys()
