"""The summary of a run."""

import doctest
from dataclasses import replace
from pathlib import Path

import pytest

from nnrun.analysis import run_summary
from nnrun.analysis.run_summary import summary_view
from nnrun.pages.document import Picture
from nnrun.pages.terminal import Screen, screen_text
from nnrun.runs.directory import RunDirectory
from nnrun.runs.manifest import Metrics, RunRecord

RECORD = RunRecord(
    name="digits",
    status="finished",
    command="",
    seed=42,
    created="",
    seconds=75,
    device="CPU",
    engine={"name": "compiled", "reason": "the data fit into memory"},
    parameters=266610,
    best_epoch=7,
    epochs=10,
    stop_reason="no better for 3 epochs",
    expectations=(
        {"figure": "params", "value": 266610, "equals": 266610, "held": True},
        {"figure": "val_accuracy", "value": 0.9123456, "min": 0.885, "held": True},
        {"figure": "loss", "value": 0.2, "min": 0, "max": 0.1234567, "held": False},
    ),
)
METRICS = Metrics(
    best={
        "epoch": 7,
        "loss": 0.2,
        "val_loss": 0.25,
        "accuracy": 0.95,
        "val_accuracy": 0.9123456,
        "seconds": 1.0,
    },
    test={"loss": None, "accuracy": 0.9},
)
SCREEN = Screen(100)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "digits-20261120-143005-kqzt")


def screen_of(
    directory: RunDirectory,
    record: RunRecord = RECORD,
    metrics: Metrics = METRICS,
    screen: Screen = SCREEN,
) -> str:
    directory.path.mkdir()
    record.write(directory.record)
    metrics.write(directory.metrics)
    text = screen_text(summary_view(directory, dict), screen)
    return text.replace(f"{directory.path.parent}/", "runs/")


def test_the_docstrings_run() -> None:
    assert doctest.testmod(run_summary).failed == 0


def test_the_summary_of_a_run(directory: RunDirectory) -> None:
    assert (
        screen_of(directory)
        == """\
digits-20261120-143005-kqzt finished: no better for 3 epochs

          training  validation        test
loss           0.2        0.25  not finite
accuracy      0.95     0.91235         0.9

✓  params        266,610  expected 266,610
✓  val_accuracy  0.91235  expected at least 0.885
✗  loss              0.2  expected at least 0 and at most 0.1234567

epochs      10, the best is 7
time        1 min 15 s
parameters  266,610
engine      compiled on CPU (the data fit into memory)
run         runs/digits-20261120-143005-kqzt
"""
    )


def test_in_ascii_and_without_figures(directory: RunDirectory) -> None:
    text = screen_of(directory, metrics=Metrics(), screen=replace(SCREEN, unicode=False))
    assert text.isascii()
    assert "ok      params" in text
    assert "FAILED  loss" in text
    assert "training" not in text


def test_only_files_that_are_there_are_named(directory: RunDirectory) -> None:
    assert "curves" not in screen_of(directory)
    directory.model.touch()
    text = screen_text(summary_view(directory, dict), SCREEN)
    assert f"model       {directory.model}\n" in text


def test_colours_only_when_asked_for(tmp_path: Path) -> None:
    assert "\x1b" not in screen_of(RunDirectory(tmp_path / "a"))
    colored = screen_of(RunDirectory(tmp_path / "b"), screen=replace(SCREEN, color=True))
    assert "\x1b[32mfinished\x1b[0m" in colored


def test_markup_in_a_name_is_only_text(tmp_path: Path) -> None:
    record = replace(RECORD, stop_reason="[red]x[/red]", device="[bold]GPU")
    text = screen_of(RunDirectory(tmp_path / "[i]run"), record, Metrics({"[b]m": 1.5}))
    assert all(part in text for part in ("[red]x[/red]", "[bold]GPU", "[b]m", "[i]run"))


def test_the_plots_are_in_the_summary_but_no_link_to_others(directory: RunDirectory) -> None:
    screen_of(directory)
    directory.plots.mkdir()
    directory.learning_curves.write_bytes(PNG)
    secret = directory.path / "secret.png"
    secret.write_bytes(PNG + b"secret")
    directory.learning_rate.symlink_to(secret)
    pictures = [
        block for block in summary_view(directory, dict).blocks if isinstance(block, Picture)
    ]
    assert [(picture.caption, picture.read()) for picture in pictures] == [
        ("Learning curves", PNG),
        ("Learning rate", b""),
    ]
