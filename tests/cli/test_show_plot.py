"""`nnrun show CONFIG --plot FILE`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nnrun.runs.directory import RunDirectory

Nnrun = Callable[..., Any]


def test_the_model_is_drawn(nnrun: Nnrun, write_config: Callable[..., Path]) -> None:
    config = write_config()
    done = nnrun("show", config, "--plot", config.with_name("tiny.svg"))
    assert (done.code, done.err) == (0, "")
    assert config.with_name("tiny.svg").read_text().startswith("<?xml")


def test_what_cannot_be_drawn_is_told(
    nnrun: Nnrun, write_config: Callable[..., Path], tiny_run: RunDirectory
) -> None:
    config = write_config()
    for file, told in (
        ("model.jpg", "--plot: cannot write"),
        ("no/model.png", "there is no folder"),
    ):
        done = nnrun("show", config, "--plot", config.parent / file)
        assert (done.code, told in done.err) == (2, True)
    done = nnrun("show", tiny_run.path, "--plot", "model.png")
    assert (done.code, "it draws a config, but this is a run" in done.err) == (2, True)
